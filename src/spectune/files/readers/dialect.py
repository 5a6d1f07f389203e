"""How a text file parts its cells and writes its decimals, found out from a sample of lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from spectune.errors import ReadError
from spectune.files.readers.cells import MISSING, number

Delimiter = Literal["\t", ";", ",", "|", " "]
DELIMITERS: tuple[Delimiter, ...] = ("\t", ";", "|", ",", " ")
"""In the order of preference where two explain a file equally well."""

_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+(?:[eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Dialect:
    """Delimiter (a space stands for any white space), decimal comma, and whether quotes mean anything."""

    delimiter: Delimiter = ","
    comma: bool = False
    quoted: bool = True

    def cells(self, line: bytes) -> list[str]:
        """Cells of one line.

        >>> Dialect(";").cells(b'a;"b;c";1')
        ['a', 'b;c', '1']
        """
        return _split(line.decode("utf-8"), self.delimiter, self.quoted)

    def width(self, line: bytes) -> int:
        """How many cells a line has."""
        if self.delimiter == " " or (self.quoted and b'"' in line):
            return len(self.cells(line))
        return line.count(self.delimiter.encode()) + 1


def sniff(lines: Sequence[bytes]) -> Dialect:
    """The dialect of a file, from some sixty of its lines.

    Raises:
        ReadError: no delimiter parts the lines into cells.
    """
    sample = [line.decode("utf-8") for line in _sampled(lines)]
    scores = {delimiter: _score(sample, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    if scores[best] == (0.0, 0.0):
        raise ReadError(
            f"expected cells parted by comma, semicolon, tab or space, but the first line is {sample[0][:60]!r}; "
            f"is this a table?"
        )
    return Dialect(best, _decimal_comma(sample, best))


def _sampled(lines: Sequence[bytes]) -> list[bytes]:
    each = int(min(20, max(1, 100_000 // (len(lines[0]) + 1))))
    if len(lines) <= 3 * each:
        return list(lines)
    middle = len(lines) // 2
    return [*lines[: each + 1], *lines[middle : middle + each], *lines[-each:]]


def _score(sample: Sequence[str], delimiter: Delimiter) -> tuple[float, float]:
    """Share of lines with the usual number of cells, times the share of cells that are sound; then width."""
    rows = [_split(line, delimiter, True) for line in sample]
    width, lines = Counter(len(row) for row in rows).most_common(1)[0]
    if width < 2:
        return 0.0, 0.0
    cells = [cell.strip() for row in rows[len(rows) > 1 :] for cell in row]
    sound = sum(_sound(cell) for cell in cells) / len(cells)
    return round(lines / len(rows) * (0.05 + sound), 3), 0.0 if delimiter == " " else 1.0


def _sound(cell: str) -> float:
    if cell in MISSING or number(cell) is not None or number(cell, comma=True) is not None:
        return 1.0
    return 0.5 if not re.search(r"[;,\t|]", cell) else 0.0


def _decimal_comma(sample: Sequence[str], delimiter: Delimiter) -> bool:
    rows = [_split(line, delimiter, True) for line in sample]
    cells = [cell.strip() for row in rows[len(rows) > 1 :] for cell in row]
    commas = sum(bool(_COMMA.fullmatch(cell)) for cell in cells)
    points = sum("." in cell and number(cell) is not None for cell in cells)
    return commas > points


def _split(line: str, delimiter: Delimiter, quoted: bool) -> list[str]:
    if delimiter == " ":
        line = " ".join(line.split()) if '"' not in line else line.strip()
    if not quoted or '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise ReadError(f"a line that begins with {line[:30]!r} cannot be parted into cells: {error}") from None
