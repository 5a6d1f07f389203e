"""Single figures: well-formed, small, drawn the way spectroscopists draw."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from outcomes import Wish, outcome
from spectune.networks.layers import Act, Branches, Conv, Dense, Flatten, Residual, parameters
from spectune.report.drawing import MOST_VERTICES, evenly, outline
from spectune.report.figures.data import channels_picture, folds_picture, spectra_picture
from spectune.report.figures.fit import MOST_POINTS, confusion_picture, thinned
from spectune.report.scored import best_trial, looked_at
from spectune.report.tables.network import network_grid
from spectune.spectra.channels import parse_channels

SMALL = Wish(rows=40, test_rows=8, points=60, trials=6, folds=4)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("}text")]  # noqa: S314


def x_of(svg: str, text: str) -> float:
    found = re.search(rf'<text[^>]* x="([0-9.]+)"[^>]*>{text}</text>', svg)
    assert found
    return float(found[1])


def test_wavenumbers_descend_and_wavelengths_ascend() -> None:
    wanted = replace(SMALL, first=800.0, last=1800.0)
    waves = spectra_picture(outcome(wanted).spectra)
    numbers = spectra_picture(outcome(replace(wanted, axis_unit="cm-1")).spectra)
    assert x_of(waves, "1000") < x_of(waves, "1600")
    assert x_of(numbers, "1000") > x_of(numbers, "1600")
    assert "wavenumber (cm⁻¹)" in texts(numbers)


def test_words_in_a_figure_stay_words() -> None:
    assert {"fold 1", "fold 4", "row, in the order of the file"} <= set(texts(folds_picture(outcome(SMALL))))


def test_a_figure_leaves_the_settings_of_matplotlib_alone() -> None:
    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context({"font.size": 31, "text.parse_math": True}):
        inside = folds_picture(outcome(SMALL))
        assert matplotlib.rcParams["font.size"] == 31
    assert dict(matplotlib.rcParams) == before
    assert inside == folds_picture(outcome(SMALL))


def test_channels_of_unequal_kinds_are_each_drawn_on_their_own_axis() -> None:
    made = outcome(SMALL)
    recipe = replace(made.recipe, channels=parse_channels("BIN(4) | SNV+D1 | DT"), layout="concatenate")
    assert {"BIN(4)", "SNV+D1", "DT"} <= set(texts(channels_picture(replace(made, recipe=recipe))))


def test_thirty_classes_with_long_names_are_named_on_both_axes_of_a_confusion_matrix() -> None:
    names = tuple(f"polymer {number}" for number in range(30))
    made = outcome(replace(SMALL, classes=names, rows=90, test_rows=30, unit=""))
    assert texts(confusion_picture(made, "CNN")).count("polymer 17") == 4


def test_the_network_is_compared_with_the_recommended_model_or_else_with_the_best_of_the_others() -> None:
    assert looked_at(outcome(replace(SMALL, use="PLS"))) == ("CNN", "PLS")
    assert looked_at(outcome(SMALL)) in {("CNN", "SVR"), ("CNN", "network without convolution")}


def test_the_best_trial_is_the_one_that_drew_the_recipe() -> None:
    made = outcome(SMALL)
    trial = best_trial(made)
    assert trial is not None
    assert trial.recipe_id == made.recipe.id


def test_the_table_of_a_network_opens_its_branches_and_adds_up_to_all_parameters() -> None:
    body = (Conv(4, 3), Act("relu"))
    layers = (Residual(body, (Conv(4, 1),)), Branches((body, (Conv(2, 5),))), Flatten(), Dense(1))
    grid = network_grid(layers, (1, 20))
    assert sum(row[0].startswith("\u2003") for row in grid.rows) == 6
    assert grid.rows[-1] == ("together", "", str(parameters(layers, (1, 20))))


@given(st.integers(0, 3000), st.integers(2, 60))
def test_rows_are_chosen_evenly_and_keep_both_ends(count: int, most: int) -> None:
    rows = evenly(count, most)
    assert rows.size == min(count, most)
    if count:
        assert rows[0] == 0
        assert rows[-1] == count - 1


@given(st.integers(2, 4000), st.integers(0, 2**32 - 1))
def test_a_thinned_curve_keeps_its_highest_and_lowest_point(points: int, seed: int) -> None:
    line = np.random.default_rng(seed).normal(size=points)
    positions, kept = outline(np.arange(points, dtype=float), line)
    assert kept.size <= MOST_VERTICES
    assert (kept.min(), kept.max()) == (line.min(), line.max())
    assert (np.diff(positions) > 0).all()


@given(st.integers(0, 5000), st.integers(0, 2**32 - 1))
def test_thinned_points_hold_the_largest_error(rows: int, seed: int) -> None:
    error = np.random.default_rng(seed).normal(size=rows)
    kept = thinned(error)
    assert kept.size <= max(MOST_POINTS, 0)
    if rows:
        assert np.abs(error).argmax() in kept
