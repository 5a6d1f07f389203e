"""Whether the range that ``tune --lr auto`` searches holds the good learning rates.

    python benchmarks/rate_range.py DATA_FOLDER

DATA_FOLDER holds ``NAME/spectra.parquet`` with a ``split`` column; only calibration rows are used. Prints the
table of ``benchmarks/rate_range.md``: errors at rates around the suggestion of a range test.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from spectune.assessment.lr_range import rate
from spectune.files.read import read
from spectune.files.spaces import load_space
from spectune.job.lr_range import middle_recipe
from spectune.networks.recipe import Recipe
from spectune.spectra.folds import folds
from spectune.spectra.select import select
from spectune.spectra.spectra import Spectra
from spectune.training.fit import fit
from spectune.training.range_test import range_test

SETS = {"tecator": "fat", "wheat_kernels": "protein"}
SPACES, BATCHES = ("passos", "default"), (32, 128)
PARTS = (0.03, 0.1, 0.3, 1.0, 3.0)
"""Rates, as parts of the suggested one; a search gets those from 0.1 to 1."""

FOLDS, SEEDS, TESTS, MEMBERS = 3, 2, 3, 5


def suggestions(recipe: Recipe, spectra: Spectra) -> list[float]:
    """Suggested rates of several range tests, each of ``MEMBERS`` members."""
    cuts = folds(spectra, FOLDS, 0)
    members = [cuts[number % FOLDS] for number in range(MEMBERS)]
    seeds = [[100 * test + number for number in range(MEMBERS)] for test in range(TESTS)]
    return [range_test(recipe, spectra.x, spectra.y, spectra.task, members, own).high for own in seeds]


def errors(recipe: Recipe, spectra: Spectra) -> tuple[float, float]:
    """Mean error on tuning rows, in standard deviations of the target, and on held-out rows, in its unit."""
    members = list(folds(spectra, FOLDS, 0)) * SEEDS
    *_, last = fit(recipe, spectra.x, spectra.y, spectra.task, members, range(len(members)))
    held = np.asarray(last.scored, dtype=np.float64)
    return float(last.epoch.best.mean()), float(held.mean())


def lines(name: str, spectra: Spectra) -> Iterator[str]:
    """Rows of the table of one set."""
    for space in SPACES:
        plain, _ = middle_recipe(load_space(space), spectra.task)
        for batch in BATCHES:
            recipe = replace(plain, schedule=replace(plain.schedule, batch=batch))
            highs = suggestions(recipe, spectra)
            high = float(np.median(highs))
            at = [replace(recipe, schedule=replace(recipe.schedule, rate=part * high)) for part in PARTS]
            found = [errors(one, spectra) for one in at]
            cells = [f"{tuning:.4g}; {held:.4g}" for tuning, held in found]
            yield f"| {name}, {space}, {batch} | {', '.join(rate(one) for one in highs)} | {' | '.join(cells)} |"


def main(data: Path) -> None:
    """Prints the table."""
    print(f"| set, space, batch | suggested | {' | '.join(f'{part:g}' for part in PARTS)} |")
    print(f"|{'---|' * (2 + len(PARTS))}")
    for name, target in SETS.items():
        for line in lines(name, select(read(data / name / "spectra.parquet"), target).calibration):
            print(line, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
