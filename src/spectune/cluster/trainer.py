"""What a worker does: it is given the material once, trains one trial after another, and asks at rungs.

It asks by an event, and waits until the coordinator has run ``answer`` on it. An event or an answer
may be lost with a connection, so the question is asked again now and then; the coordinator remembers what it said.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from distributed import Worker, WorkerPlugin, get_worker

from spectune.cluster.workers import Material
from spectune.errors import RunError, SpectuneError
from spectune.training.crew import Fitter
from spectune.training.machine import Machine
from spectune.training.native import VERSION
from spectune.tuning.pool import Order, trained
from spectune.tuning.record import Rung, Trial

ASK_AGAIN = 10.0
"""Seconds after which a worker that has no answer asks again, if its trial is still wanted."""

AT_WORK = ("executing", "long-running")
"""States of a task, as its worker sees it, in which somebody waits for it."""


@dataclass(frozen=True)
class Joined:
    """A worker has the material.

    Attributes:
        worker: its address.
        slots: trials that it trains at once.
        refusal: why it can train none; empty where it can.
    """

    worker: str
    slots: int
    refusal: str = ""


@dataclass(frozen=True)
class Asked:
    """A worker waits at a rung of a trial."""

    worker: str
    number: int
    epoch: int
    fold_errors: tuple[float, ...]
    watched: tuple[float, ...]

    @property
    def rung(self) -> Rung:
        """That was reached."""
        return Rung(self.epoch, self.fold_errors, self.watched)


class Trainer(WorkerPlugin):
    """The material on a worker, and what is made of it there.

    Args:
        name: of the search on the cluster.
        material: of the search.
        per_gpu: trials that share a GPU; 0 where none is used.
        file: where the spectra are for all to see, instead of being sent to each; None where there is no such place.
    """

    def __init__(self, name: str, material: Material, per_gpu: int, file: Path | None = None) -> None:
        self.name = name
        self._material = material if file is None else replace(material, x=material.x[:0])
        self._per_gpu = per_gpu
        self._file = file
        self._made_by = made_by(material.machine)

    def setup(self, worker: Worker) -> None:
        """Says that the worker is there, or why it can train nothing."""
        self._worker = worker
        self._closed = False
        if self._file is not None:
            self._material = replace(self._material, x=np.load(self._file, mmap_mode="r"))
        self._answers: dict[tuple[int, int], bool] = {}
        self._news = threading.Condition()
        self._idle: list[Fitter] = []
        self._hired = ExitStack()
        slots = self._slots()
        worker.log_event(joins(self.name), vars(Joined(worker.address, slots, self._refusal() if slots else "")))

    def teardown(self, worker: Worker) -> None:
        """Leaves the trials under way, and lets those go who trained."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        self._hired.close()

    def answered(self, number: int, epoch: int, ends: bool) -> None:
        """The coordinator says whether a trial ends at a rung."""
        with self._news:
            self._answers[number, epoch] = ends
            self._news.notify_all()

    def trial(self, order: Order, key: str) -> Trial:
        """The trial of an order after its training, by the task of name ``key``."""
        material, number = self._material, order.number
        with self._fitter() as fitter:
            ends = partial(self._ends, number, key)
            made = trained(order, fitter, material.problem, material.plan, ends, time.monotonic)
        with self._news:
            self._answers = {rung: ends for rung, ends in self._answers.items() if rung[0] != number}
        return made

    def _ends(self, number: int, key: str, rung: Rung) -> bool:
        asked = Asked(self._worker.address, number, rung.epoch, rung.fold_errors, rung.watched)
        place = number, rung.epoch
        while self._wanted(key):
            self._worker.log_event(rungs(self.name), vars(asked))
            with self._news:
                if self._news.wait_for(lambda: self._closed or place in self._answers, ASK_AGAIN) and not self._closed:
                    return self._answers[place]
        raise RunError(f"nobody waits for trial {number} any more")

    def _wanted(self, key: str) -> bool:
        task = self._worker.state.tasks.get(key)
        return not self._closed and task is not None and task.state in AT_WORK

    @contextmanager
    def _fitter(self) -> Iterator[Fitter]:
        """One of those at leisure, or a new one: a worker with several threads trains as many trials at once."""
        material = self._material
        x, y, task = material.x, material.problem.y, material.problem.task
        one = (
            self._idle.pop()
            if self._idle
            else self._hired.enter_context(material.hire(x, y, task, material.cores, material.machine))
        )
        yield one
        self._idle.append(one)

    def _slots(self) -> int:
        threads = int(self._worker.state.nthreads)
        if self._per_gpu == 0:
            return threads
        return min(threads, int(self._worker.state.total_resources.get("gpu", 0) * self._per_gpu))

    def _refusal(self) -> str:
        """Why this worker must not train, in words."""
        try:
            machine = replace(self._material.machine)  # it says if a device is not on this machine
        except SpectuneError as error:
            return f"worker {self._worker.address} cannot train: {error}"
        if (here := made_by(machine)) != self._made_by:
            return (
                f"worker {self._worker.address} has {here}, but the search is made by {self._made_by}; "
                f"install the same there, start the worker again, and continue"
            )
        return ""


def trial(name: str, order: Order) -> Trial:
    """The trial of an order, on the worker that this runs on.

    Raises:
        RunError: a worker that does not have the material.
    """
    worker = get_worker()
    trainer = worker.plugins.get(name)
    if not isinstance(trainer, Trainer):
        raise RunError(f"worker {worker.address} was not given the spectra of the search; start the worker again")
    return trainer.trial(order, str(worker.get_current_task()))


def answer(name: str, number: int, epoch: int, ends: bool, dask_worker: Worker) -> None:
    """Tells the trainer of a worker what becomes of a trial at a rung."""
    trainer = dask_worker.plugins.get(name)
    if isinstance(trainer, Trainer):
        trainer.answered(number, epoch, ends)


def made_by(machine: Machine) -> str:
    """What a trial depends on but its order and the material, in words."""
    core = f"with its compiled core {VERSION}" if machine.compiled else "without its compiled core"
    return f"spectune {version('spectune')} {core}"


def joins(name: str) -> str:
    """Where workers say that they are there."""
    return f"{name}-joins"


def rungs(name: str) -> str:
    """Where workers ask."""
    return f"{name}-rungs"
