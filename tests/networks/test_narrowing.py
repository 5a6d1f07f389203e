"""Spaces made narrower: ranges end earlier, hyperparameters are fixed, and nothing else changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.errors import SettingError
from spectune.files.spaces import load_space, space_names
from spectune.networks.narrowing import fixed, within
from spectune.networks.space import Choice, Fixed, FloatRange, IntRange, RandomDraw, Range, Space, Value

SPACE = Space(
    "shen",
    {
        "conv.*.kernel": IntRange(2, 10),
        "conv.*.pool": Choice((True, False)),
        "rate": FloatRange(1e-4, 1e-2, log=True),
        "optimiser": Choice(("adam", "rmsprop")),
        "batch": Choice((16, 32)),
        "decay": Fixed("constant"),
        "patience": Fixed(50),
    },
    "mine",
    ({"rate": 1e-3, "batch": 16}, {"rate": 1e-3, "batch": 32}),
)

INTS = st.tuples(st.integers(1, 500), st.integers(0, 500), st.integers(1, 70)).map(
    lambda made: IntRange(made[0], made[0] + made[1], made[2])
) | st.tuples(st.integers(1, 500), st.integers(0, 500)).map(lambda made: IntRange(made[0], sum(made), log=True))


@given(INTS, st.integers(1, 1000), st.integers(0, 100))
def test_no_draw_lies_above_the_bound_and_all_below_it_stay_possible(found: IntRange, high: int, seed: int) -> None:
    wide = Space("shen", {"ba*": found, "rate": Fixed(1)})
    narrow = within(wide, "batch", high)
    made = narrow.range("batch")
    assert isinstance(made, IntRange)
    values = set(range(found.low, found.high + 1, found.step))
    assert set(range(made.low, made.high + 1, made.step)) == ({one for one in values if one <= high} or {high})
    assert (made.high - made.low) % made.step == 0 or made == found
    assert RandomDraw(narrow, np.random.default_rng(seed)).int("batch") <= max(high, 1)
    assert narrow.range("bath") == found
    assert within(narrow, "batch", high) == narrow


@pytest.mark.parametrize("found", [Choice((64, 128)), Fixed(512), FloatRange(1.0, 900.0)])
def test_ranges_of_other_kinds_are_left_alone(found: Range) -> None:
    space = Space("shen", {"batch": found})
    assert within(space, "batch", 20) is space


def test_a_space_without_the_name_is_left_alone() -> None:
    assert within(SPACE, "btach", 20) is SPACE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("conv.1.kernel", 5),
        ("conv.1.kernel", 21),
        ("conv.1.kernel", 5.0),
        ("conv.*.kernel", 3),
        ("conv.2.pool", False),
        ("rate", 0.5),
        ("rate", 1),
        ("optimiser", "adagrad"),
        ("batch", 20),
        ("decay", "cosine"),
        ("decay", 0.1),
        ("patience", 0),
    ],
)
def test_a_fixed_hyperparameter_is_always_drawn_so(name: str, value: Value) -> None:
    space = fixed(SPACE, {name: value})
    assert space.range(name) == Fixed(value)
    assert RandomDraw(space, np.random.default_rng(0)).value(name.replace("*", "3")) == value
    others = set(SPACE.ranges) - {name}
    assert {one: space.range(one) for one in others} == {one: SPACE.range(one) for one in others}


def test_what_is_fixed_goes_before_what_is_tried_first() -> None:
    assert fixed(SPACE, {"rate": 1e-2}).starts == ({"batch": 16}, {"batch": 32})
    assert fixed(SPACE, {"batch": 64}).starts == ({"rate": 1e-3},)
    assert fixed(SPACE, {}) == SPACE


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("conv.1.kernel", 2.5, "conv.1.kernel can be fixed to a whole number, got 2.5"),
        ("conv.1.kernel", True, "conv.1.kernel can be fixed to a whole number, got True"),
        ("conv.1.pool", "off", "conv.1.pool can be fixed to true or false, got 'off'"),
        ("rate", float("nan"), "rate can be fixed to a number, got nan"),
        ("rate", float("inf"), "rate can be fixed to a number, got inf"),
        ("rate", "fast", "rate can be fixed to a number, got 'fast'"),
        ("optimiser", 3, "optimiser can be fixed to a word, got 3"),
        ("batch", 1.5, "batch can be fixed to a whole number, got 1.5"),
        ("decay", True, "decay can be fixed to a word or a number, got True"),
        ("patience", "long", "patience can be fixed to a whole number, got 'long'"),
        ("optimizer", "adam", "the space 'mine' has no hyperparameter 'optimizer' to fix; did you mean optimiser?"),
        ("zebra", 1, "the space 'mine' has no hyperparameter 'zebra' to fix; it has conv.*.kernel, conv.*.pool, rate,"),
    ],
)
def test_what_cannot_be_fixed_is_one_sentence(name: str, value: Any, sentence: str) -> None:
    with pytest.raises(SettingError) as caught:
        fixed(SPACE, {name: value})
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("name", space_names())
def test_in_shipped_spaces_the_closest_pattern_is_the_one_that_counts(name: str) -> None:
    """``conv.*.stride`` also matches ``conv.1.pool.stride``: lines for pooling have to come first."""
    space = load_space(name)
    for pattern, found in space.ranges.items():
        assert space.range(pattern.replace("*", "1")) == found
