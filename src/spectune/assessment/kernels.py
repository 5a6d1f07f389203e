"""Radial kernels of standardised spectra: squared distances once, any number of widths from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.preprocessing import StandardScaler

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Distances:
    """Squared distances per point between standardised spectra.

    Attributes:
        known: among training rows, (rows, rows).
        new: from new rows to training rows, (new rows, rows).
    """

    known: Array
    new: Array


def standardised(x: Array, new: Array) -> tuple[Array, Array]:
    """Training and new rows with the columns of the training rows at mean 0 and deviation 1."""
    scaler = StandardScaler().fit(x)
    return np.asarray(scaler.transform(x)), np.asarray(scaler.transform(new))


def distances(x: Array, new: Array) -> Distances:
    """Distances of training rows (rows, points) and new rows, scaled by the training rows."""
    known, asked = standardised(x, new)
    points = x.shape[1]
    among = euclidean_distances(known, squared=True) / points
    return Distances(np.asarray(among), np.asarray(euclidean_distances(asked, known, squared=True)) / points)


def radial(between: Distances, gamma: float) -> tuple[Array, Array]:
    """Kernels exp(-gamma d²) among training rows and from new to training rows."""
    return np.exp(-gamma * between.known), np.exp(-gamma * between.new)
