"""First part of the job: files to spectra with roles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectune.files.read import read
from spectune.files.settings import Settings
from spectune.files.spaces import fixes, load_space
from spectune.networks.narrowing import fixed, within
from spectune.networks.space import Space
from spectune.spectra.folds import Fold, folds
from spectune.spectra.select import select
from spectune.spectra.spectra import Rows, Spectra, Task
from spectune.spectra.table import Table
from spectune.tuning.rehearsal import rehearse
from spectune.tuning.scoring import Problem

DEFAULT_SPACE = "default"

BATCHES = ("batch", "batch_size")
"""Names of the rows in a batch; the second is that of Passos & Mishra (2022)."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything that is decided before a network is trained.

    ``command`` is what to type to do it again; that of ``spectune tune`` when empty.
    """

    settings: Settings
    spectra: Spectra
    space: Space
    folds: tuple[Fold, ...]
    command: str = ""

    @property
    def problem(self) -> Problem:
        """What the search is about: it holds no test row."""
        calibration = self.spectra.calibration
        return Problem(calibration.y, calibration.task, self.folds)

    @property
    def fold_of(self) -> Rows:
        """For each calibration row the number of the fold that holds it out."""
        found = np.zeros(self.problem.y.size, dtype=np.intp)
        for number, fold in enumerate(self.folds):
            found[fold.scored] = number
        return found


def prepared(settings: Settings, table: Table | None = None) -> Prepared:
    """Reads, selects, cuts; ``table`` stands for the file when the data are already in memory.

    Raises:
        DataError, SettingError: anything about the data or the settings that cannot be used.
    """
    wide = load_space(DEFAULT_SPACE if settings.space == "auto" else settings.space)
    wide = fixed(wide, fixes(settings.fix))
    if table is None:
        table = read(settings.data, sheet=settings.sheet, unit=settings.unit, signal=settings.signal)
    test = None
    if settings.test is not None:
        test = read(settings.test, sheet=settings.sheet, unit=settings.unit, signal=settings.signal)
    spectra = select(
        table,
        settings.target,
        group=settings.group,
        where=settings.where,
        split=settings.split,
        test=test,
        test_part=settings.test_part,
        seed=settings.seed,
        classes=settings.classes,
    )
    space = fitting(wide, spectra.task)
    return Prepared(settings, spectra, space, folds(spectra.calibration, settings.folds, settings.seed))


def fitting(space: Space, task: Task) -> Space:
    """The space for a task: no batch is larger than its rows.

    Raises:
        SettingError: a space that makes no network for this task.
    """
    narrowed = space
    for name in BATCHES:
        narrowed = within(narrowed, name, task.rows)
    rehearse(narrowed, task)
    return narrowed
