"""What the machine itself can do: float32 products of large matrices, by torch and by our own core.

    python limit.py

The command ``limit`` measures once, with one thread (``one``) and with all cores (``all``), GFLOP/s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from ours import CORES
from talk import Ear
from workloads import WITHOUT_END

from spectune.networks.layers import Dense, Flatten
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.fit import Rehearsal, fit
from spectune.training.machine import Machine

SIZE = 1536
"""Rows and columns of torch's matrices."""

ROWS, POINTS, UNITS = 4096, 1024, 1024
"""Our core trains one dense layer of this size, all rows in one step."""

TIMES = 3


def main() -> None:
    """Measures whenever it is told to."""
    ear = Ear.open()
    matrices = torch.rand(SIZE, SIZE), torch.rand(SIZE, SIZE)
    epochs = {threads: dense(threads) for threads in (1, CORES)}
    while ear.hear()[0] == "limit":
        found = {}
        for name, threads in (("one", 1), ("all", CORES)):
            torch.set_num_threads(threads)
            theirs = 2.0 * SIZE**3 / seconds(partial(torch.mm, *matrices))
            torch.set_num_threads(1)
            ours = 4.0 * ROWS * POINTS * UNITS / seconds(partial(next, epochs[threads]))
            found[name] = max(theirs, ours) / 1e9
        ear.say(dict(found))


def seconds(way: Callable[[], object]) -> float:
    """Shortest time of a few runs."""
    every = []
    for _ in range(TIMES):
        start = time.perf_counter()
        way()
        every.append(time.perf_counter() - start)
    return min(every)


def dense(threads: int) -> Iterator[Rehearsal]:
    """Epochs of our core on one large dense layer: the product itself, and the one that makes its gradient.

    The output of one unit and the update of the weights cost a few hundredths of that.
    """
    layers = (Flatten(), Dense(UNITS), Dense(1))
    recipe = Recipe(((),), layers, Schedule(batch=ROWS, epochs=WITHOUT_END))
    x = np.random.default_rng(0).standard_normal((ROWS, POINTS), dtype=np.float32)
    rows = np.arange(ROWS)
    fold = Fold(rows, rows[:1], rows[:0])
    return fit(
        recipe, x, np.linspace(0, 1, ROWS), Task("target"), (fold,), (0,), machine=Machine("core", threads=threads)
    )  # fmt: skip


if __name__ == "__main__":
    main()
