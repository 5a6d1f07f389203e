"""Learning rates over epochs, one per member."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spectune.networks.recipe import Schedule


def planned_rate(schedule: Schedule, progress: float) -> float:
    """Rate of a schedule that looks at no error, after ``progress`` epochs (a fraction within one).

    >>> planned_rate(Schedule(rate=0.01, epochs=100, warmup=10), 5.0)
    0.005
    """
    if progress < schedule.warmup:
        return schedule.rate * progress / schedule.warmup
    if schedule.decay != "cosine":
        return schedule.rate
    part = (progress - schedule.warmup) / max(schedule.epochs - schedule.warmup, 1)
    return schedule.rate * 0.5 * (1 + math.cos(math.pi * min(part, 1.0)))


@dataclass(eq=False)
class Plateau:
    """Keras's ReduceLROnPlateau for K members at once.

    A member whose error has not fallen by more than ``min_delta`` for ``plateau_patience`` epochs
    has its rate multiplied by ``factor``, not below ``min_rate``.
    """

    schedule: Schedule
    factors: NDArray[np.float64]
    best: NDArray[np.float64] = field(init=False)
    waited: NDArray[np.intp] = field(init=False)

    def __post_init__(self) -> None:
        self.best = np.full(self.factors.shape, np.inf)
        self.waited = np.zeros(self.factors.shape, dtype=np.intp)

    def look(self, errors: NDArray[np.float64]) -> None:
        """Takes note of this epoch's errors, (K,); other schedules than ``plateau`` do not listen."""
        if self.schedule.decay != "plateau":
            return
        better = errors < self.best - self.schedule.min_delta
        self.best = np.where(better, errors, self.best)
        self.waited = np.where(better, 0, self.waited + 1)
        due = self.waited >= self.schedule.plateau_patience
        floor = self.schedule.min_rate / self.schedule.rate
        self.factors = np.where(due, np.maximum(self.factors * self.schedule.factor, floor), self.factors)
        self.waited = np.where(due, 0, self.waited)
