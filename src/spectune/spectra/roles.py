"""Which rows calibrate and which are kept for the test, from the labels of a split column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectune.errors import DataError

CALIBRATION = frozenset({"cal", "calib", "calibration", "train", "training", "trn", "c"})
"""Labels of rows a search may see (capitals, ``_``, ``-`` and spaces at the ends do not matter)."""

TEST = frozenset(
    {"test", "testing", "tst", "prediction", "pred", "holdout", "hold out", "external", "ext", "val ext", "t"}
)
"""Labels of rows that are opened once, at the end."""

VALIDATION = frozenset({"val", "valid", "validation", "v"})
"""Labels of rows that are the test set where no row is called so, and are left out otherwise."""

Roles = NDArray[np.str_]
"""``"cal"``, ``"test"`` or ``""`` (left out) for every row, (rows,)."""


@dataclass(frozen=True, eq=False)
class Split:
    """Roles of rows and a sentence on how they came about."""

    roles: Roles
    notes: tuple[str, ...] = ()


def split_of(labels: NDArray[np.str_], column: str) -> Split:
    """Roles from the labels of a column.

    Raises:
        DataError: no label means calibration; the message lists the labels that are there.
    """
    plain = np.asarray([plain_label(label) for label in labels.tolist()], dtype=np.str_)
    counts = Counter(labels.tolist())
    names = {label: plain_label(label) for label in counts}
    calibration = np.isin(plain, list(CALIBRATION))
    if not calibration.any():
        listed = ", ".join(repr(label) for label in list(counts)[:8])
        raise DataError(
            f"column {column!r} names no calibration rows: expected labels such as cal (or train) and test, "
            f"found {listed}"
        )
    validates = not any(name in TEST for name in names.values())
    test = np.isin(plain, list(VALIDATION if validates else TEST))
    roles = np.where(calibration, "cal", np.where(test, "test", ""))
    return Split(roles, _notes(counts, names, column, validates))


def _notes(counts: Mapping[str, int], names: Mapping[str, str], column: str, validates: bool) -> tuple[str, ...]:
    used = CALIBRATION | (VALIDATION if validates else TEST)
    out = {label: count for label, count in counts.items() if names[label] not in used}
    notes = [f"rows are split by column {column!r}"]
    if validates and any(name in VALIDATION for name in names.values()):
        notes.append(f"no row of {column!r} is called test, so its validation rows are the test set")
    if out:
        listed = ", ".join(f"{label or 'without a label'} ({count})" for label, count in out.items())
        notes.append(f"left out, neither calibration nor test in column {column!r}: {listed}")
    return tuple(notes)


def plain_label(label: str) -> str:
    """A label without capitals, underscores, hyphens and double spaces."""
    return " ".join(label.casefold().replace("_", " ").replace("-", " ").split())
