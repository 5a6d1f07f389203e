"""The best accuracy that any classifier can have on a configuration, from its law.

The law of training is known exactly, so the probability of every class given a spectrum is too. A
spectrum is taken as what a perfect eye would read from it: positions, heights and number of its
visible peaks. Peaks move and change independently and evenly, and are gone below height 0; which
visible peak belongs to which of a class is not known, so all assignments are summed.

Two things are simplified, both in favour of the classifier: peaks that overlap are still read
apart, and heights are read as drawn, although spectra divided by their highest point lose the
common scale where that point varies too. Positions clipped at the ends of the axis and heights
clipped at 2 are taken as not clipped; the published sets have neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spectune.errors import SettingError
from spectune.synthesis.neighbours import Parting, alike, confusable, parting, trained
from spectune.synthesis.patterns import HIGHEST, Law, Pattern, PatternConfig

Real = NDArray[np.float64]

MOST_TOGETHER = 12
"""Peaks of a class within reach of each other for which all assignments are summed."""


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


@dataclass(frozen=True)
class Pair:
    """Two classes that can be mistaken for each other.

    Attributes:
        one, other: their names.
        parted_by: what differs most.
        error: share of their spectra that the best classifier of the two gets wrong.
    """

    one: str
    other: str
    parted_by: Parting
    error: float


@dataclass(frozen=True)
class Attainable:
    """What a perfect classifier reaches, as shares of 1.

    Attributes:
        accuracy: on spectra drawn as for training.
        uncertainty: standard error of ``accuracy`` from sampling.
        by_class: accuracy of every class, by name.
        by_parting: the same over classes with confusable ones, by what parts the hardest pair.
        pairs: confusable pairs, the hardest first.
        clear: test spectra for which the own class is the likeliest by far.
        ties: those for which another class is exactly as likely.
        wrong: those for which another class is likelier.
        outside: those that training never gives, of any class.
    """

    accuracy: float
    uncertainty: float
    by_class: Mapping[str, float]
    by_parting: Mapping[Parting, float]
    pairs: tuple[Pair, ...]
    clear: int
    ties: int
    wrong: int
    outside: int


@dataclass(frozen=True, eq=False)
class _Judged:
    """A class judged beside the classes it can be mistaken for.

    Attributes:
        right: credit for every sample, 1/k where k classes tie, (samples,).
        errors: error of the best classifier of the class and each other one, by label.
        fates: name of the fate of every test spectrum.
    """

    right: Real
    errors: Mapping[int, float]
    fates: tuple[str, ...]


def attainable(config: PatternConfig, samples: int = 4000, seed: int = 0) -> Attainable:
    """What a perfect classifier reaches.

    Args:
        config: classes and law.
        samples: spectra drawn of every class that can be mistaken for another.
        seed: of the sampling.

    Raises:
        SettingError: a dial is turned, so the law is no longer the one with known probabilities; or too
            many peaks of a class lie within reach of each other.
    """
    if not config.published:
        raise SettingError("what can be attained is known for the published law only, and this one has dials turned")
    others = defaultdict(list)
    for one, other in confusable(config, trained(config.law)):
        others[one].append(other)
        others[other].append(one)
    random = Generator(PCG64(seed))
    judged = {label: _judged(config, label, others[label], samples, random) for label in range(len(config.spectra))}
    right = np.asarray([judgement.right.mean() for judgement in judged.values()])
    spread = np.asarray([judgement.right.var() / judgement.right.size for judgement in judged.values()])
    pairs = _pairs(config, judged)
    fates = [fate for judgement in judged.values() for fate in judgement.fates]
    return Attainable(
        float(right.mean()),
        float(np.sqrt(spread.sum()) / right.size),
        dict(zip(config.names, right.tolist(), strict=True)),
        _by_parting(pairs, dict(zip(config.names, right.tolist(), strict=True))),
        pairs,
        *(fates.count(fate) for fate in ("clear", "ties", "wrong", "outside")),
    )


def likelihoods(seen: Seen, own: Pattern, pattern: Pattern, law: Law) -> Real:
    """Density of spectra of class ``own`` under the class ``pattern``, (rows,).

    Peaks that cannot be exchanged for each other are summed over apart.
    """
    near = alike(own, pattern, trained(law))
    count = len(own.positions)
    graph = coo_array((np.ones(near.sum()), np.nonzero(near)), shape=near.shape)
    size = sum(near.shape)
    joined = coo_array((graph.data, (graph.coords[0], graph.coords[1] + count)), shape=(size, size))
    _, group = connected_components(joined, directed=False)
    density = np.ones(len(seen.heights))
    for number in np.unique(group).tolist():
        mine, theirs = np.flatnonzero(group[:count] == number), np.flatnonzero(group[count:] == number)
        some = Seen(seen.positions[:, mine], seen.heights[:, mine], seen.sure[mine])
        density *= _summed(some, _chosen(pattern, theirs), law)
    return density


def _chosen(pattern: Pattern, peaks: NDArray[np.intp]) -> Pattern:
    return Pattern(
        tuple(pattern.positions[peak] for peak in peaks.tolist()),
        tuple(pattern.heights[peak] for peak in peaks.tolist()),
    )


def _summed(seen: Seen, pattern: Pattern, law: Law) -> Real:
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
        varies = law.tops_vary or height != 1
        after = given * (_gone(height, law) if varies else 0.0)
        for peak, density in enumerate(_densities(seen, position, height, law).T):
            without = np.flatnonzero((np.arange(2**count) >> peak) & 1 == 0)
            after[:, without | (1 << peak)] += given[:, without] * density[:, None]
        given = after
    visible = ((seen.heights > 0) << np.arange(count)).sum(axis=1)
    return np.asarray(given[np.arange(rows), visible])


def _densities(seen: Seen, position: int, height: float, law: Law) -> Real:
    """Density of every visible peak as the one at ``position`` with ``height``, (rows, peaks)."""
    away = seen.positions - position
    moved = (away >= -law.shift) & (away <= max(law.shift - 1, 0))
    if height == 1 and not law.tops_vary:
        return np.asarray((moved & seen.sure & (seen.heights == 1)) / max(2 * law.shift, 1))
    changed = np.abs(seen.heights - height) <= law.variation + 1e-12
    density = (moved & changed & (seen.heights > 0) & ~seen.sure) / max(2 * law.shift, 1)
    return np.asarray(density / (2 * law.variation) if law.variation else density)


def _gone(height: float, law: Law) -> float:
    """Probability that a peak is gone."""
    return min(1.0, max(0.0, (law.variation - height) / (2 * law.variation))) if law.variation else 0.0


def _judged(config: PatternConfig, label: int, others: list[int], samples: int, random: Generator) -> _Judged:
    patterns = tuple(config.spectra.values())
    own, tested = patterns[label], _tested(config, label)
    if not others:
        found = likelihoods(tested, own, own, config.law) if tested.heights.size else np.zeros(0)
        return _Judged(np.ones(samples), {}, tuple("clear" if one > 0 else "outside" for one in found.tolist()))
    drawn = _drawn(own, config.law, samples, random)
    densities, in_test = (
        np.stack([likelihoods(seen, own, patterns[other], config.law) for other in (label, *others)])
        for seen in (drawn, tested)
    )
    right = densities[0] >= densities.max(axis=0) * (1 - 1e-9)
    ties = (densities >= densities.max(axis=0) * (1 - 1e-9)).sum(axis=0)
    errors = np.minimum(1, densities[1:] / densities[0]).mean(axis=1) / 2
    fates = tuple(_fate(column[0], column[1:].max()) for column in in_test.T)
    return _Judged(right / ties, dict(zip(others, errors.tolist(), strict=True)), fates)


def _fate(own: float, other: float) -> str:
    if max(own, other) == 0:
        return "outside"
    if abs(own - other) <= 1e-9 * own:
        return "ties"
    return "clear" if own > other else "wrong"


def _drawn(own: Pattern, law: Law, rows: int, random: Generator) -> Seen:
    size = (rows, len(own.positions))
    heights = np.asarray(own.heights, dtype=np.float64)
    sure = (heights == 1) & (not law.tops_vary)
    moves = random.integers(-law.shift, law.shift, size=size) if law.shift else np.zeros(size)
    changes = np.where(sure, 0, random.uniform(-law.variation, law.variation, size))
    return Seen(np.asarray(own.positions) + moves, np.clip(heights + changes, 0, HIGHEST), sure)


def _tested(config: PatternConfig, label: int) -> Seen:
    name = config.names[label]
    grid, own = config.grid_of(name), config.spectra[name]
    moved, changed = np.asarray(grid.cells, dtype=np.float64).reshape(-1, 2, 1).swapaxes(0, 1)
    heights = np.asarray(own.heights, dtype=np.float64)
    changes = np.where(heights == 1, 0, grid.variation * changed)
    sure = (heights == 1) & (not config.law.tops_vary)
    return Seen(np.asarray(own.positions) + grid.shift * moved, np.clip(heights + changes, 0, HIGHEST), sure)


def _pairs(config: PatternConfig, judged: Mapping[int, _Judged]) -> tuple[Pair, ...]:
    names, variation = config.names, trained(config.law)
    found = []
    for one, judgement in judged.items():
        for other, error in judgement.errors.items():
            if one < other:
                patterns = config.spectra[names[one]], config.spectra[names[other]]
                both = (error + judged[other].errors[one]) / 2
                found.append(Pair(names[one], names[other], parting(*patterns, variation), both))
    return tuple(sorted(found, key=lambda pair: -pair.error))


def _by_parting(pairs: tuple[Pair, ...], right: Mapping[str, float]) -> dict[Parting, float]:
    hardest: dict[str, Parting] = {}
    for pair in pairs:
        for name in (pair.one, pair.other):
            hardest.setdefault(name, pair.parted_by)
    partings = sorted(set(hardest.values()))
    return {
        kind: float(np.mean([right[name] for name, parted in hardest.items() if parted == kind])) for kind in partings
    }
