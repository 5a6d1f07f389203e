"""Single figures: well-formed, small, drawn the way spectroscopists draw."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes import Wish, outcome
from spectune.metrics import ClassScores, RegressionScores
from spectune.networks.layers import Act, Branches, Conv, Dense, Flatten, Residual, parameters
from spectune.networks.recipe import Schedule
from spectune.report.captions import curves_caption
from spectune.report.drawing import MOST_VERTICES, evenly, outline
from spectune.report.figures.classes import classes_picture
from spectune.report.figures.data import folds_picture, spectra_picture
from spectune.report.figures.fit import MOST_POINTS, confusion_picture, predicted_picture, scored_words, thinned
from spectune.report.figures.inputs import CLASSES, MOST_ROWS, blocks, inputs_picture, spread_rows
from spectune.report.figures.training import curves_picture
from spectune.report.scored import best_trial, looked_at, told
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
    picture = inputs_picture(made.spectra.calibration, parse_channels("BIN(4) | SNV+D1 | DT"), "concatenate")
    assert {"BIN(4)", "SNV+D1", "DT"} <= set(texts(picture))


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


def test_the_scale_of_a_block_comes_from_all_rows_and_each_column_by_itself() -> None:
    spectra = outcome(SMALL).spectra.calibration
    every = np.arange(len(spectra))
    for block in blocks(spectra, parse_channels("RAW | SNV+D1 | BIN(4)"), every):
        np.testing.assert_allclose(block.after.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(block.after.std(axis=0), 1, atol=1e-6)
        few = blocks(spectra, parse_channels(block.name), every[3:5])[0]
        np.testing.assert_allclose(few.after, block.after[3:5])
        assert block.positions.size == block.before.shape[1]


def test_a_network_without_standardisation_has_one_row_of_blocks() -> None:
    spectra = outcome(SMALL).spectra.calibration
    channels = parse_channels("RAW | SNV")
    assert "standardised" in texts(inputs_picture(spectra, channels, "concatenate"))
    assert "standardised" not in texts(inputs_picture(spectra, channels, "concatenate", standardised=False))


@pytest.mark.parametrize("count", [2, 8, 30])
def test_spectra_of_all_classes_are_drawn_with_names_where_there_is_room(count: int) -> None:
    names = tuple(f"polymer {number}" for number in range(count))
    spectra = outcome(replace(SMALL, classes=names, rows=90, test_rows=30, unit="")).spectra.calibration
    rows = spread_rows(spectra)
    assert np.unique(spectra.y[rows]).size == min(count, MOST_ROWS)
    words = texts(inputs_picture(spectra, parse_channels("SNV"), "channels"))
    assert ("polymer 1" in words) == (count <= len(CLASSES))


def test_counts_that_do_not_fit_their_cells_are_written_as_shares() -> None:
    names = tuple(f"polymer {number}" for number in range(30))
    crowded = outcome(replace(SMALL, classes=names, rows=60_000, test_rows=30, points=12, trials=5, folds=3, unit=""))
    words = texts(confusion_picture(crowded, "CNN"))
    assert any("% of the true class" in word for word in words)
    assert max(len(word) for word in words if word.isdigit()) <= 3


def test_every_class_has_its_bar_and_the_panel_its_macro_f1() -> None:
    made = outcome(replace(SMALL, classes=("PE", "PP", "PS"), unit=""))
    words = texts(classes_picture(made.spectra.task.classes, {"test": told(made, "CNN", "test")}))
    macro = made.scores("CNN", "test")
    assert {"PE", "PP", "PS"} <= set(words)
    assert isinstance(macro, ClassScores)
    assert any(f"macro-F1 {macro.macro_f1:.3f}" in word for word in words)


def test_replicates_of_a_sample_count_once_in_the_certainty_of_a_class() -> None:
    made = outcome(replace(SMALL, classes=("PE", "PP"), unit="", rows=48, test_rows=12, replicates=3))
    found = told(made, "CNN", "cross-validated")
    assert sum(one.rows for one in found.classes) == 48
    assert sum(found.samples) == 16


def test_the_scores_of_a_panel_are_those_of_the_rows_in_it() -> None:
    made = outcome(SMALL)
    found = made.scores("CNN", "test")
    assert isinstance(found, RegressionScores)
    words = texts(predicted_picture(made, "CNN"))
    for line in scored_words(found, "RMSEP", "%").splitlines():
        assert line in words
    assert f"slope {found.slope:.3f}" in words


def test_rates_stand_below_the_curves_only_where_they_change() -> None:
    trial = best_trial(outcome(SMALL))
    assert trial is not None
    falling = [tuple(0.01 / epoch for epoch in range(1, len(curve) + 1)) for curve in trial.tuning_curves]
    assert "learning rate" in texts(curves_picture(trial, "RMSE", falling))
    assert "learning rate" not in texts(curves_picture(trial, "RMSE"))


def test_a_caption_says_what_the_penalty_of_the_kept_weights_was() -> None:
    trial = best_trial(outcome(SMALL))
    assert trial is not None
    assert "penalty" not in curves_caption(Schedule(), trial, moving=False)
    weighed = replace(trial, penalties=(0.02, 0.03))
    assert "which is 0.0200 to 0.0300" in curves_caption(Schedule(), weighed, moving=False)
    assert "loss with its L2 penalty" in curves_caption(Schedule(watch="loss"), trial, moving=False)
