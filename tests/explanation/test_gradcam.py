"""Class activation maps: the published one to the letter, and one that carries the class."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from explaining import LINEAR, NUMBER, ONE_FILTER, STRIDED, network, spectra
from spectune.errors import ModelError
from spectune.explanation.gradcam import borders, front, gradient_activation, published_gradcam, receptive_centres
from spectune.explanation.module import Network, exact, single
from spectune.networks.layers import (
    Act,
    BatchNorm,
    Branches,
    Conv,
    Dense,
    Flatten,
    Layers,
    MaxPool,
    Residual,
    out_shape,
)
from spectune.training.build import build
from spectune.training.members import Stack, forward, slots
from spectune.training.scaling import TargetScaling


def one_member(layers: Layers = ONE_FILTER) -> tuple[Network, np.ndarray]:
    fitted = next(single(network(layers)))
    return Network(fitted), exact(spectra(), fitted.recipe.channels, fitted.recipe.layout)


def activation_of(made: Network, signal: np.ndarray) -> np.ndarray:
    """Output of convolution and ELU of the network with one filter, worked out by hand, (rows, L)."""
    stack = made.fitted.stack
    kernel, bias = stack.kernels[0, :5].numpy(), stack.others[0, 0].item()
    table = made.standardised(torch.tensor(signal))[0, :, :, 0].numpy()
    z = np.stack([np.convolve(row, kernel[::-1], mode="same") for row in table]) + bias
    return np.where(z > 0, z, np.expm1(z))


def test_the_published_map_of_one_filter_is_the_positive_part_of_plus_or_minus_the_activation() -> None:
    made, signal = one_member()
    activation = activation_of(made, signal)
    found = published_gradcam(made, signal, (24, 24))
    for row, own in zip(found, activation, strict=True):
        candidates = []
        for sign in (1, -1):
            h = sign * own
            h[[0, 23, 24, 47]] = 0
            positive = np.maximum(savgol_filter(h, 3, 1), 0)
            candidates.append((positive - positive.min()) / (positive.max() - positive.min()))
        assert min(np.abs(row - candidate).max() for candidate in candidates) < 1e-8


def test_the_published_map_is_that_of_the_definition_with_several_filters() -> None:
    layers = (Conv(3, 5), Act("elu"), Flatten(), Dense(8), Act("elu"), Dense(3))
    made, signal = one_member(layers)
    stack = made.fitted.stack
    cut = {True: sum(s.size for s in slots(layers[:2], stack.shape) if s.penalised), False: 3}
    with torch.no_grad():
        before = Stack(layers[:2], stack.shape, stack.kernels[:, : cut[True]], stack.others[:, :3], stack.moments)
        a = forward(before, made.standardised(torch.tensor(signal)))
    after = Stack(layers[2:], (3, 48), stack.kernels[:, cut[True] :], stack.others[:, 3:], stack.moments)
    a.requires_grad_(True)
    chosen = torch.softmax(forward(after, a)[0], dim=1).max(dim=1).values
    weights = torch.autograd.grad(chosen.sum(), a)[0].mean(dim=2)
    h = torch.einsum("kblf,kbf->bl", a.detach(), weights).numpy()
    h[:, [0, 23, 24, 47]] = 0
    h = np.maximum(savgol_filter(h, 3, 1, axis=1), 0)
    wanted = (h - h.min(1, keepdims=True)) / (h.max(1, keepdims=True) - h.min(1, keepdims=True))
    assert published_gradcam(made, signal, (24, 24)) == pytest.approx(wanted, abs=1e-10, nan_ok=True)


def test_the_published_form_has_no_map_of_a_class_that_its_weight_speaks_against() -> None:
    made, signal = one_member((Conv(1, 5), Act("elu"), Flatten(), Dense(3)))
    stack = made.fitted.stack
    stack.kernels[0, :5], stack.others[0, 0] = 0.0, 1.0  # the activation is 1 everywhere
    weights = stack.kernels[0, 5:].reshape(48, 3).mean(dim=0)
    for chosen, empty in ((int(weights.argmin()), True), (int(weights.argmax()), False)):
        stack.others[0, 1:] = 0.0
        stack.others[0, 1 + chosen] = 20.0
        assert (np.isnan(published_gradcam(made, signal, (24, 24))).all(axis=1) == empty).all()


def test_the_published_form_has_no_map_where_the_softmax_is_sure() -> None:
    made, signal = one_member()
    made.fitted.stack.others[0, -3] = 1000.0
    assert np.isnan(published_gradcam(made, signal, (24, 24))).all()


def test_borders_are_those_that_were_published_for_six_blocks_of_wheat() -> None:
    assert borders((200,) * 6) == [0, 199, 200, 400, 600, 800, 1000, 1199]


def test_gradient_times_activation_adds_up_to_what_a_linear_rest_makes_of_the_activation() -> None:
    made, signal = one_member((Conv(4, 5), Act("elu"), Flatten(), Dense(3)))
    stack = made.fitted.stack
    with torch.no_grad():
        logits = made(torch.tensor(signal)).numpy()
        bias = stack.others[0, 4:].numpy()
    for output in range(3):
        found = gradient_activation(made, signal, output).sum(axis=1)
        assert found == pytest.approx(logits[:, output] - (bias - bias.mean())[output], abs=1e-9)


def test_the_maps_of_classes_differ_by_more_than_a_sign() -> None:
    made, signal = one_member()
    first, second = (np.abs(gradient_activation(made, signal, output)) for output in (0, 1))
    alike = [np.corrcoef(one, other)[0, 1] for one, other in zip(first, second, strict=True)]
    assert max(alike) < 0.99


@pytest.mark.parametrize(
    "layers",
    [
        STRIDED,
        (
            Residual((Conv(2, 3), BatchNorm(), Act("relu")), (Conv(2, 1),)),
            Act("relu"),
            MaxPool(3, 2),
            Flatten(),
            Dense(3),
        ),
        (Branches(((Conv(2, 3),), (MaxPool(3, 1, "same"), Conv(2, 5)))), Flatten(), Dense(3)),
    ],
)
def test_any_network_with_a_convolution_has_a_map_on_the_columns_of_its_signal(layers: Layers) -> None:
    made, signal = one_member(layers)
    found = gradient_activation(made, signal, 1)
    assert found.shape == signal.shape[:2]
    assert np.isfinite(found).all()
    assert np.ptp(found) > 0


@given(
    st.lists(
        st.tuples(st.integers(1, 7), st.integers(1, 3), st.sampled_from(["same", "valid"])), min_size=1, max_size=3
    )
)
def test_the_centre_of_a_position_lies_amid_the_columns_that_move_it(windows: list[tuple[int, int, str]]) -> None:
    layers: Layers = tuple(Conv(1, size, stride, padding) for size, stride, padding in windows)  # type: ignore[arg-type]
    shape = (1, 80)
    stack = build(layers, shape)
    stack.kernels.fill_(1.0)
    with torch.no_grad():
        reached = forward(stack, torch.eye(80)[None, :, :, None])[0, :, :, 0].numpy()
    centres = receptive_centres(layers, shape)
    assert centres.size == out_shape(layers, shape)[1] == reached.shape[1]
    whole = all(padding == "valid" for _, _, padding in windows)
    for seen, centre in zip(map(np.flatnonzero, reached.T), centres, strict=True):
        assert seen.min() <= centre <= seen.max()
        assert not whole or centre == pytest.approx((seen.min() + seen.max()) / 2)


def test_a_network_without_convolution_says_so() -> None:
    made, signal = one_member((Flatten(), Dense(3)))
    with pytest.raises(ModelError, match="needs a network with a convolution"):
        gradient_activation(made, signal, 0)
    with pytest.raises(ModelError, match="only convolution stands first"):
        published_gradcam(made, signal, (24, 24))


def test_the_published_form_of_a_number_takes_the_output_for_the_probability() -> None:
    """By hand: with a linear rest the weight of a filter is the mean of its dense weights, whatever the spectrum."""
    made = Network(next(single(network((Conv(2, 5), Act("elu"), Flatten(), Dense(1)), NUMBER))))
    signal = exact(spectra(), made.fitted.recipe.channels, "concatenate")
    stack = made.fitted.stack
    weights = stack.kernels[0, 10:].reshape(48, 2)
    front_stack = Stack(stack.layers[:2], stack.shape, stack.kernels[:, :10], stack.others[:, :2], stack.moments)
    with torch.no_grad():
        activation = forward(front_stack, made.standardised(torch.tensor(signal)))[0]
        table = activation.reshape(len(signal), -1) @ stack.kernels[0, 10:] + stack.others[0, 2]
        assert 5.0 + 2.0 * table.numpy() == pytest.approx(made(torch.tensor(signal))[:, 0].numpy(), abs=1e-9)
    h = (activation * weights.mean(dim=0)).sum(dim=2).numpy()
    h[:, [0, 23, 24, 47]] = 0
    h = np.maximum(savgol_filter(h, 3, 1, axis=1), 0)
    with np.errstate(invalid="ignore"):
        wanted = (h - h.min(1, keepdims=True)) / (h.max(1, keepdims=True) - h.min(1, keepdims=True))
    found = published_gradcam(made, signal, (24, 24))
    assert np.isfinite(found).all(axis=1).any()
    assert found == pytest.approx(wanted, abs=1e-10, nan_ok=True)


def test_the_published_form_of_a_number_does_not_fall_silent_at_the_bounds_of_the_target() -> None:
    """What is said of a row is cut at bounds; the output of the network is not."""
    bounded = TargetScaling(mean=5.0, deviation=2.0, low=4.9, high=5.1)
    layers = (Conv(1, 5), Act("elu"), Flatten(), Dense(1))
    one, other = (Network(next(single(network(layers, NUMBER, target=target)))) for target in (bounded, None))
    signal = exact(spectra(), one.fitted.recipe.channels, "concatenate")
    found = published_gradcam(one, signal, (24, 24))
    assert np.isfinite(found).any()
    np.testing.assert_array_equal(found, published_gradcam(other, signal, (24, 24)))


def test_the_published_form_refuses_what_it_was_not_made_for() -> None:
    strided, signal = one_member(STRIDED)
    with pytest.raises(ModelError, match="only convolution stands first"):
        published_gradcam(strided, signal, (24, 24))


def test_the_front_ends_behind_the_last_convolution_with_what_belongs_to_it() -> None:
    assert front((Conv(2, 3), BatchNorm(), Act("relu"), MaxPool(2, 2), Conv(2, 3), Act("relu"), Flatten())) == 6
    with pytest.raises(ModelError):
        front(LINEAR)
