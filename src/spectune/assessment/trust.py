"""How far a network can be trusted: its intervals and flags from calibration rows, tried on the test rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.conformal import (
    Conformal,
    class_sets,
    covered,
    members_held_out,
    regression_interval,
)
from spectune.assessment.flags import Domain
from spectune.assessment.outcome import Expectation, Outcome
from spectune.metrics import score_interval
from spectune.predictions import Predictions
from spectune.spectra.spectra import Spectra
from spectune.training.fit import Fitted, predict

Array = NDArray[np.float64]

CLOSE = 1e-3
"""Part of the target's deviation, or of a probability, by which answers may differ from those of the run."""


def network_interval(outcome: Outcome, members: Array | None) -> Conformal:
    """What makes intervals of the network's predictions, or sets, from calibration rows.

    ``members`` are the answers of those that held the rows out, where they are known (``held_out``).
    """
    calibration, validated = outcome.spectra.calibration, outcome.model(outcome.network).validated
    if calibration.task.classes:
        return class_sets(calibration.y, validated, calibration.groups)
    folds = int(outcome.fold_of.max()) + 1 if members is not None else 0
    answers = validated[None] if members is None else members
    return regression_interval(calibration.y, answers, calibration.groups, folds, outcome.recipe.transform)


def held_out(fitted: Fitted, outcome: Outcome) -> Array | None:
    """Answers for the calibration rows by the members that held them out, (seeds, rows[, classes]).

    None where the members are others than those of the folds, as after a refit: what they say of these rows
    is then not what cross-validation saw.
    """
    calibration, validated = outcome.spectra.calibration, outcome.model(outcome.network).validated
    folds = int(outcome.fold_of.max()) + 1
    if fitted.members % folds:
        return None
    made = members_held_out(predict(fitted, calibration.x), outcome.fold_of)
    size = float(calibration.y.std()) if calibration.task.regression else 1.0
    same = np.allclose(made.mean(axis=0), validated, rtol=0, atol=CLOSE * size)
    return made if same else None


def expectation(predictions: Predictions, test: Spectra, interval: Conformal, domain: Domain) -> Expectation:
    """What intervals and flags came to on the test rows."""
    holds, size = held(predictions, test.y)
    groups = int(np.unique(test.groups).size)
    low, high = score_interval(float(holds.mean()) if holds.size else 0.0, groups)
    flagged = np.asarray([bool(words) for words in predictions.flags or ()], dtype=bool)
    return Expectation(
        level=interval.level,
        kind=interval.kind,
        size=size,
        rows=len(test),
        groups=groups,
        covered=int(holds.sum()),
        low=low,
        high=high,
        flagged=int(flagged.sum()),
        sound=int((holds & ~flagged).sum()),
        alarms=domain.alarms,
        behind=interval.rows,
        together=interval.groups,
    )


def held(predictions: Predictions, y: Array) -> tuple[NDArray[np.bool_], float]:
    """Which intervals or sets hold the true value, (rows,), and their mean half-width or number of classes."""
    if predictions.sets is not None:
        holds = predictions.sets[np.arange(y.size), y.astype(int)]
        return holds, float(predictions.sets.sum() / max(y.size, 1))
    if predictions.low is None or predictions.high is None:
        return np.zeros(y.size, dtype=bool), float("nan")
    half = (predictions.high - predictions.low) / 2
    return covered(y, (predictions.low, predictions.high)), float(half.sum() / max(y.size, 1))
