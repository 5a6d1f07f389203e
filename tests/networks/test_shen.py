"""The family of Shen & Viscarra Rossel (2021): the published network, the published space, and what is repaired."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectune.errors import SettingError
from spectune.files.spaces import load_space
from spectune.networks.families.shen import DEFAULT_RATES, OPTIMUM, channel_for, shen
from spectune.networks.layers import parameters, shapes
from spectune.networks.recipe import Optimiser, Schedule
from spectune.networks.space import Choice, Fixed, FloatRange, GivenDraw, IntRange, RandomDraw, Range, Value
from spectune.spectra.channels import format_channels, parse_channel, prepare, prepared_shape
from spectune.spectra.spectra import Task
from spectune.spectra.table import SIGNALS, Signal

LUCAS = Task("SOC", "g/kg", rows=17_607, points=4200, skew=3.5, positive=True, signal="absorbance")
SPACE = load_space("shen2021")
ACTIVATIONS = Choice(("relu", "leaky_relu", "elu", "selu", "swish"))

TABLE_2 = (
    ("conv", (55, 53), 55 * (4 * 5 + 1)),
    ("act", (55, 53), 0),
    ("flatten", (2915, 1), 0),
    ("dense", (251, 1), 251 * (2915 + 1)),
    ("batch_norm", (251, 1), 2 * 251),
    ("act", (251, 1), 0),
    ("dropout", (251, 1), 0),
    ("dense", (219, 1), 219 * (251 + 1)),
    ("batch_norm", (219, 1), 2 * 219),
    ("act", (219, 1), 0),
    ("dropout", (219, 1), 0),
    ("dense", (1, 1), 219 + 1),
)
"""Table 2: kind of layer, shape after it, and the parameters that follow from both."""


def test_the_optimal_network_has_the_shapes_and_the_parameters_of_table_2() -> None:
    recipe = shen(GivenDraw(OPTIMUM), LUCAS)
    shape = prepared_shape(recipe.channels, recipe.layout, LUCAS.points)
    assert shape == (4, 210)
    after = shapes(recipe.layers, shape)
    before = (shape, *after[:-1])
    counts = [parameters((layer,), one) for layer, one in zip(recipe.layers, before, strict=True)]
    kinds = [layer.kind for layer in recipe.layers]
    assert tuple(zip(kinds, after, counts, strict=True)) == TABLE_2
    assert parameters(recipe.layers, shape) == 789_419


def test_the_optimal_network_is_trained_as_table_4_says() -> None:
    draw = GivenDraw(OPTIMUM)
    recipe = shen(draw, LUCAS)
    assert recipe.schedule == Schedule("adam", 1e-3, batch=1105, epochs=1448, patience=50)
    assert (recipe.transform, recipe.gain, draw.repairs) == ("none", 1.0, [])
    assert format_channels(recipe.channels) == "BIN(20)+REF | BIN(20) | BIN(20)+D1(11,2) | BIN(20)+D2(11,2)"


def test_the_optimal_network_lies_in_the_published_space() -> None:
    for name, value in OPTIMUM.items():
        match SPACE.range(name):
            case Fixed(wanted):
                assert value == wanted, name
            case Choice(options):
                assert value in options, name
            case IntRange(low, high) | FloatRange(low, high):
                assert isinstance(value, int | float), name
                assert low <= value <= high, name


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("channel.3.state", Choice((True, False))),
        ("conv.2.filters", IntRange(4, 64)),
        ("conv.2.kernel", IntRange(2, 10)),
        ("conv.2.stride", IntRange(2, 10)),
        ("conv.2.padding", Choice(("same", "valid"))),
        ("conv.2.activation", ACTIVATIONS),
        ("conv.2.pool", Choice((True, False))),
        ("conv.2.pool.type", Choice(("average", "max"))),
        ("conv.2.pool.size", IntRange(2, 5)),
        ("conv.2.pool.stride", IntRange(1, 5)),
        ("dense.2.units", IntRange(5, 256)),
        ("dense.2.activation", ACTIVATIONS),
        ("dense.dropout", FloatRange(0.0, 0.5)),
        ("optimiser", Choice(("adagrad", "rmsprop", "adam"))),
        ("batch", IntRange(16, 17_607)),
        ("epochs", IntRange(100, 1500)),
    ],
)
def test_ranges_are_those_of_tables_1_and_4(name: str, published: Range) -> None:
    assert SPACE.range(name) == published


def test_channels_of_the_paper_are_made_from_either_signal() -> None:
    random = np.random.default_rng(0)
    absorbance = (0.5 + 0.01 * random.normal(size=(5, 84)).cumsum(axis=1)).astype(np.float32)
    reflectance = (10.0**-absorbance).astype(np.float32)
    words = [str(OPTIMUM[f"channel.{n}"]) for n in range(1, 6)]
    one = prepare(absorbance, tuple(channel_for(word, "absorbance") for word in words), "channels")
    other = prepare(reflectance, tuple(channel_for(word, "reflectance") for word in words), "channels")
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("word", ["RAW", "SNV", "D1(11,2)+SNV", "REF"])
def test_other_words_mean_on_every_signal_what_they_mean_everywhere(word: str) -> None:
    assert {channel_for(word, signal) for signal in SIGNALS} == {parse_channel(word)}


@pytest.mark.parametrize("signal", ["unknown", "intensity", "transmittance"])
def test_a_signal_that_is_neither_reflectance_nor_absorbance_is_refused(signal: Signal) -> None:
    task = Task("SOC", rows=100, points=210, signal=signal)
    with pytest.raises(SettingError, match=rf"'R' needs .* signal of these is {signal}; .* --signal"):
        shen(RandomDraw(SPACE, np.random.default_rng(0)), task)


def test_points_are_averaged_or_taken_as_the_space_says() -> None:
    for word, words in (("mean", "BIN(20)"), ("decimate", "DEC(20)")):
        recipe = shen(GivenDraw({**OPTIMUM, "points.reduction": word}), LUCAS)
        assert format_channels(recipe.channels[1:2]) == words
        assert prepared_shape(recipe.channels, recipe.layout, 4200) == (4, 210)
    task = Task("SOC", rows=2000, points=210, signal="absorbance")
    assert shen(GivenDraw({**OPTIMUM, "points.reduction": "?"}), task).channels[1] == ()


def test_every_optimiser_has_a_default_rate_and_a_number_goes_before_it() -> None:
    assert set(DEFAULT_RATES) == set(get_args(Optimiser))
    for optimiser, rate in (("adam", 1e-3), ("rmsprop", 1e-3), ("adagrad", 1e-2)):
        assert shen(GivenDraw({**OPTIMUM, "optimiser": optimiser}), LUCAS).schedule.rate == rate
        assert shen(GivenDraw({**OPTIMUM, "optimiser": optimiser, "rate": 0.2}), LUCAS).schedule.rate == 0.2


@settings(max_examples=100)
@given(st.integers(0, 10_000), st.integers(8, 400))
def test_a_draw_is_repaired_exactly_where_all_channels_are_off_or_the_batch_is_too_large(seed: int, rows: int) -> None:
    task = Task("SOC", rows=rows, points=210, signal="reflectance")
    space = replace(SPACE, ranges={**SPACE.ranges, "batch": IntRange(16, 500)})
    draw = RandomDraw(space, np.random.default_rng(seed))
    recipe = shen(draw, task)
    off = not any(draw.drawn[f"channel.{n}.state"] for n in range(1, 6))
    wanted = int(off) + int(draw.int("batch") > rows)
    assert len(draw.repairs) == wanted
    assert recipe.channels
    assert recipe.schedule.batch <= rows


def test_repairs_say_what_was_done() -> None:
    off: dict[str, Value] = {f"channel.{n}.state": False for n in range(1, 6)}
    draw = GivenDraw({**OPTIMUM, **off})
    recipe = shen(draw, Task("SOC", rows=400, points=210, signal="reflectance"))
    assert format_channels(recipe.channels) == "RAW"
    assert recipe.schedule.batch == 400
    assert draw.repairs == [
        "no channel was on, so the first was switched on",
        "the batch was larger than the calibration rows, so it holds all of them",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimiser", "adma"),
        ("conv.1.activation", "sigmoid"),
        ("conv.1.padding", "full"),
        ("points.reduction", "median"),
        ("rate", "fast"),
        ("batch", 2.5),
    ],
)
def test_a_value_that_the_family_does_not_know_is_one_sentence(name: str, value: Value) -> None:
    with pytest.raises(SettingError, match=rf"^{name} must be "):
        shen(GivenDraw({**OPTIMUM, name: value}), LUCAS)
