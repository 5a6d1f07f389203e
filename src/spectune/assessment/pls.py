"""Partial least squares, all numbers of latent variables from one fit.

The coefficients with ``a`` latent variables use the first ``a`` rotations and loadings of a
larger fit, so scikit-learn fits each fold once.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression

Array = NDArray[np.float64]

MOST_LATENT = 30
"""Largest number of latent variables that is tried."""


def latent_words(variables: int) -> str:
    """A setting in words.

    >>> latent_words(9)
    '9 latent variables'
    """
    return f"{variables} latent variable{'' if variables == 1 else 's'}"


def latent_grid(rows: int, points: int) -> tuple[int, ...]:
    """1 to 30 latent variables, fewer when the smallest fit has few ``rows`` or ``points``."""
    return tuple(range(1, max(1, min(MOST_LATENT, rows - 1, points)) + 1))


def pls(x: Array, y: Array, new: Array, settings: Sequence[int]) -> Array:
    """Predictions of PLS1 for new rows, (settings, rows); ``y`` (training rows,)."""
    return _chosen(x, y[:, None], new, settings)[:, :, 0]


def pls_classes(x: Array, y: Array, new: Array, settings: Sequence[int], classes: int) -> Array:
    """Class probabilities of PLS-DA for new rows, (settings, rows, classes).

    PLS2 on indicator columns; its predictions sum to one but may leave [0, 1]: the nearest point
    of the simplex stands for the probabilities and keeps the order of the classes.
    """
    return simplex(_chosen(x, np.eye(classes)[y.astype(int)], new, settings))


def pls_path(x: Array, y: Array, new: Array, most: int) -> Array:
    """Predictions with 1 to ``most`` latent variables, (most, new rows, targets); ``y`` (rows, targets)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing left to explain, or a power iteration at its limit
        model = PLSRegression(most, scale=False).fit(x, y)
    scores = np.asarray(model.transform(new))
    steps = scores.T[:, :, None] * np.asarray(model.y_loadings_).T[:, None, :]
    return np.asarray(np.cumsum(steps, axis=0) + y.mean(axis=0))


def simplex(values: Array) -> Array:
    """Nearest points whose last axis is not negative and sums to one (Duchi et al. 2008).

    >>> simplex(np.array([1.25, -0.5, 0.25])).tolist()
    [1.0, 0.0, 0.0]
    """
    ordered = -np.sort(-values, axis=-1)
    excess = np.cumsum(ordered, axis=-1) - 1
    counts = np.arange(1, values.shape[-1] + 1)
    kept = (ordered - excess / counts > 0).sum(axis=-1, keepdims=True)
    level = np.take_along_axis(excess, kept - 1, axis=-1) / kept
    return np.asarray(np.maximum(values - level, 0))


def _chosen(x: Array, y: Array, new: Array, settings: Sequence[int]) -> Array:
    most = min(max(settings), len(x) - 1, x.shape[1])
    path = pls_path(x, y, new, most)
    return path[[min(variables, most) - 1 for variables in settings]]
