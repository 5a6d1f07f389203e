"""The whole explanation: bands that carry a class stand out for that class, by every method that can tell."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from spectune.errors import SettingError
from spectune.explanation.attribution import METHODS, Case, gathered
from spectune.explanation.explaining import (
    Explanation,
    explain,
    lowest_and_highest,
    single_cases,
    spectra_of,
    usual_cases,
)
from spectune.networks.layers import Act, Conv, Dense, Flatten
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.axis import Axis
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Spectra, Task
from spectune.training.fit import Fitted, fit

CENTRES = {"left": 8, "right": 30}
"""Points around which each class has its band."""


def two_classes(test: int = 40) -> Spectra:
    random = np.random.default_rng(0)
    rows, points = 160 + test, 40
    y = random.integers(0, 2, rows).astype(float)
    x = random.normal(0, 0.3, (rows, points))
    for number, centre in enumerate(CENTRES.values()):
        x[y == number, centre - 2 : centre + 3] += 1.0
    return Spectra(
        x=x.astype(np.float32),
        axis=Axis(tuple(1000.0 + 5 * point for point in range(points))),
        y=y,
        task=Task("side", classes=tuple(CENTRES)),
        ids=np.asarray([f"s{row}" for row in range(rows)]),
        groups=np.arange(rows),
        roles=np.repeat(["cal", "test"], [160, test]),
    )


@cache
def trained() -> tuple[Fitted, Spectra]:
    spectra = two_classes()
    layers = (Conv(1, 3), Act("elu"), Flatten(), Dense(8), Act("elu"), Dense(2))
    recipe = Recipe(parse_channels("RAW | SG(5,2)"), layers, Schedule(epochs=25, rate=5e-3), "concatenate")
    folds = [
        Fold(np.arange(20, 160), np.arange(20), np.arange(0)),
        Fold(np.arange(140), np.arange(140, 160), np.arange(0)),
    ]
    calibration = spectra.calibration
    *_, last = fit(recipe, calibration.x, calibration.y, spectra.task, folds, [0, 1])
    return last.fitted, spectra


@cache
def explanation() -> Explanation:
    fitted, spectra = trained()
    return explain(fitted, spectra, seed=3)


@pytest.mark.parametrize(
    ("method", "factor"), [("integrated gradients", 2.0), ("occlusion", 2.0), ("gradient × activation", 1.5)]
)
def test_each_class_is_told_by_its_own_band_and_by_the_absence_of_the_other(method: str, factor: float) -> None:
    found = explanation()
    for one in (one for one in found.attributions if one.method == method):
        inside = np.zeros(40, dtype=bool)
        for centre in CENTRES.values():
            inside[centre - 4 : centre + 5] = True
        assert inside[int(one.importance.argmax())]
        assert one.strength[inside].mean() > factor * one.strength[~inside].mean()
        own = CENTRES[one.case]
        assert one.mean[own - 2 : own + 3].sum() > 0


def test_everything_has_a_place_a_spread_and_a_check() -> None:
    found, (fitted, _) = explanation(), trained()
    assert [case.name for case in found.cases] == ["left", "right"]
    assert found.methods == METHODS
    assert not found.silences
    assert found.part == "test"
    for one in found.attributions:
        kept = 1 if one.method == "occlusion" else 2
        assert one.blocks.shape == one.strengths.shape == (fitted.members, kept, 40)
        assert one.mean.shape == one.spread.shape == one.over_rows.shape == (40,)
        assert (one.gross >= one.strength - 1e-12).all()
        assert (one.strength >= np.abs(one.mean) - 1e-12).all()
    assert len(found.survivals) == 3 * len(METHODS)


def test_the_same_seed_gives_the_same_explanation() -> None:
    fitted, spectra = trained()
    again = explain(fitted, spectra, seed=3)
    assert [one.mean.tolist() for one in again.attributions] == [
        one.mean.tolist() for one in explanation().attributions
    ]
    assert again.survivals == explanation().survivals


def test_a_network_without_convolution_is_explained_by_what_needs_none() -> None:
    fitted, spectra = trained()
    recipe = replace(fitted.recipe, layers=(Flatten(), Dense(2)))
    fold = Fold(np.arange(100), np.arange(100, 160), np.arange(0))
    *_, last = fit(recipe, spectra.calibration.x, spectra.calibration.y, spectra.task, [fold], [0])
    found = explain(last.fitted, spectra)
    assert found.methods == ("integrated gradients", "occlusion", "regression coefficients")
    assert all("convolution" in silence.reason for silence in found.silences)


def test_few_test_rows_leave_the_calibration_rows_to_explain() -> None:
    assert set(spectra_of(two_classes(7)).roles) == {"cal"}
    assert set(spectra_of(two_classes(8)).roles) == {"test"}


def test_classes_that_are_named_are_asked_about_in_that_order() -> None:
    spectra = two_classes()
    cases = usual_cases(spectra, ["right", "left"])
    assert [(case.name, case.output) for case in cases] == [("right", 1), ("left", 0)]
    for case in cases:
        assert (spectra.test.y[case.rows] == case.output).all()
    with pytest.raises(SettingError, match="'middle'; classes with rows are left, right"):
        usual_cases(spectra, ["middle"])


def test_a_number_is_asked_about_overall_and_at_both_ends() -> None:
    spectra = replace(two_classes(), task=Task("fat", "%"), y=np.random.default_rng(1).normal(size=200))
    every, low, high = usual_cases(spectra)
    y = spectra.test.y
    assert (every.rows.size, low.rows.size, high.rows.size) == (40, 10, 10)
    assert y[low.rows].max() < np.median(y) < y[high.rows].min()
    with pytest.raises(SettingError, match="fat is a number"):
        usual_cases(spectra, ["left"])


def test_the_ends_of_a_target_do_not_overlap() -> None:
    low, high = lowest_and_highest(np.asarray([5.0, 1.0, 3.0, 2.0, 4.0]))
    assert (low.tolist(), high.tolist()) == ([1], [0])


def test_single_rows_are_named_and_asked_about_their_own_class() -> None:
    spectra = two_classes()
    cases = single_cases(spectra, 5)
    assert len({case.name for case in cases}) == 5
    for case in cases:
        row = case.rows[0]
        assert case.name == f"{spectra.test.ids[row]} ({list(CENTRES)[int(spectra.test.y[row])]})"
        assert spectra.test.y[case.rows[0]] == case.output
    for count in (0, 41):
        with pytest.raises(SettingError, match="from 1 to 40"):
            single_cases(spectra, count)


def test_rows_without_a_map_are_counted_and_weigh_nothing() -> None:
    whole = np.ones((2, 1, 3))
    broken = whole.copy()
    broken[1] = np.nan
    found = gathered("grad-CAM as published", Case("PET", np.arange(2), 1), [whole, broken])
    assert found.empty == 0.25
    assert found.mean.tolist() == [0.75] * 3
