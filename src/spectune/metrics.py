"""Figures of merit, in the terms of chemometrics.

Regression (all in the unit of the target, except R2, RPD and RPIQ):
RMSE² = bias² + SEP² · (n - 1) / n; RPD = SD / SEP is quoted against RMSE by half of the
literature: here RPD = SD / RMSE, RPIQ = interquartile range / RMSE (Bellon-Maurel et al. 2010).
"""

from __future__ import annotations

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
