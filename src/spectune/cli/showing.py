"""Finished runs in words and small tables for a terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from spectune.assessment.outcome import Judged, Outcome
from spectune.metrics import ClassScores, RegressionScores, Scores
from spectune.report.wording import fixed, places, with_unit


def models_table(outcome: Outcome) -> Table:
    """Every model with its errors, simplest first; the one to use stands out."""
    task = outcome.spectra.task
    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption_justify="left")
    table.add_column("model", no_wrap=True)
    for name in _headings(bool(task.classes)):
        table.add_column(name, justify="right", min_width=len(name))
    figures = [_figures(outcome, model) for model in outcome.models]
    shown = places(min(row[0] for row in figures)) if task.regression else 3
    for model, row in zip(outcome.models, figures, strict=True):
        style = "bold" if model.name == outcome.verdict.use else ""
        table.add_row(Text(model.name), *(fixed(value, shown) for value in row), style=style)
    rows = f"{len(outcome.spectra.calibration)} calibration and {len(outcome.spectra.test)} test rows"
    chosen = outcome.model(outcome.verdict.use)
    table.caption = f"{with_unit(task.target, task.unit)}; {rows}\n{chosen.name}: {chosen.settings}"
    return table


def scores_sentence(found: Scores, unit: str = "") -> str:
    """Figures of merit of new predictions in one line.

    >>> scores_sentence(RegressionScores(9, 0.5, -0.1, 0.52, 0.9, 3.2, 4.1, 1.0), "%")
    'RMSEP 0.5 %, bias -0.1, SEP 0.52, R2 0.9 (9 measured rows)'
    """
    match found:
        case RegressionScores():
            error = f"{found.rmse:.4g} {unit}".strip()
            rest = f"bias {found.bias:.3g}, SEP {found.sep:.4g}, R2 {found.r2:.3g}"
            return f"RMSEP {error}, {rest} ({found.rows} measured rows)"
        case ClassScores():
            figures = f"accuracy {found.accuracy:.3f}, balanced accuracy {found.balanced_accuracy:.3f}"
            return f"{figures}, macro-F1 {found.macro_f1:.3f} ({found.rows} known rows)"


def _headings(classes: bool) -> tuple[str, ...]:
    if classes:
        return "balanced CV", "balanced test", "accuracy test"
    return "RMSECV", "mean of folds", "RMSEP", "bias"


def _figures(outcome: Outcome, model: Judged) -> tuple[float, ...]:
    """Errors of a model, or its (balanced) accuracies."""
    match outcome.scores(model.name, "cross-validated"), outcome.scores(model.name, "test"):
        case RegressionScores() as validated, RegressionScores() as test:
            return validated.rmse, sum(model.fold_errors) / len(model.fold_errors), test.rmse, test.bias
        case ClassScores() as validated, ClassScores() as test:
            return validated.balanced_accuracy, test.balanced_accuracy, test.accuracy
        case _:
            raise AssertionError("the parts of one outcome have the same kind of scores")
