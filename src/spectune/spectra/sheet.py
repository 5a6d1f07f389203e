"""The data sheet: everything ``spectune inspect`` says about a table before a target is chosen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.stats import skew

from spectune.spectra.axis import Unit
from spectune.spectra.ids import ID_NAMES, REPLICATE_NAMES, row_ids
from spectune.spectra.oddities import oddities
from spectune.spectra.replicates import equal_labels, near_identical, repeated
from spectune.spectra.roles import CALIBRATION, TEST, plain_label
from spectune.spectra.signal import SignalGuess, guess_signal
from spectune.spectra.table import Column, Signal, Table, as_text, is_number, missing
from spectune.spectra.target import unit_of

__all__ = ["Numbers", "Sheet", "SignalGuess", "Words", "guess_signal", "sheet"]

SKEWED = 1.0
"""Absolute skewness of a target above which a transform is worth trying."""

_MOST_CLASSES = 50


@dataclass(frozen=True)
class Numbers:
    """A column of numbers: how many there are, how many are missing, and how they lie."""

    name: str
    unit: str
    n: int
    missing: int
    minimum: float
    mean: float
    maximum: float
    sd: float
    skew: float
    distinct: int


@dataclass(frozen=True)
class Words:
    """A column of words: the commonest with their counts (at most 50), and how many there are."""

    name: str
    n: int
    missing: int
    distinct: int
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Sheet:
    """What is known of a table.

    Attributes:
        source: the file.
        rows, points: shape of the spectra.
        axis, unit: the axis in words, and its unit.
        signal, signal_reason: the kind of signal and why.
        low, high: smallest and largest value of the spectra.
        targets: columns of numbers that vary and do not merely count, candidates for regression.
        classes: columns with words that recur, candidates for classification.
        others: names of the remaining columns.
        ids, groups, splits: names of columns that could play these roles.
        equal_ids: (groups, rows) of rows that share an id, in the column ``replicate_column``.
        near_identical: (groups, rows) of spectra that are the same but for rounding.
        oddities: what looks wrong, one sentence each.
        notes: what the reader did.
    """

    source: str
    rows: int
    points: int
    axis: str
    unit: Unit
    signal: Signal
    signal_reason: str
    low: float
    high: float
    targets: tuple[Numbers, ...]
    classes: tuple[Words, ...]
    others: tuple[str, ...]
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    splits: tuple[str, ...]
    replicate_column: str
    equal_ids: tuple[int, int]
    near_identical: tuple[int, int]
    oddities: tuple[str, ...]
    notes: tuple[str, ...]


def sheet(table: Table) -> Sheet:
    """The data sheet of a table."""
    names = list(table.columns)
    splits = tuple(name for name in names if _splits(table.columns[name]))
    ids = tuple(name for name in names if name.casefold() in ID_NAMES)
    free = [name for name in names if name not in {*splits, *ids}]
    targets = tuple(_numbers(table, name) for name in free if _is_target(table.columns[name]))
    classes = tuple(_words(table.columns[name], name) for name in free if _is_classes(table.columns[name]))
    listed = {one.name for one in targets} | {one.name for one in classes} | {*splits, *ids}
    replicate_column, equal_ids = _equal_ids(table)
    kind, reason = _signal(table)
    return Sheet(
        source=table.source,
        rows=len(table),
        points=len(table.axis),
        axis=table.axis.describe(),
        unit=table.axis.unit,
        signal=kind,
        signal_reason=reason,
        low=float(table.x.min()),
        high=float(table.x.max()),
        targets=targets,
        classes=classes,
        others=tuple(name for name in names if name not in listed),
        ids=ids,
        groups=tuple(name for name in names if name not in splits and _groups(table.columns[name])),
        splits=splits,
        replicate_column=replicate_column,
        equal_ids=equal_ids,
        near_identical=repeated(near_identical(table.x)),
        oddities=(*oddities(table, row_ids(table)), *_skewed(targets)),
        notes=table.notes,
    )


def _signal(table: Table) -> tuple[Signal, str]:
    guess = guess_signal(table.x, table.axis)
    if table.signal in (guess.kind, "unknown"):
        return guess.kind, guess.reason
    return table.signal, f"stated; judged from the values alone: {guess.kind} ({guess.reason})"


def _numbers(table: Table, name: str) -> Numbers:
    column = table.columns[name]
    values = column[~missing(column)].astype(np.float64)
    return Numbers(
        name=name,
        unit=unit_of(table, name),
        n=values.size,
        missing=column.size - values.size,
        minimum=float(values.min()),
        mean=float(values.mean()),
        maximum=float(values.max()),
        sd=float(values.std(ddof=1)),
        skew=float(skew(values)),
        distinct=np.unique(values).size,
    )


def _words(column: Column, name: str) -> Words:
    present = np.char.strip(as_text(column[~missing(column)]))
    counts = Counter(present.tolist())
    return Words(name, present.size, column.size - present.size, len(counts), tuple(counts.most_common(_MOST_CLASSES)))


def _is_target(column: Column) -> bool:
    """Numbers that vary and are not just the number of the row."""
    if not is_number(column):
        return False
    values = column[~missing(column)].astype(np.float64)
    if np.unique(values).size < 2:
        return False
    return bool(values.size < 3 or not np.all(np.diff(values) == 1))


def _is_classes(column: Column) -> bool:
    """Two to fifty words, each of which recurs on average."""
    if is_number(column):
        return False
    present = column[~missing(column)]
    return 2 <= np.unique(present).size <= min(_MOST_CLASSES, present.size / 2)


def _groups(column: Column) -> bool:
    """Labels that recur, at least three of them; numbers only where they are whole."""
    present = column[~missing(column)]
    if is_number(column) and np.any(present != np.round(present.astype(np.float64))):
        return False
    return 3 <= np.unique(present).size <= 0.7 * present.size


def _splits(column: Column) -> bool:
    """A few labels, among them one for calibration and one for test."""
    labels = {plain_label(label) for label in np.unique(as_text(column)).tolist()}
    return len(labels) <= 8 and bool(labels & CALIBRATION) and bool(labels & TEST)


def _equal_ids(table: Table) -> tuple[str, tuple[int, int]]:
    for name, column in table.columns.items():
        if name.casefold() in REPLICATE_NAMES and repeated(equal_labels(as_text(column)))[0]:
            return name, repeated(equal_labels(as_text(column)))
    return "", (0, 0)


def _skewed(targets: tuple[Numbers, ...]) -> tuple[str, ...]:
    return tuple(
        f"{column.name!r} is skewed (skewness {column.skew:.1f}): "
        + (
            "a log or Box-Cox transform is worth trying"
            if column.minimum > 0 and column.skew > 0
            else "look at its ends"
        )
        for column in targets
        if abs(column.skew) > SKEWED and column.distinct > 10
    )
