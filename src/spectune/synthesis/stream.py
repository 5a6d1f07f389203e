"""The published random stream: which peaks every spectrum has.

``drawn_plainly`` asks NumPy spectrum by spectrum, as the published program does, and is the
definition. ``drawn`` gives the same numbers for all spectra at once: it takes the raw words of
PCG64 and turns them into whole numbers and real ones as ``Generator`` documents it.

* a bounded whole number takes half a word, the low half first; the high half waits for the next
  whole number, also across spectra; the number is ``half * span >> 32`` (Lemire, 2019);
* a real number takes a word of its own: its upper 53 bits, as a share of 2**53.

Once in 2**32 / span numbers Lemire's method draws again, which moves everything behind it; then
the plain version does the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

from spectune.synthesis.patterns import HIGHEST, Law, Pattern, PatternConfig, Split

Real = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Peaks:
    """Peaks of consecutive spectra, one after the other.

    Attributes:
        counts: peaks of every spectrum, (rows,).
        positions: points, (peaks,).
        heights: from 0, (peaks,).
        widths: standard deviation shared by all peaks of a spectrum, in points, (rows,).
    """

    counts: Whole
    positions: Whole
    heights: Real
    widths: Real

    def __len__(self) -> int:
        return self.counts.size

    def rows(self, chosen: NDArray[np.intp] | Whole) -> Peaks:
        """The peaks of the chosen spectra."""
        at = spans((np.cumsum(self.counts) - self.counts)[chosen], self.counts[chosen])
        return Peaks(self.counts[chosen], self.positions[at], self.heights[at], self.widths[chosen])


def spans(starts: Whole, counts: Whole) -> Whole:
    """``starts[k], starts[k] + 1, ...``, ``counts[k]`` of them, for every k in turn.

    >>> spans(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(counts.sum())


def peaks_of(config: PatternConfig, split: Split) -> Peaks:
    """Peaks of the spectra of a split, class by class."""
    law = config.law
    if split == "test":
        return _joined(list(_test_peaks(config)))
    every = drawn(config)
    each = np.arange(law.train) if split == "train" else law.train + np.arange(law.val)
    return every.rows((np.arange(len(config.spectra))[:, None] * (law.train + law.val) + each).ravel())


def drawn(config: PatternConfig) -> Peaks:
    """Peaks of all training and validation spectra: of every class first the one, then the other."""
    return _replayed(config) or drawn_plainly(config)


def drawn_plainly(config: PatternConfig) -> Peaks:
    """The same, spectrum by spectrum."""
    law, random = config.law, Generator(PCG64(config.law.seed))
    patterns = [pattern for pattern in config.spectra.values() for _ in range(law.train + law.val)]
    return _joined([_one(pattern, law, random, config.datapoints) for pattern in patterns])


def _one(pattern: Pattern, law: Law, random: Generator, points: int) -> Peaks:
    positions, heights = np.asarray(pattern.positions), np.asarray(pattern.heights, dtype=np.float64)
    if law.shift:
        positions = random.integers(positions - law.shift, positions + law.shift)
    varying = _varying(heights, law)
    low, high = heights - law.variation, heights + law.variation
    heights = heights.copy()
    heights[varying] = random.uniform(low[varying], high[varying])
    width = np.asarray([random.uniform(*law.width)])
    return Peaks(np.asarray([heights.size]), _clipped(positions, points), np.clip(heights, 0, HIGHEST), width)


def _replayed(config: PatternConfig) -> Peaks | None:
    """All spectra at once; None where a whole number would have to be drawn again."""
    law, reference = config.law, _reference(config)
    varying = _varying(reference.heights, law)
    row = np.repeat(np.arange(len(reference)), reference.counts)
    reals = np.bincount(row[varying], minlength=len(reference)) + 1
    ends = np.cumsum(reference.counts)
    halves = (ends + 1) // 2 if law.shift else np.zeros_like(ends)
    fresh = np.diff(halves, prepend=0)
    starts = np.cumsum(fresh + reals) - fresh - reals
    raw = PCG64(law.seed).random_raw(int((fresh + reals).sum()))
    words = raw[spans(starts, fresh)]
    positions = _moved(reference.positions, words, law.shift) if law.shift else reference.positions
    if positions is None:
        return None
    shares: Real = (raw[spans(starts + fresh, reals)] >> np.uint64(11)).astype(np.float64) * 2.0**-53
    last = np.cumsum(reals) - 1
    low, high = law.width
    heights = reference.heights.copy()
    before, after = heights[varying] - law.variation, heights[varying] + law.variation
    heights[varying] = before + (after - before) * np.delete(shares, last)
    widths = low + (high - low) * shares[last]
    placed = _clipped(positions, config.datapoints)
    return Peaks(reference.counts, placed, np.clip(heights, 0, HIGHEST), widths)


def _moved(positions: Whole, words: NDArray[np.uint64], shift: int) -> Whole | None:
    """Positions moved by halves of ``words``; None where Lemire's method draws again."""
    halves = np.stack([words & np.uint64(0xFFFFFFFF), words >> np.uint64(32)], axis=1).ravel()[: positions.size]
    span = np.uint64(2 * shift)
    products = halves * span
    again = np.uint64((2**32 - 2 * shift) % (2 * shift))
    if ((products & np.uint64(0xFFFFFFFF)) < again).any():
        return None
    return positions - shift + (products >> np.uint64(32)).astype(np.int64)


def _reference(config: PatternConfig) -> Peaks:
    """Reference peaks of every training and validation spectrum."""
    patterns = _joined([_standing(pattern, 0.0) for pattern in config.spectra.values()])
    return patterns.rows(np.repeat(np.arange(len(patterns)), config.law.train + config.law.val))


def _test_peaks(config: PatternConfig) -> Iterator[Peaks]:
    for name, pattern in config.spectra.items():
        grid, peaks = config.grid_of(name), _standing(pattern, config.law.test_width)
        moved, changed = np.asarray(grid.cells, dtype=np.int64).reshape(-1, 2, 1).swapaxes(0, 1)
        change = np.where(peaks.heights == 1, 0, grid.variation * changed)
        positions = _clipped((peaks.positions + grid.shift * moved).ravel(), config.datapoints)
        cells = len(grid.cells)
        heights = np.clip(peaks.heights + change, 0, HIGHEST).ravel()
        yield Peaks(np.repeat(peaks.counts, cells), positions, heights, np.repeat(peaks.widths, cells))


def _standing(pattern: Pattern, width: float) -> Peaks:
    positions, heights = np.asarray(pattern.positions), np.asarray(pattern.heights, dtype=np.float64)
    return Peaks(np.asarray([heights.size]), positions, heights, np.asarray([width]))


def _joined(parts: list[Peaks]) -> Peaks:
    if not parts:
        none: Whole = np.zeros(0, np.int64)
        return Peaks(none, none, np.zeros(0), np.zeros(0))
    return Peaks(
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.positions for part in parts]),
        np.concatenate([part.heights for part in parts]),
        np.concatenate([part.widths for part in parts]),
    )


def _varying(heights: Real, law: Law) -> NDArray[np.bool_]:
    return np.asarray((heights != 1) | law.tops_vary, dtype=np.bool_)


def _clipped(positions: Whole, points: int) -> Whole:
    return np.clip(positions, 0, points - 1)
