"""Attributions without convolution: exact on linear networks, complete on others."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explaining import CLASSES, LINEAR, NUMBER, ONE_FILTER, POINTS, Array, network, spectra
from spectune.explanation.folding import columns, folded
from spectune.explanation.gradients import input_gradient, integrated_gradients, occlusion, raw_coefficients
from spectune.explanation.module import Network, exact
from spectune.networks.layers import Act, Conv, Dense, Flatten
from spectune.spectra.channels import Channels, Layout, parse_channels
from spectune.training.fit import Fitted


def asked(fitted: Fitted, rows: int = 4) -> tuple[Network, Array, Array, Array]:
    """Network, raw spectra, prepared spectra and the mean of others."""
    channels, layout = fitted.recipe.channels, fitted.recipe.layout
    x = spectra(rows)
    return Network(fitted), x, exact(x, channels, layout), exact(spectra(9, seed=5), channels, layout).mean(axis=0)


def slopes(fitted: Fitted) -> Array:
    """Coefficients of a linear network by the signal's columns, mean over members, (L, C)."""
    kernels = fitted.stack.kernels.double().numpy().reshape(fitted.members, *fitted.stack.shape[::-1])
    factors = fitted.inputs.factor.double().numpy()[:, 0]
    deviations = np.asarray([target.deviation for target in fitted.targets])
    return np.asarray((kernels * factors * deviations[:, None, None]).mean(axis=0))


def answer(made: Network, signal: Array, output: int = 0) -> Array:
    with torch.no_grad():
        return np.asarray(made(torch.tensor(signal))[:, output].numpy())


@pytest.mark.parametrize("layout", ["channels", "concatenate"])
def test_the_gradient_of_a_linear_network_is_its_coefficients(layout: Layout) -> None:
    fitted = network(LINEAR, NUMBER, layout=layout)
    made, _, signal, _ = asked(fitted)
    for row in input_gradient(made, signal, 0):
        assert row == pytest.approx(slopes(fitted), rel=1e-10)


@given(st.sampled_from(["RAW", "D1(5,2)", "RAW | BIN(3)", "DT | D2(7,2) | DEC(2)"]))
def test_raw_coefficients_of_a_linear_model_are_what_its_answer_changes_by(words: str) -> None:
    fitted = network(LINEAR, NUMBER, words)
    made, x, signal, _ = asked(fitted)
    channels = fitted.recipe.channels
    found = raw_coefficients(made, x, signal, channels, "concatenate", 0).sum(axis=1)
    bumped = exact(x[:1] + np.eye(POINTS), channels, "concatenate")
    wanted = answer(made, bumped) - answer(made, signal[:1])
    for row in found:
        assert row == pytest.approx(wanted, rel=1e-6, abs=1e-8)


def test_raw_coefficients_go_through_every_step_as_finite_differences_do() -> None:
    fitted = network(ONE_FILTER, CLASSES, "ABS+SNV+D1(5,2) | MAX | BIN(4)")
    made, x, signal, _ = asked(fitted, rows=1)
    channels, step = fitted.recipe.channels, 1e-6
    found = raw_coefficients(made, x, signal, channels, "concatenate", 2).sum(axis=1)[0]
    up, down = (answer(made, exact(x + sign * step * np.eye(POINTS), channels, "concatenate"), 2) for sign in (1, -1))
    assert found == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-6)


@given(st.sampled_from(["channels", "concatenate"]), st.integers(0, 2))
def test_integrated_gradients_add_up_to_what_is_explained(layout: Layout, output: int) -> None:
    made, _, signal, background = asked(network(ONE_FILTER, CLASSES, layout=layout))
    found = integrated_gradients(made, signal, background, output).sum(axis=(1, 2))
    difference = answer(made, signal, output) - answer(made, background[None], output)
    assert found == pytest.approx(difference, abs=1e-3)


def test_integrated_gradients_of_a_smooth_network_are_complete_to_rounding() -> None:
    smooth = (Conv(2, 5), Act("tanh"), Flatten(), Dense(4), Act("swish"), Dense(3))
    made, _, signal, background = asked(network(smooth))
    found = integrated_gradients(made, signal, background, 1).sum(axis=(1, 2))
    assert found == pytest.approx(answer(made, signal, 1) - answer(made, background[None], 1), abs=1e-7)


def test_on_a_linear_network_integrated_gradients_and_occlusion_are_coefficient_times_deviation() -> None:
    fitted = network(LINEAR, NUMBER, "RAW | D1(5,2)")
    made, _, signal, background = asked(fitted)
    channels: Channels = fitted.recipe.channels
    wanted = slopes(fitted) * (signal - background)
    assert integrated_gradients(made, signal, background, 0) == pytest.approx(wanted, abs=1e-8)
    places = columns(channels, "concatenate", POINTS)
    hidden = occlusion(made, signal, background, 0, places, 1)
    assert hidden == pytest.approx(folded(wanted, channels, "concatenate", POINTS).sum(axis=1), abs=1e-6)


@given(st.sampled_from(["RAW | SNV", "BIN(4)", "D1(5,2) | BIN(4)"]), st.sampled_from(["channels", "concatenate"]))
def test_to_hide_everything_leaves_the_answer_for_the_mean(words: str, layout: Layout) -> None:
    if layout == "channels" and words.endswith("| BIN(4)"):
        words = "BIN(4) | BIN(4)+SNV"
    fitted = network(ONE_FILTER, CLASSES, words, layout)
    made, _, signal, background = asked(fitted)
    places = columns(parse_channels(words), layout, POINTS)
    found = occlusion(made, signal, background, 1, places, POINTS)
    lost = answer(made, signal, 1) - answer(made, background[None], 1)
    assert found == pytest.approx(np.repeat(lost[:, None], POINTS, axis=1), abs=1e-6)
