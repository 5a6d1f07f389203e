"""The same search by one process and by workers on this machine: how long it takes, and that it is the same.

    python benchmarks/workers.py OUT [ROUNDS]

Simulated fruit, random search without pruning, so that both try the same networks whatever ends first. Rounds
alternate. A search lasts from the command's begin to the end of its last trial: workers have to start.
"""

from __future__ import annotations

import platform
import shutil
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from pages import markdown

from spectune.files.runs import load_trials
from spectune.files.settings import Settings
from spectune.job import run
from spectune.progress import Progress
from spectune.report.tables.grid import Grid
from spectune.spectra.table import Table
from spectune.synthesis.fruit import fruit
from spectune.training.allowance import cores
from spectune.tuning.record import Trial

BASE = Settings(
    "fruit.csv",
    "dry_matter",
    "-",
    group="fruit",
    sampler="random",
    pruner="none",
    seed=3,
    explain=False,
    storage="none",
)
LENGTHS = (40, 120)


def seconds(settings: Settings, table: Table) -> float:
    """Of a search, with all that it needs before; what comes after is left out."""
    shutil.rmtree(settings.folder, ignore_errors=True)
    begun = time.perf_counter()
    with closing(run(settings, table)) as steps:
        for step in steps:
            if isinstance(step, Progress) and step.stage == "search" and step.done == step.total:
                return time.perf_counter() - begun
    raise AssertionError("a search ends")


def timeless(folder: Path) -> list[Trial]:
    """The trials of a run without their times."""
    return [replace(trial, seconds=0.0) for trial in load_trials(folder)]


def main(out: Path, rounds: int) -> None:
    """All of it."""
    table, most = fruit(1000, 1), cores()
    lines = []
    for trials in LENGTHS:
        arms = {1: out / "one", most: out / "several"}
        told = {w: replace(BASE, trials=trials, workers=w, out=str(folder)) for w, folder in arms.items()}
        took = {w: [] for w in arms}  # type: dict[int, list[float]]
        for _ in range(rounds):
            for w, settings in told.items():
                took[w].append(seconds(settings, table))
        same = timeless(arms[1]) == timeless(arms[most])
        one, several = (float(np.median(took[w])) for w in arms)
        lines.append((f"{trials}", f"{one:.0f}", f"{several:.0f}", f"{one / several:.2f}", "yes" if same else "NO"))
    print(f"{date.today().isoformat()}, {platform.machine()}, {most} cores; medians of {rounds} rounds\n")
    head = ("trials", "one process, s", f"{most} workers, s", "times faster", "same trials")
    print(markdown(Grid(head, tuple(lines))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3)
