"""What a file of spectra says, before anyone chose a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from spectune.errors import DataError
from spectune.spectra.axis import Axis

Signal = Literal["absorbance", "reflectance", "transmittance", "intensity", "unknown"]
SIGNALS: tuple[Signal, ...] = get_args(Signal)

Column = NDArray[np.float64] | NDArray[np.str_]
"""A metadata column: float64 with NaN for missing, or text with "" for missing; (rows,)."""


@dataclass(frozen=True, eq=False)
class Table:
    """Spectra of one file with everything that stood beside them, one row a sample.

    Attributes:
        x: spectra in the unit of the file, (rows, points), float32, all finite.
        axis: positions of the points, ascending.
        columns: the other columns by name, in the order of the file.
        source: the file's name as the user gave it.
        signal: the kind of signal, guessed from values unless the user says.
        notes: what the reader did that a user should know, one sentence each.
        units: units of the other columns, where the file tells them.
    """

    x: NDArray[np.float32]
    axis: Axis
    columns: Mapping[str, Column] = field(default_factory=dict)
    source: str = ""
    signal: Signal = "unknown"
    notes: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.x.ndim != 2 or self.x.shape[1] != len(self.axis):
            raise DataError(f"spectra of shape {self.x.shape} do not fit an axis of {len(self.axis)} points")
        for name, column in self.columns.items():
            if column.shape != (len(self),):
                raise DataError(f"column {name!r} has {column.size} values for {len(self)} spectra")

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def column(self, name: str) -> Column:
        """A metadata column.

        Raises:
            DataError: no column of that name; the message lists those that exist.
        """
        if name not in self.columns:
            known = ", ".join(self.columns) or "none"
            raise DataError(f"{self.source or 'the table'} has no column {name!r}; its columns are: {known}")
        return self.columns[name]

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Table:
        """The same table with the chosen rows only."""
        columns = {name: column[chosen] for name, column in self.columns.items()}
        return replace(self, x=self.x[chosen], columns=columns)


def is_number(column: Column) -> bool:
    """Whether a metadata column holds numbers (missing ones are NaN)."""
    return column.dtype.kind == "f"


def as_text(column: Column) -> NDArray[np.str_]:
    """A column as labels: whole numbers without a point, missing as the empty string."""
    if column.dtype.kind != "f":
        return np.asarray(column, dtype=np.str_)
    return np.asarray(["" if np.isnan(v) else f"{v:.12g}" for v in column.astype(float)], dtype=np.str_)


def missing(column: Column) -> NDArray[np.bool_]:
    """Which values of a column are missing, (rows,)."""
    if column.dtype.kind == "f":
        return np.asarray(np.isnan(column.astype(float)), dtype=np.bool_)
    return np.asarray(np.char.strip(column.astype(np.str_)) == "", dtype=np.bool_)
