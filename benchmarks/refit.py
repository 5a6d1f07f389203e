"""Fold members, members trained anew on all rows, and members that go on from the best weights at a lower rate.

    python benchmarks/refit.py DATA_FOLDER

DATA_FOLDER holds ``NAME/spectra.parquet`` with a ``split`` column. The recipe is the first start of the default
space, untuned; test rows choose nothing. The table goes to ``benchmarks/refit.md``.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from pages import markdown, write

from spectune.files.settings import Settings
from spectune.job.data import Prepared, prepared
from spectune.job.lr_range import middle_recipe
from spectune.networks.recipe import Recipe
from spectune.report.tables.grid import Grid
from spectune.report.wording import number
from spectune.spectra.folds import Fold, refit_fold
from spectune.training.crew import Completed, Fitter, alone
from spectune.training.fit import Fitted, predict
from spectune.tuning.study import member_seeds

PAGE = Path(__file__).with_suffix(".md")
SETS = {
    "tecator": "fat",
    "tablets_2002": "assay",
    "wheat_kernels": "protein",
    "cassava": "beta_carotene",
    "soil_nirsoil": "total_carbon",
}
PARTS = (0.3, 0.1, 0.03)
"""Rates that members go on with, as parts of the first."""

SEEDS = 3
REFITS = 500
"""Random streams of refits begin here."""


def main() -> None:
    """Train and write the page."""
    data = Path(sys.argv[1])
    rows = []
    for name, target in SETS.items():
        work = prepared(Settings(str(data / name / "spectra.parquet"), target, split="split"))
        found = np.asarray([list(errors(work, seed)) for seed in range(SEEDS)])
        cells = (
            f"{number(mean)} ± {number(sd, 2)}" for mean, sd in zip(found.mean(0), found.std(0, ddof=1), strict=True)
        )
        rows.append((f"{name}, {target}", *cells))
        print(*rows[-1])
    names = ("members of the folds", "anew on all rows", *(f"on from them, rate × {part}" for part in PARTS))
    head = (
        f"# After the search: keep the members of the folds, or train on all rows\n\n{date.today()}, "
        f"{platform.machine()}, {os.cpu_count()} cores; `python benchmarks/refit.py DATA`. RMSEP of five members, mean "
        f"and deviation over {SEEDS} seeds; the first start of the default space, untuned.\n"
    )
    write(PAGE, head, [markdown(Grid(("set", *names), tuple(rows)))])


def errors(work: Prepared, seed: int) -> Iterator[float]:
    """RMSEP of each way, in the order of the columns."""
    calibration, count = work.spectra.calibration, len(work.folds)
    fitter = alone(calibration.x, calibration.y, work.problem.task)
    recipe, _ = middle_recipe(work.space, work.problem.task, None)
    first = fitted(fitter, recipe, work.folds, member_seeds(seed, 0, count))
    yield rmsep(first, work)
    again = member_seeds(seed, REFITS, count)
    cuts = tuple(refit_fold(calibration, seed * count + member) for member in range(count))
    yield rmsep(fitted(fitter, recipe, cuts, again), work)
    none = np.empty(0, dtype=np.intp)
    whole = tuple(Fold(np.sort(np.r_[fold.train, fold.scored]), fold.tuning, none) for fold in work.folds)
    for part in PARTS:
        lower = replace(recipe, schedule=replace(recipe.schedule, rate=part * recipe.schedule.rate))
        yield rmsep(fitted(fitter, lower, whole, again, first), work)


def fitted(
    fitter: Fitter, recipe: Recipe, folds: tuple[Fold, ...], seeds: list[int], start: Fitted | None = None
) -> Fitted:
    """Members, one a fold, of weights of their own or on from others."""
    return next(done.fitted for done in fitter(recipe, folds, seeds, (), start) if isinstance(done, Completed))


def rmsep(members: Fitted, work: Prepared) -> float:
    """Of the mean of members on the test rows."""
    test = work.spectra.test
    return float(np.sqrt(np.mean((predict(members, test.x).mean(axis=0) - test.y) ** 2)))


if __name__ == "__main__":
    main()
