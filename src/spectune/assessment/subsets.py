"""Growing training sets: nested subsets of the rows outside a fold, whole groups together."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log, sqrt

import numpy as np
from numpy.typing import NDArray

from spectune.errors import DataError
from spectune.spectra.spectra import Rows, Spectra

FEWEST_ROWS, FEWEST_GROUPS, FEWEST_OF_CLASS = 20, 8, 4
"""What the smallest subset holds: rows, groups, and groups of every class."""

FEWEST_SIZES, MOST_SIZES = 3, 7
SMALLEST, CLOSEST = 1 / 64, sqrt(2)
"""The smallest share of the rows, and the least ratio of neighbouring sizes."""


def shares(spectra: Spectra, rests: Sequence[Rows]) -> tuple[float, ...]:
    """Shares of the rows outside a fold to train on, evenly spaced as logarithms; the last is 1.

    Args:
        spectra: the calibration rows.
        rests: row numbers outside each fold.

    Raises:
        DataError: too few rows, groups or members of a class for three sizes.
    """
    low = max(_smallest(spectra.rows(rest)) for rest in rests)
    count = min(MOST_SIZES, 1 + int(log(1 / low) / log(CLOSEST) + 1e-9)) if low < 1 else 0
    if count < FEWEST_SIZES:
        of_class = f" or {FEWEST_OF_CLASS} of a class" if spectra.task.classes else ""
        raise DataError(
            f"{len(spectra)} calibration rows are too few for a learning curve: the smallest of {FEWEST_SIZES} sizes "
            f"would hold fewer than {FEWEST_ROWS} rows, {FEWEST_GROUPS} groups{of_class}; measure more first"
        )
    return tuple(float(share) for share in np.geomspace(low, 1.0, count))


def repeats(share: float, most: int) -> int:
    """How many random subsets of a size are taken: ``most`` of the smallest, one of the whole.

    >>> [repeats(share, 3) for share in (0.1, 0.5, 0.75, 1.0)]
    [3, 2, 1, 1]
    """
    return max(1, ceil(most * (1 - share)))


def subset(spectra: Spectra, rest: Rows, share: float, seed: int) -> Rows:
    """Rows of ``rest`` that hold at least ``share`` of it; with the same seed the larger holds the smaller.

    Whole groups are taken in an order that ``seed`` chooses. Classes keep their shares.
    """
    part = spectra.rows(rest)
    groups = _ordered(part, np.random.default_rng(seed))
    names, sizes = np.unique(part.groups, return_counts=True)
    reached = np.cumsum(sizes[np.searchsorted(names, groups)])
    count = int(np.searchsorted(reached, share * rest.size - 1e-9)) + 1
    return np.asarray(rest[np.isin(part.groups, groups[:count])])


def _smallest(part: Spectra) -> float:
    """The share that leaves enough rows, groups and members of each class."""
    groups, first = np.unique(part.groups, return_index=True)
    needs = [FEWEST_ROWS / len(part), FEWEST_GROUPS / groups.size, SMALLEST]
    if part.task.classes:
        members = np.bincount(part.y[first].astype(int), minlength=part.task.outputs)
        needs.append(FEWEST_OF_CLASS / max(int(members.min()), 1))
    return max(needs)


def _ordered(part: Spectra, random: np.random.Generator) -> NDArray[np.intp]:
    """Groups in random order; those of every class evenly spread over it."""
    groups, first = np.unique(part.groups, return_index=True)
    mixed = random.permutation(groups.size)
    groups, labels = groups[mixed], part.y[first][mixed]
    if not part.task.classes:
        return groups
    places = np.empty(groups.size)
    for label in np.unique(labels):
        own = labels == label
        places[own] = (np.arange(own.sum()) + 0.5) / own.sum()
    return np.asarray(groups[np.argsort(places, kind="stable")])
