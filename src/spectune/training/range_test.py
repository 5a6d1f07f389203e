"""Learning-rate range test: the loss while the rate climbs from far too small to far too large.

Smith (2017, section 3.3) lets the rate grow during a short mock training and reads from the loss
between which rates a network learns. Climb and smoothing are those of Passos & Mishra (2022), who
read the curve by eye; here a rule reads it. The loss is shown without its penalty, which would
drown it, and a member trains on one batch per rate.

The rule for the upper rate: a tenth of the last rate at which the network still does better than a
constant answer. Rates at the steepest fall or at the lowest loss served worse: networks that
start with large outputs pass over a ridge of the loss long before they break down, and train best
above it (``benchmarks/schedules.md``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.engine import Engine
from spectune.training.machine import USUAL, Machine
from spectune.training.material import Material
from spectune.training.start import engine_for, started

Array = NDArray[np.float64]

MEMORY = 0.9
"""Part of the smoothed loss that stays at each step, as in Passos & Mishra (2022)."""

DIVERGED = 4.0
"""A member has diverged when its smoothed loss is so many times the loss of a constant answer, and
so many times its own lowest."""

MARGIN = 10.0
"""The suggested rate is so many times smaller than the last one that works."""


@dataclass(frozen=True, eq=False)
class RangeTest:
    """Losses of K members while the rate climbed, and what to make of them.

    Attributes:
        rates: learning rate of each step until the last member diverged, (steps,).
        losses: of each batch before its step, without the penalty, (K, steps); NaN once diverged.
        smoothed: the same as bias-corrected exponential averages, (K, steps).
        low: rate at which the loss of the median member has begun to fall; the first rate when it never does.
        high: suggested largest rate of a schedule, see the module.
    """

    rates: Array
    losses: Array
    smoothed: Array
    low: float
    high: float


def climb(low: float = 1e-5, high: float = 1.0, steps: int = 200) -> Array:
    """Rates from ``low`` to ``high`` in equal ratios.

    >>> climb(0.001, 1.0, 4).round(3).tolist()
    [0.001, 0.01, 0.1, 1.0]
    """
    return np.geomspace(low, high, steps)


def range_test(
    recipe: Recipe,
    x: NDArray[np.float32],
    y: Array,
    task: Task,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    rates: Array | None = None,
    machine: Machine = USUAL,
) -> RangeTest:
    """Trains one member per fold, a batch at each rate, and suggests rates.

    Args:
        recipe: what will be trained; of its schedule the optimiser, batch and penalty count.
        x: raw spectra, (rows, points); folds hold row numbers of these.
        y: target in its unit or class numbers, (rows,).
        task: what ``y`` means.
        folds: one per member; only training rows are used.
        seeds: of each member's random stream.
        rates: rates in rising order; ``climb()`` when not given.
        machine: what trains.

    Raises:
        ShapeError, SettingError: a recipe that does not fit the spectra, or a first rate that is too high.
    """
    every = climb() if rates is None else rates
    stack, whole = started(recipe, x, y, task, folds, seeds, machine)
    engine = engine_for(stack, _in_batches(whole, recipe.schedule.batch), recipe.schedule, machine)
    constant = math.log(len(task.classes)) if task.classes else 1.0
    losses, smoothed = _climbed(engine, len(folds), every, constant)
    taken = every[: losses.shape[1]]
    return RangeTest(taken, losses, smoothed, _low(taken, smoothed), _high(taken, smoothed, constant))


def shortened(schedule: Schedule, test: RangeTest, epochs: int) -> Schedule:
    """The schedule made to end after ``epochs``: up to the suggested rate in a tenth of them, then a cosine to zero."""
    return replace(schedule, rate=test.high, epochs=epochs, warmup=-(-epochs // 10), decay="cosine")


def _climbed(engine: Engine, members: int, rates: Array, constant: float) -> tuple[Array, Array]:
    """Losses and smoothed losses, (K, steps), until every member has diverged."""
    total, weight = np.zeros(members), 0.0
    lowest, gone = np.full(members, np.inf), np.zeros(members, dtype=np.bool_)
    losses, smoothed = [], []
    for rate in rates:
        loss = engine.epoch(range(members), np.full((1, members), rate))
        total, weight = MEMORY * total + loss, MEMORY * weight + 1
        lowest = np.fmin(lowest, total / weight)
        gone |= ~(total / weight <= DIVERGED * np.maximum(lowest, constant))
        if gone.all():
            break
        losses.append(np.where(gone, np.nan, loss))
        smoothed.append(np.where(gone, np.nan, total / weight))
    if not losses:
        raise SettingError(f"no member survives the first rate of the range test, {rates[0]:g}; start lower")
    return np.stack(losses, axis=1), np.stack(smoothed, axis=1)


def _low(rates: Array, smoothed: Array) -> float:
    """First rate at which the median member's loss is a tenth lower than when its average had filled."""
    curve = np.nanmedian(smoothed, axis=0)
    fallen = curve < 0.9 * curve[min(round(1 / (1 - MEMORY)), curve.size - 1)]
    return float(rates[np.argmax(fallen)])


def _high(rates: Array, smoothed: Array, constant: float) -> float:
    """A tenth of the last rate with a loss below that of a constant answer, median of the members that have one.

    Where no member does, the rate of the lowest loss stands for it.
    """
    useful = smoothed < constant
    found = [rates[np.flatnonzero(one)[-1]] for one in useful if one.any()]
    if not found:
        found = [rates[np.nanargmin(one)] for one in smoothed if np.isfinite(one).any()]
    return float(np.median(found)) / MARGIN


@dataclass(frozen=True, eq=False)
class _Batches(Material):
    """Material whose epochs are single batches: a member's rows in random order, then in another."""

    batch: int
    waiting: dict[int, list[NDArray[np.int64]]]

    def shuffled(self, member: int) -> NDArray[np.int64]:
        """The member's next batch; rows that do not fill one wait for another order."""
        waiting = self.waiting.setdefault(member, [])
        if not waiting:
            order = super().shuffled(member)
            whole = max(order.size // self.batch, 1)
            waiting += np.split(order[: whole * self.batch], whole)
        return waiting.pop(0)


def _in_batches(material: Material, batch: int) -> _Batches:
    parts = {part.name: getattr(material, part.name) for part in fields(Material)}
    return _Batches(**parts, batch=batch, waiting={})
