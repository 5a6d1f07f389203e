"""Tables of the experiment: models side by side, searches, and the models on further rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spectune.assessment.outcome import Judged, Part
from spectune.metrics import ClassScores, RegressionScores, Scores, scores
from spectune.papers.passos2022.experiment import Experiment, Ours
from spectune.papers.passos2022.figures import agreement
from spectune.papers.passos2022.procedure import Sets, Stage
from spectune.papers.passos2022.published import Search
from spectune.papers.passos2022.reported import MANGO, MANGO_SEARCH, WHEAT, WHEAT_SEARCH, Reported
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import counted, duration, number, plain, valued

PARTS: tuple[Part, ...] = ("calibration", "cross-validated", "test")


def models_grid(found: Experiment) -> Grid:
    """Every model: of the paper, of the published procedure here, and of ours."""
    regression = found.rows.task.regression
    rows: list[tuple[str, list[str]]] = [
        (f"paper: {one.name}", _reported(one, regression)) for one in (MANGO if regression else WHEAT)
    ]
    if found.procedure is not None:
        first = found.procedure.searches[0]
        rows += [
            (f"published procedure: {one.name}", _stage(one, found.rows))
            for one in (found.procedure.base, first.checkpoint)
        ]
        rows.append((f"published procedure: {first.last.name}", _last(first.last, found.rows)))
    here = len(rows)
    if found.ours is not None:
        outcome = found.ours.outcome
        rows += [(f"ours: {model.name}", _judged(found.ours, model)) for model in outcome.models]
        rows.append((f"ours: {found.ours.optimum.name}", _judged(found.ours, found.ours.optimum)))
    marked = [
        here + place
        for place, model in enumerate(found.ours.outcome.models if found.ours else ())
        if found.ours and model.name == found.ours.outcome.verdict.use
    ]
    what = ("RMSE", "R²") if regression else ("accuracy",)
    return Grid(
        head=("model", *(what * 3)),
        rows=columns([name for name, _ in rows], [cells for _, cells in rows]),
        groups=(("", 1), ("calibration", len(what)), ("tuning, or held out", len(what)), ("test", len(what))),
        marked=tuple(marked),
    )


def stage_scores(stage: Stage, rows: Sets) -> tuple[Scores, ...]:
    """A network of the published procedure in calibration, tuning and test rows."""
    return tuple(scores(rows.y[chosen], stage.output[chosen], len(rows.task.classes)) for chosen in rows.roles.values())


def searches_grid(found: Experiment) -> Grid:
    """What each search of the published procedure, and ours, tried and spent; the published one first."""
    regression = found.rows.task.regression
    paper = MANGO_SEARCH if regression else WHEAT_SEARCH
    rows = [
        ("paper (RTX 2080 Ti)", [str(paper.trials), str(paper.complete), str(paper.pruned), duration(paper.seconds),
                                 "-0.80" if regression else "–", paper.best])
    ]  # fmt: skip
    if found.procedure is not None:
        rows += [(f"published procedure, search {place}", _search(one))
                 for place, one in enumerate(found.procedure.searches)]  # fmt: skip
    if found.ours is not None:
        trials = [trial for trial in found.ours.outcome.trials if trial.state != "rejected"]
        complete = sum(trial.state == "complete" for trial in trials)
        seconds = sum(trial.seconds for trial in found.ours.outcome.trials)
        said = agreement([trial for trial in trials if trial.state == "complete"])
        drawn = ", ".join(f"{name} {valued(value)}" for name, value in found.ours.outcome.drawn.items()
                          if name in ("filter_size", "reg_beta", "batch_size", "rate", "num_FC_layers"))  # fmt: skip
        rows.append(("ours", [str(len(trials)), str(complete), str(len(trials) - complete), duration(seconds),
                              _rank(said), drawn or "see the report of ours"]))  # fmt: skip
    return Grid(
        ("search", "trials", "to the end", "pruned", "time", "rung and end agree (Spearman)", "best"),
        tuple((name, *cells) for name, cells in rows),
        words=7,
    )


def further_grids(ours: Ours) -> tuple[tuple[str, Grid], ...]:
    """Every model on every further set of rows, by its name."""
    made = []
    for name, models in ours.further.items():
        rows = [_scores(one) for one in models.values()]
        head = ("RMSE", "R²", "bias") if ours.outcome.spectra.task.regression else ("accuracy", "balanced accuracy")
        made.append((name, Grid(("model", *head), columns(list(models), rows))))
    return tuple(made)


def spread_words(found: Experiment) -> str:
    """How far several searches of the published procedure lie apart; nothing for one."""
    searches = found.procedure.searches if found.procedure else ()
    if len(searches) < 2:
        return ""
    tests = [_main(stage_scores(one.last, found.rows)[2]) for one in searches]
    objectives = [one.winner.minimised or 0.0 for one in searches]
    return (
        f"{counted(len(searches), 'search', 'searches')} of the published procedure, which differ in the sampler's "
        f"seed alone: objective {number(min(objectives))} to {number(max(objectives))}, test "
        f"{number(min(tests))} to {number(max(tests))} after the last training "
        f"(standard deviation {number(float(np.std(tests, ddof=1)))})."
    )


def reached_words(found: Experiment) -> str:
    """After how many trials ours was as good as the published best hyperparameters on the same folds."""
    if found.ours is None:
        return ""
    goal, spent = float(np.mean(found.ours.optimum.fold_errors)), 0.0
    what = "an RMSE" if found.ours.outcome.spectra.task.regression else "a log-loss"
    there = f"On the folds of ours the published best hyperparameters reach {what} of {number(goal)}, mean of folds"
    ended = 0
    for trial in found.ours.outcome.trials:
        spent += trial.seconds
        ended += trial.state != "rejected"
        if trial.value is not None and trial.value <= goal:
            return f"{there}; our search was there after {counted(ended, 'trial')} and {duration(spent)}."
    return f"{there}; none of our {counted(ended, 'trial')} did."


def _reported(one: Reported, regression: bool) -> list[str]:
    values = (one.calibration, one.tuning, one.test)
    pairs = [(_maybe(value), _maybe(r2)) for value, r2 in zip(values, one.r2, strict=True)]
    return [cell for pair in pairs for cell in (pair if regression else pair[:1])]


def _stage(stage: Stage, rows: Sets) -> list[str]:
    return [cell for one in stage_scores(stage, rows) for cell in _short(one)]


def _last(stage: Stage, rows: Sets) -> list[str]:
    """The last network was trained on calibration and tuning rows together."""
    parts = [
        scores(rows.y[chosen], stage.output[chosen], len(rows.task.classes)) for chosen in (rows.learnt, rows.test)
    ]
    learnt, test = (_short(one) for one in parts)
    return [*learnt, *("–" for _ in learnt), *test]


def _judged(ours: Ours, model: Judged) -> list[str]:
    outcome = replace(ours.outcome, models=(*ours.outcome.models, ours.optimum))
    return [cell for part in PARTS for cell in _short(outcome.scores(model.name, part))]


def _search(one: Search) -> list[str]:
    complete = [trial for trial in one.trials if trial.state == "complete"]
    pruned = sum(trial.state == "pruned" for trial in one.trials)
    seconds = sum(trial.seconds for trial in one.trials)
    drawn = ", ".join(f"{name} {valued(value)}" for name, value in one.winner.values.items()
                      if name in ("filter_size", "reg_beta", "batch_size", "num_FC_layers"))  # fmt: skip
    return [str(len(complete) + pruned), str(len(complete)), str(pruned), duration(seconds),
            _rank(agreement(complete)), drawn]  # fmt: skip


def _short(one: Scores) -> list[str]:
    match one:
        case RegressionScores():
            return [number(one.rmse), number(round(one.r2, 6))]
        case ClassScores():
            return [number(one.accuracy)]


def _scores(one: Scores) -> list[str]:
    match one:
        case RegressionScores():
            return [number(one.rmse), number(one.r2), number(one.bias)]
        case ClassScores():
            return [number(one.accuracy), number(one.balanced_accuracy)]


def _main(one: Scores) -> float:
    return one.rmse if isinstance(one, RegressionScores) else one.accuracy


def _maybe(value: float | None) -> str:
    return "–" if value is None else number(value)


def _rank(value: float | None) -> str:
    return "too few" if value is None else plain(round(value, 2))
