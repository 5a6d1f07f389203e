"""Searches as seen from outside: how low the error is after so many trials, or so much time.

An *arm* is a search method; a *course* is one search of an arm with one seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spectune.tuning.record import Trial

Line = NDArray[np.floating[Any]]

Budget = Literal["trials", "time"]
"""What a search spends: trials that ended, or seconds."""


@dataclass(frozen=True)
class Course:
    """One search as seen from outside; trials that were rejected before training cost time, not trials.

    Attributes:
        arm, seed: the method, and its seed counted from 0.
        best: lowest error so far after each trial that ended; None until one is complete.
        elapsed: seconds that all trials until then took, rejected ones included.
        epochs: epochs that all trials until then were trained.
        complete, pruned, rejected: trials by how they ended.
    """

    arm: str
    seed: int
    best: tuple[float | None, ...]
    elapsed: tuple[float, ...]
    epochs: tuple[int, ...]
    complete: int
    pruned: int
    rejected: int

    @property
    def trials(self) -> int:
        """Trials that ended, complete or pruned."""
        return len(self.best)

    @property
    def errors(self) -> Line:
        """``best`` as numbers, (trials,); infinite until a trial is complete."""
        return np.array([inf if value is None else value for value in self.best], dtype=np.float64)

    @property
    def final(self) -> float:
        """Lowest error of all; infinite when no trial is complete."""
        return float(self.errors[-1]) if self.best else inf

    def spent(self, budget: Budget) -> Line:
        """What had been spent after each trial, (trials,)."""
        return np.arange(1.0, self.trials + 1) if budget == "trials" else np.array(self.elapsed)


@dataclass(frozen=True)
class Band:
    """Best so far of an arm over its seeds, on a common grid: median, lowest and highest, (points,).

    Infinite where a seed, or half of them, has no complete trial yet.
    """

    middle: Line
    low: Line
    high: Line


def course(arm: str, seed: int, trials: Iterable[Trial], most: int | None = None) -> Course:
    """The course that trials make, in the order of their numbers, until ``most`` of them have ended."""
    best: list[float | None] = []
    elapsed: list[float] = []
    epochs: list[int] = []
    counts = {"complete": 0, "pruned": 0, "rejected": 0}
    lowest, seconds, trained = inf, 0.0, 0
    for trial in sorted(trials, key=lambda one: one.number):
        if len(best) == most:
            break
        seconds += trial.seconds
        counts[trial.state] += 1
        if trial.state == "rejected":
            continue
        trained += trial.rungs[-1].epoch if trial.rungs else 0
        lowest = min(lowest, inf if trial.value is None else trial.value)
        best.append(lowest if lowest < inf else None)
        elapsed.append(seconds)
        epochs.append(trained)
    return Course(arm, seed, tuple(best), tuple(elapsed), tuple(epochs), **counts)


def best_after(one: Course, budget: Budget, spent: Line) -> Line:
    """Lowest error once so much was spent, (points,): a step function, flat after the end of the search.

    >>> one = Course("tpe", 0, (3.0, 2.0), (10.0, 15.0), (5, 10), 2, 0, 0)
    >>> best_after(one, "time", np.array([9.0, 10.0, 20.0])).tolist()
    [inf, 3.0, 2.0]
    """
    steps = np.concatenate([[inf], one.errors])
    return np.asarray(steps[np.searchsorted(one.spent(budget), spent, side="right")])


def grid(courses: Sequence[Course], budget: Budget, points: int = 400) -> Line:
    """A common grid for several courses: every trial, or ``points`` evenly spaced times."""
    ends = [one.spent(budget)[-1] for one in courses if one.trials]
    last = max(ends, default=0.0)
    return np.arange(1.0, last + 1) if budget == "trials" else np.linspace(0.0, last, points)


def band(courses: Sequence[Course], budget: Budget, spent: Line) -> Band:
    """Best so far of one arm on a common grid."""
    curves = np.stack([best_after(one, budget, spent) for one in courses])
    ordered = np.sort(curves, axis=0)
    lower, upper = ordered[(len(curves) - 1) // 2], ordered[len(curves) // 2]
    middle = np.where(np.isfinite(upper), (lower + np.where(np.isfinite(upper), upper, 0)) / 2, inf)
    return Band(middle, ordered[0], ordered[-1])


def needed(one: Course, budget: Budget, goal: float) -> float | None:
    """What was spent when the error was first ``goal`` or lower; None if it never was."""
    reached = np.flatnonzero(one.errors <= goal)
    return float(one.spent(budget)[reached[0]]) if reached.size else None
