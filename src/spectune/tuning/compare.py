"""Search methods on the same footing: speed-ups and differences with their spread over seeds.

Arms are compared over all their seeds, in trials and in time, and what was never reached is
counted as not reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf, nan, sqrt

import numpy as np

from spectune.spectra.spectra import Task
from spectune.tuning.courses import Budget, Course, best_after, needed

MOST_SEEDS = 16
"""Seeds of an arm; the chance of a difference is counted over all their signs."""

LIKELY = 0.05
"""Chance above which a difference may as well be none."""

_INSTANT = 1e-9
"""Seconds below which a clock tells nothing apart."""


@dataclass(frozen=True)
class Pace:
    """How one search came to the final error of another.

    Attributes:
        own: what the other had spent when it first had its final error.
        needed: what the one had spent when it first was as good; None if it never was.
        limit: all that the one spent.
    """

    own: float
    needed: float | None
    limit: float

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest possible ``own / needed``: equal, unless it is only known what did not suffice."""
        if self.needed is None:
            return 0.0, max(self.own, _INSTANT) / max(self.limit, _INSTANT)
        ratio = max(self.own, _INSTANT) / max(self.needed, _INSTANT)
        return ratio, ratio


@dataclass(frozen=True)
class SpeedUp:
    """How many times less ``one`` needs to be as good as ``other`` became, for every pair of their seeds."""

    one: str
    other: str
    budget: Budget
    paces: tuple[Pace, ...]

    @property
    def reached(self) -> int:
        """Pairs in which ``one`` became as good."""
        return sum(pace.needed is not None for pace in self.paces)

    @property
    def middle(self) -> tuple[float, float]:
        """Bounds of the median over pairs; unequal when it lies among those that were not reached."""
        low, high = zip(*(pace.bounds for pace in self.paces), strict=True) if self.paces else ((nan,), (nan,))
        return float(np.median(low)), float(np.median(high))

    @property
    def extremes(self) -> tuple[float, float]:
        """Lowest and highest ratio of all pairs; the lowest is 0 when one was not reached."""
        bounds = [pace.bounds for pace in self.paces] or [(nan, nan)]
        return min(low for low, _ in bounds), max(high for _, high in bounds)


@dataclass(frozen=True)
class Gap:
    """Error of ``one`` minus that of ``other`` after the same spending, seed by seed.

    Attributes:
        differences: one for each seed in which both have a complete trial.
        missing: seeds in which one of them has none.
    """

    one: str
    other: str
    budget: Budget
    differences: tuple[float, ...]
    missing: int = 0

    @property
    def mean(self) -> float:
        """Mean over seeds; below zero when ``one`` is better."""
        return float(np.mean(self.differences)) if self.differences else nan

    @property
    def error(self) -> float:
        """Standard error of the mean; not known from one seed."""
        count = len(self.differences)
        return float(np.std(self.differences, ddof=1)) / sqrt(count) if count > 1 else nan

    @property
    def chance(self) -> float:
        """How often the mean would be as far from zero if the sign of every difference were a matter of chance."""
        return chance(self.differences)

    @property
    def wins(self) -> int:
        """Seeds in which ``one`` is better."""
        return sum(value < 0 for value in self.differences)

    @property
    def clear(self) -> bool:
        """Whether the arms can be told apart by these seeds."""
        return self.chance <= LIKELY


@dataclass(frozen=True)
class Saving:
    """What ending trials early saves at the same number of trials, and what it costs.

    Attributes:
        arm, plain: the pruned arm, and the same sampler without pruning.
        time, epochs: share saved, seed by seed.
        loss: error of ``arm`` minus that of ``plain``.
    """

    arm: str
    plain: str
    time: tuple[float, ...]
    epochs: tuple[float, ...]
    loss: Gap


@dataclass(frozen=True)
class Comparison:
    """Search methods that worked on the same rows, folds and space.

    Attributes:
        source, task, folds: of the data; only calibration rows were used.
        courses: every search, those of one seed together.
        starts: networks that the space gave to every search to begin with.
        facts: what a reader needs to judge and repeat it.
    """

    source: str
    task: Task
    folds: int
    courses: tuple[Course, ...]
    starts: int
    facts: Mapping[str, str]

    @property
    def arms(self) -> tuple[str, ...]:
        """The methods, in the order in which they were asked for."""
        return tuple(dict.fromkeys(one.arm for one in self.courses))

    @property
    def seeds(self) -> int:
        """Searches of every arm."""
        return len({one.seed for one in self.courses})

    def of(self, arm: str) -> tuple[Course, ...]:
        """The courses of an arm, by seed."""
        return tuple(one for one in self.courses if one.arm == arm)

    @property
    def savings(self) -> tuple[Saving, ...]:
        """Of every arm that prunes, where the same sampler ran without pruning."""
        plain = {arm: arm.partition("+")[0] for arm in self.arms if "+" in arm}
        return tuple(saving(self.of(arm), self.of(other)) for arm, other in plain.items() if other in self.arms)


def speed_up(ones: Sequence[Course], others: Sequence[Course], budget: Budget) -> SpeedUp:
    """Speed-up of one arm over another, for every pair of seeds in which the other has a final error."""
    return SpeedUp(
        ones[0].arm,
        others[0].arm,
        budget,
        tuple(_pace(one, other, budget) for one, other in product(ones, others) if other.final < inf and one.trials),
    )


def gap(ones: Sequence[Course], others: Sequence[Course], budget: Budget) -> Gap:
    """Differences between two arms, seed by seed, when both had spent what the shorter one spent in all."""
    pairs = [(one, other) for one in ones for other in others if one.seed == other.seed and one.trials and other.trials]
    found = [_difference(one, other, budget) for one, other in pairs]
    known = tuple(value for value in found if np.isfinite(value))
    return Gap(ones[0].arm, others[0].arm, budget, known, len(found) - len(known))


def chance(differences: Sequence[float]) -> float:
    """Chance of a mean as far from zero when signs are random (two-sided, all signs counted).

    >>> chance((-1.0, -2.0, -1.5)), chance((-1.0, 1.0))
    (0.25, 1.0)
    """
    if not differences:
        return 1.0
    values = np.asarray(differences, dtype=np.float64)
    others = values.size - 1
    signs = np.array(list(product((1.0, -1.0), repeat=others))).reshape(2**others, others)
    sums = np.abs(values[0] + signs @ values[1:])
    return float(np.mean(sums >= abs(values.sum()) * (1 - 1e-12)))


def saving(ones: Sequence[Course], plain: Sequence[Course]) -> Saving:
    """What an arm that prunes saves against the same sampler that does not."""
    pairs = [(one, other) for one in ones for other in plain if one.seed == other.seed and one.trials and other.trials]
    shares = [_shares(one, other) for one, other in pairs]
    return Saving(
        ones[0].arm,
        plain[0].arm,
        tuple(time for time, _ in shares),
        tuple(epochs for _, epochs in shares),
        gap(ones, plain, "trials"),
    )


def _pace(one: Course, other: Course, budget: Budget) -> Pace:
    own = needed(other, budget, other.final)
    assert own is not None, "a search reaches its own final error"  # noqa: S101 - `final` is one of `best`
    return Pace(own, needed(one, budget, other.final), float(one.spent(budget)[-1]))


def _difference(one: Course, other: Course, budget: Budget) -> float:
    """Not finite when one of them has no complete trial by then."""
    spent = np.array([min(one.spent(budget)[-1], other.spent(budget)[-1])])
    reached = best_after(one, budget, spent)[0], best_after(other, budget, spent)[0]
    return float(reached[0] - reached[1]) if max(reached) < inf else nan


def _shares(one: Course, other: Course) -> tuple[float, float]:
    """Share of time and of epochs that ``one`` saves over as many trials."""
    last = min(one.trials, other.trials) - 1
    time = 1 - max(one.elapsed[last], _INSTANT) / max(other.elapsed[last], _INSTANT)
    return time, 1 - max(one.epochs[last], 1) / max(other.epochs[last], 1)
