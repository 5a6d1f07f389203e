"""What range tests leave in a folder: the range a search was given, and the curves as a table.

``lr-range.json`` is written before the first trial and never again: a run that goes on searches in
the range it began with, whatever the test would say on another machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from spectune.assessment.lr_range import LrRange, Narrowing
from spectune.files.border import STRICT
from spectune.files.records import keep_plain, kept_plain
from spectune.files.tables import Cell, Columns
from spectune.training.range_test import RangeTest

RECORD, TABLE, PAGE = "lr-range.json", "lr-range.csv", "lr-range.html"

_NARROWINGS = TypeAdapter(tuple[Narrowing], config=STRICT)


def save_narrowing(folder: Path, found: Narrowing) -> None:
    """Keep the range of learning rates of a run."""
    keep_plain(folder / RECORD, "narrowing", found)


def load_narrowing(folder: Path) -> Narrowing | None:
    """The range of learning rates kept in a run folder; None when there is none yet.

    Raises:
        RunError: a damaged record, or one of another version.
    """
    path = folder / RECORD
    return kept_plain(path, "narrowing", _NARROWINGS) if path.exists() else None


def lr_range_table(found: LrRange) -> Columns:
    """One row a rate and member: losses without and with the penalty, as they were and smoothed."""
    tests = [("measured", found.test), *([("published", found.published)] if found.published else [])]
    columns: dict[str, list[Cell]] = {}
    for style, test in tests:
        for name, values in _columns(style, test).items():
            columns.setdefault(name, []).extend(values)
    return Columns(tuple(columns), tuple(columns.values()))


def _columns(style: str, test: RangeTest) -> dict[str, Sequence[Cell]]:
    members, steps = test.losses.shape
    return {
        "style": [style] * (members * steps),
        "member": np.repeat(np.arange(1, members + 1), steps).tolist(),
        "rate": _shown(np.tile(test.rates, members)),
        "loss": _shown(test.losses),
        "penalty": _shown(test.penalties),
        "smoothed loss": _shown(test.smoothed),
        "smoothed loss with penalty": _shown(test.penalised),
    }


def _shown(values: NDArray[np.float64]) -> list[Cell]:
    """Six digits, row by row."""
    return [float(f"{value:.6g}") for value in values.ravel().tolist()]
