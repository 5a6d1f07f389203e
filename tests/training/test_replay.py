"""A training replayed from its curve: the same rates as the training had."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.networks.layers import Act, Dense, Flatten
from spectune.networks.recipe import Decay, Recipe, Schedule
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.fit import fit
from spectune.training.replay import rate_curve

RECIPE = Recipe(parse_channels("RAW"), (Flatten(), Dense(4), Act("elu"), Dense(1)))
CURVES = st.lists(st.floats(0.01, 2.0), min_size=1, max_size=40)


@pytest.mark.parametrize("decay", ["constant", "cosine", "plateau"])
def test_the_replayed_rates_are_those_of_the_training(decay: Decay) -> None:
    random = np.random.default_rng(3)
    x, y = random.normal(size=(40, 12)).astype(np.float32), random.normal(size=40)
    rows = np.arange(40)
    schedule = Schedule(rate=0.02, batch=8, epochs=40, warmup=3, decay=decay, plateau_patience=3, patience=12)
    folds = [Fold(rows[:20], rows[20:30], rows[30:])]
    task = Task("y", "", (), 40, 12, skew=0.0, positive=False)
    epochs = [seen.epoch for seen in fit(replace(RECIPE, schedule=schedule), x, y, task, folds, [7])]
    replayed = rate_curve(schedule, [float(epoch.tuning[0]) for epoch in epochs])
    assert replayed == pytest.approx([float(epoch.rates[0]) for epoch in epochs])
    assert decay == "constant" or len(set(replayed)) > 3


@given(CURVES, st.integers(1, 5), st.integers(0, 8))
def test_a_plateau_only_lowers_the_rate_and_never_after_the_member_stopped(
    curve: list[float], plateau: int, patience: int
) -> None:
    schedule = Schedule(rate=0.1, decay="plateau", plateau_patience=plateau, patience=patience, min_rate=1e-3)
    rates = rate_curve(schedule, curve)
    assert len(rates) == len(curve)
    assert all(later <= sooner for sooner, later in pairwise(rates))
    longer = rate_curve(schedule, [*curve, *[curve[-1] + 1] * (patience + 50)])
    assert longer[: len(rates)] == rates
    if patience:
        assert len(set(longer[len(rates) + patience :])) == 1


def test_what_a_curve_does_not_tell_is_not_made_up() -> None:
    schedule = Schedule(decay="plateau", watch="loss")
    assert rate_curve(schedule, [0.5, 0.4]) == ()
    assert rate_curve(replace(schedule, decay="constant"), [0.5, 0.4]) == (1e-3, 1e-3)
