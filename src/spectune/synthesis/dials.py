"""Spectra beyond the published law: coupled shifts, other shapes, own widths, impurities, mixtures.

Positions are real numbers here and peaks add where they meet. Every class and split has random
streams of its own, so its spectra do not depend on the other classes, nor on how many rows are
made at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence
from numpy.typing import NDArray

from spectune.synthesis.patterns import HIGHEST, SPLITS, Law, PatternConfig, Split
from spectune.synthesis.stream import Real, Whole, spans


@dataclass(frozen=True, eq=False)
class Scene:
    """What the spectra of a class and split consist of, before they are painted.

    Attributes:
        row: spectrum of every peak, ascending, (peaks,).
        positions: points, real, (peaks,).
        heights: as of the published kernel, whose sum is the height, (peaks,).
        widths: standard deviations in points, (peaks,).
        fractions: share of every class, (rows, classes); None where phases are not mixed.
        baseline: coefficients of Legendre polynomials 0 to 4, and a height, (rows, 6).
    """

    row: Whole
    positions: Real
    heights: Real
    widths: Real
    fractions: Real | None
    baseline: Real

    def rows(self, first: int, last: int) -> Scene:
        """The spectra from ``first`` to before ``last``."""
        some = slice(*np.searchsorted(self.row, [first, last]).tolist())
        fractions = None if self.fractions is None else self.fractions[first:last]
        return Scene(
            self.row[some] - first,
            self.positions[some],
            self.heights[some],
            self.widths[some],
            fractions,
            self.baseline[first:last],
        )


def stream(config: PatternConfig, label: int, split: Split, purpose: int) -> Generator:
    """The random stream of a class and split for one purpose: 0 peaks, 1 photons, 2 noise."""
    return Generator(PCG64(SeedSequence(config.law.seed, spawn_key=(label, SPLITS.index(split), purpose))))


def scene(config: PatternConfig, label: int, split: Split) -> Scene:
    """Peaks, fractions and baselines of all spectra of a class and split."""
    random = stream(config, label, split, 0)
    rows = spectra_of(config, label, split)
    classes, fractions = _phases(config, label, rows, random)
    row, reference, height, share = _reference(config, classes, fractions)
    varied = _tested if split == "test" else _varied
    positions, heights, widths = varied(config, label, row, (reference, height), random)
    parts = [(row, positions, heights * share, widths), _impurities(config, rows, widths, random)]
    row, positions, heights, widths = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(row, kind="stable")
    mixed = None if config.dials.phases == 1 else _by_class(classes, fractions, len(config.spectra))
    curve = np.column_stack([random.normal(size=(rows, 5)), random.uniform(0, config.dials.baseline, rows)])
    return Scene(row[order], positions[order], heights[order], widths[order], mixed, curve)


def spectra_of(config: PatternConfig, label: int, split: Split) -> int:
    """How many spectra a class has in a split."""
    if split == "test":
        return len(config.grid_of(config.names[label]).cells)
    return config.law.train if split == "train" else config.law.val


def _phases(config: PatternConfig, label: int, rows: int, random: Generator) -> tuple[Whole, Real]:
    """Classes in every spectrum, the named one first and largest, and their fractions, (rows, phases)."""
    phases, count = config.dials.phases, len(config.spectra)
    if phases == 1:
        return np.full((rows, 1), label), np.ones((rows, 1))
    others = random.permuted(np.tile(np.arange(count - 1), (rows, 1)), axis=1)[:, : phases - 1]
    classes = np.column_stack([np.full(rows, label), others + (others >= label)])
    parts = random.exponential(size=(rows, phases))
    parts[np.arange(phases) >= random.integers(1, phases, size=(rows, 1), endpoint=True)] = 0
    parts = -np.sort(-parts, axis=1)
    return classes, parts / parts.sum(axis=1, keepdims=True)


def _by_class(classes: Whole, fractions: Real, count: int) -> Real:
    made = np.zeros((len(classes), count))
    np.put_along_axis(made, classes, fractions, axis=1)
    return made


def _reference(config: PatternConfig, classes: Whole, fractions: Real) -> tuple[Whole, Real, Real, Real]:
    """Row, position, height and fraction of the phase of every peak that is there, (peaks,)."""
    patterns = tuple(config.spectra.values())
    counts = np.asarray([len(pattern.positions) for pattern in patterns])
    positions = np.concatenate([pattern.positions for pattern in patterns]).astype(np.float64)
    heights = np.concatenate([pattern.heights for pattern in patterns]).astype(np.float64)
    there = fractions.ravel() > 0
    chosen, share = classes.ravel()[there], fractions.ravel()[there]
    row = np.repeat(np.arange(len(classes)), classes.shape[1])[there]
    at = spans((np.cumsum(counts) - counts)[chosen], counts[chosen])
    return np.repeat(row, counts[chosen]), positions[at], heights[at], np.repeat(share, counts[chosen])


def _varied(
    config: PatternConfig, _: int, row: Whole, reference: tuple[Real, Real], random: Generator
) -> tuple[Real, Real, Real]:
    """Positions, heights and widths of peaks as training draws them, (peaks,)."""
    (position, height), law, dials = reference, config.law, config.dials
    rows = int(row[-1]) + 1 if row.size else 0
    common, strain = random.uniform(-1, 1, (2, rows)) * [[dials.common], [dials.stretch]]
    own = random.uniform(-law.shift, law.shift, row.size)
    moved = position + common[row] + strain[row] * (position - (config.datapoints - 1) / 2) + own
    change = random.uniform(-law.variation, law.variation, row.size)
    changed = np.clip(height + change * _varying(height, law), 0, HIGHEST)
    spread = random.uniform(1 - dials.width_spread, 1 + dials.width_spread, row.size)
    return moved, changed, random.uniform(*law.width, rows)[row] * spread


def _tested(
    config: PatternConfig, label: int, row: Whole, reference: tuple[Real, Real], _: Generator
) -> tuple[Real, Real, Real]:
    """Positions, heights and widths of peaks as the test grid has them, (peaks,)."""
    (position, height), grid = reference, config.grid_of(config.names[label])
    moved, changed = np.asarray(grid.cells).reshape(-1, 2).T * [[grid.shift], [grid.variation]]
    heights = np.clip(height + np.where(height == 1, 0, changed[row]), 0, HIGHEST)
    return position + moved[row], heights, np.full(row.size, config.law.test_width)


def _impurities(config: PatternConfig, rows: int, widths: Real, random: Generator) -> tuple[Whole, Real, Real, Real]:
    """Rows, positions, heights and widths of foreign peaks."""
    dials = config.dials
    counts = random.integers(0, dials.impurities, size=rows, endpoint=True)
    row = np.repeat(np.arange(rows), counts)
    positions = random.uniform(0, config.datapoints - 1, row.size)
    heights = random.uniform(0, dials.impurity_height, row.size)
    return row, positions, heights, random.choice(widths, row.size) if row.size else positions


def _varying(heights: Real, law: Law) -> NDArray[np.bool_]:
    return np.asarray((heights != 1) | law.tops_vary, dtype=np.bool_)
