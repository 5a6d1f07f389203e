"""What a trained network says while one peak is moved and changed in height: its decisions, as a map.

The network is asked about spectra that lie in between two classes that can be mistaken for each
other: the peak that parts them goes over a grid of positions and heights, the others stand still.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectune.synthesis.bayes import Pair
from spectune.synthesis.neighbours import Parting
from spectune.synthesis.painting import painted
from spectune.synthesis.patterns import HIGHEST, PatternConfig
from spectune.synthesis.stream import Peaks
from spectune.training.fit import Fitted, predict

Real = NDArray[np.float64]

STEPS = (41, 25)
"""Positions and heights of a map."""

BEYOND = 1.4
"""A map reaches this many times the variation of training beyond the reference peaks."""

LEAST = 0.01
"""Variation of height a map takes where training has none."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """A peak that is moved and changed between two classes.

    Attributes:
        classes: their numbers.
        parted_by: what parts them most.
        peak: place of the peak that is swept.
        positions, heights: where it goes, in points, and as in the configuration.
        others: positions and heights of all peaks while it does, (peaks, 2); that of the swept one is not used.
    """

    classes: tuple[int, int]
    parted_by: Parting
    peak: int
    positions: NDArray[np.int64]
    heights: Real
    others: Real


@dataclass(frozen=True, eq=False)
class DecisionMap:
    """What a network says over the sweeps of a configuration.

    Attributes:
        name: of the network.
        said: class number for every position and height of every sweep, (sweeps, heights, positions).
    """

    name: str
    said: NDArray[np.int64]


def sweeps(config: PatternConfig, pairs: Sequence[Pair]) -> tuple[Sweep, ...]:
    """The hardest pair of classes that a position parts, and the hardest that a height does; where there is one.

    ``pairs`` come the hardest first. With dials turned there is none: spectra in between would lack what they add.
    """
    if not config.published:
        return ()
    even = [pair for pair in pairs if _as_many(config, pair)]
    first = [next((pair for pair in even if pair.parted_by == kind), None) for kind in ("position", "height")]
    return tuple(_sweep(config, pair) for pair in first if pair is not None)


def decisions(name: str, fitted: Fitted, config: PatternConfig, over: tuple[Sweep, ...]) -> DecisionMap:
    """The map of a network of one member."""
    said = [predict(fitted, spectra(config, sweep))[0].argmax(axis=1) for sweep in over]
    size = (len(over), STEPS[1], STEPS[0])
    return DecisionMap(name, np.asarray(said, dtype=np.int64).reshape(size))


def spectra(config: PatternConfig, sweep: Sweep) -> NDArray[np.float32]:
    """Spectra of a sweep, of the width of test spectra, (heights * positions, points)."""
    height, position = (grid.ravel() for grid in np.meshgrid(sweep.heights, sweep.positions, indexing="ij"))
    count, rows = len(sweep.others), height.size
    places = np.tile(np.rint(sweep.others[:, 0]).astype(np.int64), (rows, 1))
    heights = np.tile(sweep.others[:, 1], (rows, 1))
    places[:, sweep.peak], heights[:, sweep.peak] = position, height
    widths = np.full(rows, config.law.test_width)
    peaks = Peaks(np.full(rows, count), places.ravel(), heights.ravel(), widths)
    return np.asarray(painted(peaks, config.datapoints).toarray(), dtype=np.float32)


def windows(config: PatternConfig, sweep: Sweep) -> Iterator[tuple[int, float, float]]:
    """Number, reference position and height of the swept peak of every class whose other peaks fit the sweep."""
    law, rest = config.law, np.arange(len(sweep.others)) != sweep.peak
    for label, pattern in enumerate(config.spectra.values()):
        peaks = np.column_stack((pattern.positions, pattern.heights))
        if len(peaks) != len(sweep.others):
            continue
        away = np.abs(peaks - sweep.others)[rest]
        if (away <= (law.shift, law.variation)).all():
            yield label, *peaks[sweep.peak].tolist()


def _as_many(config: PatternConfig, pair: Pair) -> bool:
    return len(config.spectra[pair.one].positions) == len(config.spectra[pair.other].positions)


def _sweep(config: PatternConfig, pair: Pair) -> Sweep:
    names, law = config.names, config.law
    both = [
        np.column_stack((pattern.positions, pattern.heights))
        for pattern in (config.spectra[pair.one], config.spectra[pair.other])
    ]
    differ = np.abs(both[0] - both[1])
    peak = int(differ[:, 0 if pair.parted_by == "position" else 1].argmax())
    low, high = (side(both[0][peak], both[1][peak]) for side in (np.minimum, np.maximum))
    reach = BEYOND * np.asarray([max(law.shift, 1), max(law.variation, LEAST)])
    first, last = np.maximum(low - reach, (0, 0)), np.minimum(high + reach, (config.datapoints - 1, HIGHEST))
    return Sweep(
        (names.index(pair.one), names.index(pair.other)),
        pair.parted_by,
        peak,
        np.rint(np.linspace(first[0], last[0], STEPS[0])).astype(np.int64),
        np.linspace(first[1], last[1], STEPS[1]),
        np.asarray((both[0] + both[1]) / 2),
    )
