"""Tables of rows: folds and roles, classes, and the rows a model misses by most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spectune.assessment.outcome import Outcome, Output, Part
from spectune.metrics import OneClass, averages
from spectune.report.scored import told
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
    """Rows, precision, sensitivity and F1 of each class, and their averages: every class, or every row, alike."""
    shown: tuple[Part, ...] = ("cross-validated", "test")
    return classes_told(outcome.spectra.task.classes, {part: told(outcome, name, part).classes for part in shown})


def classes_told(classes: Sequence[str], parts: Mapping[str, Sequence[OneClass]]) -> Grid:
    """The same for any parts of the rows, with every class by itself in each."""
    averaged = [averages(one) for one in parts.values()]
    rows = [
        [cell for one, mean in zip(parts.values(), averaged, strict=True) for cell in _class_cells((*one, *mean)[k])]
        for k in range(len(classes) + 2)
    ]
    names = (*classes, "mean of classes (macro)", "mean of rows (weighted)")
    return Grid(
        ("class", *("rows", "precision", "sensitivity", "F1") * len(parts)),
        columns(names, rows),
        groups=(("", 1), *((part, 4) for part in parts)),
        marked=(len(names) - 2, len(names) - 1),
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


def _class_cells(one: OneClass) -> tuple[str, ...]:
    return (str(one.rows), *(fixed(share, 3) for share in (one.precision, one.sensitivity, one.f1)))


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
