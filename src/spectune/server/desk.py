"""Where requests wait for the model: small ones that wait together are answered together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from spectune.predictions import Predictions
from spectune.server.engine import Ready
from spectune.spectra.select import row_ids
from spectune.spectra.table import Table

Predict = Callable[[Ready, float | None], Predictions]


@dataclass(frozen=True, eq=False)
class Request:
    """Spectra, the level of their intervals, and where their answer goes."""

    known: Ready
    level: float | None
    answer: asyncio.Future[Predictions]


class Desk:
    """One thread that predicts, and those who wait for it.

    Spectra beyond a batch are answered in parts, so that others are not kept waiting behind them.

    Args:
        predict: the predictions of spectra, with intervals of a level.
        together: rows of a batch.
    """

    def __init__(self, predict: Predict, together: int) -> None:
        self._predict, self._together = predict, together
        self._waiting: deque[Request] = deque()
        self._called = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "predicting")

    async def ask(self, known: Ready, level: float | None) -> Predictions:
        """The predictions of spectra; errors are those of ``predict``."""
        parts = (slice(start, start + self._together) for start in range(0, len(known), self._together))
        return joined([await self._part(known.rows(rows), level) for rows in parts])

    async def work(self) -> None:
        """Answers whoever waits, until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._called.wait()
            if batch := self._next():
                work = loop.run_in_executor(self._thread, answers_to, self._predict, batch)
                (made,) = await asyncio.gather(work, return_exceptions=True)
                _give(batch, made)
            else:
                self._called.clear()

    def close(self) -> None:
        """Lets the thread go."""
        self._thread.shutdown(wait=False)

    async def _part(self, known: Ready, level: float | None) -> Predictions:
        request = Request(known, level, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        self._called.set()
        return await request.answer

    def _next(self) -> list[Request]:
        """Those in front with the same level, as many as fit; who has given up is passed over."""
        batch: list[Request] = []
        rows = 0
        while self._waiting:
            request = self._waiting[0]
            fits = not batch or (request.level == batch[0].level and rows + len(request.known) <= self._together)
            if not fits and not request.answer.done():
                break
            self._waiting.popleft()
            if not request.answer.done():
                batch.append(request)
                rows += len(request.known)
        return batch


def answers_to(predict: Predict, batch: Sequence[Request]) -> list[Predictions]:
    """An answer for each request of a batch, made at once."""
    every = [request.known for request in batch]
    if len(every) == 1:
        return [predict(every[0], batch[0].level)]
    table = Table(np.concatenate([one.table.x for one in every]), every[0].table.axis)
    made = predict(Ready(table, np.concatenate([one.prepared for one in every])), batch[0].level)
    ends = np.cumsum([len(one) for one in every]).tolist()
    parts = (rows_of(made, slice(end - len(one), end)) for one, end in zip(every, ends, strict=True))
    return [replace(part, ids=row_ids(one.table)) for part, one in zip(parts, every, strict=True)]


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Predictions of several tables as those of one."""
    first = parts[0]
    if len(parts) == 1:
        return first
    low, high, sets = (
        None if getattr(first, name) is None else np.concatenate([getattr(one, name) for one in parts])
        for name in ("low", "high", "sets")
    )
    return replace(
        first,
        members=np.concatenate([one.members for one in parts], axis=1),
        ids=np.concatenate([one.ids for one in parts]),
        low=low,
        high=high,
        sets=sets,
        flags=None if first.flags is None else tuple(row for one in parts for row in one.flags or ()),
    )


def rows_of(made: Predictions, rows: slice) -> Predictions:
    """Predictions of some of the rows."""
    low, high = (None if end is None else end[rows] for end in (made.low, made.high))
    return replace(
        made,
        members=made.members[:, rows],
        ids=made.ids[rows],
        low=low,
        high=high,
        sets=None if made.sets is None else made.sets[rows],
        flags=None if made.flags is None else made.flags[rows],
    )


def _give(batch: Sequence[Request], made: Sequence[Predictions] | BaseException) -> None:
    """What was made, or went wrong, to those who still wait for it."""
    for place, request in enumerate(batch):
        if request.answer.done():
            continue
        if isinstance(made, BaseException):
            request.answer.set_exception(made)
        else:
            request.answer.set_result(made[place])
