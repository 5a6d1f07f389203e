"""Search spaces as files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.errors import SettingError
from spectune.files.spaces import fixes, format_space, load_space, parse_space, space_names
from spectune.networks.space import Choice, Fixed, FloatRange, IntRange, Space

FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.booleans() | st.integers(-(2**60), 2**60) | FINITE | st.text(max_size=20)
PAIRS = st.tuples(FINITE, FINITE).map(sorted)
COUNTS = st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)).map(sorted)
RANGES = st.one_of(
    st.builds(Fixed, VALUES),
    st.lists(VALUES, min_size=1, max_size=4).map(lambda options: Choice(tuple(options))),
    st.builds(lambda pair, step: IntRange(pair[0], pair[1], step), COUNTS, st.integers(1, 9)),
    st.builds(lambda pair: IntRange(pair[0], pair[1], log=True), COUNTS),
    st.builds(lambda pair, step: FloatRange(pair[0], pair[1], step), PAIRS, st.none() | st.floats(1e-6, 1e6)),
    st.builds(lambda pair: FloatRange(float(pair[0]), float(pair[1]), log=True), COUNTS),
)


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    ranges = draw(st.dictionaries(st.text(max_size=20), RANGES, max_size=6))
    start = st.dictionaries(st.sampled_from(sorted(ranges)), VALUES, max_size=4) if ranges else st.just({})
    starts = draw(st.lists(start, max_size=3).map(tuple))
    return Space(draw(st.text(max_size=10)), ranges, draw(st.text()), starts)


MISTAKEN = """
family = 3
nam = "small"
[ranges]
"conv.*.kernel" = { kind = "int", low = 2.5, hihg = 10 }
rate = { kind = "flaot", low = 2, high = 10 }
units = { low = 2, high = 10 }
penalty = { kind = "float", low = 5, high = 1 }
batch = []
activation = ["elu", ["relu"]]
"""


@given(spaces())
def test_a_space_file_gives_the_space_it_was_written_from(space: Space) -> None:
    again = parse_space(format_space(space))
    assert again == space
    assert [type(found) for found in again.ranges.values()] == [type(found) for found in space.ranges.values()]


@pytest.mark.parametrize("name", space_names())
def test_every_shipped_space_reads_and_survives_its_own_text(name: str) -> None:
    space = load_space(name)
    assert space.name == name
    assert space.ranges
    assert parse_space(format_space(space)) == space


def test_bare_values_are_fixed_and_lists_are_choices() -> None:
    space = parse_space('family = "shen"\n[ranges]\nepochs = 300\nbatch = [16, 32]\naugment = false')
    assert space.ranges == {"epochs": Fixed(300), "batch": Choice((16, 32)), "augment": Fixed(False)}


def test_several_mistakes_give_several_exact_sentences() -> None:
    with pytest.raises(SettingError) as caught:
        parse_space(MISTAKEN, "small.toml")
    for mistake in (
        "small.toml has 10 mistakes",
        "family must be text, got 3",
        "'nam' is not an option (did you mean name?)",
        "conv.*.kernel.low must be a whole number, got 2.5",
        "conv.*.kernel.high is missing",
        "'conv.*.kernel.hihg' is not an option (did you mean high?)",
        "rate: kind must be one of int, float, choice, fixed, got 'flaot'",
        "units: kind must be one of",
        "penalty: a range needs low <= high",
        "batch: a choice needs at least one option",
        "activation.options.1 must be",
    ):
        assert mistake in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("64", 64),
        ("1_000", 1000),
        ("-0.5", -0.5),
        ("1e-3", 1e-3),
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("adam", "adam"),
        ('"64"', "64"),
        ("SNV | D1(11,2)", "SNV | D1(11,2)"),
        ("a=b", "a=b"),
        ("", ""),
        ("[1, 2]", "[1, 2]"),
        ("2026-01-02", "2026-01-02"),
        ("1\nrate = 2", "1\nrate = 2"),
        ("9" * 30, "9" * 30),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_a_value_to_fix_is_a_flag_a_number_or_else_a_word(text: str, value: object) -> None:
    read = fixes([f"conv.1.kernel = {text}"])
    assert read == {"conv.1.kernel": value}
    assert type(read["conv.1.kernel"]) is type(value)


@given(st.text())
def test_any_text_to_fix_is_some_value(text: str) -> None:
    assert isinstance(fixes([f"rate={text}"])["rate"], bool | int | float | str)


def test_values_to_start_with_must_have_a_range() -> None:
    text = 'family = "funnel"\n[ranges]\nwindow = [5, 7]\n"conv.*.kernel" = 3\n[[starts]]\n'
    assert parse_space(text + '"conv.1.kernel" = 3').starts == ({"conv.1.kernel": 3},)
    with pytest.raises(SettingError, match=r"start 1 gives 'windw', which has no range \(did you mean window\?\)"):
        parse_space(text + "windw = 5")


def test_a_space_of_ones_own_is_named_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text('family = "funnel"\nranges.batch = 16\n')
    assert load_space(str(path)) == Space("funnel", {"batch": Fixed(16)}, "small")


@pytest.mark.parametrize("name", ["defualt", "", "nothing.toml", "no/such/folder"])
def test_a_space_that_does_not_exist_is_one_sentence(name: str) -> None:
    with pytest.raises(SettingError, match=r"there is no (search space|file)"):
        load_space(name)


def test_ranges_must_be_a_table() -> None:
    with pytest.raises(SettingError, match="ranges must be a table, got 3"):
        parse_space('family = "shen"\nranges = 3')
