"""What the machine itself can do: float32 products of large matrices, by torch and by our own core.

    python limit.py

The command ``limit`` measures once, with one thread (``one``) and with all cores (``all``), GFLOP/s.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from ours import CORES
from talk import Ear

from spectune.networks.layers import Dense, Flatten
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.build import begin
from spectune.training.engine import Core
from spectune.training.material import material_of

SIZE = 1536
"""Rows and columns of the matrices."""

FLOPS = 2.0 * SIZE**3
TIMES = 3


def main() -> None:
    """Measures whenever it is told to."""
    ear = Ear.open()
    matrices = torch.rand(SIZE, SIZE), torch.rand(SIZE, SIZE)
    engines = {threads: dense_engine(threads) for threads in (1, CORES)}
    rows = np.arange(SIZE)
    while ear.hear()[0] == "limit":
        found = {}
        for name, threads in (("one", 1), ("all", CORES)):
            torch.set_num_threads(threads)
            ways = (partial(torch.mm, *matrices), partial(engines[threads].outputs, [0], [rows]))
            found[name] = FLOPS / min(seconds(way) for way in ways) / 1e9
        ear.say(dict(found))


def seconds(way: Callable[[], object]) -> float:
    """Shortest time of a few runs."""
    every = []
    for _ in range(TIMES):
        start = time.perf_counter()
        way()
        every.append(time.perf_counter() - start)
    return min(every)


def dense_engine(threads: int) -> Core:
    """Our core with one large dense layer (and an output of one unit, which costs nothing beside it)."""
    recipe = Recipe(((),), (Flatten(), Dense(SIZE), Dense(1)), Schedule(batch=512))
    streams = (torch.Generator().manual_seed(0),)
    stack = begin(recipe.layers, (1, SIZE), streams)
    rows = np.arange(SIZE)
    fold = Fold(rows, rows[:0], rows[:0])
    y = np.linspace(0, 1, SIZE)
    material = material_of(torch.rand(SIZE, SIZE, 1), y, Task("target"), (fold,), streams, recipe)
    return Core(stack, material, recipe.schedule, threads)


if __name__ == "__main__":
    main()
