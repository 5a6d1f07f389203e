"""The target column: numbers or classes, which rows have one, and what is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from spectune.errors import DataError
from spectune.spectra.table import Column, Table, as_text, is_number, missing


def target_name(table: Table, wanted: str) -> str:
    """The column meant by ``wanted``; capitals do not matter where only one column fits.

    Raises:
        DataError: no such column, or a point of the spectra; close names are suggested.
    """
    if wanted in table.columns:
        return wanted
    alike = [name for name in table.columns if name.casefold() == wanted.casefold()]
    if len(alike) == 1:
        return alike[0]
    if _is_point(table, wanted):
        raise DataError(f"{wanted!r} is a point of the spectra, not a target; targets are {_listed(table.columns)}")
    folded = {name.casefold(): name for name in table.columns}
    close = difflib.get_close_matches(wanted.casefold(), folded, n=2)
    meant = f"; did you mean {' or '.join(repr(folded[name]) for name in close)}?" if close else ""
    raise DataError(
        f"{table.source or 'the table'} has no column {wanted!r} (its columns are {_listed(table.columns)}){meant}"
    )


def is_classes(column: Column, name: str, classes: bool | None) -> bool:
    """Whether a target is classes: words are, and numbers with the two values 0 and 1 (or 1 and 2).

    Other whole numbers are regression unless ``classes`` says so.

    Raises:
        DataError: words where numbers were asked for, or words among numbers (a typing error).
    """
    if is_number(column):
        values = np.unique(column[~missing(column)].astype(float))
        return classes if classes is not None else values.tolist() in ([0.0, 1.0], [1.0, 2.0], [-1.0, 1.0])
    words = column[~missing(column)].astype(np.str_)
    wrong = [word for word in words.tolist() if not _numeric(word)]
    if classes is False or (classes is None and 0 < len(wrong) <= 0.5 * len(words)):
        raise DataError(f"target {name!r} should hold numbers, but {wrong[0]!r} stands in it ({len(wrong)} such cells)")
    return True


def encoded(column: Column) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Numbers of the classes and their names; names sorted, as numbers where they are numbers."""
    if is_number(column):
        names = [str(word) for word in as_text(np.unique(column.astype(np.float64)))]
    else:
        names = sorted({str(word).strip() for word in column})
    place = {name: k for k, name in enumerate(names)}
    words = [str(word).strip() for word in as_text(column)]
    return np.asarray([place[word] for word in words], dtype=np.float64), tuple(names)


def check_varies(column: Column, name: str) -> None:
    """Raise for a target without a value or with one value only.

    Raises:
        DataError: all values missing, or all the same.
    """
    present = column[~missing(column)]
    if not present.size:
        raise DataError(f"target {name!r} has no value in the chosen rows; choose another target or other rows")
    if np.unique(present).size == 1:
        raise DataError(f"target {name!r} is the same everywhere ({present[0]}); there is nothing to predict")


def unit_of(table: Table, name: str) -> str:
    """Unit of a column: as the file says, or in brackets in its name (``fat (%)``); else empty."""
    if name in table.units:
        return table.units[name]
    found = re.search(r"[(\[]([^()\[\]]{1,20})[)\]]\s*$", name)
    return found.group(1).strip() if found else ""


def _is_point(table: Table, wanted: str) -> bool:
    return _numeric(wanted) and float(wanted) in table.axis.values


def _numeric(word: str) -> bool:
    return re.fullmatch(r"\s*[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?\s*", word) is not None and "," not in word


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
