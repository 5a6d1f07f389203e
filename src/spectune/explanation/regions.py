"""Importance of regions of the axis: how much the error grows when a region is shuffled.

The spectra of a region are exchanged between rows before any preprocessing, so what is measured
is the whole model, from raw spectrum to answer (permutation importance, Breiman 2001, over bands).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spectune.spectra.axis import Axis
from spectune.training.fit import Fitted, predict

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
    x, y = x[rows], y[rows]
    whole = np.asarray([error(output, y) for output in predict(fitted, x)])
    order = _moved(len(x), random)
    bounds = np.unique(np.linspace(0, x.shape[1], min(count, x.shape[1]) + 1).round().astype(int))
    positions = axis.positions
    edges = np.concatenate([positions[:1], (positions[1:] + positions[:-1]) / 2, positions[-1:]])
    for number, (low, high) in enumerate(pairwise(bounds)):
        shuffled = x.copy()
        shuffled[:, low:high] = x[order, low:high]
        errors = np.asarray([error(output, y) for output in predict(fitted, shuffled)])
        yield RegionGrowth(number, float(edges[low]), float(edges[high]), errors - whole)


def _moved(rows: int, random: np.random.Generator) -> NDArray[np.intp]:
    """A random order in which no row keeps its place (a cycle)."""
    cycle = random.permutation(rows)
    order = np.empty(rows, dtype=np.intp)
    order[cycle] = np.roll(cycle, 1)
    return order
