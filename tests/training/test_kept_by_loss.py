"""Weights that are kept by the loss while accuracy is watched, as for the classes of Passos & Mishra (2022)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from spectune.networks.layers import Act, Dense, Dropout, Flatten
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.checkpoint import Past
from spectune.training.fit import Rehearsal, fit, predict
from spectune.training.loop import past_of
from spectune.training.machine import Machine
from spectune.training.native import core

FROM, PENALTY = 5, 0.01
SCHEDULE = Schedule(
    "keras_adam", 0.05, 8, 16, PENALTY, decay="plateau", plateau_patience=2, patience=9, watch="accuracy",
    restore="stopped", keep_from=FROM, keep_by="loss",
)  # fmt: skip
RECIPE = Recipe(parse_channels("RAW"), (Flatten(), Dense(8), Act("elu"), Dropout(0.2), Dense(3)), SCHEDULE)
TASK = Task("polymer", classes=("PE", "PP", "PS"))
CORE = pytest.param(Machine("core"), marks=pytest.mark.skipif(core() is None, reason="no core"), id="core")
MACHINES = [CORE, pytest.param(Machine("torch"), id="torch")]


@cache
def data() -> tuple[NDArray[np.float32], NDArray[np.float64], list[Fold]]:
    """Three classes that overlap, of 10, 30 and 60 rows in a hundred: balanced and plain log-loss differ."""
    random = np.random.default_rng(7)
    y = random.choice(3, 120, p=[0.1, 0.3, 0.6]).astype(float)
    x = random.normal(0, 1.5, (120, 6)) + y[:, None] * np.linspace(-1, 1, 6)
    order = random.permutation(120)
    return x.astype(np.float32), y, [Fold(order[40:], order[:40], order[:40]), Fold(order[:80], order[80:], order[80:])]


def epochs(machine: Machine, recipe: Recipe = RECIPE) -> list[Rehearsal]:
    x, y, folds = data()
    return list(fit(recipe, x, y, TASK, folds, [1, 2], machine=machine))


@pytest.mark.parametrize("machine", MACHINES)
def test_the_kept_epoch_is_that_of_the_lowest_loss_with_its_penalty_whatever_is_watched(machine: Machine) -> None:
    seen, (x, y, folds) = epochs(machine), data()
    past, fitted = past_of([one.epoch for one in seen]), seen[-1].fitted
    chances, by_accuracy = (
        predict(fitted, x),
        epochs(machine, replace(RECIPE, schedule=replace(SCHEDULE, keep_by="watched"))),
    )
    for member, fold in enumerate(folds):
        best, rows = int(seen[-1].epoch.best_epoch[member]), fold.tuning
        assert best == FROM + 1 + past.losses[member, FROM:].argmin()
        log_loss = -np.log(chances[member, rows, y[rows].astype(int)]).mean()
        penalty = PENALTY / 2 * float(fitted.stack.kernels[member].square().sum())
        assert past.losses[member, best - 1] == pytest.approx(log_loss + penalty, rel=1e-4)
        assert seen[-1].epoch.best[member] == past.watched[member, best - 1]
    assert (seen[-1].epoch.best_epoch != by_accuracy[-1].epoch.best_epoch).any()
    np.testing.assert_array_equal(past.watched, past_of([one.epoch for one in by_accuracy]).watched)
    np.testing.assert_array_equal(past.rates, past_of([one.epoch for one in by_accuracy]).rates)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_fit_that_keeps_by_the_loss_goes_on_from_any_epoch_to_the_bit(machine: Machine) -> None:
    whole, (x, y, folds) = epochs(machine), data()
    for stop in range(1, len(whole) - 1, 3):
        begun = []
        for seen in fit(RECIPE, x, y, TASK, folds, [1, 2], machine=machine):
            begun.append(seen.epoch)
            if seen.epoch.number == stop:
                break
        checkpoint = seen.checkpoint(past_of(begun))
        *_, last = fit(RECIPE, x, y, TASK, folds, [1, 2], machine=machine, checkpoint=checkpoint)
        np.testing.assert_array_equal(last.epoch.best_epoch, whole[-1].epoch.best_epoch)
        np.testing.assert_array_equal(last.epoch.losses, whole[-1].epoch.losses)
        assert last.fitted.stack.kernels.equal(whole[-1].fitted.stack.kernels)


def test_a_past_that_was_kept_without_losses_has_none() -> None:
    curves = np.ones((2, 3))
    assert np.isnan(Past(curves, curves, curves, curves, curves).losses).all()
    assert Past(curves, curves, curves, curves, curves, 2 * curves).losses.tolist() == [[2.0] * 3] * 2
