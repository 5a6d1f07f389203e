"""The line to a scheduler: orders go out, trials and questions come in, in an event loop of its own.

A scheduler that is gone may come back: whoever is there then is given the material again, and every order that is
under way. Workers come and go meanwhile; what they were training Dask gives to others.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

from distributed import Client, KilledWorker

from spectune.cluster.news import Ended, Grown, News, Opened, Said
from spectune.cluster.places import Door, Place, opened
from spectune.cluster.reaching import LEAVE, connected, stored, workers_at
from spectune.cluster.trainer import Asked, Joined, Trainer, answer, joins, rungs, trial
from spectune.cluster.workers import Material
from spectune.errors import RunError, SpectuneError
from spectune.tuning.pool import Order

FIRST = 30.0
"""Seconds within which a scheduler must answer at first."""

TICK = 2.0
"""Seconds between looks at who is there."""

ANSWER = 60.0
"""Seconds after which a scheduler that says nothing is gone."""

SAY = 60.0
"""Seconds between sentences about what is being waited for."""


class Line:
    """What happens in the event loop; all methods but ``room`` are called there.

    Args:
        material: of the search.
        place: where the workers are.
        per_gpu: trials that share a GPU; 0 where none is used.
        patience: seconds without any worker; None: as usual at the place.
        news: takes what happens.
    """

    def __init__(
        self, material: Material, place: Place, per_gpu: int, patience: float | None, news: SimpleQueue[News]
    ) -> None:
        self.room = 1
        self._name = f"spectune-{uuid.uuid4().hex}"
        self._material, self._place, self._per_gpu, self._patience = material, place, per_gpu, patience
        self._news = news
        self._orders: dict[int, Order] = {}
        self._slots: dict[str, int] = {}
        self._client: Client | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sent = 0

    async def live(self) -> None:
        """Serves until it is cancelled.

        Raises:
            SpectuneError: the work cannot be done there.
        """
        async with opened(self._place, self._news.put) as door:
            seconds = FIRST
            while True:
                async with connected(door, seconds) as client:
                    self._news.put(Opened())
                    await self._served(client, door)
                self._news.put(Said(f"{door.words} is gone; waiting for it to come back"))
                seconds = door.returns

    def submit(self, order: Order) -> None:
        """Begins a trial, now or when somebody is there."""
        self._orders[order.number] = order
        if self._client is not None:
            self._begin(self._brought(self._client, order))

    def forget(self, number: int) -> None:
        """A trial has been told."""
        self._orders.pop(number, None)

    def answer(self, asked: Asked, ends: bool) -> None:
        """Tells a worker what it asked."""
        if self._client is not None:
            self._begin(self._answered(self._client, asked, ends))

    async def _served(self, client: Client, door: Door) -> None:
        """Serves until the scheduler is gone."""
        self._slots = {}
        client.subscribe_topic(joins(self._name), self._joined)
        client.subscribe_topic(rungs(self._name), self._asked)
        try:
            await self._given(client, door)
            self._client = client
            for order in self._orders.values():
                self._begin(self._brought(client, order))
            await self._watched(client, door)
        finally:
            self._client = None
            await self._left(client)

    async def _given(self, client: Client, door: Door) -> None:
        """Gives the material to the workers, also to those that come later."""
        trainer = Trainer(self._name, self._material, self._per_gpu, stored(self._material.x, door))
        try:
            await client.register_plugin(trainer, name=self._name)
        except OSError as error:
            raise RunError(f"{door.words} broke off when it was given the spectra ({error}); continue") from None
        except (ImportError, AttributeError, TypeError, ValueError, LookupError) as error:
            raise RunError(
                f"a worker of {door.words} cannot take the spectra ({type(error).__name__}: {error}); "
                f"install there the same spectune as here"
            ) from None

    async def _watched(self, client: Client, door: Door) -> None:
        """Looks who is there, until the scheduler is gone."""
        patience = door.patience if self._patience is None else self._patience
        seen = said = time.monotonic()
        while await self._met(client):
            now = time.monotonic()
            if any(self._slots.values()):
                seen = said = now
            elif now - seen > patience:
                raise RunError(f"no worker of {door.words} was ready within {patience:.0f} s; {door.advice}")
            elif now - said > SAY:
                said = now
                self._news.put(Said(f"no worker yet of {door.words}, for {(now - seen) / 60:.0f} min; {door.advice}"))
            await asyncio.sleep(TICK)

    async def _met(self, client: Client) -> bool:
        """Whether the scheduler is there; who is not any more, and whom no event has told of, is known then."""
        if client.status != "running":
            return False
        try:
            async with asyncio.timeout(ANSWER):
                there = await workers_at(client)
                self._slots = {worker: slots for worker, slots in self._slots.items() if worker in there}
                self._count()
                if unknown := there.keys() - self._slots.keys():
                    for event in await client.get_events(joins(self._name)):
                        if event[1]["worker"] in unknown:
                            self._joined(event)
        except OSError:
            return False
        return True

    async def _brought(self, client: Client, order: Order) -> None:
        """Has a trial trained until it has ended, whatever happens to those who train it."""
        resources = {"gpu": 1 / self._per_gpu} if self._per_gpu else None
        while True:
            self._sent += 1
            key = f"{self._name}-{order.number}-{self._sent}"
            future = client.submit(trial, self._name, order, key=key, pure=False, resources=resources)
            if (error := await future.exception()) is not None:
                self._news.put(_failed(order, error))
                return
            with suppress(CancelledError, OSError):
                self._news.put(Ended(await future))
                return
            await asyncio.sleep(TICK)

    async def _answered(self, client: Client, asked: Asked, ends: bool) -> None:
        told = (self._name, asked.number, asked.epoch, ends)
        with suppress(OSError):
            await client.run(answer, *told, workers=[asked.worker], on_error="ignore")

    def _joined(self, event: tuple[float, dict[str, Any]]) -> None:
        joined = Joined(**event[1])
        if joined.refusal:
            self._news.put(RunError(joined.refusal))
            return
        before = self.room
        self._slots[joined.worker] = joined.slots
        self._count()
        if self.room > before:
            self._news.put(Grown())

    def _asked(self, event: tuple[float, dict[str, Any]]) -> None:
        told = event[1]
        errors = {name: tuple(told[name]) for name in ("fold_errors", "watched")}
        self._news.put(Asked(**{**told, **errors}))

    def _count(self) -> None:
        self.room = max(1, sum(self._slots.values()))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._news.put(unexpected(error))

    async def _left(self, client: Client) -> None:
        """Takes leave of a scheduler: nothing is under way there any more, and the material is given back."""
        for task in list(self._tasks):
            task.cancel()
        with suppress(OSError, ValueError):
            async with asyncio.timeout(LEAVE):
                await client.unregister_worker_plugin(self._name)


def unexpected(error: BaseException) -> SpectuneError:
    """An error as one for the user."""
    if isinstance(error, SpectuneError):
        return error
    return RunError(f"the work with other processes ended unexpectedly ({type(error).__name__}: {error}); continue")


def _failed(order: Order, error: BaseException) -> Ended | SpectuneError:
    """What becomes of a trial that its workers could not train."""
    match error:
        case KilledWorker():
            reason = "every worker process that trained it died, perhaps for want of memory"
            return Ended(replace(order.begun, state="rejected", reason=reason))
        case SpectuneError():
            return error
    return RunError(f"trial {order.number} failed on its worker ({type(error).__name__}: {error}); continue")
