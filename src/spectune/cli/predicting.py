"""``spectune predict``: new spectra through the model of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spectune.cli.reading import Reading, read_as
from spectune.cli.showing import scores_sentence
from spectune.errors import SettingError
from spectune.files.models import load_model
from spectune.files.runs import check_run
from spectune.files.settings import load_settings
from spectune.files.tables import Cell, prediction_table, write_table
from spectune.metrics import Scores, class_scores, regression_scores
from spectune.predictions import Predictions
from spectune.spectra.table import Column, as_text, is_number, missing


def predict(run: Path, data: Path, out: Path, reading: Reading) -> None:
    """Write predictions of new spectra as CSV; print their errors where the target is known.

    Raises:
        SettingError: the output would be no CSV file, or overwrite the spectra.
        RunError: no run, or not a finished one.
        ModelError: spectra on another axis than the model's.
    """
    _check_output(data, out)
    check_run(run)
    settings = load_settings(run / "run.toml")
    model = load_model(run / "model")
    table = read_as(data, reading.over(settings))
    predictions = model.predict(table)
    column = table.columns.get(settings.target)
    measured = None if column is None else _measured(column, predictions)
    write_table(out, prediction_table(predictions, measured))
    print(f"{len(table)} spectra predicted; predictions: {out}")
    if column is not None and measured is not None:
        found = _scores(column, predictions)
        print(f"no row has a measured {settings.target}" if found is None else scores_sentence(found))


def _check_output(data: Path, out: Path) -> None:
    if out.suffix.lower() != ".csv":
        raise SettingError(f"predictions are written as CSV, so --out must end in .csv; got {out}")
    if out.exists() and data.exists() and out.samefile(data):
        raise SettingError(f"--out {out} would overwrite the spectra; choose another name")


def _measured(column: Column, predictions: Predictions) -> Sequence[Cell] | None:
    """The target as it stands in the file; None when it is of another kind than the model's."""
    if predictions.classes:
        return [str(label) for label in as_text(column)]
    return [float(value) for value in column] if is_number(column) else None


def _scores(column: Column, predictions: Predictions) -> Scores | None:
    """Errors over the rows whose target is known; a class the model never saw counts as unknown."""
    if not predictions.classes:
        known = ~missing(column)
        values = column.astype(float)
        return regression_scores(values[known], predictions.mean[known]) if known.any() else None
    labels, classes = as_text(column), np.asarray(predictions.classes)
    known = np.isin(labels, classes)
    numbers = np.asarray([predictions.classes.index(label) for label in labels[known]], dtype=float)
    output = predictions.mean[known].argmax(axis=1)
    return class_scores(numbers, output, classes.size) if known.any() else None
