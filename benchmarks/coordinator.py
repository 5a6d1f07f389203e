"""What it costs to have trials trained by other processes.

    python benchmarks/coordinator.py [FILE]

Starts pools of one, two and four workers on this machine, or asks the workers of the scheduler whose FILE is named,
and gives them trials that take no time: what is left is the price of a trial, of a question at a rung, of a
start, and the memory of an idle worker. Prints a table.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import psutil
from numpy.typing import NDArray
from pages import markdown

from spectune.cluster.workers import Material, workers_pool
from spectune.networks.layers import Dense, Flatten
from spectune.networks.recipe import Recipe, Schedule
from spectune.report.tables.grid import Grid
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.crew import Fitter, Fitting, Reached
from spectune.training.fit import Array, Fitted
from spectune.training.machine import Machine
from spectune.tuning.plan import Plan
from spectune.tuning.pool import Order, Pool
from spectune.tuning.record import Rung, Trial
from spectune.tuning.scoring import Problem

ROWS, POINTS, TRIALS, RUNGS = 10_000, 1_000, 300, 200
WORKERS = (1, 2, 4)


@contextmanager
def idle(x: NDArray[np.float32], y: Array, task: Task, cores: int, machine: Machine) -> Iterator[Fitter]:
    """Trains nothing: as many rungs as the recipe has epochs, at each of which somebody is asked."""

    def fitting(
        recipe: Recipe, folds: Sequence[Fold], seeds: Sequence[int], rungs: Sequence[int], start: Fitted | None = None
    ) -> Fitting:
        for epoch in range(1, recipe.schedule.epochs):
            yield Reached(epoch, np.ones(len(folds)), np.ones(len(folds)))

    yield fitting


def material() -> Material:
    """Spectra of 40 MB."""
    rows = np.arange(ROWS)
    fold = Fold(rows[:8000], rows[8000:9000], rows[9000:])
    problem = Problem(np.zeros(ROWS), Task("t", rows=ROWS, points=POINTS), (fold,) * 5)
    return Material(np.ones((ROWS, POINTS), np.float32), problem, Plan(), hire=idle)


def order(number: int, epochs: int = 1) -> Order:
    """A trial of as many epochs."""
    recipe = Recipe(parse_channels("RAW"), (Flatten(), Dense(1)), Schedule(epochs=epochs))
    return Order(Trial(number, "pruned", {"width": 3}, seed=number), recipe, (0,) * 5)


def never(number: int, rung: Rung) -> bool:
    """No trial ends at a rung."""
    return False


def ended(pool: Pool, orders: Sequence[Order]) -> float:
    """Seconds of some trials, as many under way as there is room for."""
    begun, left, under_way = time.perf_counter(), list(orders), 0
    while left or under_way:
        while left and under_way < pool.room:
            pool.submit(left.pop())
            under_way += 1
        under_way -= pool.wait(never) is not None
    return time.perf_counter() - begun


def memory() -> str:
    """MB that one worker process has for itself, and all that it sees."""
    mine = [one for one in psutil.Process().children() if "spectune.cluster.process" in one.cmdline()]
    found = [one.memory_full_info() for one in mine]
    means = [np.mean([getattr(one, kind) for one in found]) / 1e6 for kind in ("uss", "rss")] if found else []
    return " / ".join(f"{mean:.0f}" for mean in means)


def measured(workers: int, where: str | None) -> tuple[str, ...]:
    """A line of the table."""
    begun = time.perf_counter()
    with workers_pool(material(), workers, where) as pool:
        ended(pool, [order(0)])
        first = time.perf_counter() - begun
        while pool.room < workers:
            pool.wait(never)
        all_there = time.perf_counter() - begun
        used = psutil.Process().cpu_times()
        took = ended(pool, [order(1 + number) for number in range(TRIALS)])
        spent = psutil.Process().cpu_times()
        asked = ended(pool, [order(1 + TRIALS, RUNGS + 1)])
        here = (spent.user + spent.system - used.user - used.system) / TRIALS
        line = [f"{pool.room}", f"{first:.1f}", f"{all_there:.1f}", f"{TRIALS / took:.0f}", f"{here * 1e3:.1f}"]
        line += [f"{asked / RUNGS * 1e3:.1f}", memory()]
        begun = time.perf_counter()
    return *line, f"{time.perf_counter() - begun:.1f}"


def main(where: str | None) -> None:
    """All of it."""
    head = ("workers", "first trial, s", "all workers, s", "trials/s", "of the coordinator, ms/trial", "ms/rung")
    lines = tuple(measured(workers, where) for workers in (WORKERS if where is None else (0,)))
    print(markdown(Grid((*head, "MB/worker, own / seen", "end, s"), lines)))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
