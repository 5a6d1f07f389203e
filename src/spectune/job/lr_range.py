"""Learning-rate range tests of any recipe, of a space's middle network, and of the winner of a run.

Members train on the training rows of the folds; rows that score, and test rows, are not looked at.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.lr_range import LrRange, agreement, rate
from spectune.errors import SettingError
from spectune.files.atomic import make_folder, write_text
from spectune.files.lr_ranges import PAGE, TABLE, lr_range_table
from spectune.files.runs import load_outcome
from spectune.files.settings import Settings, checked
from spectune.files.tables import write_table
from spectune.job.data import prepared
from spectune.job.ending import cores_used
from spectune.networks.middle import MiddleDraw
from spectune.networks.recipe import Recipe
from spectune.networks.space import Drawing, RandomDraw, Space
from spectune.progress import Progress, outcome_of
from spectune.report.lr_range import lr_range_page
from spectune.spectra.folds import Fold, folds
from spectune.spectra.spectra import Task
from spectune.spectra.table import Table
from spectune.training.machine import USUAL, Machine
from spectune.training.range_test import climb, published_test, range_test
from spectune.tuning.study import capped, family, member_seeds
from spectune.tuning.study import checked as buildable

STREAM = 50_000_000
"""The random stream of range tests."""

DRAWS = 20
"""Random networks that are tried where the middle of a space makes none."""


@dataclass(frozen=True)
class Asked:
    """How a range test is made.

    Attributes:
        seeds: members, each with a stream of its own; they take the folds in turn.
        steps: rates, and batches of each member.
        low, high: first and last rate.
        seed: of everything drawn at random.
        published: whether the procedure of Passos & Mishra (2022) is shown too.

    Raises:
        SettingError: numbers that make no range test.
    """

    seeds: int = 5
    steps: int = 200
    low: float = 1e-5
    high: float = 1.0
    seed: int = 0
    published: bool = False

    def __post_init__(self) -> None:
        if not (1 <= self.seeds <= 50 and 20 <= self.steps <= 10_000):
            raise SettingError(
                f"a range test needs from 1 to 50 seeds and from 20 to 10000 steps, got {self.seeds} and {self.steps}"
            )
        if not 0 < self.low < self.high <= 1000:
            raise SettingError(
                f"the learning rates of a range test must rise, from above 0 to at most 1000; "
                f"got {self.low:g} to {self.high:g}"
            )


def lr_range(
    recipe: Recipe,
    x: NDArray[np.float32],
    y: NDArray[np.float64],
    task: Task,
    folds: Sequence[Fold],
    asked: Asked = Asked(),
    machine: Machine = USUAL,
) -> Generator[Progress | LrRange, None, None]:
    """The range test of a recipe; yields progress and last what it says.

    Args:
        recipe: what is tested.
        x: raw spectra, (rows, points); folds hold row numbers of these.
        y: target in its unit or class numbers, (rows,).
        task: what ``y`` means.
        folds: only their training rows are used.
        asked: how.
        machine: what trains.

    Raises:
        ShapeError, SettingError: a recipe that does not fit the spectra, or a first rate that is too high.
    """
    cuts, seeds = members_of(folds, asked)
    total = 1 + asked.published
    test = range_test(recipe, x, y, task, cuts, seeds, climb(asked.low, asked.high, asked.steps), machine)
    yield Progress("range", 1, total, f"suggested: at most {rate(test.high)}. {agreement(test)}")
    published = None
    if asked.published:
        published = published_test(recipe, x, y, task, cuts, seeds, machine=machine)
        yield Progress("range", 2, total, f"by the published procedure: {published.rates.size} batches")
    yield LrRange(recipe, task, min(fold.train.size for fold in cuts), test, published)


def of_data(
    settings: Settings, asked: Asked, command: str, table: Table | None = None
) -> Generator[Progress | LrRange, None, None]:
    """Range test of a space's middle network on a file; writes page and table to ``settings.folder``.

    Args:
        settings: data, roles of rows, folds, space.
        asked: how.
        command: what to type to do it again.
        table: spectra already in memory, instead of the file of the settings.

    Raises:
        SpectuneError: data, settings, space or folder that cannot be used.
    """
    work = prepared(settings, table)
    calibration, task = work.spectra.calibration, work.problem.task
    yield Progress("read", 1, 1, f"{len(calibration)} calibration rows; the test rows stay closed")
    recipe, origin = middle_recipe(work.space, task, settings.epochs)
    machine = Machine(threads=cores_used(settings))
    found = yield from outcome_of(lr_range(recipe, calibration.x, calibration.y, task, work.folds, asked, machine))
    named = replace(found, origin=origin, family=work.space.family, source=work.spectra.source)
    yield from _written(named, settings.folder, command)


def of_run(
    folder: Path, asked: Asked, command: str, out: Path, cores: int | None = None
) -> Generator[Progress | LrRange, None, None]:
    """Range test of the winner of a finished run on its own data; otherwise as ``of_data``.

    Args:
        folder: of the run.
        asked: how.
        command: what to type to do it again.
        out: gets page and table.
        cores: to use, 0 for all; as in the run when None.

    Raises:
        RunError: no finished run there, a damaged one, or a folder that may not be written to.
    """
    outcome = load_outcome(folder)
    settings = checked(outcome.settings, str(folder))
    machine = Machine(threads=cores_used(settings if cores is None else replace(settings, cores=cores)))
    calibration = outcome.spectra.calibration
    yield Progress("read", 1, 1, f"{len(calibration)} calibration rows; the test rows stay closed")
    data = (calibration.x, calibration.y, calibration.task)
    cuts = folds(calibration, settings.folds, settings.seed)
    found = yield from outcome_of(lr_range(outcome.recipe, *data, cuts, asked, machine))
    origin = f"the winner of the run {folder}"
    made = outcome.space.family if outcome.space else ""
    yield from _written(replace(found, origin=origin, family=made, source=outcome.spectra.source), out, command)


def middle_recipe(space: Space, task: Task, epochs: int | None = None) -> tuple[Recipe, str]:
    """A recipe that stands for a space before any was tried, and where it comes from in words.

    The first start of the space, with the middle of every range that it leaves out; where that makes no
    network for these spectra, the first random draw that does.

    Raises:
        SettingError: none does.
    """
    name = f"the space {space.name or space.family!r}"
    middle = f"the first start of {name}" if space.starts else f"the middle of every range of {name}"
    made: list[tuple[Drawing, str]] = [(MiddleDraw(space), middle)]
    random = [(RandomDraw(space, np.random.default_rng(seed)), f"a random network of {name}") for seed in range(DRAWS)]
    for draw, origin in [*made, *random]:
        try:
            recipe = capped(family(space)(draw, task), epochs)
            buildable(recipe, task.points)
        except SettingError:
            continue
        return recipe, origin
    raise SettingError(
        f"neither the middle of {name} nor {DRAWS} random draws make a network for {task.points} points; "
        f"narrow its ranges"
    )


def members_of(cuts: Sequence[Fold], asked: Asked) -> tuple[list[Fold], list[int]]:
    """Fold and seed of every member; those of fewer members are the first of those of more."""
    chosen = [cuts[number % len(cuts)] for number in range(asked.seeds)]
    return chosen, member_seeds(asked.seed, STREAM, asked.seeds)


def _written(found: LrRange, folder: Path, command: str) -> Generator[Progress | LrRange, None, None]:
    make_folder(folder)
    write_table(folder / TABLE, lr_range_table(found))
    write_text(folder / PAGE, lr_range_page(found, command))
    yield Progress("report", 1, 1, f"report: {folder / PAGE}")
    yield found
