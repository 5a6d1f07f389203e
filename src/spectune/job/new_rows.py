"""First part of an adaptation: the new rows beside the old ones, and which of them are left out together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.stats import skew

from spectune.assessment.adaptation import FEW
from spectune.errors import DataError
from spectune.files.models import Model
from spectune.files.read import read
from spectune.spectra.axis import Unit
from spectune.spectra.folds import Fold, cut, folds
from spectune.spectra.ids import ID_NAMES, present
from spectune.spectra.interpolation import table_on_axis
from spectune.spectra.select import select
from spectune.spectra.spectra import Rows, Spectra, Task
from spectune.spectra.table import Signal, Table

FEWEST = 4
"""New calibration groups without which nothing can be left out and still be learnt from."""

FOLDS = 5
REPEATS = ((20, 3), (40, 2))
"""Below so many groups cross-validation is done so many times, otherwise once."""

TUNING_PART, MANY = 1 / 4, 40
"""Part of few new rows that stops a training; from ``MANY`` groups on half of it."""


@dataclass(frozen=True)
class Asked:
    """What an adaptation is to do.

    Attributes:
        run: folder of the finished run.
        data: file of new spectra.
        out: folder of the adaptation.
        target: column of the new file; that of the run when empty.
        split, where, group, test: roles of the new rows, as in ``Settings``; without ``split``, ``test`` and a
            column called split all are for calibration.
        sheet, unit, signal: of the new file, where it does not tell.
        seed: of everything drawn at random.
        cores: cores to use, 0 for all; as in the run when None.
        curve: whether to say how many new samples are needed.
    """

    run: Path
    data: str
    out: Path
    target: str = ""
    split: str | None = None
    where: str | None = None
    group: str | None = None
    test: str | None = None
    sheet: str | None = None
    unit: Unit | None = None
    signal: Signal | None = None
    seed: int = 0
    cores: int | None = None
    curve: bool = False


@dataclass(frozen=True, eq=False)
class Cut:
    """New rows that may be learnt from, and rows that only score; row numbers of the joined spectra."""

    rest: Rows
    scored: Rows
    seed: int


@dataclass(frozen=True, eq=False)
class Joined:
    """Old calibration rows, new calibration rows and new test rows in one table.

    Attributes:
        spectra: all of them; the task is that of the model, groups of old and new rows differ.
        old, new, test: their row numbers.
        shared: old rows that have the id of a new row.
    """

    spectra: Spectra
    old: Rows
    new: Rows
    test: Rows
    shared: Rows

    def beside(self, scored: Rows) -> Rows:
        """Old rows that may be learnt from beside scored ones: those with another id."""
        if not self.shared.size:
            return self.old
        ids = self.spectra.ids
        return self.old[~np.isin(ids[self.old], ids[scored])]


def new_spectra(asked: Asked, model: Model, target: str, table: Table | None = None) -> Spectra:
    """The new rows with their roles, on the axis and in the classes of the model.

    Args:
        asked: which rows.
        model: what is adapted.
        target: of the run.
        table: spectra already in memory, instead of the file.

    Raises:
        DataError: rows that cannot be used, or a target of another kind, unit or class than the model's.
    """
    if table is None:
        table = read(asked.data, sheet=asked.sheet, unit=asked.unit, signal=asked.signal)
    test = None if asked.test is None else read(asked.test, sheet=asked.sheet, unit=asked.unit, signal=asked.signal)
    spectra = select(
        table_on_axis(table, model.axis),
        asked.target or target,
        group=asked.group,
        where=asked.where,
        split=asked.split,
        test=None if test is None else table_on_axis(test, model.axis),
        test_part=None,
        seed=asked.seed,
        classes=bool(model.task.classes),
        fewest=FEWEST,
    )
    spectra = replace(spectra, y=_meant(spectra, model.task))
    groups = np.unique(spectra.calibration.groups).size
    if groups < FEWEST:
        raise DataError(f"only {groups} groups of new calibration rows, at least {FEWEST} are needed; measure more")
    named = any(present(one, ID_NAMES) for one in (table, test) if one is not None)
    return spectra if named else replace(spectra, ids=np.full(len(spectra), ""))


def joined(old: Spectra, new: Spectra, task: Task) -> Joined:
    """Old calibration rows and new rows in one table."""
    first = old.calibration
    away = int(first.groups.max()) + 1
    parts = (first, new.calibration, new.test)
    sizes = np.cumsum([0, *map(len, parts)])
    spectra = replace(
        first,
        x=np.concatenate([part.x for part in parts]),
        y=np.concatenate([part.y for part in parts]),
        ids=np.concatenate([part.ids for part in parts]),
        groups=np.concatenate([first.groups, *(part.groups + away for part in parts[1:])]),
        roles=np.repeat(["cal", "cal", "test"], [len(part) for part in parts]),
        task=task,
    )
    numbers = [np.arange(low, high) for low, high in pairwise(sizes.tolist())]
    shared = np.flatnonzero(np.isin(first.ids, new.ids))
    return Joined(spectra, numbers[0], numbers[1], numbers[2], shared)


def cuts(rows: Joined, seed: int) -> tuple[tuple[Cut, ...], int, int]:
    """Cuts that together hold out every new calibration row once in each repeat; their folds and repeats.

    Below ``FEW`` groups each is left out by itself.
    """
    new = rows.spectra.rows(rows.new)
    count = np.unique(new.groups).size
    if count < FEW:
        shares = [np.flatnonzero(new.groups == group) for group in np.unique(new.groups)]
        return tuple(_cut(rows, share, seed + place) for place, share in enumerate(shares)), count, 1
    k, repeats = _folds(new), next((times for most, times in REPEATS if count < most), 1)
    made = [fold.scored for repeat in range(repeats) for fold in folds(new, k, seed + repeat)]
    return tuple(_cut(rows, share, seed + place) for place, share in enumerate(made)), k, repeats


def final_cut(rows: Joined, seed: int) -> Cut:
    """All new calibration rows to learn from; only test rows score."""
    return Cut(rows.new, rows.test, seed + 500)


def member_fold(rows: Joined, cut_of: Cut, member: int, old: bool) -> Fold:
    """Training, tuning and scored rows of one member: tuning rows are new ones, and each member has its own."""
    rest = rows.spectra.rows(cut_of.rest)
    part = TUNING_PART / (1 if np.unique(rest.groups).size < MANY else 2)
    train, tuning = cut(rest, part, cut_of.seed + 7919 * (member + 1))
    own = cut_of.rest[train]
    first = rows.beside(np.concatenate([cut_of.scored, cut_of.rest[tuning]])) if old else rows.old[:0]
    return Fold(np.concatenate([first, own]), cut_of.rest[tuning], cut_of.scored)


def dealt(groups: Rows, most: int, seed: int) -> Sequence[Rows]:
    """Places of rows in at most ``most`` shares, whole groups dealt at random."""
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    shares = [names[start::most] for start in range(min(most, names.size))]
    return [np.flatnonzero(np.isin(groups, share)) for share in shares]


def described(task: Task, y: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Task:
    """The task with what these targets tell about it."""
    known = replace(task, rows=y.size)
    if task.classes:
        return known
    varies = np.unique(y).size > 1
    return replace(known, skew=float(skew(y)) if varies else 0.0, positive=bool((y > 0).all()))


def _cut(rows: Joined, share: Rows, seed: int) -> Cut:
    return Cut(np.delete(rows.new, share), rows.new[share], seed)


def _folds(new: Spectra) -> int:
    """As many folds as the most frequent class has groups, at most ``FOLDS``."""
    if not new.task.classes:
        return FOLDS
    _, first = np.unique(new.groups, return_index=True)
    return int(min(FOLDS, np.unique(new.y[first], return_counts=True)[1].max()))


def _meant(spectra: Spectra, task: Task) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The new targets as the model means them: in the same unit, or its numbers of the classes."""
    found = spectra.task
    if not task.classes:
        if found.unit and task.unit and found.unit != task.unit:
            raise DataError(
                f"the model predicts {task.target} in {task.unit}, and the new file has {found.target} in "
                f"{found.unit}; bring it to {task.unit}"
            )
        return spectra.y
    strange = [name for name in found.classes if name not in task.classes]
    if strange:
        raise DataError(
            f"the model does not know the class {strange[0]!r} of {found.target!r}, its classes are "
            f"{', '.join(task.classes)}; leave those rows out with --where, or tune a new model"
        )
    numbers = np.asarray([task.classes.index(name) for name in found.classes], dtype=np.float64)
    return np.asarray(numbers[spectra.y.astype(int)])
