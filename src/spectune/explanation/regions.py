"""Importance of regions of the axis: how much the error grows when a region is shuffled.

Permutation importance (Breiman 2001) over bands. The region is exchanged between rows in all
channels at once, after preprocessing: exchanged before it, the steps at the region's edges would
become the largest features of a derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spectune.spectra.axis import Axis
from spectune.training.fit import Fitted, answers, signal

Array = NDArray[np.float64]

MOST_ROWS = 200


@dataclass(frozen=True, eq=False)
class RegionGrowth:
    """Growth of each member's error for one region, (members,), and its bounds on the axis."""

    number: int
    low: float
    high: float
    growth: Array


def regions(
    fitted: Fitted,
    x: NDArray[np.float32],
    y: Array,
    axis: Axis,
    error: Callable[[Array, Array], float],
    seed: int,
    count: int = 32,
) -> Iterator[RegionGrowth]:
    """Yields the regions one by one, from the low end of the axis.

    Args:
        fitted: the ensemble.
        x: spectra (rows, points) that the members were not scored on while they were chosen.
        y: their target, (rows,).
        axis: positions of the points.
        error: of a member's output, given ``y``; in the unit that is to be reported.
        seed: of the shuffle.
        count: regions of about equal width in points.
    """
    random = np.random.default_rng(seed)
    rows = np.sort(random.permutation(len(x))[:MOST_ROWS])
    y, prepared = y[rows], signal(fitted, x[rows])
    whole = np.asarray([error(output, y) for output in answers(fitted, prepared)])
    order = _moved(len(rows), random)
    blocks = len(fitted.recipe.channels) if fitted.recipe.layout == "concatenate" else 1
    length = prepared.shape[1] // blocks
    bounds = np.unique(np.linspace(0, length, min(count, length) + 1).round().astype(int))
    edges = _edges(axis, length)
    for number, (low, high) in enumerate(pairwise(bounds)):
        columns = np.concatenate([np.arange(low, high) + block * length for block in range(blocks)])
        shuffled = prepared.copy()
        shuffled[:, columns] = prepared[order][:, columns]
        errors = np.asarray([error(output, y) for output in answers(fitted, shuffled)])
        yield RegionGrowth(number, float(edges[low]), float(edges[high]), errors - whole)


def _edges(axis: Axis, length: int) -> Array:
    """(length + 1,) positions between the points of a signal that may have been averaged to ``length``."""
    positions = axis.positions
    between = np.concatenate([positions[:1], (positions[1:] + positions[:-1]) / 2, positions[-1:]])
    width = -(-len(positions) // length)
    return between[np.minimum(np.arange(length + 1) * width, len(positions))]


def _moved(rows: int, random: np.random.Generator) -> NDArray[np.intp]:
    """A random order in which no row keeps its place (a cycle)."""
    cycle = random.permutation(rows)
    order = np.empty(rows, dtype=np.intp)
    order[cycle] = np.roll(cycle, 1)
    return order
