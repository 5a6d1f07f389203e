"""What a search minimises, and what is chosen where it minimises two numbers.

The error is that on held-out rows, and never contains the L2 penalty. A network that over-fits has a
lower error on the rows it was trained on; how much lower can be part of what is minimised (Passos &
Mishra 2022), or a second number beside the error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from spectune.tuning.record import Trial

WEIGHTS: tuple[float, ...] = tuple(tenths / 10 for tenths in range(11))
"""Weights of the over-fit term from 0, the error alone, to 1."""


def overfit(scored: ArrayLike, calibrated: ArrayLike, weight: float, squared: bool = True) -> float:
    """Error on held-out rows together with its distance from that on a network's own training rows.

    Mean over folds of ``(1 - weight) * RMSE + weight * |MSE - MSE of training rows|``, as published by
    Passos & Mishra (2022) with a weight of 0.5. It adds a number in the target's unit to one in the
    square of it: what a weight does depends on the unit. For classes both are log-losses.

    Args:
        scored: error of every fold on held-out rows: RMSE in the target's unit, or log-loss.
        calibrated: the same on the rows each fold was trained on.
        weight: of the over-fit term, from 0 to 1.
        squared: whether the errors are RMSE, whose squares are compared.

    >>> round(overfit([0.5969], [0.50702], 0.5), 4)  # trial 156 of the published search: 0.3481
    0.3481
    """
    held_out, own = np.asarray(scored, dtype=np.float64), np.asarray(calibrated, dtype=np.float64)
    power = 2 if squared else 1
    return float(np.mean((1 - weight) * held_out + weight * np.abs(held_out**power - own**power)))


def gap(trial: Trial) -> float:
    """Mean over folds of the distance between the errors on held-out and on training rows, in their own unit."""
    return float(np.mean(np.abs(np.subtract(trial.rungs[-1].fold_errors, trial.calibrated))))


def both(trial: Trial) -> tuple[float, float]:
    """Error and gap of a complete trial."""
    return trial.value or 0.0, gap(trial)


def measured(trials: Iterable[Trial]) -> list[Trial]:
    """Complete trials that have both numbers, and both finite."""
    return [
        trial for trial in trials if trial.value is not None and trial.calibrated and np.isfinite(both(trial)).all()
    ]


def front(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """Complete trials to which no other is superior in error and gap, lowest error first.

    Of trials that are equal in both the first is taken.
    """
    found: list[Trial] = []
    for trial in sorted(measured(trials), key=lambda one: (*both(one), one.number)):
        if not found or gap(trial) < gap(found[-1]):
            found.append(trial)
    return tuple(found)


def weighted(trials: Iterable[Trial], weights: Sequence[float] = WEIGHTS) -> tuple[Trial, ...]:
    """For every weight the trial of the front whose ``(1 - weight) * error + weight * gap`` is lowest.

    Both are in the unit of the error. Empty where no trial is complete. Weights cannot be drawn like
    hyperparameters: a search would learn which weight makes the sum small, not which network is good.
    """
    known = front(trials)
    return tuple(min(known, key=lambda trial: _sums(trial, weight)) for weight in weights if known)


def _sums(trial: Trial, weight: float) -> tuple[float, float]:
    """The weighted sum of both numbers; the error decides between equal ones."""
    error, distance = both(trial)
    return (1 - weight) * error + weight * distance, error
