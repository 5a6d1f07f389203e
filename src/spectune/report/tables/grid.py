"""A table as a value, and columns whose decimal points stand below one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spectune.report.wording import aligned


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        head: names of the columns.
        rows: cells; the first ``words`` of each row are words, the others numbers.
        groups: names over several columns and how many they span; together they span all.
        notes: small print under the first cell of each row.
        marked: rows that stand out.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    groups: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    marked: tuple[int, ...] = ()


def columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Rows whose numbers are aligned column by column."""
    columns = [aligned(column) for column in zip(*rows, strict=True)]
    return tuple(zip(names, *columns, strict=True))
