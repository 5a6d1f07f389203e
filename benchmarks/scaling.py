"""What the coordinator of a search costs by itself: trials that take no time, in this process.

    python benchmarks/scaling.py [TRIALS]

A whole search with TPE and Hyperband over the default space, of which nothing is trained: values are drawn, networks
checked, rungs reported, trials told and their files written to disk. Prints what a trial costs while so many are known,
in processor time and on the clock, and what it costs to go on with a search that was stopped.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from pages import markdown

from spectune.files.atomic import write_text
from spectune.files.sealed import sealed
from spectune.files.spaces import load_space
from spectune.report.tables.grid import Grid
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.tuning.plan import Plan
from spectune.tuning.pool import Judge, Order
from spectune.tuning.record import Rung, Trial
from spectune.tuning.rungs import NINTHS, rung_epochs
from spectune.tuning.scoring import Problem
from spectune.tuning.study import Coordinator, Known, open_study, search

SHOWN = (0, 100, 300, 1000, 3000)


class Nothing:
    """Trains nothing: an error from the values, told at both rungs."""

    room = 1

    def submit(self, order: Order) -> None:
        """Takes an order."""
        self.order = order

    def wait(self, ends: Judge) -> Trial | None:
        """The trial, pruned or complete."""
        error = 1 + float(np.random.default_rng(self.order.begun.seed).exponential())
        rungs: list[Rung] = []
        for epoch in rung_epochs(self.order.recipe.schedule.epochs, NINTHS):
            rungs.append(Rung(epoch, (error,) * 5))
            if ends(self.order.number, rungs[-1]):
                return replace(self.order.begun, rungs=tuple(rungs))
        last = Rung(self.order.recipe.schedule.epochs, (error,) * 5)
        return replace(
            self.order.begun,
            state="complete",
            value=error,
            objective=error,
            rungs=(*rungs, last),
            calibrated=(error,) * 5,
        )


def trials_of(coordinator: Coordinator, folder: Path) -> Iterator[Trial]:
    """The trials of a search, each kept as a run keeps it."""
    for trial in search(coordinator, Nothing()):
        write_text(folder / f"{trial.number:04d}.json", sealed("trial", asdict(trial)))
        yield trial


def main(trials: int) -> None:
    """All of it."""
    rows = np.arange(500)
    task = Task("t", rows=500, points=200)
    problem = Problem(np.linspace(0, 1, 500), task, (Fold(rows[:300], rows[300:400], rows[400:]),) * 5)
    space, plan = load_space("default"), Plan(trials)
    coordinator = Coordinator(open_study(plan, space, task), problem, space, plan)
    clocks = [(time.perf_counter(), time.process_time())]
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        for trial in trials_of(coordinator, Path(folder)):
            kept.append(trial)
            clocks.append((time.perf_counter(), time.process_time()))
    lines = []
    for begun, ended in pairwise(sorted({min(shown, len(kept)) for shown in (*SHOWN, trials)})):
        (clock, own), (later, more) = clocks[begun], clocks[ended]
        each, work = (later - clock) / (ended - begun), (more - own) / (ended - begun)
        lines.append((f"{begun} to {ended}", f"{1e3 * work:.0f}", f"{1e3 * each:.0f}", f"{1 / each:.0f}"))
    print(markdown(Grid(("trials known", "processor, ms/trial", "clock, ms/trial", "trials/s"), tuple(lines))))
    begun = time.process_time()
    open_study(plan, space, task, Known(tuple(kept)))
    print(f"\nGoing on with {len(kept)} trials: {time.process_time() - begun:.1f} s of processor time")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
