"""Channels and steps: words and values agree, SciPy agrees, and no row looks at another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import detrend, savgol_filter

from spectune.errors import DataError, SettingError
from spectune.spectra.channels import (
    Channels,
    format_channels,
    parse_channels,
    prepare,
    prepared_shape,
    with_window,
)
from spectune.spectra.steps import (
    SNV,
    Absorbance,
    Bin,
    Decimate,
    Detrend,
    Maximum,
    Reflectance,
    SavGol,
    Step,
    apply,
    points_after,
)


@st.composite
def savgols(draw: st.DrawFn) -> SavGol:
    order = draw(st.integers(1, 4))
    return SavGol(2 * draw(st.integers(order // 2 + 1, 12)) + 1, order, draw(st.integers(0, min(order, 3))))


STEPS: st.SearchStrategy[Step] = st.one_of(
    st.just(SNV()),
    st.just(Absorbance()),
    st.just(Reflectance()),
    st.just(Maximum()),
    st.builds(Detrend, st.integers(0, 4)),
    savgols(),
    st.builds(Bin, st.integers(1, 6)),
    st.builds(Decimate, st.integers(1, 6)),
)
CHANNELS: st.SearchStrategy[Channels] = st.lists(st.lists(STEPS, max_size=3).map(tuple), min_size=1, max_size=4).map(
    tuple
)


def spectra(rows: int = 7, points: int = 40) -> np.ndarray:
    random = np.random.default_rng(2)
    return (0.5 + 0.01 * random.normal(size=(rows, points)).cumsum(axis=1)).astype(np.float32)


@given(CHANNELS)
def test_parse_is_the_inverse_of_format(channels: Channels) -> None:
    assert parse_channels(format_channels(channels)) == channels


@given(CHANNELS, st.sampled_from(["channels", "concatenate"]))
def test_prepared_shape_is_the_shape_that_is_made(channels: Channels, layout: str) -> None:
    try:
        expected = prepared_shape(channels, layout, 40)  # type: ignore[arg-type]
        made = prepare(spectra(), channels, layout)  # type: ignore[arg-type]
    except (SettingError, DataError):
        return
    assert made.shape == (7, expected[1], expected[0])
    assert made.dtype == np.float32


@given(CHANNELS, st.permutations(range(7)))
def test_preprocessing_is_row_wise(channels: Channels, order: list[int]) -> None:
    x = spectra()
    try:
        whole = prepare(x, channels, "concatenate")
    except (SettingError, DataError):
        return
    np.testing.assert_allclose(prepare(x[order], channels, "concatenate"), whole[order], rtol=1e-5, atol=1e-6)


def test_derivatives_and_snv_are_those_of_scipy_and_the_book() -> None:
    x = spectra().astype(np.float64)
    snv = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    for words, wanted in (
        ("D1", savgol_filter(x, 13, 2, deriv=1)),
        ("D2", savgol_filter(x, 13, 2, deriv=2)),
        ("SG(7,3)", savgol_filter(x, 7, 3)),
        ("SNV+D1", savgol_filter(snv, 13, 2, deriv=1)),
        ("SNV+D2(9,3)", savgol_filter(snv, 9, 3, deriv=2)),
        ("DT(1)", detrend(x)),
        ("DT(0)", x - x.mean(axis=1, keepdims=True)),
        ("ABS", np.log10(1 / x)),
        ("REF", 1 / 10**x),
        ("ABS+REF", x),
        ("REF+ABS", x),
        ("MAX", x / x.max(axis=1, keepdims=True)),
        ("BIN(4)", x.reshape(7, 10, 4).mean(axis=2)),
        ("DEC(4)", x.reshape(7, 10, 4)[:, :, 0]),
    ):
        made = prepare(x, parse_channels(words), "channels")[:, :, 0]
        np.testing.assert_allclose(made, wanted, rtol=1e-6, atol=1e-6)


def test_a_last_bin_may_be_shorter() -> None:
    assert apply([Bin(4)], np.arange(10.0)[None]).tolist() == [[1.5, 5.5, 8.5]]
    assert points_after([Bin(4)], 10) == 3


@given(st.integers(1, 60), st.integers(1, 70))
def test_decimating_keeps_the_first_point_of_every_bin(points: int, width: int) -> None:
    x = np.arange(float(points))[None]
    kept = apply([Decimate(width)], x)
    assert kept.tolist() == [list(range(0, points, width))]
    assert kept.shape[1] == points_after([Decimate(width)], points) == points_after([Bin(width)], points)


@given(st.floats(-1e300, 1e300))
def test_every_number_has_a_reflectance(value: float) -> None:
    assert apply([Reflectance()], np.array([[value]]))[0, 0] >= 0


def test_a_spectrum_without_a_value_above_zero_is_not_divided_by_its_maximum() -> None:
    x = np.array([[-2.0, -1.0], [0.0, 0.0], [-2.0, 4.0]])
    assert apply([Maximum()], x).tolist() == [[-2.0, -1.0], [0.0, 0.0], [-0.5, 1.0]]


def test_a_window_longer_than_the_spectrum_shrinks() -> None:
    x = spectra(2, 9)
    np.testing.assert_allclose(apply([SavGol(25, 2, 1)], x), savgol_filter(x.astype(float), 9, 2, deriv=1))


def test_with_window_changes_only_filters() -> None:
    assert format_channels(with_window(parse_channels("SNV+D1 | RAW | D2(9,3)"), 7)) == "SNV+D1(7,2) | RAW | D2(7,3)"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("SNW", "'SNW' is not a preprocessing step"),
        ("D1(12,2)", "window must be odd"),
        ("D2(5,1)", "order at least the derivative"),
        ("SNV(3)", "is not a preprocessing step with sensible numbers"),
        ("RAW+SNV", "'RAW' is not a preprocessing step"),
        ("BIN(0)", "is not a preprocessing step with sensible numbers"),
        ("DEC(0)", "is not a preprocessing step with sensible numbers"),
        ("REF(2)", "is not a preprocessing step with sensible numbers; steps are RAW, ABS, REF"),
        ("", "is not a preprocessing step"),
    ],
)
def test_wrong_words_are_explained(words: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        parse_channels(words)


def test_absorbance_of_a_value_that_is_not_above_zero_names_the_place() -> None:
    x = spectra()
    x[3, 5] = 0
    with pytest.raises(DataError, match="spectrum 4 has 0 at point 6"):
        apply([Absorbance()], x)


def test_channels_of_unequal_length_cannot_stand_side_by_side() -> None:
    with pytest.raises(SettingError, match="need equal lengths"):
        prepare(spectra(), parse_channels("RAW | BIN(2)"), "channels")
