"""Conditions on rows: parsed, described, matched."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.errors import DataError, SettingError
from spectune.spectra.axis import Axis
from spectune.spectra.table import Table
from spectune.spectra.where import Among, Compare, Condition, Every, Not, Some, describe, matches, parse

NAMES = st.sampled_from(["dm", "pH.in.water", "näss", "two words", "in", "Or"])
VALUES = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.text("ab '.=", max_size=5))
COMPARISONS = st.builds(Compare, NAMES, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), VALUES)
MEMBERSHIPS = st.builds(Among, NAMES, st.lists(VALUES, min_size=1, max_size=3).map(tuple))


def several(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    lists = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(Every, lists), st.builds(Some, lists))


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(st.one_of(COMPARISONS, MEMBERSHIPS), several, max_leaves=8)


@given(CONDITIONS)
def test_parse_is_the_inverse_of_describe(condition: Condition) -> None:
    assert parse(describe(condition)) == condition


TABLE = Table(
    np.zeros((5, 2), np.float32),
    Axis((1.0, 2.0)),
    {
        "instrument": np.asarray(["m5", "mp5", "m5", "", "mp6"]),
        "season": np.asarray([1.0, 2.0, 3.0, 4.0, np.nan]),
        "two words": np.asarray(["a", "b", "c", "d", "e"]),
    },
    "soil.csv",
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('instrument == "m5"', [0, 2]),
        ("instrument != 'm5'", [1, 4]),
        ("season >= 2 and season<4", [1, 2]),
        ("season != 3", [0, 1, 3]),
        ('season == "3"', [2]),
        ('instrument == ""', [3]),
        ('season != ""', [0, 1, 2, 3]),
        ('instrument == "m5" and (season != 3 or season > 10)', [0]),
        ('instrument == "mp6" or season == 1 and instrument == "m5"', [0, 4]),
        ("not season in (1, 2,)", [2, 3, 4]),
        ("season NOT IN [1, 2]", [2, 3, 4]),
        ('`two words` in ("a", "e")', [0, 4]),
        ("season > -1e3", [0, 1, 2, 3]),
    ],
)
def test_a_condition_chooses_rows(text: str, rows: list[int]) -> None:
    assert np.flatnonzero(matches(parse(text), TABLE)).tolist() == rows


@pytest.mark.parametrize(
    ("text", "why", "at"),
    [
        ("season = 3", "use == to compare", 8),
        ("season == three", "words need quotation marks", 11),
        ("", "expected a column name", 1),
        ("(season == 1", "expected ')'", 13),
        ("season == 1)", "expected 'and', 'or' or the end", 12),
        ("season in 3", "list of values in parentheses", 11),
        ('season == "x', "quotation mark is not closed", 11),
        ("season == 1 & season == 2", "use 'and'", 13),
        ("season", "expected ==", 7),
        ("not", "expected a column name", 4),
        ("__import__('os') == 1", "expected ==", 11),
        ("(" * 99 + "a == 1" + ")" * 99, "nested too deeply", 51),
    ],
)
def test_text_that_is_no_condition_is_told_with_its_place(text: str, why: str, at: int) -> None:
    with pytest.raises(SettingError) as caught:
        parse(text)
    assert why in str(caught.value)
    assert f"at character {at} " in str(caught.value)


@given(st.text("ab=<>!()[]\"'`.,1 andornotin", max_size=30))
def test_any_text_is_a_condition_or_a_sentence(text: str) -> None:
    with contextlib.suppress(SettingError):
        assert parse(describe(parse(text))) == parse(text)


def test_conditions_that_do_not_fit_the_table_are_data_errors() -> None:
    for text, told in (
        ('colour == "red"', "soil.csv has no column 'colour'; its columns are: instrument, season, two words"),
        ("instrument > 3", "column 'instrument' holds words"),
        ('season < "b"', "column 'season' holds numbers"),
        ("season > 99", "no row of soil.csv fulfils the condition season > 99.0"),
    ):
        with pytest.raises(DataError, match=told):
            matches(parse(text), TABLE)
