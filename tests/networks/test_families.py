"""Families: every draw from a shipped space is a network or a clear refusal, and the papers' networks come out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectune.errors import SettingError, ShapeError
from spectune.files.spaces import load_space, space_names
from spectune.networks.families import FAMILIES
from spectune.networks.families.passos import passos
from spectune.networks.families.shen import shen
from spectune.networks.layers import Conv, parameters, shapes
from spectune.networks.space import Choice, Draw, GivenDraw, RandomDraw, Space, Value
from spectune.spectra.channels import prepared_shape
from spectune.spectra.spectra import Task

TASK = Task("soc", rows=200, points=210, signal="absorbance")
SKEWED = Task("soc", rows=200, points=210, skew=2.5, positive=True, signal="reflectance")
CLASSES = Task("kind", classes=("a", "b", "c"), rows=200, points=120, signal="absorbance")

FOR_NUMBERS = {"passos-regression": True, "passos-classification": False}
"""Spaces for one kind of target."""

PASSOS: Mapping[str, Value] = {
    "channels": "RAW | SNV | D1 | D2 | SNV+D1 | SNV+D2",
    "layout": "concatenate",
    "convolution": True,
    "conv.kernel": 5,
    "rate": 0.0025,
    "batch": 256,
    "epochs": 450,
    "penalty": 0.0006,
    "gain": 1.0,
}


@settings(max_examples=150)
@given(
    st.sampled_from(space_names()),
    st.integers(0, 10_000),
    st.sampled_from([TASK, SKEWED, CLASSES]),
)
def test_a_draw_is_a_network_that_fits_or_a_sentence(name: str, seed: int, task: Task) -> None:
    space = load_space(name)
    draw = RandomDraw(space, np.random.default_rng(seed))
    if FOR_NUMBERS.get(name, task.regression) != task.regression:
        with pytest.raises(SettingError, match=r"passos-.* is for these"):
            FAMILIES[space.family](draw, task)
        return
    recipe = FAMILIES[space.family](draw, task)
    try:
        made = shapes(recipe.layers, prepared_shape(recipe.channels, recipe.layout, task.points))
    except ShapeError as refused:
        made, why = (), str(refused)
    assert (made[-1] == (task.outputs, 1)) if made else ("does not fit" in why)
    assert FAMILIES[space.family](GivenDraw(draw.drawn), task) == recipe
    assert task.skew > 1 or recipe.transform == "none"


@pytest.mark.parametrize("name", ["default", "passos", "shen"])
def test_every_space_of_the_house_can_do_without_a_convolution(name: str) -> None:
    space = load_space(name)
    found = set()
    for seed in range(60):
        recipe = FAMILIES[space.family](RandomDraw(space, np.random.default_rng(seed)), TASK)
        found.add(any(isinstance(layer, Conv) for layer in recipe.layers))
    assert found == {True, False}


def test_the_base_network_of_passos_has_its_published_parameters() -> None:
    recipe = passos(GivenDraw(PASSOS), Task("dm", rows=6642, points=103))
    assert parameters(recipe.layers, prepared_shape(recipe.channels, recipe.layout, 103)) == 88_551


def test_the_classifier_of_passos_has_its_published_parameters() -> None:
    units = {f"dense.{n}.units": u for n, u in enumerate((350, 132, 442, 334), start=1)}
    rates = {f"dense.{n}.dropout": r for n, r in enumerate((0.165, 0.13, 0.46, 0.085), start=1)}
    task = Task("kernel", classes=tuple(str(n) for n in range(30)), rows=72_000, points=200)
    given = {**PASSOS, **units, **rates, "dense.layers": 4, "conv.kernel": 3}
    recipe = passos(GivenDraw(given), task)
    assert parameters(recipe.layers, prepared_shape(recipe.channels, recipe.layout, 200)) == 683_484


def test_a_missing_range_is_named() -> None:
    draw: Draw = RandomDraw(Space("shen", {}, "mine"), np.random.default_rng(0))
    with pytest.raises(SettingError, match=r"'mine' has no range for 'channel.count'"):
        shen(draw, TASK)


def test_an_exact_name_goes_before_a_pattern() -> None:
    space = Space("shen", {"conv.*.kernel": Choice((3,)), "conv.1.kernel": Choice((7,))})
    draw = RandomDraw(space, np.random.default_rng(0))
    assert (draw.int("conv.1.kernel"), draw.int("conv.2.kernel")) == (7, 3)
