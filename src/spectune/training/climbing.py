"""A mock training that takes one batch at each rate, and what is seen of it on the way.

Two ways of looking: ``measured``, by the plain loss of every batch, and ``published``, by what Keras
shows at the end of a batch, as in the notebooks of Passos & Mishra (2022).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from spectune.training.engine import Engine
from spectune.training.material import Material

Array = NDArray[np.float64]

MEMORY = 0.9
"""Part of the smoothed loss that stays at each step, as in Passos & Mishra (2022)."""

DIVERGED = 4.0
"""A member has diverged when its smoothed loss is so many times the loss of a constant answer, and
so many times its own lowest; as published, so many times its lowest loss, the penalty in both."""


@dataclass(frozen=True, eq=False)
class Step:
    """One batch of every member; all (2, K): without the penalty, and with it."""

    losses: Array
    smoothed: Array
    gone: NDArray[np.bool_]


def losses_at(engine: Engine, rates: Array, members: int) -> Iterator[Array]:
    """Losses before each step, without and with the penalty, (2, K)."""
    everyone = range(members)
    for rate in rates:
        penalties = engine.penalties(everyone)
        losses = engine.epoch(everyone, np.full((1, members), rate))
        yield np.stack([losses, losses + penalties])


def measured(steps: Iterable[Array], constants: Array) -> Iterator[Step]:
    """The steps smoothed; gone is who is far above a constant answer and above its own lowest."""
    average, lowest, gone = _Average(), np.full(constants.shape, np.inf), np.zeros(constants.shape, dtype=np.bool_)
    for losses in steps:
        smoothed = average.with_(losses)
        lowest = np.fmin(lowest, smoothed[0])
        gone = gone | ~(smoothed[0] <= DIVERGED * np.maximum(lowest, constants))
        yield Step(losses, smoothed, gone)


def published(steps: Iterable[Array], rows: NDArray[np.intp], batch: int) -> Iterator[Step]:
    """The steps as Keras shows and the notebooks smooth them; gone is who is far above its lowest shown loss."""
    average, lowest, gone = _Average(), np.full(rows.shape, np.inf), np.zeros(rows.shape, dtype=np.bool_)
    total, seen = np.zeros((2, rows.size)), np.zeros(rows.size)
    for place, losses in enumerate(steps):
        begun = place % -(-rows // batch)
        count = np.minimum(batch, rows - begun * batch)
        total = np.where(begun == 0, 0, total) + losses * count
        seen = np.where(begun == 0, 0, seen) + count
        smoothed = average.with_(total / seen)
        lowest = np.fmin(lowest, total[1] / seen)
        gone = gone | ~(smoothed[1] <= DIVERGED * lowest)
        yield Step(losses, smoothed, gone)


class _Average:
    """An exponential average without the bias of its start."""

    def __init__(self) -> None:
        self._total, self._weight = np.zeros(1), 0.0

    def with_(self, values: Array) -> Array:
        """The average after these values too."""
        self._total, self._weight = MEMORY * self._total + values, MEMORY * self._weight + 1
        return np.asarray(self._total / self._weight)


def until_gone(steps: Iterator[Step]) -> Iterator[Step]:
    """The steps until every member has diverged."""
    for step in steps:
        if step.gone.all():
            return
        yield step


@dataclass(frozen=True, eq=False)
class Batches(Material):
    """Material whose epochs are single batches: a member's rows in random order, then in another.

    ``rest`` says whether rows that do not fill a batch are one, or wait for another order.
    """

    batch: int
    rest: bool
    waiting: dict[int, list[NDArray[np.int64]]]

    def shuffled(self, member: int) -> NDArray[np.int64]:
        """The member's next batch."""
        waiting = self.waiting.setdefault(member, [])
        if not waiting:
            order = super().shuffled(member)
            end = order.size if self.rest else max(order.size // self.batch, 1) * self.batch
            waiting += np.split(order[:end], range(self.batch, min(end, order.size), self.batch))
        return waiting.pop(0)


def in_batches(material: Material, batch: int, rest: bool = False) -> Batches:
    """The material a batch at a time; see ``Batches``."""
    parts = {part.name: getattr(material, part.name) for part in fields(Material)}
    return Batches(**parts, batch=batch, rest=rest, waiting={})
