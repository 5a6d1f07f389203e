"""From what a reader found to a table: axis ascending and with a unit, signal kind, notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectune.errors import DataError, ReadError
from spectune.files.readers.sidecar import Sidecar, beside
from spectune.files.readers.units import unit_from_range
from spectune.spectra.axis import Axis, Unit
from spectune.spectra.signal import guess_signal
from spectune.spectra.table import Column, Signal, Table


@dataclass(frozen=True, eq=False)
class Draft:
    """Spectra as they stand in a file.

    Attributes:
        x: spectra, (rows, points), finite float32.
        positions: the axis in the order of the file, (points,), strictly ascending or descending.
        columns: metadata by name.
        unit: the unit that words in the file name.
        notes: what the reader did.
    """

    x: NDArray[np.float32]
    positions: NDArray[np.float64]
    columns: Mapping[str, Column] = field(default_factory=dict)
    unit: Unit | None = None
    notes: tuple[str, ...] = ()


def table_of(draft: Draft, path: Path, unit: Unit | None, signal: Signal | None, aside: Sidecar | None = None) -> Table:
    """The table of a draft; what the user says goes before what the file says.

    ``aside`` is what is known from beside the file; None to look there.

    Raises:
        ReadError: no spectra, or an axis that does not ascend.
    """
    if not len(draft.x):
        raise ReadError("there is a header but not one spectrum under it")
    _check_header(draft)
    falling = draft.positions[0] > draft.positions[-1]
    order = slice(None, None, -1 if falling else 1)
    aside = beside(path, draft.positions) if aside is None else aside
    found, about_unit = _unit(draft, aside, unit)
    try:
        axis = Axis(tuple(draft.positions[order].tolist()), found)
    except DataError as error:
        raise ReadError(str(error)) from None
    x = np.ascontiguousarray(draft.x[:, order])
    kind = signal or aside.signal or guess_signal(x, axis).kind
    reversed_axis = ("the axis descended in the file and was turned round",) if falling else ()
    notes = (*draft.notes, *reversed_axis, *about_unit, *aside.notes)
    columns = dict(draft.columns) or ({"id": np.asarray([path.stem])} if len(x) == 1 else {})
    return Table(x, axis, columns, str(path), kind, notes, aside.units)


def _unit(draft: Draft, aside: Sidecar, unit: Unit | None) -> tuple[Unit, tuple[str, ...]]:
    said = unit or draft.unit or aside.unit
    if said == "nm" and not unit and draft.positions.max() < 50:
        said = "um"
    if said:
        return said, ()
    guess = unit_from_range(draft.positions)
    low, high = draft.positions.min(), draft.positions.max()
    what = "no unit (points are numbered)" if guess == "index" else f"the unit {guess}"
    return guess, (f"{what} was guessed from the range {low:g} to {high:g}; say so with unit if it is another",)


def _check_header(draft: Draft) -> None:
    """Refuse a header that is a spectrum itself: numbers as in the rows below, and unevenly spaced."""
    steps = np.diff(draft.positions)
    if len(draft.x) < 3 or np.allclose(steps, steps[0], rtol=0.05):
        return
    some = draft.x[:1000]
    low, high, middle = some.min(axis=0), some.max(axis=0), np.median(some, axis=0)
    within = np.all((draft.positions >= low - (high - low)) & (draft.positions <= high + (high - low)))
    if within and middle.std() > 0 and np.corrcoef(middle, draft.positions)[0, 1] > 0.95:
        raise ReadError(
            "the axis looks like one more spectrum, so the file seems to have no header; "
            "add a first line with the position of every point"
        )
