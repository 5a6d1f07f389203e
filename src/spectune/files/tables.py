"""Predictions and spectra as tables in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.outcome import Judged, Outcome
from spectune.files.atomic import write_text
from spectune.predictions import Predictions
from spectune.spectra.table import Table

Cell = str | int | float


@dataclass(frozen=True)
class Columns:
    """Columns by name, all of the same length."""

    names: tuple[str, ...]
    values: tuple[Sequence[Cell], ...]


def write_table(path: Path, table: Columns) -> None:
    """Write a table as CSV, whole or not at all; missing numbers are empty cells."""
    write_text(path, csv_text(table))


def csv_text(table: Columns) -> str:
    """A table as CSV; missing numbers are empty cells."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.names)
    writer.writerows([_cell(value) for value in row] for row in zip(*table.values, strict=True))
    return text.getvalue()


def prediction_table(predictions: Predictions, measured: Sequence[Cell] | None = None) -> Columns:
    """One row a spectrum: id, prediction, spread over members, and what was measured if that is known.

    For classes: the most probable class, its probability and spread, and a column a class. Where they are
    known, ends of the interval (``low90``, ``high90``) or classes in the set (``set90``), and the ``flag``.

    >>> made = Predictions(np.array([[1.0], [3.0]]), (), np.array(["a"]))
    >>> prediction_table(made)
    Columns(names=('id', 'predicted', 'spread'), values=(['a'], [2.0], [1.0]))
    """
    mean, spread = predictions.mean, predictions.spread.tolist()
    columns: dict[str, Sequence[Cell]] = {"id": predictions.ids.tolist()}
    if predictions.classes:
        columns |= {"class": predictions.labels.tolist(), "probability": mean.max(axis=1).tolist(), "spread": spread}
    else:
        columns |= {"predicted": mean.tolist(), "spread": spread}
    columns |= _trust(predictions)
    if measured is not None:
        columns["measured"] = measured
    for place, name in enumerate(predictions.classes):
        columns[f"p({name})"] = mean[:, place].tolist()
    return Columns(tuple(columns), tuple(columns.values()))


def outcome_table(outcome: Outcome) -> Columns:
    """Every row of a run by every model: calibration rows as held out by their fold, test rows by the final model."""
    spectra = outcome.spectra
    test = spectra.roles == "test"
    columns: dict[str, Sequence[Cell]] = {
        "id": spectra.ids.tolist(),
        "role": spectra.roles.tolist(),
        "fold": _merged(test, [str(fold + 1) for fold in outcome.fold_of], [""] * int(test.sum())),
        "measured": _words(spectra.y, spectra.task.classes),
    }
    for model in outcome.models:
        columns[f"predicted by {model.name}"] = _by_model(model, test, spectra.task.classes)
    if outcome.spread.size == test.sum():
        columns[f"spread of {outcome.network}"] = _merged(test, [""] * int((~test).sum()), outcome.spread.tolist())
    return Columns(tuple(columns), tuple(columns.values()))


def spectra_table(table: Table) -> Columns:
    """A table of spectra: metadata first, then a column a point, named by its position."""
    points = [f"{position:.10g}" for position in table.axis.values]
    metadata = [column.tolist() for column in table.columns.values()]
    # Seven digits, as instruments export: more would be noise of the conversion from float32.
    spectra = [[float(f"{value:.7g}") for value in column] for column in table.x.T.tolist()]
    return Columns((*table.columns, *points), (*metadata, *spectra))


def _trust(predictions: Predictions) -> dict[str, Sequence[Cell]]:
    """Columns of intervals or sets, and of flags, where they are known."""
    made: dict[str, Sequence[Cell]] = {}
    if predictions.level is not None:
        percent = f"{100 * predictions.level:.4g}"
        if predictions.low is not None and predictions.high is not None:
            made |= {f"low{percent}": predictions.low.tolist(), f"high{percent}": predictions.high.tolist()}
        if predictions.sets is not None:
            made[f"set{percent}"] = [
                " | ".join(np.asarray(predictions.classes)[chosen].tolist()) for chosen in predictions.sets
            ]
    if predictions.flags is not None:
        made["flag"] = ["; ".join(words) for words in predictions.flags]
    return made


def _by_model(model: Judged, test: NDArray[np.bool_], classes: tuple[str, ...]) -> list[Cell]:
    parts = (model.validated, model.test)
    held_out, tested = (part.argmax(axis=1) if classes else part for part in parts)
    return _merged(test, _words(held_out, classes), _words(tested, classes))


def _words(values: NDArray[np.generic], classes: tuple[str, ...]) -> list[Cell]:
    return [classes[int(value)] for value in values] if classes else list(values.tolist())


def _merged(test: NDArray[np.bool_], calibration: Iterable[Cell], tested: Iterable[Cell]) -> list[Cell]:
    """Values of calibration and test rows in the order of all rows."""
    left, right = iter(calibration), iter(tested)
    return [next(right) if is_test else next(left) for is_test in test]


def _cell(value: Cell) -> Cell:
    return "" if isinstance(value, float) and np.isnan(value) else value
