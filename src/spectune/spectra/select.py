"""From a table to spectra with a target: which rows, which roles, which rows belong together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import skew

from spectune.errors import DataError, SettingError
from spectune.spectra.axis import Axis, same_axis
from spectune.spectra.folds import cut
from spectune.spectra.ids import REPLICATE_NAMES, labels, present, row_ids
from spectune.spectra.replicates import Groups, equal_labels, merge_groups, near_identical, repeated
from spectune.spectra.roles import Roles, split_of
from spectune.spectra.spectra import Spectra, Task
from spectune.spectra.table import Column, Table, as_text, is_number, missing
from spectune.spectra.target import check_varies, encoded, is_classes, target_name, unit_of
from spectune.spectra.where import describe, matches, parse

__all__ = ["FEWEST_ROWS", "axis_difference", "row_ids", "select"]

FEWEST_ROWS = 8
"""Calibration rows without which nothing is tuned."""


def select(  # noqa: PLR0913  (the words of one command line)
    table: Table,
    target: str,
    *,
    group: str | None = None,
    where: str | None = None,
    split: str | None = None,
    test: Table | None = None,
    test_part: float | None = 0.2,
    seed: int = 0,
    classes: bool | None = None,
    fewest: int = FEWEST_ROWS,
) -> Spectra:
    """Spectra with one target, the roles of their rows, and notes on every decision.

    Args:
        table: what a file says.
        target: column to predict. Words are classes; numbers are regression, except the two
            values 0 and 1, 1 and 2, or -1 and 1.
        group: column whose equal values stay on one side; without it, rows with equal ids and
            near-identical spectra are grouped.
        where: condition on the rows, see ``spectune.spectra.where``.
        split: column of roles, see ``spectune.spectra.roles``; without it a column called ``split``.
        test: another table that gives the test rows.
        test_part: part of the rows cut for the test where nothing else names them; None for no such cut.
        seed: chooses the rows that are cut.
        classes: whether numbers are classes (True) or not (False).
        fewest: calibration rows that there have to be.

    Raises:
        DataError: a target, group or split that cannot be used, axes that differ, too few rows.
        SettingError: ``split`` and ``test`` at once, a ``test_part`` outside 0-1, a condition that is none.
    """
    if split and test is not None:
        raise SettingError("the test rows come from a split column or from a test file, not from both; choose one")
    if test_part is not None and not 0 < test_part < 1:
        raise SettingError(f"the test part must lie between 0 and 1, got {test_part:g}")
    name = target_name(table, target)
    rows = _chosen(_joined(table, test), name, where, group)
    check_varies(rows.table.column(name), name)
    split = split or (None if test is not None else _split_column(rows.table))
    rows = _with_roles(rows, split)
    if test is not None and not (rows.roles == "test").any():
        raise DataError(f"no row of the test file {test.source} has a value of {name!r} and fulfils the condition")
    grouped = _grouped(rows, name, group)
    spectra = _spectra(grouped, name, classes)
    if test_part is not None:
        spectra = _cut(spectra, test_part, seed)
    _check(spectra, fewest)
    return replace(spectra, task=_described(spectra), notes=(*spectra.notes, *_shared_groups(spectra)))


def axis_difference(one: Axis, other: Axis) -> str:
    """In which way two axes differ, or an empty string where they are the same.

    >>> axis_difference(Axis((1.0, 2.0, 3.0), "nm"), Axis((1.0, 2.0), "nm"))
    '3 points (1 to 3 nm) against 2 points (1 to 2 nm)'
    """
    if same_axis(one, other):
        return ""
    if one.unit != other.unit:
        return f"the unit {one.unit} against {other.unit}"
    ends = [f"{axis.values[0]:g} to {axis.values[-1]:g} {axis.unit}" for axis in (one, other)]
    if len(one) != len(other):
        return f"{len(one)} points ({ends[0]}) against {len(other)} points ({ends[1]})"
    at = int(np.argmax(np.abs(one.positions - other.positions) > 1e-3 * np.diff(one.positions).min()))
    return f"point {at + 1} at {one.values[at]:g} against {other.values[at]:g} {one.unit}"


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows on their way: table, file each came from (0 or 1), role (empty while unknown), groups, notes."""

    table: Table
    files: NDArray[np.intp]
    roles: Roles
    groups: Groups
    notes: tuple[str, ...]

    def keep(self, mask: NDArray[np.bool_]) -> _Rows:
        return replace(
            self, table=self.table.rows(mask), files=self.files[mask], roles=self.roles[mask], groups=self.groups[mask]
        )

    def noted(self, *notes: str) -> _Rows:
        return replace(self, notes=(*self.notes, *notes))


def _joined(table: Table, test: Table | None) -> _Rows:
    if test is None:
        count = len(table)
        return _Rows(table, np.zeros(count, np.intp), np.full(count, "", "<U4"), np.arange(count), table.notes)
    differs = axis_difference(table.axis, test.axis)
    if differs:
        raise DataError(f"the test file {test.source} has another axis than {table.source}: {differs}")
    counts = [len(table), len(test)]
    whole = replace(table, x=np.concatenate([table.x, test.x]), columns=_stacked(table, test))
    roles = np.repeat(["cal", "test"], counts)
    notes = (*table.notes, f"the {len(test)} test rows come from {test.source}")
    return _Rows(whole, np.repeat([0, 1], counts), roles, np.arange(sum(counts)), notes)


def _stacked(table: Table, test: Table) -> dict[str, Column]:
    """Columns of both tables; those that only the first has are missing in the second."""
    made: dict[str, Column] = {}
    for name, above in table.columns.items():
        below = test.columns.get(name)
        if below is None:
            below = np.full(len(test), np.nan) if is_number(above) else np.full(len(test), "")
        same = is_number(above) == is_number(below)
        made[name] = np.concatenate([above, below] if same else [as_text(above), as_text(below)])
    return made


def _chosen(rows: _Rows, target: str, where: str | None, group: str | None) -> _Rows:
    """Rows that fulfil the condition and have a target."""
    if group is not None:
        rows.table.column(group)
    if where is not None:
        condition = parse(where)
        mask = matches(condition, rows.table)
        rows = rows.keep(mask).noted(f"{int(mask.sum())} of {mask.size} rows fulfil {describe(condition)}")
    absent = missing(rows.table.column(target))
    if absent.any() and not absent.all():
        rows = rows.keep(~absent).noted(f"{int(absent.sum())} row(s) without a value of {target!r} were left out")
    return rows


def _split_column(table: Table) -> str | None:
    return next((name for name in table.columns if name.casefold() == "split"), None)


def _with_roles(rows: _Rows, split: str | None) -> _Rows:
    """Rows with the roles of a split column; those with neither role are dropped."""
    if split is None:
        return rows
    found = split_of(labels(rows.table, split), split)
    return replace(rows, roles=found.roles).keep(found.roles != "").noted(*found.notes)


def _grouped(rows: _Rows, target: str, group: str | None) -> _Rows:
    """Rows with group numbers: a named column, or replicates recognised."""
    if group is not None:
        groups = equal_labels(labels(rows.table, group))
        return replace(rows, groups=groups).noted(f"{groups.max() + 1} groups by column {group!r} stay on one side")
    by_id, id_note = _by_id(rows, target)
    by_spectrum = near_identical(rows.table.x)
    count, size = repeated(by_spectrum)
    spectrum_note = (
        (f"{size} rows have a near-identical twin ({count} groups); twins stay on one side",) if count else ()
    )
    return replace(rows, groups=merge_groups(by_id, by_spectrum)).noted(*id_note, *spectrum_note)


def _by_id(rows: _Rows, target: str) -> tuple[Groups, tuple[str, ...]]:
    """Groups by the first id column in which values recur (in the same file), if there is one."""
    for name in present(rows.table, REPLICATE_NAMES):
        ids = labels(rows.table, name)
        if name == target or not FEWEST_ROWS <= np.unique(ids).size < ids.size:
            continue
        per_file = np.where(ids == "", "", np.char.add(np.char.add(rows.files.astype(str), "/"), ids))
        groups = equal_labels(per_file)
        count, size = repeated(groups)
        if count:
            return groups, (
                f"{size} rows share their {name!r} with others ({count} groups); replicates stay on one side",
            )
    return np.arange(len(rows.table)), ()


def _spectra(rows: _Rows, target: str, classes: bool | None) -> Spectra:
    table = rows.table
    column = table.column(target)
    notes = rows.notes
    names: tuple[str, ...] = ()
    if is_classes(column, target, classes):
        y, names = encoded(column)
    else:
        y = column.astype(np.float64)
        if classes is None and np.unique(y).size <= 20 and np.all(y == np.round(y)):
            notes = (
                *notes,
                f"{target!r} has {np.unique(y).size} whole numbers, taken as a quantity and not as classes",
            )
    task = Task(target, unit_of(table, target), names)
    return Spectra(
        table.x, table.axis, y, task, row_ids(table), rows.groups, rows.roles, table.source, table.signal, notes
    )


def _cut(spectra: Spectra, part: float, seed: int) -> Spectra:
    """Spectra with a test set: the one they have, or one cut from the calibration rows."""
    if (spectra.roles == "test").any():
        return spectra
    if len(spectra) < FEWEST_ROWS:
        raise DataError(_too_few(spectra, len(spectra), FEWEST_ROWS))
    _check_classes(spectra)
    if spectra.grouped and np.unique(spectra.groups).size < 2:
        raise DataError("all rows belong to one group, so no test set can be cut; name another group or a test file")
    _, chosen = cut(spectra, part, seed)
    roles = np.full(len(spectra), "cal", dtype="<U4")
    roles[chosen] = "test"
    whole = ", whole groups together" if spectra.grouped else ""
    note = f"no test rows are named, so {chosen.size} of {len(spectra)} rows were cut as test set (seed {seed}{whole})"
    return replace(spectra, roles=roles, notes=(*spectra.notes, note))


def _check(spectra: Spectra, fewest: int) -> None:
    calibration = spectra.calibration
    if len(calibration) < fewest:
        raise DataError(_too_few(spectra, len(calibration), fewest))
    if np.unique(calibration.y).size == 1:
        raise DataError(
            f"target {spectra.task.target!r} is the same in all calibration rows; there is nothing to learn"
        )
    _check_classes(calibration)


def _too_few(spectra: Spectra, count: int, fewest: int) -> str:
    return (
        f"only {count} calibration rows have a value of {spectra.task.target!r}, at least {fewest} are needed; "
        f"loosen the condition or the split, or measure more"
    )


def _check_classes(spectra: Spectra) -> None:
    """Raise for a class with no calibration row, or with one only."""
    for label, name in enumerate(spectra.task.classes):
        count = int((spectra.y == label).sum())
        if count == 0:
            raise DataError(
                f"class {name!r} of {spectra.task.target!r} occurs in test rows only; a model cannot learn it"
            )
        if count == 1:
            raise DataError(
                f"class {name!r} of {spectra.task.target!r} has one calibration row, at least 2 are needed; "
                f"leave the class out with where, or measure more"
            )


def _described(spectra: Spectra) -> Task:
    """The task with what the calibration rows and the kind of spectra tell about it."""
    y = spectra.calibration.y
    known = replace(spectra.task, rows=y.size, points=len(spectra.axis), signal=spectra.signal)
    if spectra.task.classes:
        return known
    return replace(known, skew=float(skew(y)), positive=bool((y > 0).all()))


def _shared_groups(spectra: Spectra) -> tuple[str, ...]:
    """A warning where groups stand on both sides of a given split."""
    shared = np.intersect1d(spectra.calibration.groups, spectra.test.groups)
    if not shared.size:
        return ()
    rows = int(np.isin(spectra.test.groups, shared).sum())
    return (
        f"warning: {shared.size} group(s) of replicates stand on both sides of the given split ({rows} test rows); "
        f"the test error will look too small",
    )
