"""Tables of the experiment: models side by side, searches, and the models on further rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from spectune.assessment.outcome import Judged, Part
from spectune.metrics import ClassScores, RegressionScores, Scores, each_class, scores
from spectune.papers.passos2022.experiment import Experiment, Ours
from spectune.papers.passos2022.figures import agreement
from spectune.papers.passos2022.procedure import Sets, Stage, Values
from spectune.papers.passos2022.published import Search
from spectune.papers.passos2022.reported import LEARNT, MANGO, MANGO_SEARCH, WHEAT, WHEAT_SEARCH, Reported
from spectune.report.tables.grid import Grid, columns
from spectune.report.tables.rows import classes_told
from spectune.report.wording import duration, fixed, number, valued
from spectune.tuning.record import Trial

PARTS: tuple[Part, ...] = ("calibration", "cross-validated", "test")


@dataclass(frozen=True)
class _Row:
    """A model: its name with small print below, and its cells."""

    name: str
    cells: list[str]
    note: str = ""


def models_grid(found: Experiment) -> Grid:
    """Every model: of the paper, of the published procedure here, and of ours."""
    regression = found.rows.task.regression
    before = [
        _Row(f"paper: {one.name}", _reported(one, regression), one.note) for one in (MANGO if regression else WHEAT)
    ]
    before += [replace(row, name=f"published procedure: {row.name}") for row in _published(found)]
    own = found.ours.outcome.models if found.ours else ()
    rows = [*before, *(replace(row, name=f"ours: {row.name}") for row in _ours(found))]
    marked = [place for place, one in enumerate(own) if found.ours and one.name == found.ours.outcome.verdict.use]
    what = ("RMSE", "R²") if regression else ("accuracy",)
    return Grid(
        head=("model", *(what * 3)),
        rows=columns([row.name for row in rows], [row.cells for row in rows]),
        groups=(("", 1), ("calibration", len(what)), ("tuning, or held out", len(what)), ("test", len(what))),
        notes=tuple(row.note for row in rows),
        marked=tuple(len(before) + place for place in marked),
    )


def classes_grid(stage: Stage, rows: Sets) -> Grid:
    """Precision, sensitivity and F1 of every class in the test rows."""
    found = stage_scores(stage, rows)[2]
    confusion = found.confusion if isinstance(found, ClassScores) else ()
    return classes_told(rows.task.classes, {"test": each_class(confusion)})


def stage_scores(stage: Stage, rows: Sets) -> tuple[Scores, ...]:
    """A network of the published procedure in calibration, tuning and test rows."""
    return tuple(scores(rows.y[chosen], stage.output[chosen], len(rows.task.classes)) for chosen in rows.roles.values())


def searches_grid(found: Experiment) -> Grid:
    """What each search of the published procedure, and ours, tried and spent; the published one first."""
    regression = found.rows.task.regression
    paper = MANGO_SEARCH if regression else WHEAT_SEARCH
    rows = [
        ("paper (RTX 2080 Ti)", [str(paper.trials), str(paper.complete), str(paper.pruned), duration(paper.seconds),
                                 _rank(paper.agreement) if regression else "–", paper.best])
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


def _reported(one: Reported, regression: bool) -> list[str]:
    values = (one.calibration, one.tuning, one.test)
    pairs = [(_maybe(value), _maybe(r2)) for value, r2 in zip(values, one.r2, strict=True)]
    return [cell for pair in pairs for cell in (pair if regression else pair[:1])]


def _published(found: Experiment) -> Iterator[_Row]:
    """The networks of the first search; of the best trial as it was scored only errors are known."""
    if found.procedure is None:
        return
    first = found.procedure.searches[0]
    yield _Row(found.procedure.base.name, _stage(found.procedure.base, found.rows))
    yield _scored(first.winner, found.rows)
    yield _Row(first.checkpoint.name, _stage(first.checkpoint, found.rows), f"epoch {first.checkpoint.best_epoch}")
    yield _Row(first.last.name, _last(first.last, found.rows), LEARNT)


def _ours(found: Experiment) -> Iterator[_Row]:
    if found.ours is not None:
        for model in (*found.ours.outcome.models, found.ours.optimum):
            yield _Row(model.name, _judged(found.ours, model))


def _scored(trial: Trial, rows: Sets) -> _Row:
    """The best trial by the weights that were scored, which were not kept: no test rows."""
    said = f"trial {trial.number}" + (f", epoch {trial.best_epochs[0]}" if trial.best_epochs else "")
    objective = "–" if trial.minimised is None else number(trial.minimised)
    if not rows.task.regression:
        tuning = "–" if trial.minimised is None else number(1 - trial.minimised)
        losses = zip(
            (trial.calibrated[0] if trial.calibrated else None, trial.value),
            ("in calibration", "in tuning rows"),
            strict=True,
        )
        told = ", ".join(f"{number(loss)} {where}" for loss, where in losses if loss is not None)
        return _Row("best trial, as scored", ["–", tuning, "–"], f"{said}, log-loss {told}")
    calibration = _rmse(trial.calibrated[0] if trial.calibrated else None, rows.y[rows.calibration])
    cells = [*calibration, *_rmse(trial.value, rows.y[rows.tuning]), "–", "–"]
    return _Row("best trial, as scored", cells, f"{said}, objective {objective}")


def _rmse(error: float | None, y: Values) -> list[str]:
    """An RMSE and what R² that makes of these targets."""
    if error is None:
        return ["–", "–"]
    spread = float(np.var(y))
    return [number(error), number(round(1 - error**2 / spread, 6)) if spread > 0 else "–"]


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


def _maybe(value: float | None) -> str:
    return "–" if value is None else number(value)


def _rank(value: float | None) -> str:
    return "too few" if value is None else fixed(value, 2)
