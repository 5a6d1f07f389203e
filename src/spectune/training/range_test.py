"""Learning-rate range test: the loss while the rate climbs from far too small to far too large.

Smith (2017, section 3.3) lets the rate grow during a short mock training and reads from the loss
between which rates a network learns. The climb and the smoothing here are those of Passos & Mishra
(2022), who read the curve by eye; here it is read by a rule. What is shown is the data loss
alone: a penalty would hide the fall of a network that starts small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.networks.recipe import Recipe
from spectune.spectra.channels import prepare, prepared_shape
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Rows, Task
from spectune.training.build import begin
from spectune.training.eager import Eager
from spectune.training.engine import Core, Engine
from spectune.training.machine import USUAL, Machine
from spectune.training.material import Material, material_of

Array = NDArray[np.float64]

MEMORY = 0.9
"""Part of the smoothed loss that stays at each step."""

DIVERGED = 4.0
"""A smoothed loss this many times the smallest loss so far ends the test."""


@dataclass(frozen=True, eq=False)
class RangeTest:
    """Losses of K members while the rate climbed.

    Attributes:
        rates: learning rate of each step, (steps,); steps after the last member diverged are left out.
        losses: of each batch before its step, without the penalty, (K, steps); NaN once diverged.
        smoothed: the same, smoothed, (K, steps).
    """

    rates: Array
    losses: Array
    smoothed: Array


def climb(low: float = 1e-5, high: float = 1.0, steps: int = 100) -> Array:
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
    rates = climb() if rates is None else rates
    streams = tuple(torch.Generator().manual_seed(seed) for seed in seeds)
    shape = prepared_shape(recipe.channels, recipe.layout, x.shape[1])
    stack = begin(recipe.layers, shape, streams, machine.dtype, recipe.gain)
    table = torch.as_tensor(prepare(x, recipe.channels, recipe.layout)).to(machine.dtype)
    material = in_batches(material_of(table, y, task, folds, streams, recipe), recipe.schedule.batch)
    engine: Engine = (
        Core(stack, material, recipe.schedule, machine.threads) if machine.compiled else Eager(stack, material, recipe.schedule)
    )
    K = len(folds)
    losses = []
    for rate in rates:
        losses.append(engine.epoch(range(K), np.full((1, K), rate)))
    losses = np.array(losses).T
    sm = smooth(losses)
    low = np.minimum.accumulate(losses, axis=1)
    gone = ~(sm <= DIVERGED * low)
    gone = np.maximum.accumulate(gone, axis=1)
    losses = np.where(gone, np.nan, losses)
    sm = np.where(gone, np.nan, sm)
    return RangeTest(rates, losses, sm)


def smooth(losses, memory=MEMORY):
    out = np.empty_like(losses)
    a = np.zeros(len(losses))
    for i in range(losses.shape[1]):
        a = memory * a + (1 - memory) * losses[:, i]
        out[:, i] = a / (1 - memory ** (i + 1))
    return out


@dataclass(frozen=True, eq=False)
class Batches(Material):
    batch: int
    waiting: dict[int, list[Rows]]

    def shuffled(self, member: int) -> NDArray[np.int64]:
        queue = self.waiting[member]
        if not queue:
            order = super().shuffled(member)
            whole = max(order.size // self.batch, 1)
            queue.extend(order[i * self.batch : (i + 1) * self.batch] for i in range(whole))
        return queue.pop(0)


def in_batches(material: Material, batch: int) -> Batches:
    parts = {f.name: getattr(material, f.name) for f in fields(Material)}
    return Batches(**parts, batch=batch, waiting={m: [] for m in range(material.members)})
