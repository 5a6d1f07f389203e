"""What is seen of a raw spectrum before any preprocessing: level, amplitude, single points, flat tops.

Everything is row-wise: a spectrum is judged by itself, whatever stands beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.floating[Any]]
Values = NDArray[np.float64]


def levels(x: Matrix) -> Values:
    """Mean of every spectrum, (rows,), in its unit."""
    return np.asarray(x.mean(axis=1, dtype=np.float64))


def amplitudes(x: Matrix) -> Values:
    """Standard deviation over the points of every spectrum, (rows,), in its unit."""
    return np.asarray(x.std(axis=1, dtype=np.float64))


def heights(x: Matrix) -> Values:
    """How far each inner point stands above both its neighbours, or below both, (rows, points - 2).

    >>> heights(np.array([[0.0, 3.0, 1.0, 0.0, 2.0]]))
    array([[2., 0., 1.]])
    """
    rise, fall = np.diff(x[:, :-1].astype(np.float64), axis=1), np.diff(x[:, 1:].astype(np.float64), axis=1)
    return np.asarray(np.where(rise * fall < 0, np.minimum(np.abs(rise), np.abs(fall)), 0.0))


def plateaus(x: Matrix) -> NDArray[np.intp]:
    """Points of the longest run of equal values at the highest or the lowest value of every spectrum, (rows,).

    >>> plateaus(np.array([[1.0, 5.0, 5.0, 5.0, 2.0], [0.0, 1.0, 2.0, 3.0, 4.0]]))
    array([3, 1])
    """
    ends = (x.max(axis=1, keepdims=True), x.min(axis=1, keepdims=True))
    return np.asarray(np.maximum(*(_longest(x == end) for end in ends)))


def flat(x: Matrix) -> NDArray[np.bool_]:
    """Which spectra have one value everywhere, (rows,)."""
    return np.asarray(np.ptp(x, axis=1) == 0)


def _longest(chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Length of the longest run of true values in every row."""
    places = np.arange(chosen.shape[1])
    before = np.maximum.accumulate(np.where(chosen, -1, places), axis=1)
    return np.asarray((places - before).max(axis=1), dtype=np.intp)
