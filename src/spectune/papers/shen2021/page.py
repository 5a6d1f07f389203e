"""The page of the experiment: the paper's figures and tables on these spectra, and what they say of its findings."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.stats import kurtosis, skew

from spectune.assessment.advice import advice, headline
from spectune.networks.families.shen import OPTIMUM, channel_for
from spectune.networks.space import IntRange
from spectune.papers.given import PUBLISHED
from spectune.papers.shen2021.claims import importance_claims, search_claims
from spectune.papers.shen2021.experiment import ARMS, Experiment
from spectune.papers.shen2021.figures import values_picture
from spectune.papers.shen2021.findings import Finding, preferences
from spectune.papers.shen2021.tables import models_grid, ranges_grid, rules
from spectune.report.compared import sentence
from spectune.report.figures.compare import courses_picture
from spectune.report.figures.data import target_picture, views_picture
from spectune.report.figures.fit import predicted_picture
from spectune.report.figures.importance import importance_picture
from spectune.report.figures.learning import learning_picture
from spectune.report.figures.nested import promises_picture
from spectune.report.figures.training import replicates_picture
from spectune.report.importance import importance_caption, importance_sentences
from spectune.report.nesting import errors_grid
from spectune.report.sections import Code, Head, Part, Picture, Points, Section, Table, Terms, Words, page
from spectune.report.sheets import axis_words, data_sheet, replicates_sentence
from spectune.report.tables.compare import arms_grid, speed_grid
from spectune.report.tables.grid import Grid
from spectune.report.tables.importance import interactions_grid
from spectune.report.tables.network import network_grid
from spectune.report.wording import counted, error_name, number, simulated_warning
from spectune.spectra.channels import prepared_shape

_CHANNELS = "channel.1 to channel.5 are " + ", ".join(str(OPTIMUM[f"channel.{place}"]) for place in range(1, 6))


def experiment_page(found: Experiment, command: str) -> str:
    """The page; ``command`` repeats the experiment."""
    claims = findings(found)
    spectra = found.outcome.spectra
    counts = Counter(finding.judgement for finding in claims)
    say = (
        f"Of {counted(len(claims), 'finding')} of Shen & Viscarra Rossel (2021), these spectra confirm "
        f"{counts['confirmed']}, contradict {counts['contradicted']} and cannot tell {counts['not told']}. "
        f"{found.outcome.verdict.sentence}"
    )
    head = Head(
        kind=f"spectune paper shen2021 · {spectra.source or 'unnamed spectra'} · {axis_words(spectra.axis)}",
        title=f"Automated modelling of {spectra.task.target} by a parametric 1D-CNN",
        say=say,
        reasons=found.outcome.verdict.reasons,
        warning=simulated_warning(spectra.source),
    )
    sections = [
        Section("The paper's findings, here", _findings(claims), "Findings"),
        Section("Guided and random search (figure 1)", _searches(found), "Searches"),
        Section("The best network (figure 2, tables 2 and 3)", _networks(found), "Networks"),
        Section("What matters (figure 3)", _importance(found), "Importance"),
        Section("Which values were tried (figure 4, table 1)", _values(found), "Values"),
        Section("The data (figures 5 and 7)", _data(found), "Data"),
        Section("Which of the best can be told apart", _replicates(found), "Fresh seeds"),
        *_nested(found),
        *_curve(found),
        Section("How it was done", _method(found, command), "Method"),
    ]
    return page(head, sections, f"{counted(len(spectra), 'spectrum', 'spectra')}.")


def findings(found: Experiment) -> tuple[Finding, ...]:
    """Every claim of the paper with what these data say of it."""
    return (
        *search_claims(found.comparison),
        *importance_claims(found.importances),
        *preferences(found.trials["random"]),
    )


def _findings(claims: Sequence[Finding]) -> tuple[Part, ...]:
    rows = tuple((claim.claim, claim.here, claim.judgement) for claim in claims)
    return (
        Table(
            Grid(("the paper found", "here", "judgement"), rows, words=3),
            "What the paper reports of its own soil library, and what these spectra say. Confirmed and contradicted "
            "go beyond the spread that was measured; what lies within it cannot be told.",
        ),
        Words(
            "The paper has one search of each kind, no baseline and no rows apart from those the search looked at; "
            "its findings come without a spread."
        ),
    )


def _searches(found: Experiment) -> tuple[Part, ...]:
    comparison = found.comparison
    return (
        Words(f"{sentence(comparison)}."),
        Picture(
            courses_picture(comparison),
            "Lowest error so far by trial and by time: median over seeds, lowest and highest where there are several.",
        ),
        Table(arms_grid(comparison), "What each search tried, spent and found."),
        Table(
            speed_grid(comparison),
            "How many times less the second needs to be as good as the first became. The paper: 3.1 in trials (80 "
            "against 250) and 2.5 in time (9 h 51 min against 24 h 12 min).",
        ),
    )


def _networks(found: Experiment) -> tuple[Part, ...]:
    outcome = found.outcome
    shape = prepared_shape(found.published.channels, found.published.layout, outcome.spectra.task.points)
    return (
        Table(models_grid(found), "All models on the same rows and the same folds; errors in the unit of the target."),
        Words(
            "On LUCAS (17,607 rows, organic carbon in g/kg) the paper reports RMSE 9.67 ± 0.51 and R² 0.89 ± 0.013 in "
            "10-fold cross-validation, the minimum of its search; earlier networks 11.31 (1D, organic soils only) and "
            "32.14 (2D). Those are other rows and another unit: they cannot be compared with the numbers above."
        ),
        Picture(
            predicted_picture(outcome, outcome.network),
            f"The {outcome.network} the search led to: predicted against measured, with the 1:1 line.",
        ),
        Table(network_grid(outcome.recipe.layers, outcome.shape), "The best network of the first TPE search."),
        Table(network_grid(found.published.layers, shape), "The paper's optimal network (table 2) for these spectra."),
    )


def _importance(found: Experiment) -> tuple[Part, ...]:
    parts: list[Part] = []
    for arm in ARMS:
        shares = found.importances[arm]
        if shares is None:
            parts.append(Words(f"Too few trials of {arm} are complete for shares.", arm))
            continue
        parts += [
            Words(f"The four groups of the paper, from the trials of the {arm} search; {_CHANNELS}.", arm),
            Picture(importance_picture(shares), importance_caption(shares)),
            Points(importance_sentences(shares)),
            Table(interactions_grid(shares), "The strongest interactions, and what such pairs reach without any."),
        ]
    return tuple(parts)


def _values(found: Experiment) -> tuple[Part, ...]:
    return (
        Picture(
            values_picture(found.trials, f"{error_name(found.outcome.spectra.task)}, mean of folds"),
            "Above, how often each search tried a value; below, the error of those trials. Large errors stand at the "
            "upper edge.",
        ),
        Table(ranges_grid(found), "Ranges of the search, the paper's optimum, and the best network found here."),
        Points(rules(found)),
    )


def _data(found: Experiment) -> tuple[Part, ...]:
    outcome, spectra = found.outcome, found.outcome.spectra
    y = spectra.y
    moments = (
        ("rows", str(y.size)),
        ("mean ± deviation", f"{number(float(y.mean()))} ± {number(float(y.std(ddof=1)))}"),
        ("minimum, median, maximum", ", ".join(number(float(np.quantile(y, part))) for part in (0, 0.5, 1))),
        ("skewness, kurtosis", f"{number(float(skew(y)))}, {number(float(kurtosis(y, fisher=False)))}"),
    )
    words = [str(OPTIMUM[f"channel.{place}"]) for place in range(1, 6)]
    channels = tuple(channel_for(word, spectra.signal) for word in words)
    return (
        Terms(data_sheet(outcome)),
        Picture(target_picture(spectra), "Values of the target by role."),
        Terms(moments),
        Picture(
            views_picture(spectra.calibration, channels),
            f"The five candidate channels ({', '.join(words)}) of spectra of low, middle and high target, before "
            "points are averaged.",
        ),
    )


def _replicates(found: Experiment) -> tuple[Part, ...]:
    return (
        Words(replicates_sentence(found.outcome)),
        Picture(
            replicates_picture(found.outcome),
            "The best recipes of the first TPE search, trained again with fresh seeds. The error the search saw "
            "(diamond) is the lowest of many; the fresh seeds (dots) were not chosen.",
        ),
    )


def _nested(found: Experiment) -> list[Section]:
    if found.nested is None:
        return []
    parts: tuple[Part, ...] = (
        Words(
            "The paper reports the lowest error of a search on the folds the search looked at. Here the whole job, "
            f"search included, was done in each of {found.nested.outer} outer folds, and the rows left out were "
            f"predicted once. {found.nested.verdict.sentence}"
        ),
        Table(
            errors_grid(found.nested),
            "Inner error (what was believed), outer error (what came true), and the optimism.",
        ),
        Picture(promises_picture(found.nested), "What was believed inside, and what came true outside, fold by fold."),
    )
    return [Section("Nested validation", parts)]


def _curve(found: Experiment) -> list[Section]:
    if found.curve is None:
        return []
    parts: tuple[Part, ...] = (
        Words(headline(found.curve)),
        Picture(
            learning_picture(found.curve), "The best network and PLS on growing training sets, same held-out rows."
        ),
        Points(tuple(advice(found.curve))),
    )
    return [Section("What more samples would bring", parts, "Learning curve")]


def _method(found: Experiment, command: str) -> tuple[Part, ...]:
    plan = found.plan
    epochs = found.space.range("epochs")
    most = plan.settings.epochs or (epochs.high if isinstance(epochs, IntRange) else None)
    return (
        Points(
            (
                f"{plan.settings.folds} folds; the objective is the mean over folds of the RMSE on rows the fold holds "
                "out. All folds of a trial train together; each stops by itself on tuning rows of its own.",
                f"{counted(plan.seeds, 'search', 'searches')} of each kind, {plan.trials[0]} TPE and {plan.trials[1]} "
                f"random trials; at most {most} epochs.",
                f"The {PUBLISHED} was trained as given, with fresh seeds; it chose nothing here.",
                "Test rows were opened once, after every choice.",
                "The paper leaves open the filter of the derivatives, the learning rate, the patience and the sizes of "
                "pooling; what fills these gaps is written in the space shen2021.",
            )
        ),
        Code(command),
    )


def command_of(found: Experiment) -> str:
    """What to type to repeat the experiment."""
    plan, settings = found.plan, found.plan.settings
    parts = [
        "spectune paper shen2021",
        f"--data {shlex.quote(settings.data)}",
        f"--target {shlex.quote(settings.target)}",
    ]
    for name in ("split", "group", "where", "signal", "unit", "sheet", "test"):
        if getattr(settings, name) is not None:
            parts.append(f"--{name} {shlex.quote(str(getattr(settings, name)))}")
    parts += [f"--trials {plan.trials[0]},{plan.trials[1]}", f"--seeds {plan.seeds}", f"--folds {settings.folds}"]
    parts += [f"--fix {shlex.quote(one)}" for one in settings.fix]
    parts += [f"--epochs {settings.epochs}"] if settings.epochs else []
    parts += [f"--outer {plan.outer}", f"--outer-trials {plan.outer_trials}", f"--seed {settings.seed}"]
    return " ".join([*parts, f"--out {shlex.quote(f'{plan.folder}-again')}"])
