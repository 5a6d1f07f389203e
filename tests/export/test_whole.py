"""The module that is exported computes what the package does: channels, networks, answers and intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from explaining import CLASSES, NUMBER, ONE_FILTER, network, spectra
from spectune.assessment.conformal import Conformal, chosen_sets, class_sets, ends, regression_interval
from spectune.errors import DataError, SettingError
from spectune.explanation.module import single
from spectune.export.network import network as exported
from spectune.export.preparing import preparing
from spectune.export.whole import WholeModel
from spectune.networks.layers import Dense, Flatten, Layers, Shape
from spectune.networks.published import ZOO
from spectune.networks.recipe import Recipe, Transform
from spectune.predictions import Predictions
from spectune.spectra.channels import Layout, parse_channels, prepare
from spectune.spectra.steps import SavGol
from spectune.training.fit import Fitted, predict
from spectune.training.members import forward
from spectune.training.scaling import InputScaling, TargetScaling, target_scaling
from twins import BENT, SMOOTH, Case, networks

WORDS = (
    "ABS",
    "REF",
    "MAX | SNV",
    "DT | DT(0)+SNV | DT(4)",
    "SG(5,2) | D1(11,2) | D2 | D3(9,3)",
    "ABS+SNV+D1 | RAW",
    "BIN(3)+SNV | BIN(3)+D1(5,2) | BIN(3)",
    "SNV+BIN(2)+SG(3,1) | D1(7,3)+BIN(2)",
    "DEC(4)+SNV | DEC(4)+REF",
    "D1(51,2) | BIN(1)+D2(29,4)",
)


def told(model: WholeModel, x: np.ndarray) -> dict[str, np.ndarray]:
    with torch.no_grad():
        outputs = model(torch.as_tensor(x))
    return {name: output.numpy() for name, output in zip(model.names, outputs, strict=True)}


def sized(fitted: Fitted, points: int) -> Fitted:
    return replace(fitted, task=replace(fitted.task, points=points))


@pytest.mark.parametrize("layout", ["channels", "concatenate"])
@pytest.mark.parametrize("words", WORDS)
def test_channels_in_torch_are_those_of_scipy(words: str, layout: Layout) -> None:
    for points in (*range(20, 45), 63, 64, 65, 128, 200, 301):
        x, channels = spectra(5, points).astype(np.float32), parse_channels(words)
        made = preparing(channels, layout, points)(torch.as_tensor(x)).numpy().transpose(0, 2, 1)
        wanted = prepare(x, channels, layout)
        size = np.abs(wanted).max(axis=1, keepdims=True)
        assert made.shape == wanted.shape
        assert (np.abs(made - wanted) <= 1e-6 * size + 1e-12).all()


@given(st.integers(0, 4), st.integers(0, 3), st.integers(1, 40), st.integers(3, 200))
def test_filters_of_every_window_have_the_edges_of_scipy(order: int, derivative: int, half: int, points: int) -> None:
    assume(derivative <= order < 2 * half + 1)
    channels = ((SavGol(2 * half + 1, order, derivative),),)
    x = spectra(3, points).astype(np.float32)
    try:
        wanted = prepare(x, channels, "channels")
    except SettingError:
        return
    made = preparing(channels, "channels", points)(torch.as_tensor(x)).numpy().transpose(0, 2, 1)
    np.testing.assert_allclose(made, wanted, rtol=0, atol=1e-6 * np.abs(wanted).max() + 1e-12)


def test_a_high_baseline_costs_no_digits() -> None:
    """In float32 alone the derivative would lose four digits of seven."""
    x = (1e4 + spectra(4, 60)).astype(np.float32)
    channels = parse_channels("SNV | D1 | D2")
    made = preparing(channels, "channels", 60)(torch.as_tensor(x)).numpy().transpose(0, 2, 1)
    wanted = prepare(x, channels, "channels")
    assert (np.abs(made - wanted).max(axis=(0, 1)) <= 1e-6 * np.abs(wanted).max(axis=(0, 1))).all()


@settings(max_examples=150)
@given(networks((*SMOOTH, *BENT)), st.integers(1, 3))
def test_every_layer_is_that_of_the_package(network_of: tuple[Layers, Shape], members: int) -> None:
    layers, (channels, points) = network_of
    stack = Case(layers, (channels, points), (2,) * members).stack()
    random = torch.Generator().manual_seed(1)
    inputs = InputScaling(*(torch.rand(members, 1, points, channels, generator=random) + 0.5 for _ in range(2)))
    recipe = Recipe(parse_channels("RAW"), layers)
    fitted = Fitted(recipe, NUMBER, stack, inputs, (TargetScaling(),) * members)
    signal = torch.randn(4, channels, points, generator=random)
    with torch.no_grad():
        wanted = forward(stack, inputs.apply(signal.transpose(1, 2)))
        made = torch.stack([exported(one)(signal) for one in single(fitted)])
    torch.testing.assert_close(made, wanted, rtol=1e-4, atol=1e-5 * float(wanted.abs().max()) + 1e-6)


@pytest.mark.parametrize("name", ZOO)
def test_published_networks_are_those_of_the_package(name: str) -> None:
    fitted = network(ZOO[name](3), replace(CLASSES, points=80), "MAX", "channels", members=1, points=80)
    x = spectra(6, 80).astype(np.float32)
    assert np.abs(told(WholeModel(fitted), x)["members"] - predict(fitted, x)).max() < 1e-5


@pytest.mark.parametrize("transform", ["none", "sqrt", "log", "boxcox"])
def test_numbers_come_in_the_unit_of_the_target(transform: Transform) -> None:
    y = np.random.default_rng(3).lognormal(1, 0.7, 80)
    target = target_scaling(y, transform)
    fitted = network((*ONE_FILTER[:-1], Dense(1)), replace(NUMBER, points=24), target=target)
    x = spectra(50).astype(np.float32)
    made, members = told(WholeModel(fitted), x), predict(fitted, x)
    wanted = Predictions(members, (), np.asarray([""] * 50))
    for name, values in (("members", members), ("mean", wanted.mean), ("spread", wanted.spread)):
        np.testing.assert_allclose(made[name], values, atol=1e-5 * y.std(), rtol=1e-5)


def test_outputs_beyond_the_training_range_are_kept_within_it() -> None:
    target = target_scaling(np.linspace(1, 9, 30), "log")
    fitted = network((Flatten(), Dense(1)), replace(NUMBER, points=24), target=target)
    x = np.concatenate([spectra(5), 1e4 * spectra(5), -1e4 * spectra(5)]).astype(np.float32)
    members = predict(fitted, x)
    assert np.unique(members).size < members.size
    np.testing.assert_allclose(told(WholeModel(fitted), x)["members"], members, rtol=1e-5)


def test_classes_come_as_probabilities_with_the_most_probable_one() -> None:
    fitted = sized(network(ONE_FILTER), 24)
    x = spectra(50).astype(np.float32)
    made, wanted = (
        told(WholeModel(fitted), x),
        Predictions(predict(fitted, x), CLASSES.classes, np.arange(50).astype(str)),
    )
    np.testing.assert_allclose(made["probabilities"], wanted.mean, atol=1e-6)
    np.testing.assert_allclose(made["spread"], wanted.spread, atol=1e-6)
    np.testing.assert_array_equal([CLASSES.classes[label] for label in made["label"]], wanted.labels)


def interval(kind: str, transform: Transform = "none") -> Conformal:
    random = np.random.default_rng(2)
    held_out = random.lognormal(1, 0.6, (2, 60))
    made = regression_interval(held_out.mean(axis=0) + random.normal(0, 1, 60), held_out, np.arange(60), 2)
    scaled = {"kind": "scaled", "stabiliser": 0.3} if kind == "scaled" else {"kind": "constant"}
    return replace(made, transform=transform, constant=2.5, **scaled)


@pytest.mark.parametrize(
    "conformal",
    [interval("constant"), interval("scaled"), interval("constant", "log"), interval("constant", "sqrt")],
    ids=["constant", "scaled", "log", "sqrt"],
)
def test_intervals_are_those_of_the_package(conformal: Conformal) -> None:
    fitted = network((*ONE_FILTER[:-1], Dense(1)), replace(NUMBER, points=24), members=4)
    x = spectra(50).astype(np.float32)
    made, (low, high) = told(WholeModel(fitted, conformal), x), ends(conformal, predict(fitted, x))
    assert (made["low"] < made["mean"]).all()
    np.testing.assert_allclose(made["low"], low, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(made["high"], high, rtol=1e-5, atol=1e-5)


def test_sets_of_classes_are_those_of_the_package() -> None:
    fitted = sized(network(ONE_FILTER, members=3), 24)
    x, y = spectra(200).astype(np.float32), (np.arange(200) % 3).astype(np.float64)
    members = predict(fitted, x)
    conformal = class_sets(y, members.mean(axis=0), np.arange(200))
    made, wanted = told(WholeModel(fitted, conformal), x)["set"], chosen_sets(conformal, members.mean(axis=0))
    near = np.abs(members.mean(axis=0) - 1 + conformal.quantity) < 1e-6
    assert 200 < wanted.sum() < 600
    np.testing.assert_array_equal(made[~near], wanted[~near])


def test_a_spectrum_that_cannot_be_prepared_has_no_answer() -> None:
    """Activations and clipping would make a number of what is none, and that number would look like an answer."""
    target = target_scaling(np.linspace(1, 9, 30), "log")
    fitted = network(
        (*ONE_FILTER[:-1], Dense(1)), replace(NUMBER, points=24), "ABS+SNV", target=target, layout="channels"
    )
    x = spectra(4).astype(np.float32)
    x[1, 5], x[2, 6], x[3, 7] = 0.0, np.nan, np.inf
    with pytest.raises(DataError):
        predict(fitted, x)
    made = told(WholeModel(fitted, interval("constant")), x)
    for name, values in made.items():
        assert np.isfinite(values[..., 0]).all(), name
        assert np.isnan(values[..., 1:]).all(), name
    classes = sized(network(ONE_FILTER, words="ABS+SNV"), 24)
    sets = class_sets((np.arange(9) % 3).astype(np.float64), np.full((9, 3), 1 / 3), np.arange(9))
    told_classes = told(WholeModel(classes, sets), x)
    np.testing.assert_array_equal(told_classes["label"][1:], -1)
    assert np.isnan(told_classes["probabilities"][1:]).all()
    assert not told_classes["set"][1:].any()
