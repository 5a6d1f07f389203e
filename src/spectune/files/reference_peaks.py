"""A table of reference peaks: CSV with the columns substance, position and height."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from spectune.errors import ReadError
from spectune.synthesis.library import ReferencePeak

COLUMNS = ("substance", "position", "height")


def read_peaks(path: Path) -> tuple[ReferencePeak, ...]:
    """Peaks in the order of the file, whose columns are parted by commas, semicolons or tabs.

    Raises:
        ReadError: no such file, no table, a column that is missing, or a cell that is no number, with its row.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ReadError(f"{path}: there is no such file; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(f"{path}: the file cannot be read as text ({error})") from error
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    rows = list(_rows(path, text, delimiter))
    header = [name.strip() for name in rows[0]] if rows else []
    names = [name.casefold() for name in header]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ReadError(
            f"{path}: expected the columns {', '.join(COLUMNS)} in the first line, but {_listed(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing; found {', '.join(filter(None, header)) or 'nothing'}"
        )
    places = [names.index(name) for name in COLUMNS]
    return tuple(_peak(path, number, row, places) for number, row in enumerate(rows[1:], start=2) if any(row))


def _rows(path: Path, text: str, delimiter: str) -> Iterator[list[str]]:
    reader, line = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True), 1
    try:
        for row in reader:
            yield row
            line = reader.line_num + 1
    except csv.Error as error:
        raise ReadError(
            f"{path}: line {line} is no row of a table ({error}); check that every quote in it is closed"
        ) from error


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _peak(path: Path, number: int, row: list[str], places: list[int]) -> ReferencePeak:
    cells = [row[place].strip() if place < len(row) else "" for place in places]
    if not cells[0]:
        raise ReadError(f"{path}: row {number} has no substance; name it or leave the row out")
    position, height = (_number(path, number, name, cell) for name, cell in zip(COLUMNS[1:], cells[1:], strict=True))
    return ReferencePeak(cells[0], position, height, f"{path}: row {number}")


def _number(path: Path, row: int, name: str, cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ReadError(f"{path}: row {row}, column {name}: expected a number, found {cell[:40]!r}") from None
