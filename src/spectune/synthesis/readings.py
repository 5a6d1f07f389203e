"""Spectra as a perfect eye reads them, and how likely every class makes them.

What is read are positions, heights and number of the visible peaks. Peaks are gone below height 0;
which visible peak belongs to which of a class is not known, so all assignments are summed. Widths
and shapes are drawn alike for all classes and say nothing of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spectune.errors import SettingError
from spectune.synthesis.coupled import Read, coupled
from spectune.synthesis.neighbours import APART, Moves, alike, trained
from spectune.synthesis.patterns import HIGHEST, Law, Pattern, PatternConfig

Real = NDArray[np.float64]

MOST_TOGETHER = 12
"""Peaks of a class within reach of each other for which all assignments are summed."""

FINEST = 1e-3
"""Points to which positions are read where peaks move together only: two classes never agree to the last digit."""


@dataclass(frozen=True, eq=False)
class Seen:
    """Spectra of one class as read from peaks.

    Attributes:
        positions: points, (rows, peaks).
        heights: 0 where a peak is gone, (rows, peaks).
        sure: peaks whose height does not vary, (peaks,).
    """

    positions: Real
    heights: Real
    sure: NDArray[np.bool_]


def drawn(own: Pattern, law: Law, moves: Moves, rows: int, random: Generator) -> Seen:
    """Spectra of a class as training draws them."""
    size = (rows, len(own.positions))
    heights = np.asarray(own.heights, dtype=np.float64)
    sure = (heights == 1) & (not law.tops_vary)
    positions = np.asarray(own.positions) + _moved(own, law, moves, rows, random)
    changes = np.where(sure, 0, random.uniform(-law.variation, law.variation, size))
    return Seen(positions, np.clip(heights + changes, 0, HIGHEST), sure)


def tested(config: PatternConfig, label: int) -> Seen:
    """Test spectra of a class."""
    name = config.names[label]
    grid, own = config.grid_of(name), config.spectra[name]
    moved, changed = np.asarray(grid.cells, dtype=np.float64).reshape(-1, 2, 1).swapaxes(0, 1)
    heights = np.asarray(own.heights, dtype=np.float64)
    changes = np.where(heights == 1, 0, grid.variation * changed)
    sure = (heights == 1) & (not config.law.tops_vary)
    return Seen(np.asarray(own.positions) + grid.shift * moved, np.clip(heights + changes, 0, HIGHEST), sure)


def likelihoods(seen: Seen, own: Pattern, pattern: Pattern, law: Law, moves: Moves = APART) -> Real:
    """Density of spectra of class ``own`` under the class ``pattern``, (rows,).

    Where peaks move by themselves, those that cannot be exchanged for each other are summed over apart.

    Raises:
        SettingError: too many peaks lie within reach of each other.
    """
    near = alike(own, pattern, trained(law, moves))
    if moves.coupled:
        return _together(seen, near, pattern, law, moves)
    count = len(own.positions)
    graph = coo_array((np.ones(near.sum()), np.nonzero(near)), shape=near.shape)
    size = sum(near.shape)
    joined = coo_array((graph.data, (graph.coords[0], graph.coords[1] + count)), shape=(size, size))
    _, group = connected_components(joined, directed=False)
    density = np.ones(len(seen.heights))
    for number in np.unique(group).tolist():
        mine, theirs = np.flatnonzero(group[:count] == number), np.flatnonzero(group[count:] == number)
        some = Seen(seen.positions[:, mine], seen.heights[:, mine], seen.sure[mine])
        density *= _summed(some, _chosen(pattern, theirs), law, moves)
    return density


def _moved(own: Pattern, law: Law, moves: Moves, rows: int, random: Generator) -> Real:
    """Shifts of all peaks, (rows, peaks)."""
    size = (rows, len(own.positions))
    if moves.whole:
        whole = random.integers(-law.shift, law.shift, size=size) if law.shift else np.zeros(size)
        return whole.astype(np.float64)
    shared = random.uniform(-1, 1, (rows, 2)) @ _slopes(own, moves).T
    return np.asarray(shared + random.uniform(-1, 1, size) * _jitter(law, moves))


def _jitter(law: Law, moves: Moves) -> float:
    """Points by which every peak moves by itself."""
    return max(law.shift, FINEST) if moves.coupled else law.shift


def _slopes(pattern: Pattern, moves: Moves) -> Real:
    """Points by which common shift and stretch move every peak at most, (peaks, 2)."""
    from_middle = np.asarray(pattern.positions) - moves.middle
    return np.column_stack([np.full(from_middle.size, moves.common), moves.stretch * from_middle])


def _chosen(pattern: Pattern, peaks: NDArray[np.intp]) -> Pattern:
    return Pattern(
        tuple(pattern.positions[peak] for peak in peaks.tolist()),
        tuple(pattern.heights[peak] for peak in peaks.tolist()),
    )


def _together(seen: Seen, near: NDArray[np.bool_], pattern: Pattern, law: Law, moves: Moves) -> Real:
    """Densities where shifts are shared."""
    away = seen.positions[:, :, None] - np.asarray(pattern.positions, dtype=np.float64)
    fits = np.stack([_fits(seen, height, law) for height in pattern.heights], axis=2) * near
    gone = np.asarray([_gone(height, law) for height in pattern.heights])
    return coupled(Read(seen.heights > 0, away, fits, gone), _slopes(pattern, moves), _jitter(law, moves))


def _summed(seen: Seen, pattern: Pattern, law: Law, moves: Moves) -> Real:
    """Sum over all ways to give visible peaks to peaks of the class; the others are gone, (rows,)."""
    rows, count = seen.heights.shape
    if count > MOST_TOGETHER:
        raise SettingError(
            f"{count} peaks of a class lie within reach of each other, more than the {MOST_TOGETHER} of which all "
            f"assignments are summed; use a smaller shift"
        )
    given = np.zeros((rows, 2**count))
    given[:, 0] = 1
    for position, height in zip(pattern.positions, pattern.heights, strict=True):
        after = given * _gone(height, law)
        densities = _fits(seen, height, law) * _within(seen.positions - position, law, moves)
        for peak, density in enumerate(densities.T):
            halves = (rows, 2 ** (count - peak - 1), 2, 2**peak)
            after.reshape(halves)[:, :, 1] += given.reshape(halves)[:, :, 0] * density[:, None, None]
        given = after
    visible = ((seen.heights > 0) << np.arange(count)).sum(axis=1)
    return np.asarray(given[np.arange(rows), visible])


def _within(away: Real, law: Law, moves: Moves) -> Real:
    """Density of peaks that move by themselves at a distance from where they belong."""
    last = max(law.shift - 1, 0) if moves.whole else law.shift + 1e-9
    first = law.shift if moves.whole else last
    return np.asarray(((away >= -first) & (away <= last)) / max(2 * law.shift, 1))


def _fits(seen: Seen, height: float, law: Law) -> Real:
    """Density of the height of every visible peak as one of ``height``, (rows, peaks)."""
    if height == 1 and not law.tops_vary:
        return np.asarray(seen.sure & (seen.heights == 1), dtype=np.float64)
    density = (np.abs(seen.heights - height) <= law.variation + 1e-12) & (seen.heights > 0) & ~seen.sure
    return np.asarray(density / (2 * law.variation) if law.variation else density, dtype=np.float64)


def _gone(height: float, law: Law) -> float:
    """Probability that a peak of the class is gone."""
    if not law.variation or (height == 1 and not law.tops_vary):
        return 0.0
    return min(1.0, max(0.0, (law.variation - height) / (2 * law.variation)))
