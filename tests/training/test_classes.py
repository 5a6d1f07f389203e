"""Classes: weights that make every class count the same, probabilities, and an error that agrees."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spectune.networks.layers import Act, Dense, Flatten
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.fit import Rehearsal, fit, predict
from spectune.training.machine import Machine
from spectune.tuning.scoring import error

TASK = Task("kind", classes=("often", "rarely"), rows=60, points=12)
EXACT = Machine("torch", dtype=torch.float64)


def trained(balanced: bool, rare: int = 6) -> tuple[np.ndarray, np.ndarray, Rehearsal]:
    """One member on 54 rows of one class and a few of another that overlap."""
    random = np.random.default_rng(3)
    y = np.repeat([0.0, 1.0], [54, rare])
    x = random.normal(size=(y.size, 12)).astype(np.float32)
    x[:, 3] += 1.2 * y.astype(np.float32)
    layers = (Flatten(), Dense(4), Act("swish"), Dense(2))
    recipe = Recipe(
        parse_channels("RAW"), layers, Schedule("sgd", rate=0.05, batch=1000, epochs=60), gain=0.4, balanced=balanced
    )
    every = np.arange(y.size)
    *_, last = fit(recipe, x, y, TASK, [Fold(every, every, every)], [0], machine=EXACT)
    return x, y, last


def test_balance_changes_nothing_between_equal_classes() -> None:
    _, _, plain = trained(balanced=False, rare=54)
    _, _, weighted = trained(balanced=True, rare=54)
    torch.testing.assert_close(plain.fitted.stack.kernels, weighted.fitted.stack.kernels)


def test_balancing_finds_the_rare_class() -> None:
    x, y, plain = trained(balanced=False)
    _, _, weighted = trained(balanced=True)
    recalls = [(predict(one.fitted, x)[0].argmax(axis=1)[y == 1] == 1).mean() for one in (plain, weighted)]
    assert recalls[1] > recalls[0] + 0.3


def test_the_tuning_error_is_the_error_of_the_search() -> None:
    x, y, last = trained(balanced=True)
    probabilities = predict(last.fitted, x)[0]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert last.scored is not None
    assert last.scored[0] == pytest.approx(error(probabilities, y, TASK), rel=1e-6)
    by_class = [-np.log(probabilities[y == label, label]).mean() for label in (0, 1)]
    assert last.scored[0] == pytest.approx(np.mean(by_class), rel=1e-6)
