"""Baselines for a numeric target: the mean, ridge regression, support vector regression.

(PLS has its own module.) Each is a function of training rows and new rows, for many settings at
once: x (rows, points), y (rows,) standardised, answers (settings, new rows).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import SVR

from spectune.assessment.kernels import distances, radial

Array = NDArray[np.float64]

RIDGES: tuple[float, ...] = tuple(10.0 ** (-exponent / 4) for exponent in range(48))
"""Penalties as parts of the largest eigenvalue of x'x, the strongest first: 1 to 2e-12."""

ITERATIONS = 30_000
"""Limit of the steps of a support vector solver: what needs more predicts no better with them."""

TOLERANCE = 0.01
"""Of the solver, in standard deviations of the target: a third faster than 0.001, errors alike."""


@dataclass(frozen=True)
class Radial:
    """Setting of a support vector machine with a radial kernel.

    ``gamma`` multiplies the mean squared distance over points of standardised spectra;
    ``epsilon`` is in standard deviations of the target.
    """

    gamma: float
    cost: float
    epsilon: float


RADIALS = tuple(
    Radial(gamma, cost, epsilon)
    for gamma, cost, epsilon in product((0.01, 0.03, 0.1, 0.3), (1.0, 10.0, 100.0, 1000.0), (0.1, 0.01))
)
RADIAL_SCREEN = (Radial(0.03, 10.0, 0.05), Radial(0.03, 1000.0, 0.02), Radial(0.3, 100.0, 0.05))


def mean(x: Array, y: Array, new: Array, settings: Sequence[None]) -> Array:
    """The mean of the training rows for every new row."""
    return np.full((len(settings), len(new)), y.mean())


def ridge(x: Array, y: Array, new: Array, settings: Sequence[float]) -> Array:
    """Ridge regression with every penalty from one singular value decomposition."""
    centre, level = x.mean(axis=0), y.mean()
    left, singular, right = np.linalg.svd(x - centre, full_matrices=False)
    size = max(float(singular[0]), np.finfo(float).tiny)
    relative = singular / size
    shrunk = np.stack([relative / (relative**2 + penalty) for penalty in settings])
    weights = (shrunk * (left.T @ (y - level)) / size) @ right
    return np.asarray(weights @ (new - centre).T + level)


def support_vectors(x: Array, y: Array, new: Array, settings: Sequence[Radial]) -> Array:
    """Support vector regression with a radial kernel."""
    between = distances(x, new)
    answers = np.empty((len(settings), len(new)))
    for gamma in {setting.gamma for setting in settings}:
        known, asked = radial(between, gamma)
        for at, setting in enumerate(settings):
            if setting.gamma == gamma:
                answers[at] = _fitted(known, y, setting).predict(asked)
    return answers


def ridge_words(setting: float) -> str:
    """A penalty in words.

    >>> ridge_words(1e-5)
    'penalty 1e-05 of the largest eigenvalue'
    """
    return f"penalty {setting:.1g} of the largest eigenvalue"


def radial_words(setting: Radial) -> str:
    """A setting in words.

    >>> radial_words(Radial(0.1, 100.0, 0.01))
    'radial kernel 0.1, cost 100, epsilon 0.01'
    """
    return f"radial kernel {setting.gamma:g}, cost {setting.cost:g}, epsilon {setting.epsilon:g}"


def _fitted(kernel: Array, y: Array, setting: Radial) -> SVR:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = SVR(kernel="precomputed", C=setting.cost, epsilon=setting.epsilon, tol=TOLERANCE, max_iter=ITERATIONS)
        return model.fit(kernel, y)
