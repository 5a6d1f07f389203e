"""The page of the experiment: published figures, the published procedure here, and ours, side by side."""

from __future__ import annotations

import numpy as np

from spectune.metrics import RegressionScores
from spectune.papers.passos2022.cuts import cut_words
from spectune.papers.passos2022.experiment import OURS, Experiment
from spectune.papers.passos2022.figures import (
    by_class_picture,
    fit_picture,
    matrix_picture,
    search_picture,
    slices_of,
    stages_picture,
)
from spectune.papers.passos2022.material import ROWS
from spectune.papers.passos2022.published import Search, published_space
from spectune.papers.passos2022.reported import BY_EYE, MANGO_UNIT, SOURCE, differences
from spectune.papers.passos2022.standing import beside_words, reached_words, spread_words
from spectune.papers.passos2022.tables import classes_grid, further_grids, models_grid, searches_grid, stage_scores
from spectune.report.figures.importance import importance_picture
from spectune.report.figures.lr_range import range_picture
from spectune.report.figures.scales import varied
from spectune.report.figures.search import MOST_SLICES
from spectune.report.importance import importance_caption
from spectune.report.pruning import pruning_sections
from spectune.report.sections import Code, Head, Part, Picture, Points, Section, Table, Words, page
from spectune.report.wording import beside, counted, number, plain, simulated_warning, with_unit
from spectune.tuning.importance import importance
from spectune.tuning.shares import Importance

STAGES = {
    True: "Squared error by epoch without the penalty; training watches it together with the penalty, and so does the "
    "checkpoint. Below: the learning rate. The last training has calibration and tuning rows on either side: their "
    "loss while the weights change in an epoch, and after it.",
    False: "Log-loss by epoch without the penalty. It is not what training watches: accuracy stops it and lowers its "
    "rate. The checkpoint goes by the log-loss with the penalty. Below: the learning rate. The last training has "
    "calibration and tuning rows on either side: their loss while the weights change in an epoch, and after it.",
}
"""What is to be seen in the trainings of a number, and of classes."""


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
        Section(
            "What the published procedure does, and what is done instead", (Points(_differences(found)),), "Differences"
        ),
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
    parts: list[Part] = [
        Table(models_grid(found), _models_caption(found)),
        Table(
            searches_grid(found), "The searches. Agreement: between what pruning looked at first, and the objective."
        ),
    ]
    said = (spread_words(found), " ".join(words for words in (reached_words(found), beside_words(found)) if words))
    return (*parts, *(Words(words) for words in said if words))


def _models_caption(found: Experiment) -> str:
    """Whose models these are, in which unit, on which rows."""
    spectra, regression = found.spectra, found.rows.task.regression
    owns = simulated_warning(spectra.source) or spectra.target not in ROWS
    rows = "other spectra than these" if owns else "the paper's spectra, with its own cut"
    here = [
        *(["of the published procedure on these spectra"] if found.procedure else []),
        *(["of ours"] if found.ours else []),
    ]
    said = [f"Models {', and '.join([f'of the paper ({SOURCE}; {rows})', *here])}."]
    if regression:
        unit = with_unit("", spectra.unit).strip(" ()") or "the unit of the target"
        other = spectra.target not in ROWS or spectra.unit != MANGO_UNIT
        said.append(
            f"RMSE of the paper is in {MANGO_UNIT} of dry matter of mango, that of the other rows in {unit} of "
            f"{spectra.target}: not to be compared."
            if other
            else f"RMSE is in {MANGO_UNIT} of dry matter."
        )
    if found.procedure:
        said.append("What was scored, what was saved and what is reported are three states of the published network.")
    if found.ours:
        said.append(
            "The middle columns are not the same thing: published tuning rows stop, choose and score; ours are rows "
            "that the model of their fold has not seen."
        )
    said.append("Test rows are the same for all models on these spectra.")
    return " ".join(said)


def _differences(found: Experiment) -> tuple[str, ...]:
    """Those that hold for this task, and for the way these rows were cut."""
    groups, rows = found.spectra.groups, found.rows
    twins = bool(np.intersect1d(groups[rows.calibration], groups[rows.tuning]).size)
    return differences(rows.task.regression, twins)


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
            f"{plain(high)} off their curve. By the rule used here the loss begins to fall at {plain(run.climb.low)}, "
            f"and the largest rate is to be {plain(run.climb.high)}.",
            "Range test of the base network",
        ),
        Picture(
            range_picture(run.climb, (low, high)),
            "Smoothed loss against learning rate, with and without the penalty; dotted: the authors' rates by eye.",
        ),
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
        *_hyperparameters(found, first),
        Words("Base network, the winner as it was saved, and the last training from there.", "Trainings"),
        Picture(stages_picture(run.base, first.checkpoint, first.last, regression), STAGES[regression]),
        *_last_network(found, first),
    ]
    return [Section("The published procedure, here", tuple(parts), "Published")]


def _last_network(found: Experiment, search: Search) -> tuple[Part, ...]:
    """What the network of the last training says: of a number row by row, of classes one by one."""
    stage, rows = search.last, found.rows
    if rows.task.regression:
        caption = (
            "The last network, trained on calibration and tuning rows: predicted against measured, with its linear fit "
            "(dashed) and the 1:1 line."
        )
        return (Picture(fit_picture(stage, rows, found.spectra.unit), caption),)
    return (
        Picture(
            matrix_picture(stage, rows), "The last network: test rows of each true class by what they were called."
        ),
        Picture(
            by_class_picture(stage, rows, found.spectra.groups),
            "The last network: F1 of every class in the test rows (bar), sensitivity (dot) with a 95 % interval.",
        ),
        Table(
            classes_grid(stage, rows), "Precision, sensitivity (recall) and F1 of the last network in the test rows."
        ),
    )


def _hyperparameters(found: Experiment, search: Search) -> tuple[Part, ...]:
    """Their shares in the published search, and the objective by value of each."""
    space = published_space(found.rows.task.regression)
    shares = importance(search.trials, space, "tpe")
    names = varied([trial for trial in search.trials if trial.minimised is not None], shares)
    most = "of largest share" if shares else "that were asked for first"
    some = f" The {MOST_SLICES} {most} are drawn." if len(names) > MOST_SLICES else ""
    slices = Picture(
        slices_of(search, names, space),
        f"Search 0: objective of the trials that ran to their end against their hyperparameters, dark is late.{some}",
    )
    return *_importance(found, shares), *((slices,) if names else ())


def _importance(found: Experiment, shares: Importance | None) -> tuple[Part, ...]:
    """Shares of the hyperparameters in the published search; those of index 0 of a classifier touch nothing."""
    regression = found.rows.task.regression
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


def _faithfully(found: Experiment) -> tuple[str, ...]:
    """How the published procedure was done, where it was."""
    if found.procedure is None:
        return ()
    return (
        "Published procedure: weights and order of rows from one seed, the same in every trial of a search and in what "
        "its best trial leads to; columns standardised before training; everything else as in the list of differences.",
        "Its base network, saved weights and last network are shown on the test rows; nothing was chosen by them.",
    )


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:].rstrip('.')}."


def _method(found: Experiment, command: str) -> tuple[Part, ...]:
    counts = ", ".join(f"{part.size:,} {name}" for name, part in found.rows.roles.items())
    ours = [found.ours.outcome.settings] if found.ours else []
    cut = cut_words(found.procedure, found.rows.task.regression) if found.procedure else ""
    return (
        Points(
            (
                " ".join([f"{counts} rows.", *map(_sentence, found.spectra.notes)]),
                *_faithfully(found),
                *([cut] if cut else []),
                *(
                    f"Ours: {told['folds']} folds of whole groups over calibration and tuning rows together, space "
                    f"{told['space']}, objective {told['objective']}, learning rate {told['lr']}."
                    for told in ours
                ),
                *(["Ours opened the test rows once, after every choice."] if ours else []),
            )
        ),
        Code(command),
    )
