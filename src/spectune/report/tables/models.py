"""Tables of the models: the network and its rival in short, and all of them in full."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectune.assessment.outcome import Judged, Outcome, Part
from spectune.report.scored import classification, looked_at, regression
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import LONG_UNIT, beside, difference, fixed, number, places, with_unit


def models_grid(outcome: Outcome) -> Grid:
    """Every model with its figures of merit, simplest first; the recommended one stands out."""
    number_task = outcome.spectra.task.regression
    head, groups, made = (
        (_REGRESSION, _REGRESSION_GROUPS, _regression_row) if number_task else (_CLASS, _CLASS_GROUPS, _class_row)
    )
    names = [model.name for model in outcome.models]
    return Grid(
        head=head,
        rows=columns(names, [made(outcome, model) for model in outcome.models]),
        groups=groups,
        notes=tuple(model.settings for model in outcome.models),
        marked=tuple(place for place, name in enumerate(names) if name == outcome.verdict.use),
    )


def key_grid(outcome: Outcome) -> Grid:
    """The network beside its rival, and their difference with its interval."""
    regression_task, unit = outcome.spectra.task.regression, outcome.spectra.task.unit
    parts: tuple[Part, ...] = ("cross-validated", "test")
    names = looked_at(outcome)
    rows = [(name, *(_key_number(outcome, name, part) for part in parts)) for name in names]
    found = {item.part: item for item in outcome.verdict.differences if (item.one, item.other) == names}
    if found:
        what = "" if regression_task else ", 1 − balanced accuracy"
        words = f"{names[0]} minus {names[1]}{what}"
        cells = tuple(beside(difference(found[part]), unit) if part in found else "" for part in parts)
        rows.append((f"{words} (95 % interval)", *cells))
    errors = tuple(
        with_unit(name, unit) if len(unit) > LONG_UNIT else name for name in ("RMSECV, cross-validated", "RMSEP, test")
    )
    head = errors if regression_task else ("balanced accuracy, cross-validated", "balanced accuracy, test")
    return Grid(
        ("", *head), tuple(rows), marked=tuple(i for i, name in enumerate(names) if name == outcome.verdict.use)
    )


_REGRESSION = (
    "model",
    "RMSEC",
    "RMSECV",
    "mean of folds",
    "R²",
    "RMSEP",
    "bias",
    "SEP",
    "R²",
    "RPD",
    "RPIQ",
    "seconds",
)
_REGRESSION_GROUPS = (("", 1), ("calibration", 1), ("cross-validated", 3), ("test", 6), ("", 1))
_CLASS = (
    "model",
    "balanced acc.",
    *("acc.", "balanced acc.", "mean of folds", "macro\u2011F1"),
    *("acc.", "balanced acc.", "macro\u2011F1"),
    "seconds",
)
_CLASS_GROUPS = (("", 1), ("calibration", 1), ("cross-validated", 4), ("test", 3), ("", 1))


def _regression_row(outcome: Outcome, model: Judged) -> list[str]:
    fitted = regression(outcome, model.name, "calibration")
    validated = regression(outcome, model.name, "cross-validated")
    test = regression(outcome, model.name, "test")
    return [
        number(fitted.rmse),
        number(validated.rmse),
        number(_mean(model.fold_errors)),
        fixed(validated.r2, 3),
        number(test.rmse),
        fixed(test.bias, places(test.rmse)),
        number(test.sep),
        fixed(test.r2, 3),
        fixed(test.rpd, 2),
        fixed(test.rpiq, 2),
        _seconds(model.seconds),
    ]


def _class_row(outcome: Outcome, model: Judged) -> list[str]:
    fitted = classification(outcome, model.name, "calibration")
    validated = classification(outcome, model.name, "cross-validated")
    test = classification(outcome, model.name, "test")
    shares = [
        fitted.balanced_accuracy,
        validated.accuracy,
        validated.balanced_accuracy,
        1 - _mean(model.fold_errors),
        validated.macro_f1,
        test.accuracy,
        test.balanced_accuracy,
        test.macro_f1,
    ]
    return [*(fixed(share, 3) for share in shares), _seconds(model.seconds)]


def _key_number(outcome: Outcome, name: str, part: Part) -> str:
    if outcome.spectra.task.regression:
        return beside(number(regression(outcome, name, part).rmse), outcome.spectra.task.unit)
    return fixed(classification(outcome, name, part).balanced_accuracy, 3)


def _seconds(seconds: float) -> str:
    return fixed(seconds, 1) if seconds >= 0.05 else "< 0.1"


def _mean(errors: Sequence[float]) -> float:
    return float(np.mean(errors)) if errors else float("nan")
