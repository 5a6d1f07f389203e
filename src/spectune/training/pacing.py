"""How fast several trainings go side by side: tried for moments, each in a process of its own.

What they do to each other in caches, memory and cores that are halves of one, no formula tells. Threads
of one process would not tell either: between two epochs a training needs the interpreter, which for small networks
is half of its time and which only one thread has.

Only the speed is looked at. ``python -m spectune.training.pacing ADDRESS`` is such a process.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Client, Connection

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.errors import RunError, SpectuneError
from spectune.networks.recipe import Recipe
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Rows, Task
from spectune.training.engine import Clock
from spectune.training.fit import Array, fit
from spectune.training.hiring import hired
from spectune.training.machine import Machine
from spectune.training.sharing import ways

MOST_ROWS, MOST_BATCHES = 1024, 4
"""Training rows of a fold that are tried on, or so many batches where that is more."""

PATIENCE = 3
"""Times as long a training is watched that has not yet found out how to share its threads."""

LONG = 100_000
"""Epochs of a training that is only stopped from outside."""


@dataclass(frozen=True)
class Split:
    """So many trainings at once, with so many threads each."""

    workers: int
    threads: int


@dataclass(frozen=True, eq=False)
class Sample:
    """What is trained to see how fast it goes: a recipe on some of the rows.

    Attributes:
        recipe: that never ends by itself.
        x, y, task: spectra, target, and what it means.
        folds: one for each member; no row is scored.
        whole: how many times as many rows an epoch of the real folds has.
        machine: what trains; its threads are those of a split.
    """

    recipe: Recipe
    x: NDArray[np.float32]
    y: Array
    task: Task
    folds: tuple[Fold, ...]
    whole: float
    machine: Machine


def splits(cores: int, most: int) -> tuple[Split, ...]:
    """Ways to share cores among at most ``most`` trainings, fewer trainings first.

    >>> [(split.workers, split.threads) for split in splits(12, 100)]
    [(1, 12), (2, 6), (4, 3), (12, 1)]
    """
    threads = [cores >> halved for halved in range(cores.bit_length())]
    workers = [min(cores // each, most) for each in threads]
    return tuple(dict.fromkeys(Split(number, cores // number) for number in workers))


def sample(
    recipe: Recipe, x: NDArray[np.float32], y: Array, task: Task, folds: Sequence[Fold], machine: Machine
) -> Sample:
    """What a recipe is tried on: the calibration rows of each fold, or some of them, drawn at random."""
    most = max(MOST_ROWS, MOST_BATCHES * recipe.schedule.batch)
    random = np.random.default_rng(0)
    cut = [_cut(fold, most, random) for fold in folds]
    rows = np.unique(np.concatenate([row for fold in cut for row in (fold.train, fold.tuning)]))
    own = tuple(
        Fold(np.searchsorted(rows, fold.train), np.searchsorted(rows, fold.tuning), fold.scored) for fold in cut
    )
    whole = sum(fold.train.size for fold in folds) / sum(fold.train.size for fold in own)
    endless = replace(recipe, schedule=replace(recipe.schedule, epochs=LONG, patience=0))
    return Sample(endless, np.asarray(x[rows]), y[rows], task, own, whole, machine)


def _cut(fold: Fold, most: int, random: np.random.Generator) -> Fold:
    part = min(1.0, most / fold.train.size)
    train, tuning = (_drawn(rows, round(part * rows.size), random) for rows in (fold.train, fold.tuning))
    return Fold(train, tuning, fold.scored[:0])


def _drawn(rows: Rows, count: int, random: np.random.Generator) -> Rows:
    return rows if count >= rows.size else np.sort(random.choice(rows, max(count, 1), replace=False))


def pace(
    tried: Sample,
    threads: int,
    seconds: float,
    meet: Callable[[], object] = lambda: None,
    most: int = LONG,
    clock: Clock = time.perf_counter,
) -> float:
    """Epochs of all folds, with all their rows, in a second of one training; at least one epoch is awaited.

    Args:
        tried: what is trained.
        threads: of the training.
        seconds: how long it is watched; longer if its epochs are long.
        meet: called when all is prepared, before the watch begins.
        most: epochs after which no more is to be learnt.
        clock: in seconds.

    Raises:
        SpectuneError: the recipe cannot be trained on these spectra.
    """
    members = len(tried.folds)
    machine = replace(tried.machine, threads=threads)
    steps = fit(tried.recipe, tried.x, tried.y, tried.task, tried.folds, range(members), machine=machine)
    next(steps)
    meet()
    tries, ends = len(ways(members, threads)), [clock()]  # the first epochs try how to share the threads
    while len(ends) <= most and (ends[-1] - ends[0]) < seconds * (1 if len(ends) > tries + 2 else PATIENCE):
        next(steps)
        ends.append(clock())
    took = np.diff(ends)
    return 1 / float(took[tries:].mean() if took.size > tries else took.min()) / tried.whole


def paces(tried: Sample, among: Sequence[Split], seconds: float) -> Iterator[float]:
    """Epochs a second of each split, all its trainings at the same time taken together.

    Args:
        tried: what is trained.
        among: the splits.
        seconds: how long each is watched.

    Raises:
        RunError: a process that does not start, or ends.
    """
    with hired(max(split.workers for split in among), "spectune.training.pacing") as lines:
        for line in lines:
            line.send(tried)
        for split in among:
            yield sum(_together(lines[: split.workers], split.threads, seconds))


def _together(lines: Sequence[Connection], threads: int, seconds: float) -> list[float]:
    """The paces of some processes that begin at the same time."""
    try:
        for line in lines:
            line.send((threads, seconds))
        for line in lines:
            _heard(line)
        for line in lines:
            line.send(True)
        return [float(_heard(line)) for line in lines]
    except (EOFError, ConnectionError):
        raise RunError(
            "a process that was to show how fast it trains ended unexpectedly (out of memory?); "
            "say how many --workers there are to be"
        ) from None


def _heard(line: Connection) -> float:
    heard = line.recv()
    if isinstance(heard, SpectuneError):
        raise heard
    return float(heard)


def work(address: str, key: bytes) -> None:
    """Trains whenever it is told to, for as long as it is told to, until its line closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to answer
    line: Connection = Client(address, authkey=key)
    try:
        with one_thread():
            tried: Sample = line.recv()
            while True:
                threads, seconds = line.recv()
                line.send(_watched(tried, threads, seconds, line))
    except (EOFError, ConnectionError):
        return


def _watched(tried: Sample, threads: int, seconds: float, line: Connection) -> float | SpectuneError:
    def meet() -> None:
        line.send(0.0)
        line.recv()

    try:
        return pace(tried, threads, seconds, meet)
    except SpectuneError as error:
        return error


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch does not take threads of its own, as wherever the compiled core works."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


if __name__ == "__main__":
    work(sys.argv[1], bytes.fromhex(sys.stdin.read()))
