"""Parquet through polars: one row per sample, or one column per sample beside a column with the axis."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spectune.errors import ReadError
from spectune.files.readers.body import wrong_cell
from spectune.files.readers.cells import column
from spectune.files.readers.draft import Draft
from spectune.files.readers.layout import Layout, find_layout
from spectune.files.readers.names import ID_WORDS
from spectune.files.readers.quiet import quiet_stderr
from spectune.files.readers.units import unit_in
from spectune.spectra.table import Column


def read_parquet(raw: bytes) -> Draft:
    """Spectra of a Parquet file.

    Raises:
        ReadError: a damaged file, no axis among the column names, missing values inside spectra.
    """
    frame = _frame(raw)
    if not frame.width or not frame.height:
        raise ReadError("the Parquet file holds no row; expected one row per sample")
    first = [str(value) for value in frame.to_series(0).to_list()]
    layout = find_layout(frame.columns, [frame.columns[0], *first])
    return _samples_in_rows(frame, layout) if layout.across else _samples_in_columns(frame, layout)


def cells_in(raw: bytes) -> int:
    """How many cells a Parquet file unpacks to, without unpacking them; 0 for one that is damaged."""
    try:
        with quiet_stderr():
            frame = pl.scan_parquet(io.BytesIO(raw))
            rows = int(frame.select(pl.len()).collect().item())
            return rows * len(frame.collect_schema())
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, MemoryError):
        return 0


def _samples_in_rows(frame: pl.DataFrame, layout: Layout) -> Draft:
    run = layout.run
    names = frame.columns[run.start : run.stop]
    others = [*frame.columns[: run.start], *frame.columns[run.stop :]]
    label = next((name for name in others if name.casefold() in ID_WORDS), None)
    columns = {name: _column(frame[name]) for name in others}
    return Draft(_matrix(frame, names, label), run.positions, columns, run.unit, layout.notes)


def _frame(raw: bytes) -> pl.DataFrame:
    try:
        with quiet_stderr():
            return pl.read_parquet(io.BytesIO(raw))
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0][:120]
        raise ReadError(f"the Parquet file is damaged or cut short ({reason}); copy it again") from None
    except (pl.exceptions.PanicException, OSError, MemoryError):
        raise ReadError("the Parquet file is damaged or cut short; copy it again") from None


def _samples_in_columns(frame: pl.DataFrame, layout: Layout) -> Draft:
    run, axis, names = layout.run, frame.columns[0], frame.columns[1:]
    if len(run) < frame.height:
        raise ReadError(f"column {axis!r} should hold the axis in every row, but only {len(run)} of {frame.height} fit")
    columns: dict[str, Column] = {"id": np.asarray(names, dtype=np.str_)}
    notes = (*layout.notes, f"one sample per column: {len(names)} spectra of {len(run)} points")
    x = np.ascontiguousarray(_matrix(frame, names, axis).T)
    return Draft(x, run.positions, columns, unit_in(axis), notes)


def _matrix(frame: pl.DataFrame, names: Sequence[str], label: str | None) -> NDArray[np.float32]:
    block = frame.select(names)
    for name in names:
        if not block[name].dtype.is_numeric():
            block = block.with_columns(_numbers(frame, name, label))
    matrix = block.select(pl.all().cast(pl.Float32)).to_numpy()
    if not np.isfinite(matrix).all():
        row, j = np.argwhere(~np.isfinite(matrix))[0].tolist()
        raise _wrong(frame, row, names[j], label)
    return np.ascontiguousarray(matrix, dtype=np.float32)


def _numbers(frame: pl.DataFrame, name: str, label: str | None) -> pl.Series:
    """A column of another type as numbers, if its words are numbers."""
    if frame[name].dtype != pl.String:
        raise ReadError(f"column {name!r} should hold numbers, but it is of type {frame[name].dtype}")
    cast = frame[name].str.strip_chars().cast(pl.Float64, strict=False)
    if cast.null_count():
        raise _wrong(frame, int(cast.is_null().arg_true()[0]), name, label)
    return cast


def _wrong(frame: pl.DataFrame, row: int, name: str, label: str | None) -> ReadError:
    found = frame[name][row]
    named = "" if label is None else str(frame[label][row])
    return ReadError(wrong_cell(f"row {row + 1}", named, name, "" if found is None else str(found)))


def _column(series: pl.Series) -> Column:
    if series.dtype.is_numeric():
        return series.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
    if series.dtype.is_nested():
        raise ReadError(f"column {series.name!r} holds lists ({series.dtype}); expected one number or word per cell")
    words = [str(value) if value is not None else "" for value in series.to_list()]
    return column(words) if series.dtype == pl.Null else np.asarray(words, dtype=np.str_)
