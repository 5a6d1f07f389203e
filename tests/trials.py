"""Orders made up for pools of workers, and trainings that end badly; workers find them by name."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectune.cluster.workers import Hire, Material
from spectune.errors import ShapeError
from spectune.networks.layers import Act, Dense, Flatten
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.crew import Fitter, Fitting, crew
from spectune.training.fit import Array, Fitted
from spectune.training.machine import USUAL, Machine
from spectune.tuning.plan import Plan
from spectune.tuning.pool import Judge, Order, Pool
from spectune.tuning.record import Rung, Trial
from spectune.tuning.scoring import Problem

PLAN = Plan(trials=6, seed=3, epochs=9)
FOLDER = "SPECTUNE_TEST_FOLDER"
"""Names the folder in which a training on a worker says which process it runs in."""

PAUSED, DEADLY, UNFIT, BROKEN = 101, 102, 103, 104
"""Widths of trials that wait, kill their worker, do not fit, or fail for a reason of their own."""


def material(hire: Hire = crew, plan: Plan = PLAN, machine: Machine = USUAL) -> Material:
    """Spectra of 45 rows in three folds."""
    random = np.random.default_rng(1)
    x = random.normal(size=(45, 20)).cumsum(axis=1).astype(np.float32)
    order = random.permutation(45)
    shifts = [np.roll(order, 15 * k) for k in range(3)]
    folds = tuple(Fold(np.sort(one[:24]), np.sort(one[24:30]), np.sort(one[30:])) for one in shifts)
    problem = Problem(x[:, 7].astype(np.float64), Task("t", rows=45, points=20), folds)
    return Material(x, problem, plan, machine, hire=hire)


def order(number: int, width: int = 4, epochs: int = 9) -> Order:
    """A small dense network, whose width may say what becomes of it."""
    layers = (Flatten(), Dense(width), Act("elu"), Dense(1))
    recipe = Recipe(parse_channels("SNV"), layers, Schedule(epochs=epochs, batch=8))
    return Order(Trial(number, "pruned", {"width": width}, seed=number), recipe, (number, number + 1, number + 2))


@contextmanager
def eventful(x: NDArray[np.float32], y: Array, task: Task, cores: int, machine: Machine) -> Iterator[Fitter]:
    """Trains as ever, but for networks of some widths."""
    with crew(x, y, task, cores, machine) as usual:

        def fitting(
            recipe: Recipe,
            folds: Sequence[Fold],
            seeds: Sequence[int],
            rungs: Sequence[int],
            start: Fitted | None = None,
        ) -> Fitting:
            match next(layer.units for layer in recipe.layers if isinstance(layer, Dense)):
                case 101:
                    yield from _paused(usual(recipe, folds, seeds, rungs), seeds[0])
                case 102:
                    os.kill(os.getpid(), signal.SIGKILL)
                case 103:
                    raise ShapeError("a kernel of 9 does not fit in 5 points")
                case 104:
                    raise LookupError("nowhere to be found")
                case _:
                    yield from usual(recipe, folds, seeds, rungs)

        yield fitting


def _paused(fitting: Fitting, name: int) -> Fitting:
    """Says after its first rung which process it runs in, and waits there for leave: a file."""
    folder = Path(os.environ[FOLDER])
    for report in fitting:
        yield report
        pid = folder / f"{name}.{os.getpid()}"
        if not pid.exists():
            pid.touch()
            while not (folder / f"{name}.leave").exists():
                time.sleep(0.02)


def met(name: int, but: int = 0) -> int:
    """The process that trains a trial which waits, other than one that is known."""
    folder, end = Path(os.environ[FOLDER]), time.monotonic() + 120
    while time.monotonic() < end:
        for path in folder.glob(f"{name}.*"):
            if path.suffix[1:].isdigit() and int(path.suffix[1:]) != but:
                return int(path.suffix[1:])
        time.sleep(0.02)
    raise AssertionError(f"trial {name} has not begun")


def leave(name: int) -> None:
    """Lets a trial that waits go on."""
    (Path(os.environ[FOLDER]) / f"{name}.leave").touch()


def never(number: int, rung: Rung) -> bool:
    """No trial ends at a rung."""
    return False


class Heard:
    """Ends no trial; keeps what it was asked, and lets one trial go on when it is first asked about another.

    A trial that waits is past its first rung only once somebody waited for the pool: two trials that come in
    this order leave no doubt that the first one is.
    """

    def __init__(self, first: int, then: int) -> None:
        self.asked: list[tuple[int, int]] = []
        self._first, self._then = first, then

    def __call__(self, number: int, rung: Rung) -> bool:
        self.asked.append((number, rung.epoch))
        if number == self._first:
            leave(self._then)
        return False


def ended(pool: Pool, count: int, ends: Judge = never) -> list[Trial]:
    """The next trials that end."""
    found: list[Trial] = []
    while len(found) < count:
        trial = pool.wait(ends)
        found += [] if trial is None else [trial]
    return found
