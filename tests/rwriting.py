"""Files of R written byte by byte: R's own format (XDR), as R Internals (section 1.8) describes it."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from writing import Small

OBJECT, ATTRIBUTES, TAG = 1 << 8, 1 << 9, 1 << 10
SYMBOL, PAIRS, CHARS, INTEGERS, REALS, STRINGS, VECTOR, NOTHING = 1, 2, 9, 13, 14, 16, 19, 254
MISSING = -(2**31)


def integer(value: int) -> bytes:
    return struct.pack(">i", value)


def chars(text: str | None) -> bytes:
    if text is None:
        return integer(CHARS) + integer(-1)
    letters = text.encode()
    return integer(CHARS | 64 << 12) + integer(len(letters)) + letters


def symbol(name: str) -> bytes:
    return integer(SYMBOL) + chars(name)


def pairs(members: Mapping[str, bytes]) -> bytes:
    cells = (integer(PAIRS | TAG) + symbol(name) + value for name, value in members.items())
    return b"".join(cells) + integer(NOTHING)


def vector(kind: int, length: int, content: bytes, attributes: Mapping[str, bytes] | None = None) -> bytes:
    flags = (ATTRIBUTES if attributes else 0) | (OBJECT if attributes and "class" in attributes else 0)
    return integer(kind | flags) + integer(length) + content + (pairs(attributes) if attributes else b"")


def strings(words: Sequence[str | None]) -> bytes:
    return vector(STRINGS, len(words), b"".join(chars(word) for word in words))


def integers(values: Sequence[int], attributes: Mapping[str, bytes] | None = None) -> bytes:
    return vector(INTEGERS, len(values), np.asarray(values, dtype=">i4").tobytes(), attributes)


def reals(values: NDArray[np.float64], attributes: Mapping[str, bytes] | None = None) -> bytes:
    return vector(REALS, values.size, np.asarray(values, dtype=">f8").tobytes(), attributes)


def matrix(x: NDArray[np.floating], names: Sequence[str] | None) -> bytes:
    """A matrix as R keeps it: column by column, with dim and perhaps dimnames."""
    attributes = {"dim": integers(x.shape)}
    if names is not None:
        attributes["dimnames"] = vector(VECTOR, 2, integer(NOTHING) + strings(names))
    return reals(x.astype(np.float64).ravel(order="F"), attributes)


def frame(columns: Mapping[str, bytes], rows: int, names: Sequence[str] | None = None) -> bytes:
    attributes = {
        "names": strings(list(columns)),
        "row.names": strings(names) if names else integers([MISSING, -rows]),
        "class": strings(["data.frame"]),
    }
    return vector(VECTOR, len(columns), b"".join(columns.values()), attributes)


def rda(objects: Mapping[str, bytes]) -> bytes:
    return b"RDX2\n" + rds(pairs(objects))


def rds(value: bytes) -> bytes:
    return b"X\n" + integer(2) + integer(0x00030602) + integer(0x00020300) + value


def soil(table: Small, names: Sequence[str] | None = None) -> bytes:
    """A data frame like LUCAS's: numbers, words, a factor, and the matrix ``spc``."""
    rows = len(table.ids)
    missing = np.where(np.arange(rows) == 3, np.nan, table.fat)
    levels = {"levels": strings(["Cropland", "Woodland"]), "class": strings(["factor"])}
    cover = integers([MISSING if k == 0 else 1 + k % 2 for k in range(rows)], levels)
    ids, grades = strings(table.ids), integers([MISSING if k == 2 else k for k in range(rows)])
    spectra = matrix(table.x, names or [f"{position:g}" for position in table.axis])
    return frame({"ID": ids, "OC": reals(missing), "LC1": cover, "grade": grades, "spc": spectra}, rows)
