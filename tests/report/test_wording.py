"""Numbers as a reader sees them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.report.sheets import settings_text
from spectune.report.wording import aligned, duration, fixed, number, shortened


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_a_number_is_shown_to_half_a_percent(value: float) -> None:
    text = number(value).replace("−", "-")
    mantissa, _, power = text.partition("×10")
    shown = float(mantissa) * 10.0 ** int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)
    assert shown == pytest.approx(value, rel=0.00501)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9), st.integers(0, 8))
def test_zero_never_has_a_sign(value: float, places: int) -> None:
    assert not re.fullmatch(r"−0\.?0*", fixed(value, places))


def test_nothing_and_infinity_have_words() -> None:
    assert [number(float(word)) for word in ("nan", "inf", "-inf")] == ["n.a.", "∞", "−∞"]


def test_decimal_points_of_a_column_stand_below_one_another() -> None:
    made = aligned(["0.603", "12.8", "372", "n.a."])
    margins = [float(re.findall(r"margin-right:([0-9.]+)ch", cell)[0]) for cell in made]
    assert margins == [0.0, 2.0, 3.5, 3.5]


def test_alignment_escapes_what_it_aligns() -> None:
    assert "<b>" not in aligned(["<b>"])[0]


@given(st.text(max_size=200), st.integers(4, 40))
def test_a_shortened_name_fits_on_one_printable_line(text: str, most: int) -> None:
    made = shortened(text, most)
    assert len(made) <= most
    assert made.isprintable()


@given(st.floats(0, 1e6))
def test_a_time_span_names_its_unit(seconds: float) -> None:
    assert duration(seconds).split()[1] in {"s", "min", "h"}


def test_settings_that_are_not_set_are_left_out_of_the_text() -> None:
    assert settings_text({"target": "fat", "group": None, "space": {"rate": [1, None]}}) == (
        'target = "fat"\n\n[space]\nrate = [\n    1,\n]\n'
    )
