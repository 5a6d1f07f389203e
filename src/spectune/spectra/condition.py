"""Conditions on metadata columns, and the rows that fulfil them.

A missing value fulfils no comparison, not even ``!=``; a comparison with ``""`` asks whether a
value is missing.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from spectune.errors import DataError
from spectune.spectra.table import Column, Table, as_text, is_number, missing

Operator = Literal["==", "!=", "<=", ">=", "<", ">"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Compare:
    """A column against a number or a word."""

    column: str
    operator: Operator
    value: float | str


@dataclass(frozen=True)
class Among:
    """A column with one of several values."""

    column: str
    values: tuple[float | str, ...]


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    condition: Condition


@dataclass(frozen=True)
class Every:
    """All conditions at once (``and``)."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Some:
    """At least one condition (``or``)."""

    conditions: tuple[Condition, ...]


Condition = Compare | Among | Not | Every | Some

KEYWORDS = frozenset({"and", "or", "not", "in"})

_COMPARE: dict[Operator, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def matches(condition: Condition, table: Table) -> Mask:
    """Which rows of ``table`` fulfil the condition, (rows,).

    Raises:
        DataError: a column that does not exist, words compared by size, or not one row that fits.
    """
    mask = _mask(condition, table)
    if not mask.any():
        raise DataError(f"no row of {table.source or 'the table'} fulfils the condition {describe(condition)}")
    return mask


def describe(condition: Condition) -> str:
    """The condition as text; ``where.parse`` of it gives the condition again."""
    match condition:
        case Compare(column, sign, value):
            return f"{_column_text(column)} {sign} {_value_text(value)}"
        case Among(column, values):
            return f"{_column_text(column)} in ({', '.join(map(_value_text, values))})"
        case Not(inner):
            return f"not ({describe(inner)})"
        case Every(conditions):
            return " and ".join(f"({describe(one)})" for one in conditions)
        case Some(conditions):
            return " or ".join(f"({describe(one)})" for one in conditions)


def _mask(condition: Condition, table: Table) -> Mask:
    match condition:
        case Compare(name, sign, value):
            return _compared(table.column(name), name, sign, value)
        case Among(name, values):
            return _any([_compared(table.column(name), name, "==", value) for value in values])
        case Not(inner):
            return ~_mask(inner, table)
        case Every(conditions):
            return ~_any([~_mask(one, table) for one in conditions])
        case Some(conditions):
            return _any([_mask(one, table) for one in conditions])


def _any(masks: Sequence[Mask]) -> Mask:
    return np.asarray(np.any(masks, axis=0), dtype=np.bool_)


def _compared(column: Column, name: str, sign: Operator, value: float | str) -> Mask:
    absent = missing(column)
    if value == "" and sign in ("==", "!="):
        return absent if sign == "==" else ~absent
    if is_number(column) and isinstance(value, float):
        return np.asarray(_COMPARE[sign](column, value), dtype=np.bool_) & ~absent
    if sign not in ("==", "!="):
        kind = "numbers" if is_number(column) else "words"
        raise DataError(f"column {name!r} holds {kind}, so {sign} {_value_text(value)} cannot be asked; use == or !=")
    words = np.char.strip(as_text(column))
    return np.asarray(_COMPARE[sign](words, _word(value)), dtype=np.bool_) & ~absent


def _word(value: float | str) -> str:
    return value.strip() if isinstance(value, str) else f"{value:.12g}"


def _column_text(name: str) -> str:
    plain = re.fullmatch(r"[^\W\d][\w.]*", name) and name.casefold() not in KEYWORDS
    return name if plain else f"`{name}`"


def _value_text(value: float | str) -> str:
    if isinstance(value, float):
        return repr(value)
    return f'"{value}"' if '"' not in value else f"'{value}'"
