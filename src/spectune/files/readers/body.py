"""Lines of equal width, and the numbers and words they hold.

``cells`` reads a part of them as spectra and the rest as words. It goes through polars where
every cell is in order; where one is not, the plain way cell by cell finds out which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from spectune.errors import ReadError
from spectune.files.readers.cells import number
from spectune.files.readers.dialect import Dialect

Matrix = NDArray[np.float32]
Words = dict[int, list[str]]
"""Cells of a column, by its place."""


@dataclass(frozen=True, eq=False)
class Body:
    """Lines that all have ``width`` cells.

    Attributes:
        lines: UTF-8, without ends; the first is the header.
        rows: the number each has in the file, counted from 1.
    """

    lines: Sequence[bytes]
    rows: Sequence[int]
    dialect: Dialect
    width: int

    def cells(self, k: int) -> list[str]:
        """All cells of line ``k``."""
        return self.dialect.cells(self.lines[k])

    def first(self) -> list[str]:
        """First cell of every line."""
        if self.dialect.quoted or self.dialect.delimiter == " ":
            return [self.dialect.cells(line)[0] if b'"' in line else self._head(line) for line in self.lines]
        return [self._head(line) for line in self.lines]

    def part(self, start: int, stop: int) -> Body:
        """Lines ``start`` to ``stop``."""
        return replace(self, lines=self.lines[start:stop], rows=self.rows[start:stop])

    def _head(self, line: bytes) -> str:
        return line.partition(self.dialect.delimiter.encode())[0].decode("utf-8")


def body_of(lines: Sequence[bytes], rows: Sequence[int], dialect: Dialect) -> Body:
    """Lines as a body, if all have as many cells as the header.

    A delimiter at the end of every line but the header is taken away, and a first column without
    a name (row names, as R writes them) gets one.

    Raises:
        ReadError: a line with more or fewer cells, or with a quote that is never closed.
    """
    if dialect.quoted:
        _check_quotes(lines, rows)
    lines = _tabbed(lines) if dialect.delimiter == " " else lines
    dialect = replace(dialect, delimiter="\t") if dialect.delimiter == " " else dialect
    widths = [dialect.width(line) for line in lines]
    width = widths[0]
    if len(lines) > 1 and set(widths[1:]) == {width + 1}:
        lines, width = _squared(lines, dialect, width)
    elif set(widths) != {width}:
        k = next(k for k, one in enumerate(widths) if one != width)
        raise ReadError(
            f"row {rows[k]} has {widths[k]} cells, but the first row (row {rows[0]}) has {width}; "
            f"every row needs the same number of cells"
        )
    return Body(lines, rows, dialect, width)


def numbers_and_words(body: Body, spectra: range, header: Sequence[str], label: int | None) -> tuple[Matrix, Words]:
    """Spectra of a body (lines, cells of ``spectra``) and the words of its other columns.

    Args:
        body: lines without their header.
        spectra: the neighbouring columns that hold numbers only.
        header: names of all columns, for messages.
        label: the column that names a line, for messages.

    Raises:
        ReadError: a cell of ``spectra`` that is empty, a word, or no finite number.
    """
    return _fast(body, spectra) or _plain(body, spectra, header, label)


def _fast(body: Body, spectra: range) -> tuple[Matrix, Words] | None:
    if body.dialect.comma and body.dialect.delimiter == ",":
        return None
    names = [f"c{j}" for j in range(body.width)]
    try:
        frame = pl.read_csv(
            b"\n".join(body.lines),
            has_header=False,
            separator=body.dialect.delimiter,
            quote_char='"' if body.dialect.quoted else None,
            schema={name: pl.Float32 if j in spectra else pl.String for j, name in enumerate(names)},
            decimal_comma=body.dialect.comma,
            empty_string_is_null=False,
        )
    except pl.exceptions.PolarsError:
        return None
    if frame.height != len(body.lines):
        return None
    matrix = frame.select(names[spectra.start : spectra.stop]).to_numpy(order="c")
    if matrix.dtype != np.float32 or not np.isfinite(matrix).all():
        return None
    words = {j: frame[name].fill_null("").to_list() for j, name in enumerate(names) if j not in spectra}
    return np.ascontiguousarray(matrix), words


def _plain(body: Body, spectra: range, header: Sequence[str], label: int | None) -> tuple[Matrix, Words]:
    matrix = np.empty((len(body.lines), len(spectra)), dtype=np.float32)
    words: Words = {j: [] for j in range(body.width) if j not in spectra}
    for k in range(len(body.lines)):
        cells = body.cells(k)
        for j, column in words.items():
            column.append(cells[j])
        values = [number(cell, body.dialect.comma) for cell in cells[spectra.start : spectra.stop]]
        with np.errstate(over="ignore"):
            matrix[k] = [np.nan if value is None else value for value in values]
        if not np.isfinite(matrix[k]).all():
            at = spectra[int(np.argmin(np.isfinite(matrix[k])))]
            raise ReadError(wrong_cell(f"row {body.rows[k]}", _label(cells, label), header[at], cells[at]))
    return matrix, words


def wrong_cell(row: str, label: str, column: str, cell: str) -> str:
    """The sentence about a cell that should be a number.

    >>> wrong_cell("row 3", "S02", "1104", "")
    "row 3 ('S02'), column '1104': expected a number, found an empty cell; correct it, or leave the row out"
    """
    named = f" ({label!r})" if label else ""
    found = repr(cell.strip()[:40]) if cell.strip() else "an empty cell"
    return (
        f"{row}{named}, column {column.strip()!r}: expected a number, found {found}; correct it, or leave the row out"
    )


def _label(cells: Sequence[str], label: int | None) -> str:
    return cells[label].strip() if label is not None else ""


def _check_quotes(lines: Sequence[bytes], rows: Sequence[int]) -> None:
    for line, row in zip(lines, rows, strict=True):
        if line.count(b'"') % 2:
            raise ReadError(f"row {row} opens a quote that it never closes; remove the quotation mark")


def _tabbed(lines: Sequence[bytes]) -> list[bytes]:
    blank = Dialect(" ")
    return [
        b"\t".join(line.split()) if b'"' not in line else "\t".join(blank.cells(line)).encode("utf-8") for line in lines
    ]


def _squared(lines: Sequence[bytes], dialect: Dialect, width: int) -> tuple[Sequence[bytes], int]:
    """Lines under a header that is one cell short, made to fit it."""
    mark = dialect.delimiter.encode()
    if all(line.rstrip().endswith(mark) if mark != b"\t" else line.endswith(mark) for line in lines[1:]):
        return [lines[0], *(line.rstrip(b" ")[:-1] for line in lines[1:])], width
    heads = [dialect.cells(line)[0].strip() for line in lines[1:]]
    counted = heads == [str(k) for k in range(1, len(heads) + 1)]
    if (counted or all(number(head, dialect.comma) is None for head in heads)) and "" not in heads:
        return [mark + lines[0], *lines[1:]], width + 1
    raise ReadError(
        f"the first row has {width} cells, but all others have {width + 1}; "
        f"give every column a name, or remove the cell too many"
    )
