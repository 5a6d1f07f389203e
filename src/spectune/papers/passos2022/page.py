"""The page of the experiment: published figures, the published procedure here, and ours, side by side."""

from __future__ import annotations

from spectune.metrics import RegressionScores
from spectune.papers.passos2022.experiment import OURS, Experiment
from spectune.papers.passos2022.figures import fit_picture, search_picture, stages_picture
from spectune.papers.passos2022.procedure import SEED
from spectune.papers.passos2022.published import Search, published_space
from spectune.papers.passos2022.reported import BY_EYE, DIFFERENCES, SOURCE
from spectune.papers.passos2022.tables import (
    further_grids,
    models_grid,
    reached_words,
    searches_grid,
    spread_words,
    stage_scores,
)
from spectune.report.figures.importance import importance_picture
from spectune.report.figures.lr_range import range_picture
from spectune.report.importance import importance_caption
from spectune.report.pruning import pruning_sections
from spectune.report.sections import Code, Head, Part, Picture, Points, Section, Table, Words, page
from spectune.report.wording import beside, counted, number, plain, simulated_warning, with_unit
from spectune.tuning.importance import importance


def experiment_page(found: Experiment, command: str) -> str:
    """The page; ``command`` repeats what was asked for last."""
    spectra = found.spectra
    head = Head(
        kind=f"spectune paper passos2022 · {spectra.source or 'unnamed spectra'} · {spectra.axis.describe()}",
        title=f"{with_unit(spectra.target, spectra.unit)}: automatic tuning, as published and as it is done here",
        say=headline(found),
        reasons=found.ours.outcome.verdict.reasons if found.ours else (),
        warning=simulated_warning(spectra.source),
    )
    sections = [
        Section("Side by side", _side_by_side(found)),
        Section("What the published procedure does, and what is done instead", (Points(DIFFERENCES),), "Differences"),
        *_published(found),
        *_ours(found),
        Section("How it was done", _method(found, command), "Method"),
    ]
    return page(head, sections, f"{counted(len(spectra), 'spectrum', 'spectra')}.")


def headline(found: Experiment) -> str:
    """What came out, in a sentence or two."""
    said = []
    if found.procedure is not None:
        last = stage_scores(found.procedure.searches[0].last, found.rows)[2]
        if isinstance(last, RegressionScores):
            said.append(
                f"The published procedure ends with an RMSEP of {beside(number(last.rmse), found.spectra.unit)}."
            )
        else:
            said.append(f"The published procedure ends with a test accuracy of {number(last.accuracy)}.")
    if found.ours is not None:
        said.append(found.ours.outcome.verdict.sentence)
    return " ".join(said)


def _side_by_side(found: Experiment) -> tuple[Part, ...]:
    simulated = simulated_warning(found.spectra.source)
    rows = "other spectra than these" if simulated else "the paper's spectra, with its own cut"
    parts: list[Part] = [
        Table(
            models_grid(found),
            f"Models of the paper ({SOURCE}; {rows}), of the published procedure on these spectra, and of ours. The "
            "middle columns are not the same thing: published tuning rows stop, choose and score; ours are rows that "
            "the model of their fold has not seen. Test rows are the same for all models on these spectra.",
        ),
        Table(
            searches_grid(found), "The searches. Agreement: between what pruning looked at first, and the objective."
        ),
    ]
    return (*parts, *(Words(words) for words in (spread_words(found), reached_words(found)) if words))


def _published(found: Experiment) -> list[Section]:
    """What the published procedure gives here, where it was asked for."""
    run = found.procedure
    if run is None:
        return []
    regression, first = found.rows.task.regression, run.searches[0]
    low, high = BY_EYE[regression]
    parts: list[Part] = [
        Words(
            f"The rate climbs batch by batch over a quarter of the epochs. By eye the authors read {plain(low)} and "
            f"{plain(high)} off their curve; the rule used here suggests at most {plain(run.climb.high)}.",
            "Range test of the base network",
        ),
        Picture(range_picture(run.climb), "Smoothed loss against learning rate, with and without the penalty."),
        Words(
            "Objective: half the RMSE of the tuning rows, and half the distance between their mean squared error and "
            "that of the calibration rows."
            if regression
            else "Objective: the part of tuning rows given a wrong class.",
            "Search",
        ),
        Picture(
            search_picture(first, "objective"),
            "Left, the objective of every trial that ran to its end. Right, what pruning looked at first against that "
            "objective: where points fall from left to right, pruning keeps the worse.",
        ),
        *_importance(found, first),
        Words("Base network, the winner as it was saved, and the last training from there.", "Trainings"),
        Picture(
            stages_picture((run.base, first.checkpoint, first.last), regression),
            "Loss by epoch without the penalty, which these trainings watch together with it, and the learning rate.",
        ),
    ]
    if regression:
        caption = "The last network: predicted against measured, with its linear fit (dashed) and the 1:1 line."
        parts.append(Picture(fit_picture(first.last, found.rows, found.spectra.unit), caption))
    return [Section("The published procedure, here", tuple(parts), "Published")]


def _importance(found: Experiment, search: Search) -> tuple[Part, ...]:
    """Shares of the hyperparameters in the published search; those of index 0 of a classifier touch nothing."""
    regression = found.rows.task.regression
    shares = importance(search.trials, published_space(regression), "tpe")
    if shares is None:
        return ()
    dead = "" if regression else (
        " Width and dropout of index 0 do nothing in this network: what they are given is what the analysis "
        "gives to chance."
    )  # fmt: skip
    return (Picture(importance_picture(shares), f"{importance_caption(shares)}{dead}"),)


def _ours(found: Experiment) -> list[Section]:
    """What our own way gives, where it was asked for."""
    if found.ours is None:
        return []
    outcome = found.ours.outcome
    parts: list[Part] = [
        Words(
            f"{outcome.verdict.sentence} The whole report of this run is {OURS}/report.html beside this page"
            + (f", what the network looks at {OURS}/explanation.html." if found.plan.settings.explain else ".")
        ),
    ]
    for name, grid in further_grids(found.ours):
        parts.append(Table(grid, f"Rows called {name!r}: no model has seen them, and nothing was chosen by them."))
    sections = [Section("Ours", tuple(parts))]
    if found.ours.regret is not None:
        sections += pruning_sections(found.ours.regret)
    return sections


def _method(found: Experiment, command: str) -> tuple[Part, ...]:
    counts = ", ".join(f"{part.size:,} {name}" for name, part in found.rows.roles.items())
    settings = found.plan.settings
    return (
        Points(
            (
                f"{counts} rows. {' '.join(found.spectra.notes)}".strip(),
                f"Published procedure: weights and order of rows from seed {SEED}, the same in every trial; columns "
                "standardised before training; everything else as in the list of differences.",
                f"Ours: {settings.folds} folds of whole groups over calibration and tuning rows together, space "
                f"{settings.space}, objective {settings.objective}, learning rate {settings.lr}.",
                "Test rows were opened once by each of the two, after every choice.",
            )
        ),
        Code(command),
    )
