"""Any file of spectra in the roles of the paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectune.files.settings import Settings
from spectune.papers.passos2022.material import Published, published_cut
from spectune.spectra.roles import CALIBRATION, TEST, VALIDATION, plain_label
from spectune.spectra.select import select
from spectune.spectra.table import Table, as_text, missing
from spectune.spectra.where import matches, parse

ROLE = "split"

NOT_FURTHER = CALIBRATION | TEST | VALIDATION | {"dup", "duplicate"}
"""Labels of rows that are used already, or left out on purpose."""


@dataclass(frozen=True, eq=False)
class Further:
    """More measured rows that nobody is trained on, such as another session: (rows, points) and (rows,)."""

    x: NDArray[np.float32]
    y: NDArray[np.float64]


def from_table(table: Table, settings: Settings) -> tuple[Published, Mapping[str, Further]]:
    """Spectra of any file with tuning rows cut off as published: a third of the calibration rows, at random.

    Returns:
        The spectra, and further test rows by their label in the split column, where it has others.

    Raises:
        DataError, SettingError: as of ``spectune.spectra.select.select``.
    """
    told = {name: getattr(settings, name) for name in ("group", "where", "split", "test_part", "seed", "classes")}
    spectra = select(table, settings.target, **told)
    roles, task = published_cut(spectra.roles == "test"), spectra.task
    found = Published(
        spectra.x, spectra.y, roles, spectra.axis, spectra.groups, task.classes, spectra.source, task.unit,
        task.target, spectra.signal, spectra.notes,
    )  # fmt: skip
    return found, _further(table, settings, task.target, task.classes)


def _further(table: Table, settings: Settings, target: str, classes: tuple[str, ...]) -> Mapping[str, Further]:
    """Rows whose label in the split column is neither calibration, validation nor test, and no duplicate."""
    name = settings.split or (ROLE if ROLE in table.columns else "")
    if not name:
        return {}
    labels, column = as_text(table.column(name)), table.column(target)
    known = ~missing(column) & (labels != "")
    if settings.where:
        known &= matches(parse(settings.where), table)
    if classes:
        known &= np.isin(as_text(column), classes)
    further = [label for label in np.unique(labels[known]).tolist() if plain_label(label) not in NOT_FURTHER]
    return {label: _rows(table, target, classes, known & (labels == label)) for label in further}


def _rows(table: Table, target: str, classes: tuple[str, ...], chosen: NDArray[np.bool_]) -> Further:
    column = table.column(target)[chosen]
    y = [classes.index(one) for one in as_text(column).tolist()] if classes else column
    return Further(table.x[chosen], np.asarray(y, dtype=np.float64))
