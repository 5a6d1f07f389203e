"""Nested validation: the whole job once for every outer fold, on rows that leave the others alone."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace

import numpy as np
from scipy.stats import skew

from spectune.assessment.intervals import error_value
from spectune.assessment.nested import NETWORK, Nested
from spectune.assessment.nesting import nest
from spectune.assessment.outcome import Outcome
from spectune.errors import DataError, SettingError
from spectune.files.atomic import write_text
from spectune.files.nestings import PAGE, claim, nested_command, nested_table, outer_folder
from spectune.files.runs import fingerprint
from spectune.files.settings import BOUNDS, Settings
from spectune.files.tables import write_table
from spectune.job.data import Prepared, prepared
from spectune.job.run import Result, carried_out
from spectune.progress import Progress
from spectune.report.nesting import nested_page
from spectune.spectra.folds import Fold, folds
from spectune.spectra.select import FEWEST_ROWS
from spectune.spectra.spectra import Rows, Spectra, Task
from spectune.spectra.table import Table

FEWEST, MOST = 2, 20
"""Outer folds."""


def nested(settings: Settings, outer: int = 5, table: Table | None = None) -> Generator[Progress | Nested, None, None]:
    """Does the whole job in every outer fold, or what is left of it; yields progress and last the result.

    Search, choice by fresh seeds and baselines see the rows outside an outer fold; its own rows are
    predicted once. Outer folds share out the calibration rows; test rows of the file stay closed.

    Args:
        settings: of the job; ``settings.folder`` gets a run folder ``outer-1``, ``outer-2``, ... each.
        outer: number of outer folds.
        table: spectra already in memory, instead of the file ``settings.data``.

    Raises:
        SpectuneError: data, settings, number of outer folds or folder that cannot be used.
    """
    if not FEWEST <= outer <= MOST:
        raise SettingError(f"a nested validation needs from {FEWEST} to {MOST} outer folds, got {outer}")
    work = prepared(settings, table)
    works = around(work, outer)
    claim(settings.folder, settings, outer, fingerprint(work.spectra, work.space))
    outcomes: list[Outcome] = []
    for inner in works:
        done = yield from _followed(inner, f"outer fold {len(outcomes) + 1}")
        outcomes.append(done)
        yield Progress("outer", len(outcomes), outer, _sentence(done))
    calibration = work.spectra.calibration
    found = nest(calibration, outcomes, len(work.spectra.test), settings.seed)
    write_table(settings.folder / "predictions.csv", nested_table(found))
    write_text(settings.folder / PAGE, nested_page(found, settings, nested_command(settings.folder, outer)))
    yield Progress("report", 1, 1, f"report: {settings.folder / PAGE}")
    yield found


def around(work: Prepared, outer: int) -> tuple[Prepared, ...]:
    """The job of every outer fold: the calibration rows with those the fold leaves out as test rows.

    What the networks may know of the target is told by the training rows alone. Every fold has a seed of
    its own, so that recipes that come back are found, not drawn again.

    Raises:
        DataError: too few rows or groups for so many folds, outer or inner.
    """
    calibration = work.spectra.calibration
    cuts = folds(calibration, outer, work.settings.seed)
    return tuple(_one(work, calibration, cut.scored, number, outer) for number, cut in enumerate(cuts, start=1))


def _one(work: Prepared, calibration: Spectra, left_out: Rows, number: int, outer: int) -> Prepared:
    roles = np.full(len(calibration), "cal", dtype="<U4")
    roles[left_out] = "test"
    spectra = replace(calibration, roles=roles)
    spectra = replace(spectra, task=_described(spectra), notes=(*calibration.notes, _note(left_out, number, outer)))
    folder, settings = work.settings.folder, work.settings
    own = replace(
        settings,
        out=str(outer_folder(folder, number)),
        seed=(settings.seed + number) % BOUNDS["seed"][1],
        explain=False,
    )
    return Prepared(own, spectra, work.space, _inner(spectra, own, number), nested_command(folder, outer))


def _inner(spectra: Spectra, settings: Settings, number: int) -> tuple[Fold, ...]:
    training = spectra.calibration
    try:
        if len(training) < FEWEST_ROWS or np.unique(training.y).size == 1:
            raise DataError(
                f"{len(training)} rows with {np.unique(training.y).size} different values of "
                f"{spectra.task.target!r} are too few to choose a model; use fewer folds, or measure more"
            )
        return folds(training, settings.folds, settings.seed)
    except DataError as error:
        raise DataError(f"outside outer fold {number}: {error}") from error


def _described(spectra: Spectra) -> Task:
    """The task as the training rows of an outer fold tell it."""
    y = spectra.calibration.y
    if spectra.task.classes:
        return replace(spectra.task, rows=y.size)
    return replace(spectra.task, rows=y.size, skew=float(skew(y)), positive=bool((y > 0).all()))


def _note(left_out: Rows, number: int, outer: int) -> str:
    return (
        f"this run is outer fold {number} of {outer} of a nested validation: its {left_out.size} test rows are those "
        f"the fold leaves out, and the test rows of the file are not among its rows"
    )


def _followed(work: Prepared, name: str) -> Generator[Progress, None, Outcome]:
    """The outcome of one outer fold; its progress says which fold it is of."""
    with closing(carried_out(work)) as steps:
        for step in steps:
            if isinstance(step, Result):
                return step.outcome
            yield replace(step, sentence=f"{name}: {step.sentence}")
    raise AssertionError("a job that is carried out ends with a result")


def _sentence(done: Outcome) -> str:
    test, classes = done.spectra.test, len(done.spectra.task.classes)
    error = error_value(done.model(done.network).test, test.y, classes)
    name = "1 - balanced accuracy" if classes else "RMSE"
    return f"{NETWORK} ({done.network}): {name} {error:.4g} on the {len(test)} rows left out"
