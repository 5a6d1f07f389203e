"""Regions: what carries the target stands out, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

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
@pytest.mark.parametrize(
    ("words", "count", "place", "bounds"), [("RAW | SNV", 8, 4, (1195.0, 1245.0)), ("BIN(2)", 4, 2, (1195.0, 1295.0))]
)
def test_the_band_that_carries_the_target_stands_out(
    layout: Layout, words: str, count: int, place: int, bounds: tuple[float, float]
) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 40)).astype(np.float32)
    y = x[:, 20:25].sum(axis=1).astype(np.float64)
    task = Task("band", rows=300, points=40)
    recipe = Recipe(
        parse_channels(words), (Flatten(), Dense(8), Act("swish"), Dense(1)), Schedule(epochs=40, rate=0.01), layout
    )
    fold = Fold(np.arange(250), np.arange(250, 300), np.arange(300, 400))
    *_, last = fit(recipe, x, y, task, [fold], [0])
    axis = Axis(tuple(1000.0 + 10 * k for k in range(40)), "nm")

    def off(output: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
        return error(output, wanted, task)

    found = list(regions(last.fitted, x[300:], y[300:], axis, off, 0, count))
    growth = np.asarray([one.growth[0] for one in found])
    assert int(growth.argmax()) == place
    assert growth[place] > 5 * np.delete(growth, place).max()
    assert (found[0].low, found[-1].high) == (1000.0, 1390.0)
    assert (found[place].low, found[place].high) == pytest.approx(bounds)
