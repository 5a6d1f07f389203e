"""Errors over all held-out rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.utils.class_weight import compute_sample_weight

from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Problem:
    """What a search is about: the calibration rows' target, what it means, and the folds."""

    y: Array
    task: Task
    folds: tuple[Fold, ...]


def validated(held_out: Sequence[Array], problem: Problem) -> Array:
    """Output for every calibration row by the member of the fold that held it out.

    With several seeds per fold (``held_out`` a multiple of the folds) their mean is taken.

    Returns:
        (rows,) values or (rows, classes) probabilities.
    """
    folds = problem.folds
    rounds = len(held_out) // len(folds)
    made = np.zeros((problem.y.size, *held_out[0].shape[1:]))
    for number, output in enumerate(held_out):
        made[folds[number % len(folds)].scored] += output / rounds
    return made


def pooled(held_out: Sequence[Array], problem: Problem) -> float:
    """The error over all rows that a fold holds out; those of no fold do not count."""
    rows = np.unique(np.concatenate([fold.scored for fold in problem.folds]))
    return error(validated(held_out, problem)[rows], problem.y[rows], problem.task)


def wrong(held_out: Sequence[Array], problem: Problem) -> float:
    """Part of the held-out rows that are given a wrong class, mean over folds."""
    told = [output.argmax(axis=1) for output in held_out]
    true = [problem.y[problem.folds[number % len(problem.folds)].scored] for number in range(len(told))]
    return float(np.mean([np.mean(one != other) for one, other in zip(told, true, strict=True)]))


def error(output: Array, y: Array, task: Task) -> float:
    """RMSE in the target's unit, or log-loss of class probabilities, every class weighing the same.

    The objective of a search.
    """
    if task.classes:
        weights = compute_sample_weight("balanced", y)
        return float(log_loss(y, output, labels=list(range(len(task.classes))), sample_weight=weights))
    return float(root_mean_squared_error(y, output))
