"""Cells of a text file or sheet: what is a number, what is missing, what is a word."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from spectune.spectra.table import Column

MISSING = frozenset({"", "NA", "na", "N/A", "n/a", "#N/A", "NaN", "nan", "NAN", "null", "NULL", "-", "n.d."})
"""Cells that stand for "not measured" in a metadata column (never inside a spectrum)."""

_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_CODE = re.compile(r"[-+]?0[0-9]+|[-+]?[0-9]{16,}")


def number(cell: str, comma: bool = False) -> float | None:
    """The number in a cell, or None; with ``comma`` the decimal sign is a comma and nothing else.

    >>> number(" 1.5e3 "), number("0,25", comma=True), number("abc"), number("nan")
    (1500.0, 0.25, None, None)
    """
    text = cell.strip()
    if comma:
        if "." in text:
            return None
        text = text.replace(",", ".")
    return float(text) if _NUMBER.fullmatch(text) else None


def column(cells: Sequence[str], comma: bool = False) -> Column:
    """A metadata column: numbers if every cell that is not missing is one, words otherwise.

    Codes such as ``007`` or a bar code of 16 digits and more stay words, since a number would
    lose part of them. ``-`` is a word where ``+`` stands in the same column.

    >>> column(["1", "NA", "2.5"])
    array([1. , nan, 2.5])
    """
    texts = [cell.strip() for cell in cells]
    missing = MISSING - {"-"} if "+" in texts else MISSING
    words = ["" if text in missing else text for text in texts]
    numbers = [number(word, comma) for word in words if word]
    if any(value is None for value in numbers) or any(_CODE.fullmatch(word) for word in words):
        return np.asarray(words, dtype=np.str_)
    return np.asarray([number(word, comma) if word else np.nan for word in words], dtype=np.float64)
