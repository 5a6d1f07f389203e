"""A table of spectra as a file that ``read`` reads back: CSV, Parquet or a NumPy archive."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from spectune.errors import SettingError
from spectune.files.atomic import replacing
from spectune.files.tables import Cell, spectra_table
from spectune.spectra.axis import Unit
from spectune.spectra.table import Table

SUFFIXES = (".csv", ".parquet", ".npz")

_CHUNK = 200
"""Rows that stand in memory as words at once."""

_AXES: dict[Unit, str] = {
    "nm": "wavelength_nm",
    "cm-1": "wavenumber_cm-1",
    "2theta": "2theta",
    "ppm": "shift_ppm",
    "um": "wavelength_um",
    "index": "axis",
}
"""Name of the axis in an archive, which tells its unit."""


def check_spectra_path(path: Path) -> None:
    """Refuse a name that ends in no kind of file which is written.

    Raises:
        SettingError: the name ends otherwise than in one of ``SUFFIXES``.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise SettingError(f"spectra are written to a name that ends in {', '.join(SUFFIXES)}; got {path}")


def write_spectra(path: Path, table: Table) -> None:
    """Write spectra and what stands beside them, whole or not at all; the name's end chooses the kind.

    Raises:
        SettingError: the name ends otherwise than in one of ``SUFFIXES``.
        RunError: the file cannot be written.
    """
    check_spectra_path(path)
    with replacing(path) as beside:
        match path.suffix.lower():
            case ".parquet":
                _write_parquet(beside, table)
            case ".npz":
                axis = {_AXES[table.axis.unit]: table.axis.positions}
                np.savez(beside, allow_pickle=False, x=table.x, **axis, **table.columns)
            case _:
                _write_csv(beside, table)


def _write_csv(path: Path, table: Table) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(_lines(table))


def _lines(table: Table) -> Iterator[tuple[Cell, ...]]:
    for start in range(0, len(table), _CHUNK):
        columns = spectra_table(table.rows(np.arange(start, min(start + _CHUNK, len(table)))))
        if start == 0:
            yield columns.names
        for row in zip(*columns.values, strict=True):
            yield tuple("" if value != value else value for value in row)


def _write_parquet(path: Path, table: Table) -> None:
    points = [f"{position:.10g}" for position in table.axis.values]
    spectra = pl.from_numpy(table.x, schema=points, orient="row")
    beside = [pl.Series(name, column.tolist()) for name, column in table.columns.items()]
    pl.DataFrame(beside).hstack(spectra).write_parquet(path)
