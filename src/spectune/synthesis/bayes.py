"""The best accuracy that any classifier can have on a configuration, from its law.

The law of training is known exactly, so the probability of every class given a spectrum is too. A
spectrum is taken as what a perfect eye would read from it: positions, heights and number of its
visible peaks. Peaks move and change evenly, by themselves or with a part of their shift in common.

Two things are simplified, both in favour of the classifier: peaks that overlap are still read
apart, and heights are read as drawn, although spectra divided by their highest point lose the
common scale where that point varies too. Positions clipped at the ends of the axis and heights
clipped at 2 are taken as not clipped; the published sets have neither.

Noise, baselines and impurities are made from the peaks and from chance that knows no class, so they
can only hide: without them the accuracy is an upper bound of that with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.synthesis.neighbours import Parting, confusable, moves_of, parting, trained
from spectune.synthesis.patterns import Dials, PatternConfig
from spectune.synthesis.readings import drawn, likelihoods, tested

Real = NDArray[np.float64]

HIDING = ("noise", "counts", "baseline", "impurities")
"""Dials that hide peaks and add nothing that tells a class."""

TIED = 1e-7
"""Densities are equal that differ by no more than this share."""


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
        chances: how often every test spectrum is right, by class: 1 where it is clear, 1/k where k classes tie,
            0 where another is likelier, NaN where training never gives it.
        left_out: dials that hide peaks and are taken as at rest, so that everything here is an upper bound.
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
    chances: Mapping[str, tuple[float, ...]]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Judged:
    """A class judged beside the classes it can be mistaken for.

    Attributes:
        right: credit for every sample, 1/k where k classes tie, (samples,).
        errors: error of the best classifier of the class and each other one, by label.
        chances: credit for every test spectrum; NaN for those that no class gives.
    """

    right: Real
    errors: Mapping[int, float]
    chances: tuple[float, ...]


def attainable(config: PatternConfig, samples: int = 4000, seed: int = 0) -> Attainable:
    """What a perfect classifier reaches.

    Args:
        config: classes and law.
        samples: spectra drawn of every class that can be mistaken for another.
        seed: of the sampling.

    Raises:
        SettingError: classes are mixed, so there is none to be right about; or too many peaks of a class lie
            within reach of each other.
    """
    if config.dials.phases > 1:
        raise SettingError(
            f"up to {config.dials.phases} classes are mixed in a spectrum, so the target is their fractions: "
            "a regression, which has no class accuracy"
        )
    others = defaultdict(list)
    for one, other in confusable(config, trained(config.law, moves_of(config))):
        others[one].append(other)
        others[other].append(one)
    random = Generator(PCG64(seed))
    judged = {label: _judged(config, label, others[label], samples, random) for label in range(len(config.spectra))}
    right = np.asarray([judgement.right.mean() for judgement in judged.values()])
    spread = np.asarray([judgement.right.var() / judgement.right.size for judgement in judged.values()])
    pairs = _pairs(config, judged)
    fates = [_fate(chance) for judgement in judged.values() for chance in judgement.chances]
    return Attainable(
        float(right.mean()),
        float(np.sqrt(spread.sum()) / right.size),
        dict(zip(config.names, right.tolist(), strict=True)),
        _by_parting(pairs, dict(zip(config.names, right.tolist(), strict=True))),
        pairs,
        fates.count("clear"),
        fates.count("ties"),
        fates.count("wrong"),
        fates.count("outside"),
        {config.names[label]: judgement.chances for label, judgement in judged.items()},
        tuple(name for name in HIDING if getattr(config.dials, name) != getattr(Dials(), name)),
    )


def _judged(config: PatternConfig, label: int, others: list[int], samples: int, random: Generator) -> _Judged:
    patterns, law, moves = tuple(config.spectra.values()), config.law, moves_of(config)
    own, in_grid = patterns[label], tested(config, label)
    if not others:
        found = likelihoods(in_grid, own, own, law, moves) if in_grid.heights.size else np.zeros(0)
        return _Judged(np.ones(samples), {}, tuple(_chance(column) for column in found[:, None]))
    densities, in_test = (
        np.stack([likelihoods(seen, own, patterns[other], law, moves) for other in (label, *others)])
        for seen in (drawn(own, law, moves, samples, random), in_grid)
    )
    # A spectrum at the very edge of the shared shifts may round to nothing; it is its own class all the same.
    densities[0] = np.maximum(densities[0], np.finfo(np.float64).tiny)
    right = densities[0] >= densities.max(axis=0) * (1 - TIED)
    ties = (densities >= densities.max(axis=0) * (1 - TIED)).sum(axis=0)
    errors = np.minimum(1, densities[1:] / densities[0]).mean(axis=1) / 2
    chances = tuple(_chance(column) for column in in_test.T)
    return _Judged(right / ties, dict(zip(others, errors.tolist(), strict=True)), chances)


def _chance(densities: Real) -> float:
    """How often a test spectrum is right, by its density under its own class and under others, (classes,)."""
    likeliest = densities >= densities.max() * (1 - TIED)
    return float(likeliest[0] / likeliest.sum()) if densities.any() else float("nan")


def _fate(chance: float) -> str:
    if np.isnan(chance):
        return "outside"
    return {0.0: "wrong", 1.0: "clear"}.get(chance, "ties")


def hardest(pairs: tuple[Pair, ...]) -> Mapping[str, Parting]:
    """What parts a class from the one it is hardest to part from, by its name; pairs come the hardest first."""
    found: dict[str, Parting] = {}
    for pair in pairs:
        for name in (pair.one, pair.other):
            found.setdefault(name, pair.parted_by)
    return found


def _pairs(config: PatternConfig, judged: Mapping[int, _Judged]) -> tuple[Pair, ...]:
    names, moves = config.names, moves_of(config)
    found = []
    for one, judgement in judged.items():
        for other, error in judgement.errors.items():
            both = (error + judged[other].errors[one]) / 2
            # Peaks within reach one by one need not be so together.
            if one < other and (both or not moves.coupled):
                patterns = config.spectra[names[one]], config.spectra[names[other]]
                found.append(Pair(names[one], names[other], parting(*patterns, trained(config.law, moves)), both))
    return tuple(sorted(found, key=lambda pair: -pair.error))


def _by_parting(pairs: tuple[Pair, ...], right: Mapping[str, float]) -> dict[Parting, float]:
    parted = hardest(pairs)
    return {
        kind: float(np.mean([right[name] for name, by in parted.items() if by == kind]))
        for kind in sorted(set(parted.values()))
    }
