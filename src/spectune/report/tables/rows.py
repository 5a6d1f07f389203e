"""Tables of rows: folds and roles, classes, and the rows a model misses by most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.outcome import Outcome, Output
from spectune.report.scored import classification
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import counted, fixed, number
from spectune.spectra.spectra import Spectra

MOST_ERRORS = 8


def roles_grid(outcome: Outcome) -> Grid:
    """Rows, groups and target of every fold's held-out rows, of all calibration and of the test rows."""
    calibration = outcome.spectra.calibration
    parts = [
        (f"fold {fold + 1}, held out", calibration.rows(np.flatnonzero(outcome.fold_of == fold)))
        for fold in range(int(outcome.fold_of.max()) + 1)
    ]
    parts += [("all calibration", calibration), ("test", outcome.spectra.test)]
    described = _target_numbers if outcome.spectra.task.regression else _class_numbers
    head = (
        ("mean", "deviation", "lowest", "highest") if outcome.spectra.task.regression else ("classes", "rarest class")
    )
    rows = [[str(len(part)), str(np.unique(part.groups).size), *described(part)] for _, part in parts]
    return Grid(("", "rows", "groups", *head), columns([name for name, _ in parts], rows))


def classes_grid(outcome: Outcome, name: str) -> Grid:
    """For each class its rows, and how many of them a model found (sensitivity)."""
    validated = np.asarray(classification(outcome, name, "cross-validated").confusion)
    test = np.asarray(classification(outcome, name, "test").confusion)
    rows = [
        [str(validated[k].sum()), _share(validated, k), str(test[k].sum()), _share(test, k)]
        for k in range(len(outcome.spectra.task.classes))
    ]
    return Grid(
        ("class", "rows", "sensitivity", "rows", "sensitivity"),
        columns(outcome.spectra.task.classes, rows),
        groups=(("", 1), ("cross-validated", 2), ("test", 2)),
    )


def errors_grid(outcome: Outcome, name: str) -> Grid:
    """The test and held-out rows that a model misses by most: worth a second look at the sample."""
    return (_missed if outcome.spectra.task.regression else _confused)(outcome, name)


def _target_numbers(part: Spectra) -> list[str]:
    if not len(part):
        return [number(float("nan"))] * 4
    deviation = float(part.y.std(ddof=1)) if len(part) > 1 else float("nan")
    return [number(float(value)) for value in (part.y.mean(), deviation, part.y.min(), part.y.max())]


def _class_numbers(part: Spectra) -> list[str]:
    counts = np.bincount(part.y.astype(int), minlength=len(part.task.classes))
    return [str(int((counts > 0).sum())), counted(int(counts.min()), "row")]


def _share(confusion: NDArray[np.intp], k: int) -> str:
    rows = int(confusion[k].sum())
    return fixed(confusion[k, k] / rows if rows else float("nan"), 3)


def _missed(outcome: Outcome, name: str) -> Grid:
    found = [
        (str(row), words, measured, said)
        for words, spectra, output in _parts(outcome, name)
        for row, measured, said in zip(spectra.ids, spectra.y, output, strict=True)
    ]
    found.sort(key=lambda item: -abs(item[3] - item[2]))
    worst = found[:MOST_ERRORS]
    rows = [[words, number(measured), number(said), number(said - measured)] for _, words, measured, said in worst]
    return Grid(("row", "part", "measured", "predicted", "error"), columns([item[0] for item in worst], rows), words=2)


def _confused(outcome: Outcome, name: str) -> Grid:
    classes = outcome.spectra.task.classes
    found = [
        (str(row), words, classes[int(true)], classes[int(chances.argmax())], float(chances.max()))
        for words, spectra, output in _parts(outcome, name)
        for row, true, chances in zip(spectra.ids, spectra.y, output, strict=True)
        if chances.argmax() != true
    ]
    found.sort(key=lambda item: -item[4])
    cells = tuple((*words, fixed(chance, 2)) for *words, chance in found[:MOST_ERRORS])
    return Grid(("row", "part", "true", "predicted", "probability"), cells, words=4)


def _parts(outcome: Outcome, name: str) -> tuple[tuple[str, Spectra, Output], ...]:
    model = outcome.model(name)
    return (
        ("held out", outcome.spectra.calibration, model.validated),
        ("test", outcome.spectra.test, model.test),
    )
