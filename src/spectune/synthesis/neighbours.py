"""Which classes can be mistaken for each other, and test spectra that keep them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from spectune.synthesis.patterns import Grid, Law, Pattern, PatternConfig

Parting = Literal["minor peak", "position", "height"]

SHARE = 0.45
"""Share of the distance of two classes that each may use in the test: a tenth between them stays free."""

CLOSE = 1e-9
"""Heights that differ by less are the same."""


@dataclass(frozen=True)
class Moves:
    """How peaks move beside their own shifts; by default as published.

    Attributes:
        whole: own shifts are whole numbers and end one point early on the right, else real ones.
        common, stretch: see ``Dials``.
        middle: about which the axis is stretched, in points.
    """

    whole: bool = True
    common: float = 0.0
    stretch: float = 0.0
    middle: float = 0.0

    @property
    def coupled(self) -> bool:
        """Whether peaks of a spectrum share a part of their shifts."""
        return self.common > 0 or self.stretch > 0


APART = Moves()
"""Every peak by itself, as published."""


@dataclass(frozen=True)
class Variation:
    """How far peaks go: ``shift`` points, ``height``; peaks of height 1 only where ``tops`` is true.

    ``slack`` is 1 where shifts end one point early on the right (as whole numbers are drawn), else 0.
    ``stretch`` is a share of the distance from ``middle`` that is added to the shift.
    """

    shift: float
    height: float
    tops: bool
    slack: int = 0
    stretch: float = 0.0
    middle: float = 0.0

    def reach(self, positions: ArrayLike) -> NDArray[np.float64]:
        """How far peaks at ``positions`` go to either side, in points."""
        return np.asarray(self.shift + self.stretch * np.abs(np.asarray(positions) - self.middle), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _All:
    """Peaks of all classes: ``edges`` are the first of each class and the number of all, (classes + 1,)."""

    positions: NDArray[np.float64]
    heights: NDArray[np.float64]
    edges: NDArray[np.int64]


def moves_of(config: PatternConfig) -> Moves:
    """How peaks of a configuration move in training."""
    dials = config.dials
    return APART if config.published else Moves(False, dials.common, dials.stretch, (config.datapoints - 1) / 2)


def trained(law: Law, moves: Moves = APART) -> Variation:
    """How far peaks go in training."""
    shift = law.shift + moves.common
    return Variation(shift, law.variation, law.tops_vary, int(moves.whole), moves.stretch, moves.middle)


def alike(one: Pattern, other: Pattern, variation: Variation) -> NDArray[np.bool_]:
    """Which peaks of one class reach which of another, (peaks of one, peaks of other)."""
    positions, heights = (np.asarray(values, dtype=np.float64) for values in (other.positions, other.heights))
    return _alike(one, positions, heights, variation)


def confusable(config: PatternConfig, variation: Variation) -> Iterator[tuple[int, int]]:
    """Pairs of classes of which a spectrum of either could be the other's.

    Every peak has a partner within reach, or can vanish.
    """
    patterns = tuple(config.spectra.values())
    every = _All(
        np.asarray(list(chain.from_iterable(pattern.positions for pattern in patterns)), dtype=np.float64),
        np.asarray(list(chain.from_iterable(pattern.heights for pattern in patterns)), dtype=np.float64),
        np.cumsum([0, *(len(pattern.positions) for pattern in patterns)]),
    )
    within = np.stack([_within(pattern, every, variation) for pattern in patterns])
    for one, other in zip(*np.nonzero(np.triu(within & within.T, 1)), strict=True):
        if _can_match(patterns[one], patterns[other], variation):
            yield int(one), int(other)


def _within(pattern: Pattern, every: _All, variation: Variation) -> NDArray[np.bool_]:
    """Classes that have a partner for every peak that cannot vanish, (classes,)."""
    near = _alike(pattern, every.positions, every.heights, variation) | _vanishing(pattern, variation)[:, None]
    return np.asarray(np.logical_or.reduceat(near, every.edges[:-1], axis=1).all(axis=0))


def _alike(
    pattern: Pattern, positions: NDArray[np.float64], heights: NDArray[np.float64], variation: Variation
) -> NDArray[np.bool_]:
    own = np.asarray(pattern.heights, dtype=np.float64)[:, None]
    away = np.abs(np.asarray(pattern.positions)[:, None] - positions)
    differ = np.abs(own - heights)
    reach = variation.reach(pattern.positions)[:, None] + variation.reach(positions) - variation.slack
    close = (away <= np.maximum(0.0, reach)) & ((differ < 2 * variation.height) | (differ == 0))
    return np.asarray(close if variation.tops else close & ((own == 1) == (heights == 1)))


def _vanishing(pattern: Pattern, variation: Variation) -> NDArray[np.bool_]:
    heights = np.asarray(pattern.heights, dtype=np.float64)
    return np.asarray((heights < variation.height) & (variation.tops | (heights != 1)))


def _can_match(one: Pattern, other: Pattern, variation: Variation) -> bool:
    costs = ~alike(one, other, variation)
    left = np.where(_vanishing(one, variation), 0, 1)[:, None]
    right = np.where(_vanishing(other, variation), 0, 1)[None, :]
    # A peak without a partner takes one of the spare places, at the cost of having to vanish.
    square = np.block([
        [costs.astype(int), np.tile(left, (1, left.size))],
        [np.tile(right, (right.size, 1)), np.zeros((right.size, left.size), dtype=int)],
    ])  # fmt: skip
    return not square[linear_sum_assignment(square)].any()


def parting(one: Pattern, other: Pattern, variation: Variation) -> Parting:
    """What parts two classes most: a peak only one has, a position, or a height."""
    if len(one.positions) != len(other.positions) or not np.diag(alike(one, other, variation)).all():
        return "minor peak"
    reach = np.maximum(variation.reach(one.positions), 1e-9)
    away = (np.abs(np.subtract(one.positions, other.positions)) / reach).max()
    differ = np.abs(np.subtract(one.heights, other.heights)).max() / max(variation.height, 1e-9)
    return "position" if away > differ else "height"


def within_reach(config: PatternConfig) -> Iterator[tuple[str, str, Parting]]:
    """Names of confusable classes in training and what parts them, taking every peak by itself."""
    variation, patterns = trained(config.law, moves_of(config)), tuple(config.spectra.values())
    for one, other in confusable(config, variation):
        yield config.names[one], config.names[other], parting(patterns[one], patterns[other], variation)


def kept_apart(config: PatternConfig) -> PatternConfig:
    """The configuration with test grids narrowed until no two classes meet in the test.

    Looked at are classes with equally many peaks, peak by peak in order. Where all their ranges
    meet, shift or variation of both is narrowed, whichever loses less. Classes that are equal stay so.

    >>> from spectune.synthesis.patterns import random_config
    >>> {name: (grid.shift, grid.variation) for name, grid in kept_apart(random_config(500, 2022)).grids.items()}
    {'8': (20, 0.04), '318': (20, 0.04), '164': (21, 0.04), '281': (21, 0.04), '219': (22, 0.04), '347': (22, 0.04)}
    """
    grids = {name: config.grid_of(name) for name in config.names}
    shift = max((grid.shift for grid in grids.values()), default=0)
    variation = max((grid.variation for grid in grids.values()), default=0.0)
    narrowed = dict(config.grids)
    for pair in confusable(config, Variation(shift, variation + CLOSE, tops=True)):
        names = [config.names[label] for label in pair]
        cut = _cut([config.spectra[name] for name in names], [grids[name] for name in names])
        if cut:
            grids |= {name: cut(grids[name]) for name in names}
            narrowed |= {name: grids[name] for name in names}
    return replace(config, grids=narrowed)


def _cut(patterns: Sequence[Pattern], grids: Sequence[Grid]) -> Callable[[Grid], Grid] | None:
    """What narrows the grids of two classes; None where they are apart, or cannot be parted."""
    one, other = patterns
    if len(one.positions) != len(other.positions):
        return None
    away = np.abs(np.subtract(one.positions, other.positions)).max()
    differ = np.abs(np.subtract(one.heights, other.heights))
    ranges = sum(np.where(np.asarray(p.heights) == 1, 0, g.variation) for p, g in zip(patterns, grids, strict=True))
    if away > sum(grid.shift for grid in grids) or (differ > ranges + CLOSE).any() or not (away or differ.any()):
        return None
    shift, variation = int(SHARE * away), float(np.floor(1000 * SHARE * differ.max()) / 1000)
    widest = max(CLOSE, *(grid.shift for grid in grids)), max(CLOSE, *(grid.variation for grid in grids))
    if away and shift / widest[0] >= variation / widest[1]:
        return lambda grid: replace(grid, shift=min(grid.shift, shift))
    return lambda grid: replace(grid, variation=min(grid.variation, variation))
