"""Regions: what carries the target stands out, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

from spectune.explanation.regions import regions
from spectune.networks.layers import Act, Dense, Flatten
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.axis import Axis
from spectune.spectra.channels import Layout, parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.fit import fit
from spectune.tuning.scoring import error


@pytest.mark.parametrize("layout", ["channels", "concatenate"])
@pytest.mark.parametrize("words", ["RAW | SNV", "BIN(2)"])
def test_the_band_that_carries_the_target_stands_out(layout: Layout, words: str) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(120, 40)).astype(np.float32)
    y = x[:, 20:25].sum(axis=1).astype(np.float64)
    task = Task("band", rows=90, points=40)
    recipe = Recipe(
        parse_channels(words), (Flatten(), Dense(8), Act("swish"), Dense(1)), Schedule(epochs=60, rate=0.01), layout
    )
    fold = Fold(np.arange(80), np.arange(80, 90), np.arange(90, 120))
    *_, last = fit(recipe, x, y, task, [fold], [0])
    axis = Axis(tuple(1000.0 + 10 * k for k in range(40)), "nm")
    found = list(
        regions(last.fitted, x[90:], y[90:], axis, lambda output, wanted: error(output, wanted, task), 0, count=8)
    )
    growth = np.asarray([one.growth[0] for one in found])
    assert int(growth.argmax()) == 4
    assert growth[4] > 5 * np.delete(growth, 4).max()
    assert (found[0].low, found[-1].high) == (1000.0, 1390.0)
    assert found[4].low == pytest.approx(1195.0)
    assert found[4].high == pytest.approx(1245.0)
