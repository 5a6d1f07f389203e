"""The pool of workers, as a search sees it: it gives orders and waits; a thread of its own talks to the workers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from queue import SimpleQueue
from threading import Event, Thread
from types import TracebackType
from typing import Self

from spectune.cluster.line import Line, unexpected
from spectune.cluster.news import Ended, Grown, News, Opened, Said
from spectune.cluster.places import Place
from spectune.cluster.quiet import quiet
from spectune.cluster.trainer import Asked
from spectune.cluster.workers import Material, Say
from spectune.errors import SpectuneError
from spectune.tuning.pool import Judge, Order
from spectune.tuning.record import Trial

CLOSE = 10.0
"""Seconds for a farewell, which takes one or two."""


class Workers:
    """A pool of workers; a context that starts what is not there, and ends what it started.

    Args:
        material: of the search.
        place: where the workers are.
        per_gpu: trials that share a GPU; 0 where none is used.
        patience: seconds without any worker; None: as usual at the place.
        say: told what is being waited for.
    """

    def __init__(self, material: Material, place: Place, per_gpu: int, patience: float | None, say: Say) -> None:
        self._news: SimpleQueue[News] = SimpleQueue()
        self._line = Line(material, place, per_gpu, patience, self._news)
        self._say = say
        self._quiet = quiet()
        self._thread = Thread(target=self._main, name="spectune-workers", daemon=True)
        self._running = Event()
        self._under_way: set[int] = set()
        self._answers: dict[tuple[int, int], bool] = {}

    def __enter__(self) -> Self:
        self._quiet.__enter__()
        self._thread.start()
        self._running.wait()
        try:
            self._next()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._life.cancel)
        self._thread.join(CLOSE)
        self._quiet.__exit__(None, None, None)

    @property
    def room(self) -> int:
        """Trials that the workers there are can train at once; one before the first is there."""
        return self._line.room

    def submit(self, order: Order) -> None:
        """Sends an order."""
        self._under_way.add(order.number)
        self._loop.call_soon_threadsafe(self._line.submit, order)

    def wait(self, ends: Judge) -> Trial | None:
        """The next trial that has ended, each once; None when there is more room than before.

        Raises:
            SpectuneError: no worker is there, one refuses, or a trial fails in a way that others would too.
        """
        while True:
            match self._next():
                case Asked() as asked:
                    self._loop.call_soon_threadsafe(self._line.answer, asked, self._judged(asked, ends))
                case Ended(trial) if trial.number in self._under_way:
                    self._forget(trial.number)
                    return trial
                case Grown():
                    return None
                case Opened() | Ended():
                    pass

    def _next(self) -> Opened | Grown | Ended | Asked:
        """What happens next that is neither a sentence nor an error."""
        while True:
            match self._news.get():
                case Said(sentence):
                    self._say(sentence)
                case SpectuneError() as error:
                    raise error
                case other:
                    return other

    def _judged(self, asked: Asked, ends: Judge) -> bool:
        """The answer to a question: the same whenever it is asked; what nobody waits for ends."""
        if asked.number not in self._under_way:
            return True
        place = asked.number, asked.epoch
        if place not in self._answers:
            self._answers[place] = ends(asked.number, asked.rung)
        return self._answers[place]

    def _forget(self, number: int) -> None:
        self._under_way.discard(number)
        self._answers = {place: ends for place, ends in self._answers.items() if place[0] != number}
        self._loop.call_soon_threadsafe(self._line.forget, number)

    def _main(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._lived())

    async def _lived(self) -> None:
        """The life of the line; what ends it before its time is news."""
        self._loop = asyncio.get_running_loop()
        self._life = asyncio.create_task(self._line.live())
        self._running.set()
        (ended,) = await asyncio.gather(self._life, return_exceptions=True)
        if isinstance(ended, Exception):
            self._news.put(unexpected(ended))
