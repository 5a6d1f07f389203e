"""Figures of merit, in the terms of chemometrics.

Regression (all in the unit of the target, except R2, RPD and RPIQ):
RMSE² = bias² + SEP² · (n - 1) / n; RPD = SD / SEP is quoted against RMSE by half of the
literature: here RPD = SD / RMSE, RPIQ = interquartile range / RMSE (Bellon-Maurel et al. 2010).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    r2_score,
    root_mean_squared_error,
)

Values = NDArray[np.floating[Any]]

_NONE = float("nan")


@dataclass(frozen=True)
class RegressionScores:
    """How predictions of a number compare with measured values.

    ``rmse`` is called RMSEC, RMSECV or RMSEP after the rows it is taken over. ``sep`` is the
    bias-corrected deviation; ``slope`` is that of predicted on measured.
    """

    rows: int
    rmse: float
    bias: float
    sep: float
    r2: float
    rpd: float
    rpiq: float
    slope: float


@dataclass(frozen=True)
class ClassScores:
    """How predicted classes compare with true ones; ``confusion[true][predicted]`` counts rows."""

    rows: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    confusion: tuple[tuple[int, ...], ...]


Scores = RegressionScores | ClassScores


@dataclass(frozen=True)
class OneClass:
    """How well one class is told from the others, or the average of several.

    ``rows`` is its support; ``sensitivity`` (recall) is the share of its rows that are found,
    ``precision`` the share of rows called so that are, ``f1`` their harmonic mean.
    Not-a-number where there are no rows to take a share of.
    """

    rows: int
    precision: float
    sensitivity: float
    f1: float


def regression_scores(measured: Values, predicted: Values) -> RegressionScores:
    """Scores of predictions, both (rows,).

    >>> regression_scores(np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.5, 3.5])).bias
    0.5
    """
    error = predicted - measured
    several = measured.size > 1
    spread = float(measured.std(ddof=1)) if several else 0.0
    quartiles = np.percentile(measured, [25, 75])
    rmse = float(root_mean_squared_error(measured, predicted))
    return RegressionScores(
        rows=int(measured.size),
        rmse=rmse,
        bias=float(error.mean()),
        sep=float(error.std(ddof=1)) if several else 0.0,
        r2=float(r2_score(measured, predicted)) if spread > 0 else float("nan"),
        rpd=spread / rmse if rmse > 0 else float("inf"),
        rpiq=float(quartiles[1] - quartiles[0]) / rmse if rmse > 0 else float("inf"),
        slope=float(np.polyfit(measured, predicted, 1)[0]) if spread > 0 else float("nan"),
    )


def class_scores(measured: Values, predicted: Values, classes: int) -> ClassScores:
    """Scores of predicted class numbers, both (rows,).

    Balanced accuracy is the mean recall of the classes that occur in ``measured``.
    """
    labels = list(range(classes))
    occurring = np.unique(measured)
    recalls = [float((predicted[measured == label] == label).mean()) for label in occurring]
    counts = confusion_matrix(measured, predicted, labels=labels)
    return ClassScores(
        rows=int(measured.size),
        accuracy=float(accuracy_score(measured, predicted)),
        balanced_accuracy=float(np.mean(recalls)),
        macro_f1=float(f1_score(measured, predicted, labels=occurring, average="macro", zero_division=0)),
        confusion=tuple(tuple(int(n) for n in row) for row in counts),
    )


def scores(measured: Values, output: Values, classes: int) -> Scores:
    """Scores of a model's output: values (rows,) or class probabilities (rows, classes)."""
    if classes:
        return class_scores(measured, output.argmax(axis=1), classes)
    return regression_scores(measured, output)


def each_class(confusion: Sequence[Sequence[int]]) -> tuple[OneClass, ...]:
    """Every class by itself, from ``confusion[true][predicted]``.

    >>> each_class(((3, 1), (1, 5)))[0]
    OneClass(rows=4, precision=0.75, sensitivity=0.75, f1=0.75)
    """
    counts = np.asarray(confusion, dtype=int)
    table = zip(counts.sum(axis=1).tolist(), counts.sum(axis=0).tolist(), counts.diagonal().tolist(), strict=True)
    return tuple(
        OneClass(true, _share(right, called), _share(right, true), _share(2 * right, true + called) if true else _NONE)
        for true, called, right in table
    )


def averages(classes: Sequence[OneClass]) -> tuple[OneClass, OneClass]:
    """Macro and weighted average of the classes that have rows: every class, or every row, weighs the same.

    A class that no row was called counts with a precision of 0.
    """
    found = [one for one in classes if one.rows]
    table = np.nan_to_num([(one.precision, one.sensitivity, one.f1) for one in found]).reshape(-1, 3)
    rows = sum(one.rows for one in found)
    if not found:
        return (OneClass(0, _NONE, _NONE, _NONE),) * 2
    weights = np.asarray([one.rows for one in found]) / rows
    return OneClass(rows, *table.mean(axis=0).tolist()), OneClass(rows, *(weights @ table).tolist())


def score_interval(share: float, rows: int) -> tuple[float, float]:
    """95 % score interval (Wilson 1927) of a share of independent rows; from 0 to 1 without rows.

    >>> tuple(round(end, 4) for end in score_interval(81 / 263, 263))
    (0.2553, 0.3662)
    """
    if not rows:
        return 0.0, 1.0
    z = 1.959963984540054
    middle = share + z * z / (2 * rows)
    half = z * math.sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2)
    return max(0.0, (middle - half) / (1 + z * z / rows)), min(1.0, (middle + half) / (1 + z * z / rows))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else _NONE
