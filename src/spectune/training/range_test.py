"""Learning-rate range test: the loss while the rate climbs from far too small to far too large.

Smith (2017, section 3.3) lets the rate grow during a short mock training and reads from the loss
between which rates a network learns. Passos & Mishra (2022) read the curve by eye; here a rule
reads it. A member trains on one batch per rate. Losses are kept without their penalty, which the
rule looks at, and with it, as the paper drew them: a penalty can drown the loss, and keeps falling
at rates at which nothing is learnt.

The rule for the upper rate: a tenth of the last rate at which the network still does better than a
constant answer. Rates at the steepest fall or at the lowest loss served worse: networks that
start with large outputs pass over a ridge of the loss long before they break down, and train best
above it (``benchmarks/schedules.md``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.climbing import MEMORY, Step, in_batches, losses_at, measured, published, until_gone
from spectune.training.machine import USUAL, Machine
from spectune.training.material import Material
from spectune.training.start import engine_for, started

Array = NDArray[np.float64]

MARGIN = 10.0
"""The suggested rate is so many times smaller than the last one that works."""

FALLEN = 0.9
"""The loss has begun to fall when it is this part of what it was at the start."""


@dataclass(frozen=True, eq=False)
class RangeTest:
    """Losses of K members while the rate climbed, and what to make of them.

    Attributes:
        rates: learning rate of each step until the last member diverged, (steps,).
        losses: of each batch before its step, without the penalty, (K, steps); NaN once diverged.
        penalties: half the penalty times the sum of squared kernels before each step, (K, steps); NaN alike.
        smoothed: the losses as bias-corrected exponential averages, (K, steps).
        penalised: the same of the losses with their penalties.
        lows: rate at which the loss of each member has begun to fall; the first rate when it never does, (K,).
        highs: a tenth of the last rate at which each member beats a constant answer; NaN for one that never does, (K,).
        low: as ``lows``, of the median curve.
        high: suggested largest rate of a schedule: the median of ``highs``.
    """

    rates: Array
    losses: Array
    penalties: Array
    smoothed: Array
    penalised: Array
    lows: Array
    highs: Array
    low: float
    high: float


def climb(low: float = 1e-5, high: float = 1.0, steps: int = 200) -> Array:
    """Rates from ``low`` to ``high`` in equal ratios.

    >>> climb(0.001, 1.0, 4).round(3).tolist()
    [0.001, 0.01, 0.1, 1.0]
    """
    return np.geomspace(low, high, steps)


def published_climb(rows: int, batch: int, start: float, end: float, epochs: int) -> Array:
    """Rates of Passos & Mishra (2022): a quarter of a training's batches, from ``start`` towards ``end``.

    Their regression: 6,642 rows in batches of 256, 1e-8 to 0.5, a quarter of 450 epochs.

    >>> published_climb(6642, 256, 1e-8, 0.5, 450).size
    2925
    """
    steps = max(math.ceil(rows / batch) * epochs // 4, 1)
    return np.asarray(start * (end / start) ** (np.arange(steps) / steps))


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
    engine = engine_for(stack, in_batches(whole, recipe.schedule.batch), recipe.schedule, machine)
    constants = _constants(whole)
    return _told(every, measured(losses_at(engine, every, whole.members), constants), constants)


def published_test(
    recipe: Recipe,
    x: NDArray[np.float32],
    y: Array,
    task: Task,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    rates: Array | None = None,
    machine: Machine = USUAL,
) -> RangeTest:
    """The range test as Passos & Mishra (2022) made it; arguments and errors as of ``range_test``.

    What is smoothed is Keras's running mean of the loss over the epoch so far, hence the steps in
    the curve. Its epochs are whole: their last batch may be a small one. ``rates`` that are not
    given are those of their regression, or of their classification.
    """
    batch, rows = recipe.schedule.batch, max(fold.train.size for fold in folds)
    usual = published_climb(rows, batch, *((1e-8, 0.5, 450) if task.regression else (1e-9, 0.1, 400)))
    every = usual if rates is None else rates
    stack, whole = started(recipe, x, y, task, folds, seeds, machine)
    engine = engine_for(stack, in_batches(whole, batch, rest=True), recipe.schedule, machine)
    sizes = np.asarray([one.size for one in whole.train])
    return _told(every, published(losses_at(engine, every, whole.members), sizes, batch), _constants(whole))


def shortened(schedule: Schedule, test: RangeTest, epochs: int) -> Schedule:
    """The schedule made to end after ``epochs``: up to the suggested rate in a tenth of them, then a cosine to zero."""
    return replace(schedule, rate=test.high, epochs=epochs, warmup=-(-epochs // 10), decay="cosine")


def _told(every: Array, steps: Iterator[Step], constants: Array) -> RangeTest:
    """The test until every member has diverged, and what the rules read from it."""
    shown = list(until_gone(steps))
    if not shown:
        raise SettingError(f"no member survives the first rate of the range test, {every[0]:g}; start lower")
    gone = np.stack([step.gone for step in shown], axis=-1)
    losses, smoothed = (
        np.where(gone, np.nan, np.stack([getattr(step, name) for step in shown], axis=-1))
        for name in ("losses", "smoothed")
    )
    rates, plain = every[: len(shown)], smoothed[0]
    highs = _highs(rates, plain, constants)
    return RangeTest(
        rates=rates,
        losses=losses[0],
        penalties=losses[1] - losses[0],
        smoothed=plain,
        penalised=smoothed[1],
        lows=np.asarray([_low(rates, one) for one in plain]),
        highs=highs,
        low=_low(rates, np.nanmedian(plain, axis=0)),
        high=float(np.nanmedian(highs)),
    )


def _low(rates: Array, smoothed: Array) -> float:
    """Rate from which on a curve, (steps,), stays below its start until it is lowest; the first one when it never does.

    The start is a tenth of the steps after the average has filled.
    """
    if not np.isfinite(smoothed).any():
        return float(rates[0])
    filled, lowest = round(1 / (1 - MEMORY)), int(np.nanargmin(smoothed))
    start = smoothed[min(filled, rates.size - 1) : filled + 1 + rates.size // 10].mean()
    above = np.flatnonzero(~(smoothed[: lowest + 1] < FALLEN * start))
    return float(rates[0 if not above.size or above[-1] == lowest else above[-1] + 1])


def _highs(rates: Array, smoothed: Array, constants: Array) -> Array:
    """A tenth of the last rate of each member with a loss below that of a constant answer; NaN where there is none.

    Where no member has one, the rates of their lowest losses stand for it.
    """
    useful = smoothed < constants[:, None]
    if not useful.any():
        useful = smoothed == np.nanmin(smoothed, axis=1, keepdims=True, initial=np.inf)
    last = rates[rates.size - 1 - useful[:, ::-1].argmax(axis=1)]
    return np.where(useful.any(axis=1), last, np.nan) / MARGIN


def _constants(material: Material) -> Array:
    """Loss of the best constant answer of each member, (K,)."""
    if material.classes:
        return np.full(material.members, math.log(material.classes))
    wanted = material.wanted.double().numpy()
    return np.asarray([wanted[member, rows].var() for member, rows in enumerate(material.train)])
