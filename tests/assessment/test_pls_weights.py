"""What PLS uses: coefficients that reproduce its predictions, and importances that add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes import Wish, outcome
from spectune.assessment.baselines import methods
from spectune.assessment.choice import Choice, _in_words
from spectune.assessment.pls import pls, pls_path
from spectune.assessment.pls_weights import fitted_pls, pls_settings, pls_weights, variable_importance
from spectune.errors import RunError
from spectune.networks.recipe import Transform
from spectune.spectra.channels import parse_channel
from spectune.spectra.folds import folds
from spectune.spectra.steps import apply
from spectune.training.scaling import target_scaling

CALIBRATION = outcome(Wish(rows=60, points=40)).spectra.calibration
CLASSES = outcome(Wish(rows=60, points=40, classes=("a", "b", "c"))).spectra.calibration


@given(
    st.integers(1, 30),
    st.sampled_from(["RAW", "SNV", "D1(7,2)+SNV", "DT+SNV+D1(25,2)"]),
    st.sampled_from(["none", "sqrt", "log", "boxcox"]),
    st.sampled_from([60, 40]),
)
def test_the_words_of_an_outcome_tell_the_settings_of_its_pls(
    latent: int, view: str, transform: Transform, fitted: int
) -> None:
    method = next(method for method in methods(CALIBRATION, folds(CALIBRATION, 4, 0)) if method.name == "PLS")
    words = _in_words(method, Choice(parse_channel(view), transform, latent, 0.0), fitted, 60)
    found = pls_settings(words)
    assert (found.latent, found.view, found.transform) == (latent, parse_channel(view), transform)


@pytest.mark.parametrize("words", ["", "penalty 0.1", "9 latent variables", "many latent variables, SNV"])
def test_words_that_no_pls_has_are_refused_in_a_sentence(words: str) -> None:
    with pytest.raises(RunError, match="another version"):
        pls_settings(words)


@pytest.mark.parametrize("view", ["RAW", "D1(7,2)", "DT", "BIN(3)", "SG(5,2)+DEC(2)"])
def test_coefficients_on_the_raw_axis_reproduce_the_predictions(view: str) -> None:
    x, y = CALIBRATION.x.astype(float), CALIBRATION.y
    found = pls_weights(CALIBRATION, f"6 latent variables, {view}", x)
    channel, scaling = parse_channel(view), target_scaling(y, "none")
    wanted = scaling.inverse(pls(apply(channel, x), scaling.forward(y), apply(channel, x), [6])[0])
    assert (x - x.mean(axis=0)) @ found.coefficients[0] + y.mean() == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    assert found.over_rows == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("ending", ["", ", log of the target"])
def test_coefficients_through_curved_steps_are_finite_differences(ending: str) -> None:
    calibration = replace(CALIBRATION, x=(CALIBRATION.x - CALIBRATION.x.min() + 1).astype(np.float32))
    words, step = f"5 latent variables, SNV+D1(7,2){ending}", 1e-5
    x = calibration.x.astype(float)
    found = pls_weights(calibration, words, x[:1]).coefficients[0]
    channel = parse_channel("SNV+D1(7,2)")
    scaling = target_scaling(calibration.y, "log" if ending else "none")
    bumped = np.concatenate([x[:1] + step * np.eye(40), x[:1] - step * np.eye(40)])
    path = pls_path(apply(channel, x), scaling.forward(calibration.y)[:, None], apply(channel, bumped), 5)
    answers = scaling.inverse(path[4, :, 0])
    assert found == pytest.approx((answers[:40] - answers[40:]) / (2 * step), rel=1e-3, abs=1e-3)


def test_every_class_of_pls_da_has_coefficients_and_they_cancel() -> None:
    found = pls_weights(CLASSES, "5 latent variables, SNV", CLASSES.x)
    assert found.coefficients.shape == (3, 40)
    assert found.coefficients.sum(axis=0) == pytest.approx(0, abs=1e-9)
    assert np.abs(found.coefficients).max() > 0.01


@given(st.integers(1, 12), st.integers(1, 3), st.integers(0, 50))
def test_squares_of_vip_add_up_to_the_number_of_variables(latent: int, targets: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    model = fitted_pls(random.normal(size=(30, 17)), random.normal(size=(30, targets)), latent)
    assert (variable_importance(model) ** 2).sum() == pytest.approx(17)


def test_the_vip_of_one_latent_variable_is_its_weights() -> None:
    x, y = CALIBRATION.x.astype(float), CALIBRATION.y[:, None]
    weights = (x - x.mean(axis=0)).T @ (y - y.mean())
    wanted = np.abs(weights[:, 0]) / np.linalg.norm(weights) * np.sqrt(40)
    assert variable_importance(fitted_pls(x, y, 1)) == pytest.approx(wanted)


def test_the_vip_of_a_bin_stands_at_all_its_points() -> None:
    found = pls_weights(CALIBRATION, "3 latent variables, BIN(4)", CALIBRATION.x).importance
    assert found.reshape(10, 4) == pytest.approx(np.repeat(found[::4, None], 4, axis=1))
