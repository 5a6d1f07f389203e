"""The main directions in which calibration spectra vary, and how far a spectrum lies from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

Array = NDArray[np.float64]
Table = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Subspace:
    """Principal components of the rows of a table.

    Attributes:
        mean: (columns,) of the table.
        loadings: (components, columns), orthonormal.
        variances: (components,) of the scores.
    """

    mean: NDArray[np.float32]
    loadings: NDArray[np.float32]
    variances: Array


def subspace(table: Table, most: int, explained: float = 1.0) -> Subspace:
    """The fewest components that explain a share of the variance of a table (rows, columns); at most ``most``.

    Directions in which the rows hardly differ are left out, so there may be none at all.
    """
    total = float(table.var(axis=0, ddof=1, dtype=np.float64).sum())
    if not total > 0:
        none = np.empty((0, table.shape[1]), dtype=np.float32)
        return Subspace(table.mean(axis=0).astype(np.float32), none, np.empty(0))
    usual = max(1, min(most, len(table) - 1, table.shape[1]))
    found = PCA(usual, svd_solver="randomized", random_state=0).fit(table.astype(np.float32))
    variances = found.explained_variance_.astype(np.float64)
    enough = int(np.searchsorted(np.cumsum(variances), explained * total)) + 1
    kept = min(enough, int((variances > 1e-9 * total).sum()))
    return Subspace(found.mean_.astype(np.float32), found.components_[:kept].astype(np.float32), variances[:kept])


def inside(space: Subspace, table: Table) -> Array:
    """Hotelling's T2: squared scores, each over its variance, (rows,)."""
    return np.asarray((_scores(space, table).astype(np.float64) ** 2 / space.variances).sum(axis=1))


def outside(space: Subspace, table: Table) -> Array:
    """Q: mean over the columns of the squares that the components leave, (rows,)."""
    rest = table - space.mean - _scores(space, table) @ space.loadings
    return np.asarray((rest**2).mean(axis=1, dtype=np.float64))


def _scores(space: Subspace, table: Table) -> Table:
    return np.asarray((table - space.mean) @ space.loadings.T)
