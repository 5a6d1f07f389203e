"""Baselines for classes: the majority, logistic regression, a support vector classifier.

(PLS-DA stands with PLS.) Each is a function of training rows and new rows, for many settings at
once: x (rows, points), y (rows,) numbers of classes, answers (settings, new rows, classes). A
class that no training row has gets the probability 0.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from spectune.assessment.kernels import distances, radial, standardised

Array = NDArray[np.float64]
Weights = Literal["rows", "classes"]
"""What counts the same in a fit: every row, or every class however rare."""

ITERATIONS = 30_000
"""As in ``regressors``."""


@dataclass(frozen=True)
class Logistic:
    """Setting of logistic regression; ``cost`` is the inverse of the L2 penalty, per point."""

    cost: float
    weights: Weights = "rows"


@dataclass(frozen=True)
class RadialClasses:
    """Setting of a support vector classifier; ``gamma`` as in ``regressors.Radial``."""

    gamma: float
    cost: float
    weights: Weights = "rows"


WEIGHTS: tuple[Weights, ...] = ("rows", "classes")
LOGISTICS = tuple(
    Logistic(cost, weights) for cost, weights in product([10.0**exponent for exponent in range(7)], WEIGHTS)
)
LOGISTIC_SCREEN = (Logistic(10.0), Logistic(1000.0))
RADIALS = tuple(
    RadialClasses(gamma, cost, weights)
    for gamma, cost, weights in product((0.01, 0.03, 0.1, 0.3), (1.0, 10.0, 100.0, 1000.0), WEIGHTS)
)
RADIAL_SCREEN = (RadialClasses(0.03, 10.0), RadialClasses(0.03, 1000.0), RadialClasses(0.3, 100.0))


def majority(x: Array, y: Array, new: Array, settings: Sequence[None], classes: int) -> Array:
    """Shares of the classes among the training rows for every new row."""
    shares = np.bincount(y.astype(int), minlength=classes) / y.size
    return np.asarray(np.broadcast_to(shares, (len(settings), len(new), classes)))


def logistic(x: Array, y: Array, new: Array, settings: Sequence[Logistic], classes: int) -> Array:
    """Probabilities of L2-penalised logistic regression on standardised columns.

    The penalised solution depends on the spectra only through their inner products, so it is
    found in the coordinates of their principal components, all of them.
    """
    known, asked = standardised(x, new)
    _, _, right = np.linalg.svd(known, full_matrices=False)
    known, asked = known @ right.T, asked @ right.T
    answers = np.zeros((len(settings), len(new), classes))
    for at, setting in enumerate(settings):
        model = LogisticRegression(
            C=setting.cost / x.shape[1], class_weight=_class_weight(setting.weights), max_iter=300
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(known, y.astype(int))
        answers[at][:, model.classes_] = model.predict_proba(asked)
    return answers


def support_vectors(x: Array, y: Array, new: Array, settings: Sequence[RadialClasses], classes: int) -> Array:
    """Answers of a support vector classifier with a radial kernel.

    Softmax of the decision values: the order of the classes is right, the probabilities are not
    calibrated.
    """
    between = distances(x, new)
    answers = np.zeros((len(settings), len(new), classes))
    for gamma in {setting.gamma for setting in settings}:
        known, asked = radial(between, gamma)
        for at, setting in enumerate(settings):
            if setting.gamma == gamma:
                model = _fitted(known, y, setting)
                answers[at][:, model.classes_] = _shares(np.asarray(model.decision_function(asked)))
    return answers


def logistic_words(setting: Logistic) -> str:
    """A setting in words.

    >>> logistic_words(Logistic(100.0, "classes"))
    'cost 100 per point, classes weighted evenly'
    """
    return f"cost {setting.cost:g} per point{_weights_words(setting.weights)}"


def radial_words(setting: RadialClasses) -> str:
    """A setting in words.

    >>> radial_words(RadialClasses(0.1, 100.0))
    'radial kernel 0.1, cost 100'
    """
    return f"radial kernel {setting.gamma:g}, cost {setting.cost:g}{_weights_words(setting.weights)}"


def _fitted(kernel: Array, y: Array, setting: RadialClasses) -> SVC:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = SVC(
            kernel="precomputed",
            C=setting.cost,
            class_weight=_class_weight(setting.weights),
            max_iter=ITERATIONS,
        )
        return model.fit(kernel, y.astype(int))


def _shares(decisions: Array) -> Array:
    """Decision values (rows,) of two classes or (rows, classes) of several as shares of one."""
    several = np.stack([-decisions, decisions], axis=1) / 2 if decisions.ndim == 1 else decisions
    return np.asarray(softmax(several, axis=1))


def _class_weight(weights: Weights) -> str | None:
    return "balanced" if weights == "classes" else None


def _weights_words(weights: Weights) -> str:
    return ", classes weighted evenly" if weights == "classes" else ""
