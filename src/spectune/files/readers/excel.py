"""Excel workbooks (.xlsx, .xls, .xlsb, .ods) through python-calamine, an optional extra."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from spectune.errors import ReadError
from spectune.files.readers.body import body_of
from spectune.files.readers.dialect import Dialect
from spectune.files.readers.draft import Draft
from spectune.files.readers.text import draft_of

calamine: Any
try:
    import python_calamine as calamine
except ImportError:
    calamine = None

_TABS = Dialect("\t", comma=False, quoted=False)


def read_excel(raw: bytes, sheet: str | None) -> Draft:
    """Spectra of one sheet of a workbook: the named one, or the first that is not empty.

    Raises:
        ReadError: python-calamine is missing, a damaged workbook, an unknown or empty sheet.
    """
    if calamine is None:
        raise ReadError("reading Excel files needs python-calamine: pip install 'spectune[excel]'")
    try:
        return _draft(calamine.load_workbook(io.BytesIO(raw)), sheet)
    except calamine.PasswordError:
        raise ReadError("the workbook is protected by a password; save it without one") from None
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, calamine.WorksheetNotFound) as error:
        raise ReadError(f"the workbook is damaged or cut short ({error}); save it again from Excel") from None


def _draft(workbook: Any, sheet: str | None) -> Draft:
    names: list[str] = list(workbook.sheet_names)
    if sheet is not None and sheet not in names:
        raise ReadError(f"the workbook has no sheet {sheet!r}; its sheets are {', '.join(names)}")
    for name in [sheet] if sheet is not None else names:
        found = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        rows = [(k, [_cell(cell) for cell in row]) for k, row in enumerate(found, start=1)]
        filled = [(k, row) for k, row in rows if any(row)]
        if filled:
            return _noted(_grid(filled), name, names if sheet is None else [name])
    raise ReadError("the workbook holds no filled cell; expected a header row and one row per sample")


def _grid(rows: Sequence[tuple[int, list[str]]]) -> Draft:
    filled = [j for j in range(len(rows[0][1])) if any(row[j] for _, row in rows)]
    lines = ["\t".join(row[j] for j in filled).encode("utf-8") for _, row in rows]
    return draft_of(body_of(lines, [k for k, _ in rows], _TABS))


def _noted(draft: Draft, name: str, names: Sequence[str]) -> Draft:
    others = [other for other in names if other != name]
    if not others:
        return draft
    return replace(draft, notes=(f"read from sheet {name!r}; other sheets: {', '.join(others)}", *draft.notes))


def _cell(value: object) -> str:
    """A cell as text; whole numbers without a point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return " ".join(str(value).split())
