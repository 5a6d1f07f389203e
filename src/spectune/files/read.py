"""Read spectra from a file, whatever its kind."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from spectune.errors import ReadError
from spectune.files.readers.draft import Draft, table_of
from spectune.files.readers.excel import read_excel
from spectune.files.readers.matlab import HDF5_MARK, read_matlab
from spectune.files.readers.npz import read_npz
from spectune.files.readers.parquet import read_parquet
from spectune.files.readers.plain import MOST_BYTES, unpacked
from spectune.files.readers.rfiles import SUFFIXES as R_SUFFIXES
from spectune.files.readers.rfiles import is_r, read_r
from spectune.files.readers.text import read_text
from spectune.spectra.axis import UNITS, Unit
from spectune.spectra.table import SIGNALS, Signal, Table

Kind = Literal["text", "excel", "parquet", "npz", "matlab"]

SUFFIXES: dict[str, Kind] = {
    ".xlsx": "excel", ".xlsm": "excel", ".xlsb": "excel", ".xls": "excel", ".ods": "excel",
    ".parquet": "parquet", ".pq": "parquet", ".npz": "npz", ".mat": "matlab", ".h5": "matlab", ".hdf5": "matlab",
}  # fmt: skip
"""Kinds by the end of a file's name; any other name is text. The content goes before the name."""

_READABLE = "CSV or other text, Excel (.xlsx, .xls, .ods), Parquet, .npz, .mat and .RData"


def read(
    path: Path | str, *, sheet: str | None = None, unit: Unit | None = None, signal: Signal | None = None
) -> Table:
    """The spectra of a file with everything that stands beside them, one row a sample.

    Args:
        path: CSV, TSV or other text (also ``.gz``), Excel, Parquet, ``.npz``, ``.mat`` or R's ``.RData``.
        sheet: sheet of a workbook, or name of the spectra in ``.npz``, ``.mat`` or ``.RData`` where there are several.
        unit: unit of the axis; by default from the header, a ``meta.json`` beside, or the range.
        signal: kind of signal; by default from a ``meta.json`` beside, or the values.

    Raises:
        ReadError: a file that is missing, empty, damaged or of no known kind, has no axis, or holds
            a cell that is no number; one sentence with file, row and column.
    """
    file = Path(path)
    if unit is not None and unit not in UNITS:
        raise ReadError(f"{unit!r} is no unit of an axis; units are {', '.join(UNITS)}")
    if signal is not None and signal not in SIGNALS:
        raise ReadError(f"{signal!r} is no kind of signal; kinds are {', '.join(SIGNALS)}")
    try:
        return table_of(_draft(content(file), file, sheet), file, unit, signal)
    except ReadError as error:
        raise ReadError(f"{path}: {error}") from None


def content(path: Path) -> bytes:
    """The bytes of a file that is there, not empty, and not too large to be read at once.

    Raises:
        ReadError: none of that; the sentence does not name the file.
    """
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise ReadError("expected a file, this is a folder; name the file inside it")
        if size > MOST_BYTES:
            raise ReadError(f"the file has {size / 2**30:.1f} GB, more than the {MOST_BYTES / 2**30:g} GB read at once")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ReadError("there is no such file; check the path") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ReadError(f"the file cannot be opened ({reason})") from None
    if not raw:
        raise ReadError("the file is empty")
    return raw


def _draft(raw: bytes, path: Path, sheet: str | None) -> Draft:
    if path.suffix.casefold() in R_SUFFIXES:
        return read_r(raw, sheet)
    if raw.startswith(b"\x1f\x8b"):
        raw = unpacked(raw)
    if is_r(raw):
        return read_r(raw, sheet)
    match _kind(raw, path):
        case "excel":
            return read_excel(raw, sheet)
        case "parquet":
            return read_parquet(raw)
        case "npz":
            return read_npz(raw, sheet)
        case "matlab":
            return read_matlab(raw, sheet)
        case "text":
            return read_text(raw)


def _kind(raw: bytes, path: Path) -> Kind:
    named = SUFFIXES.get(path.suffix.casefold(), "text")
    if raw.startswith(b"PAR1"):
        return "parquet"
    if raw.startswith(b"MATLAB ") or HDF5_MARK in (raw[:8], raw[512:520]):
        return "matlab"
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        return "excel"
    if raw.startswith(b"PK\x03\x04") and named not in ("excel", "npz"):
        return "npz" if b".npy" in raw[:200] else "excel"
    if named == "text" and raw[:4] in (b"PK\x05\x06", b"%PDF"):
        raise ReadError(f"the file is of no kind that is read; readable are {_READABLE}")
    return named
