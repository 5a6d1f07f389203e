"""A small finished network with its outcome: what intervals and flags are tried on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from outcomes import Wish
from outcomes import outcome as made_up
from spectune.assessment.outcome import CNN, Outcome
from spectune.files.models import Model
from spectune.job.finishing import trusted
from spectune.spectra.folds import Fold, folds
from spectune.spectra.select import select
from spectune.spectra.spectra import Rows
from spectune.spectra.table import Table
from spectune.synthesis.fruit import fruit
from spectune.training.fit import fit, predict
from spectune.tuning.scoring import Problem, validated

FOLDS = 3
WORDS = ("green", "ripe")


def table(rows: int, seed: int = 1) -> Table:
    """Simulated fruit, with a word for its dry matter."""
    made = fruit(rows, seed)
    kinds = np.asarray(WORDS)[(made.column("dry_matter").astype(float) > 15.5).astype(int)]
    return replace(made, columns={**made.columns, "kind": kinds})


def fold_numbers(cuts: Sequence[Fold], rows: int) -> Rows:
    """For each row the number of the fold that holds it out."""
    found = np.zeros(rows, dtype=np.intp)
    for number, cut in enumerate(cuts):
        found[cut.scored] = number
    return found


def trained(target: str = "dry_matter", seeds: int = 2, epochs: int = 12, rows: int = 150) -> tuple[Model, Outcome]:
    """A model of folds times seeds members without intervals, and the outcome it belongs to."""
    spectra = select(table(rows), target)
    calibration, cuts = spectra.calibration, folds(spectra.calibration, FOLDS, 0)
    small = made_up(Wish(rows=30, test_rows=3, points=12, trials=5, classes=spectra.task.classes))
    *_, last = fit(
        replace(small.recipe, schedule=replace(small.recipe.schedule, epochs=epochs)),
        calibration.x,
        calibration.y,
        spectra.task,
        [*cuts] * seeds,
        range(FOLDS * seeds),
    )
    held_out = validated(last.held_out, Problem(calibration.y, calibration.task, cuts))
    judged = replace(
        small.model(CNN),
        calibration=predict(last.fitted, calibration.x).mean(axis=0),
        validated=held_out,
        test=predict(last.fitted, spectra.test.x).mean(axis=0),
    )
    outcome = replace(
        small,
        spectra=spectra,
        fold_of=fold_numbers(cuts, len(calibration)),
        models=(judged,),
        verdict=replace(small.verdict, use=CNN, differences=()),
        recipe=last.fitted.recipe,
        shape=last.fitted.stack.shape,
        members=last.fitted.members,
        spread=np.zeros(len(spectra.test)),
        regions=None,
        settings={"seed": 0},
    )
    return Model(last.fitted, spectra.axis, spectra.signal), outcome


def ready(target: str = "dry_matter", seeds: int = 2) -> tuple[Model, Outcome]:
    """The same with intervals and flags."""
    model, outcome = trained(target, seeds)
    return trusted(model, outcome), outcome
