"""Scores of a model on a part of the rows, and which models a report looks at closely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectune.assessment.outcome import Outcome, Part
from spectune.metrics import ClassScores, OneClass, RegressionScores, class_scores, each_class, regression_scores
from spectune.tuning.record import Trial

_NONE = float("nan")


@dataclass(frozen=True)
class Told:
    """How the classes of a part are told apart.

    Attributes:
        classes: every class by itself.
        samples: of each class how many are independent: groups, where rows of one sample belong together.
    """

    classes: tuple[OneClass, ...]
    samples: tuple[int, ...]


def regression(outcome: Outcome, name: str, part: Part) -> RegressionScores:
    """Scores of a model that predicts a number; not-a-number where the part has no rows."""
    measured = outcome.measured(part)
    if not measured.size:
        return RegressionScores(0, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE)
    return regression_scores(measured, outcome.model(name).output(part))


def classification(outcome: Outcome, name: str, part: Part) -> ClassScores:
    """Scores of a model that names a class; not-a-number where the part has no rows."""
    measured = outcome.measured(part)
    classes = len(outcome.spectra.task.classes)
    if not measured.size:
        return ClassScores(0, _NONE, _NONE, _NONE, ((0,) * classes,) * classes)
    return class_scores(measured, outcome.model(name).output(part).argmax(axis=1), classes)


def told(outcome: Outcome, name: str, part: Part) -> Told:
    """How a model tells the classes apart on a part of the rows."""
    spectra = outcome.spectra.test if part == "test" else outcome.spectra.calibration
    labels = range(len(spectra.task.classes))
    samples = tuple(int(np.unique(spectra.groups[spectra.y == label]).size) for label in labels)
    return Told(each_class(classification(outcome, name, part).confusion), samples)


def error(outcome: Outcome, name: str, part: Part) -> float:
    """RMSE in the target's unit, or 1 - balanced accuracy."""
    if outcome.spectra.task.regression:
        return regression(outcome, name, part).rmse
    return 1 - classification(outcome, name, part).balanced_accuracy


def looked_at(outcome: Outcome) -> tuple[str, ...]:
    """The network and its rival: the recommended model, or else the best of the others by cross-validation."""
    others = [model.name for model in outcome.models if model.name != outcome.network]
    if outcome.verdict.use in others:
        return outcome.network, outcome.verdict.use
    return outcome.network, *sorted(others, key=lambda name: error(outcome, name, "cross-validated"))[:1]


def best_trial(outcome: Outcome) -> Trial | None:
    """The complete trial of lowest error among those that drew the best recipe, else among all."""
    complete = [trial for trial in outcome.trials if trial.value is not None and np.isfinite(trial.value)]
    same = [trial for trial in complete if trial.recipe_id == outcome.recipe.id]
    return min(same or complete, key=lambda trial: trial.value or 0.0, default=None)


def alike(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether the means of two sets of replicate errors lie within two standard errors of each other.

    >>> alike((1.0, 1.1, 1.2), (1.1, 1.2, 1.3)), alike((1.0, 1.01, 1.02), (2.0, 2.01, 2.02))
    (True, False)
    """
    if min(len(one), len(other)) < 2:
        return True
    variance = np.var(one, ddof=1) / len(one) + np.var(other, ddof=1) / len(other)
    return bool(abs(np.mean(one) - np.mean(other)) <= 2 * np.sqrt(variance))
