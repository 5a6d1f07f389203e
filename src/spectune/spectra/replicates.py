"""Replicates that nobody declared: spectra that are the same but for rounding, and equal ids."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

TOLERANCE = 5e-4
"""Root mean square difference of near-identical spectra, as a part of the spread of all spectra.

Between spectra of distinct samples the smallest is 0.002 (825 soils) and more often 0.01 to
0.05; between copies of one spectrum it is rounding, some 1e-6.
"""

_NEIGHBOURS = 6
_COMPONENTS = 8

Groups = NDArray[np.intp]
"""A number for every row, (rows,); rows with the same number belong together."""


def near_identical(x: NDArray[np.floating], tolerance: float = TOLERANCE) -> Groups:
    """Group numbers by near-identical spectra, (rows,), counted from 0 in the order of appearance.

    Exact copies are found by their bytes; others among the nearest neighbours in the space of
    the first principal components, where no two spectra are farther apart than they are, and
    then compared in full. No matrix of all pairs is made.

    Args:
        x: spectra, (rows, points).
        tolerance: root mean square difference that still counts, as a part of the spread.

    >>> near_identical(np.array([[1.0, 2, 3], [2, 2, 2], [1, 2, 3], [4, 5, 7]])).tolist()
    [0, 1, 0, 2]
    """
    copies = numbered([row.tobytes() for row in np.ascontiguousarray(x)])
    _, firsts = np.unique(copies, return_index=True)
    apart = _linked(np.asarray(x[firsts], dtype=np.float64), tolerance)
    return numbered(apart[copies].tolist())


def equal_labels(labels: NDArray[np.str_]) -> Groups:
    """Group numbers by equal labels; a row without a label stands alone."""
    return numbered([label or k for k, label in enumerate(labels.tolist())])


def merge_groups(*groupings: Groups) -> Groups:
    """Groups that join whatever any of the groupings joins.

    >>> merge_groups(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])).tolist()
    [0, 0, 0, 1]
    """
    rows = len(groupings[0])
    starts, ends = [], []
    for groups in groupings:
        _, firsts, inverse = np.unique(groups, return_index=True, return_inverse=True)
        starts.append(firsts[inverse])
        ends.append(np.arange(rows))
    return _components(np.concatenate(starts), np.concatenate(ends), rows)


def numbered(labels: list[object] | list[bytes] | list[int] | list[str]) -> Groups:
    """Labels as numbers, counted from 0 in the order of appearance."""
    numbers: dict[object, int] = {}
    return np.asarray([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.intp)


def repeated(groups: Groups) -> tuple[int, int]:
    """How many groups have more than one row, and how many rows they have together."""
    sizes = np.bincount(groups)
    return int((sizes > 1).sum()), int(sizes[sizes > 1].sum())


def _linked(x: NDArray[np.float64], tolerance: float) -> Groups:
    rows = len(x)
    centred = x - np.median(x, axis=0)
    spread = float(np.median(np.sqrt(np.mean(centred**2, axis=1))))
    if rows < 3 or spread == 0:
        return np.arange(rows)
    neighbours = _neighbours(centred)
    starts = np.repeat(np.arange(rows), neighbours.shape[1])
    ends = neighbours.ravel()
    near = _differences(x, starts, ends) <= tolerance * spread
    return _components(starts[near], ends[near], rows)


def _neighbours(centred: NDArray[np.float64]) -> NDArray[np.intp]:
    """Nearest rows of every row in the space of a few principal components, (rows, neighbours)."""
    rows, points = centred.shape
    parts = PCA(min(_COMPONENTS, rows, points), svd_solver="randomized", random_state=0).fit_transform(centred)
    found = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, rows), algorithm="kd_tree").fit(parts)
    return np.asarray(found.kneighbors(parts, return_distance=False), dtype=np.intp)


def _differences(x: NDArray[np.float64], starts: Groups, ends: Groups, block: int = 4096) -> NDArray[np.float64]:
    """Root mean square difference of pairs of rows, a block of pairs at a time."""
    made = np.empty(len(starts))
    for k in range(0, len(starts), block):
        pairs = slice(k, k + block)
        made[pairs] = np.sqrt(np.mean((x[starts[pairs]] - x[ends[pairs]]) ** 2, axis=1))
    return made


def _components(starts: Groups, ends: Groups, rows: int) -> Groups:
    links = coo_array((np.ones(len(starts), dtype=np.int8), (starts, ends)), shape=(rows, rows))
    _, labels = connected_components(links, directed=False)
    return numbered(labels.tolist())
