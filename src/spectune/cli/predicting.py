"""``spectune predict``: new spectra through the model of a run, or of an adaptation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.conformal import level_words
from spectune.assessment.trust import held
from spectune.cli.reading import Reading, read_as
from spectune.cli.showing import scores_sentence
from spectune.errors import SettingError
from spectune.files.tables import Cell, prediction_table, write_table
from spectune.job.opening import advice, predictor
from spectune.metrics import Scores, class_scores, regression_scores, score_interval
from spectune.predictions import Predictions
from spectune.spectra.interpolation import table_on_axis
from spectune.spectra.table import Column, as_text, is_number, missing


def predict(run: Path, data: Path, out: Path, reading: Reading, level: float | None = None) -> None:
    """Write predictions of new spectra as CSV, with intervals of a level and flags; print what can be said of them.

    Where the target is known these are their errors too, and how many intervals hold it.

    Raises:
        SettingError: the output would be no CSV file, or overwrite the spectra; a level that cannot be supported.
        RunError: no run and no adaptation, or not a finished one.
        DataError: spectra that cannot be brought to the model's axis.
    """
    _check_output(data, out)
    settings, model = predictor(run)
    measured_on = read_as(data, reading.over(settings))
    table = table_on_axis(measured_on, model.axis)
    predictions = model.predict(table, level)
    column = table.columns.get(settings.target)
    measured = None if column is None else _measured(column, predictions)
    write_table(out, prediction_table(predictions, measured))
    if table is not measured_on:
        print(table.notes[-1])
    print(f"{len(table)} spectra predicted; predictions: {out}")
    if instead := advice(run):
        print(instead)
    if predictions.flags is not None:
        print(flags_sentence(predictions))
    if column is not None and measured is not None:
        found = _scores(column, predictions)
        print(f"no row has a measured {settings.target}" if found is None else scores_sentence(found))
        for line in _coverage(column, predictions):
            print(line)


def flags_sentence(predictions: Predictions) -> str:
    """How many spectra were flagged, and the first of them with what is strange about it."""
    flags = predictions.flags or ()
    first = next((row for row, words in enumerate(flags) if words), None)
    if first is None:
        return "no spectrum is flagged as strange to the model"
    count = sum(map(bool, flags))
    told = f"{predictions.ids[first]}: {'; '.join(flags[first])}"
    return f"{count} of {len(flags)} spectra flagged as strange to the model, see column flag; the first is {told}"


def _coverage(column: Column, predictions: Predictions) -> Iterator[str]:
    """A line on how many intervals or sets hold the measured value, where any value is known."""
    known, y = _known(column, predictions)
    if predictions.level is None or not known.any():
        return
    holds, _ = held(_rows(predictions, known), y)
    low, high = score_interval(float(holds.mean()), holds.size)
    what = "sets" if predictions.classes else "intervals"
    share = f"{100 * holds.mean():.0f} %, 95 % interval {100 * low:.0f} to {100 * high:.0f} %"
    yield f"{level_words(predictions.level)} % {what} hold {holds.sum()} of {holds.size} measured rows ({share})"


def _rows(predictions: Predictions, chosen: NDArray[np.bool_]) -> Predictions:
    """The predictions of the chosen rows, as far as intervals and sets go."""
    low, high = (None if end is None else end[chosen] for end in (predictions.low, predictions.high))
    sets = None if predictions.sets is None else predictions.sets[chosen]
    return replace(predictions, low=low, high=high, sets=sets)


def _known(column: Column, predictions: Predictions) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Rows whose target is known, and the target of these, as a number or the number of the class."""
    if not predictions.classes:
        known = ~missing(column)
        return known, column.astype(float)[known]
    labels, classes = as_text(column), np.asarray(predictions.classes)
    known = np.isin(labels, classes)
    return known, np.asarray([predictions.classes.index(label) for label in labels[known]], dtype=float)


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
    known, y = _known(column, predictions)
    if not known.any():
        return None
    found = predictions.mean[known]
    if not predictions.classes:
        return regression_scores(y, found)
    return class_scores(y, found.argmax(axis=1), len(predictions.classes))
