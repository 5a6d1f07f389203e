"""Predictions as JSON or CSV, and a few spectra to draw."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectune.files.tables import csv_text, prediction_table
from spectune.predictions import Predictions
from spectune.spectra.spectra import Task
from spectune.spectra.table import Table

MOST_DRAWN = 150
"""Spectra that are drawn, those with flags first."""

MOST_POINTS = 400
"""Points of a drawn spectrum."""


def as_csv(made: Predictions) -> str:
    """What ``spectune predict`` writes."""
    return csv_text(prediction_table(made))


def as_json(made: Predictions, task: Task, notes: tuple[str, ...]) -> dict[str, Any]:
    """Predictions with what they are of; ``rows`` are in the order of the spectra.

    Args:
        made: predictions.
        task: what they are of.
        notes: what was understood of the file that a user should know, one sentence each.
    """
    return {
        "target": task.target,
        "unit": task.unit,
        "level": made.level,
        "notes": list(notes),
        "rows": list(_rows(made)),
    }


def drawing(table: Table, flags: tuple[tuple[str, ...], ...] | None) -> dict[str, Any]:
    """A few spectra with few points: ``rows`` numbers them from 0, ``x`` are positions, ``y`` one list a spectrum.

    ``label`` and ``signal`` name the axes.

    Where points are left out, each two that stay are the lowest and the highest of a stretch: a spike is not lost.
    """
    flagged = np.asarray([bool(words) for words in flags] if flags else np.zeros(len(table), dtype=bool))
    chosen = chosen_rows(flagged, MOST_DRAWN)
    x, y = thinned(table.axis.positions, table.x[chosen], MOST_POINTS)
    return {
        "label": table.axis.label,
        "signal": "signal" if table.signal == "unknown" else table.signal,
        "rows": chosen.tolist(),
        "x": [_short(value) for value in x.tolist()],
        "y": [[_short(value) for value in line] for line in y.tolist()],
    }


def chosen_rows(flagged: NDArray[np.bool_], most: int) -> NDArray[np.intp]:
    """Numbers of some ``most`` rows: flagged ones first, then others evenly.

    >>> chosen_rows(np.array([False, False, True, False, False]), 3)
    array([0, 2, 4])
    """
    strange = np.flatnonzero(flagged)[:most]
    usual = np.flatnonzero(~flagged)
    count = min(most - strange.size, usual.size)
    places = np.unique(np.linspace(0, usual.size - 1, count).astype(int)) if count else np.zeros(0, dtype=int)
    return np.sort(np.concatenate([strange, usual[places]]))


def thinned(
    positions: NDArray[np.float64], y: NDArray[np.float32], most: int
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Spectra (rows, points) with at most so many points, by the lowest and the highest of each stretch."""
    if positions.size <= most:
        return positions, y
    length = -(-2 * positions.size // most)
    starts = np.arange(0, positions.size, length)
    low, high = np.minimum.reduceat(y, starts, axis=1), np.maximum.reduceat(y, starts, axis=1)
    middles = positions[np.minimum(starts + length // 2, positions.size - 1)]
    return np.stack([positions[starts], middles], axis=1).ravel(), np.stack([low, high], axis=2).reshape(len(y), -1)


def _rows(made: Predictions) -> Iterator[dict[str, Any]]:
    """One record a spectrum."""
    names, mean, spread = np.asarray(made.classes), made.mean, made.spread.tolist()
    labels = made.labels.tolist() if made.classes else []
    for row, name in enumerate(made.ids.tolist()):
        record: dict[str, Any] = {"id": name}
        if made.classes:
            record |= {"class": labels[row], "probability": _number(mean[row].max())}
            record["probabilities"] = dict(zip(made.classes, map(_number, mean[row]), strict=True))
        else:
            record["predicted"] = _number(mean[row])
        record["spread"] = _number(spread[row])
        if made.low is not None and made.high is not None:
            record |= {"low": _number(made.low[row]), "high": _number(made.high[row])}
        if made.sets is not None:
            record["set"] = names[made.sets[row]].tolist()
        if made.flags is not None:
            record["flags"] = list(made.flags[row])
        yield record


def _number(value: float) -> float | None:
    """A number that JSON has; None for one that is none."""
    return float(value) if isfinite(value) else None


def _short(value: float) -> float | None:
    return float(f"{value:.5g}") if isfinite(value) else None
