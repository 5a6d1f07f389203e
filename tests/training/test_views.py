"""Channels made by the core are those of SciPy, whatever the steps, the layout and the spectra."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spectune.errors import DataError, SettingError
from spectune.spectra.channels import Channel, Channels, Layout, parse_channels, prepare
from spectune.spectra.steps import SNV, Absorbance, Bin, Decimate, Detrend, Maximum, Reflectance, SavGol, Step, apply
from spectune.training import native
from spectune.training.views import KINDS, prepared, views

Floats = NDArray[np.float32]

LIBRARY = native.core()
pytestmark = pytest.mark.skipif(
    LIBRARY is None or not hasattr(LIBRARY, "spectune_prepare"), reason="no core that prepares spectra"
)

LAYOUTS: tuple[Layout, ...] = ("channels", "concatenate")
CLOSE = 1e-6
"""Largest error, of the largest value that the channel has in the row."""

WORDS = (
    "RAW",
    "ABS",
    "SNV",
    "DT",
    "DT(0)",
    "DT(4)",
    "SG(5,2)",
    "D1(11,2)",
    "D2",
    "D3(9,3)",
    "ABS+D2",
    "ABS+SNV+D1",
    "DT+SNV | D1(11,2)+SNV",
    "SNV | SNV+D1 | SNV+D2 | RAW",
    "RAW | DT+SNV | D1 | D2 | D1+SNV | D2+SNV",
    "ABS+DT | ABS+SNV | RAW | RAW | D1(5,2)",
    "BIN(3)+SNV | BIN(3)+D1(5,2) | BIN(3)",
    "SNV+BIN(2)+SG(3,1) | D1(7,3)+BIN(2)",
    "REF",
    "MAX | D1(5,2)+MAX | MAX+D1(5,2)",
    "REF+ABS+D2 | REF+SNV | REF",
    "DEC(3)+SNV | DEC(3)+REF | BIN(3) | DEC(3)",
    "D1(5,2)+DEC(5) | DEC(5)+D1(5,2)",
)


def spectra(rows: int = 9, points: int = 40, scale: float = 1.0) -> Floats:
    random = np.random.default_rng(rows * 1000 + points)
    bends = 1.0 + 0.05 * random.normal(size=(rows, points)).cumsum(axis=1) / np.sqrt(points)
    return np.asarray(scale * (bends + 0.001 * random.normal(size=bends.shape)), dtype=np.float32)


def largest_error(x: Floats, channels: Channels, layout: Layout) -> float:
    """Largest difference from SciPy, channel by channel, of the largest value in the row."""
    wanted, made = prepare(x, channels, layout), prepared(x, channels, layout)
    assert made.shape == wanted.shape
    assert made.dtype == np.float32
    blocks = [prepare(x, (channel,), "concatenate") for channel in channels]
    if layout == "concatenate":
        parts = np.split(made, np.cumsum([block.shape[1] for block in blocks])[:-1], axis=1)
    else:
        parts = np.split(made, len(channels), axis=2)
    return max(_error(part, block) for part, block in zip(parts, blocks, strict=True))


def _error(made: Floats, wanted: Floats) -> float:
    size = np.maximum(np.abs(wanted).max(axis=1, keepdims=True).astype(np.float64), 1e-37)
    return float((np.abs(made.astype(np.float64) - wanted) / size).max(initial=0))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("words", WORDS)
def test_channels_are_those_of_scipy(words: str, layout: Layout) -> None:
    for points in (*range(16, 50), 64, 125, 256, 300):
        assert largest_error(spectra(3, points), parse_channels(words), layout) < CLOSE


@pytest.mark.parametrize("derivative", range(4))
def test_filters_of_every_window_and_order_are_those_of_scipy(derivative: int) -> None:
    for order in range(derivative, 6):
        for window in range(order + 1 + order % 2, 40, 2):
            for points in (window, window + 1, window + 2, window + 37):
                filters = (SavGol(window, order, derivative),)
                assert largest_error(spectra(2, points), (filters,), "channels") < CLOSE


@pytest.mark.parametrize("points", [5, 6, 7, 8])
def test_short_spectra_have_their_windows_shrunk_as_by_scipy(points: int) -> None:
    for words in ("D1", "D2 | D1+SNV", "SG(11,3) | D1(51,2)", "BIN(7)", "DT(1)+SNV | ABS"):
        assert largest_error(spectra(4, points), parse_channels(words), "channels") < CLOSE


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1e-3, 1e4, 1e15, 1e30])
def test_the_scale_of_spectra_does_not_matter(scale: float) -> None:
    x = spectra(5, 77, scale)
    for words in ("SNV", "DT+SNV | D1(11,2)+SNV", "D1 | SG", "ABS", "ABS+D1+SNV", "BIN(4)"):
        assert largest_error(x, parse_channels(words), "channels") < CLOSE


def test_a_row_that_does_not_change_is_only_centred() -> None:
    x = np.repeat(np.array([[0.1], [1.0], [3e7], [-2.5], [0.0]], dtype=np.float32), 43, axis=1)
    assert not prepared(x, parse_channels("SNV"), "channels").any()
    for words in ("ABS+SNV", "DT", "SNV+DT", "D1", "D2", "BIN(4)"):
        here = x[:3] if "ABS" in words else x
        both = (make(here, parse_channels(words), "channels") for make in (prepare, prepared))
        off = np.abs(np.subtract(*both)).max(axis=(1, 2))
        assert (off <= 1e-14 * np.abs(here).max(axis=1)).all()


def test_no_spectra_make_no_rows() -> None:
    assert prepared(spectra(0, 20), parse_channels("SNV | D1"), "channels").shape == (0, 20, 2)


def test_absorbance_is_right_over_all_positive_numbers() -> None:
    bits = np.linspace(1, 0x7F7FFFFF, 400_000).astype(np.int32)
    near_one = np.linspace(0.999, 1.001, 100_001).astype(np.float32)
    for x in (bits.view(np.float32), near_one):
        made = prepared(x[None], parse_channels("ABS"), "channels")
        np.testing.assert_allclose(made, prepare(x[None], parse_channels("ABS"), "channels"), rtol=1.3e-7)


def test_reflectance_is_right_over_all_numbers() -> None:
    usual, all_of_them = np.linspace(-3, 12, 400_001), np.linspace(-300, 300, 400_001)
    for x in (usual.astype(np.float32), all_of_them.astype(np.float32)):
        made = prepared(x[None], parse_channels("REF+ABS"), "channels")
        np.testing.assert_allclose(made[0, :, 0], x, rtol=1.2e-7, atol=1e-15)
    made = prepared(usual[None].astype(np.float32), parse_channels("REF"), "channels")
    np.testing.assert_allclose(made[0, :, 0], 10.0 ** -usual.astype(np.float32).astype(np.float64), rtol=1.2e-7)


def test_reflectance_beyond_numbers_is_infinite_or_none() -> None:
    x = np.array([[3e38, np.inf, -3e38, -np.inf, np.nan, 0.0, 1.0]], dtype=np.float32)
    made = prepared(x, parse_channels("REF"), "channels")[0, :, 0]
    np.testing.assert_allclose(made, [0.0, 0.0, np.inf, np.inf, np.nan, 1.0, 0.1], rtol=1e-7)


def test_what_is_no_number_stays_none() -> None:
    x = spectra(1, 20)
    x[0, 3], x[0, 19] = np.inf, np.nan
    made = prepared(x, parse_channels("ABS | RAW"), "channels")
    np.testing.assert_allclose(made, prepare(x, parse_channels("ABS | RAW"), "channels"), rtol=1e-6)


@st.composite
def savgols(draw: st.DrawFn) -> SavGol:
    order = draw(st.integers(1, 4))
    return SavGol(2 * draw(st.integers(order // 2 + 1, 20)) + 1, order, draw(st.integers(0, min(order, 3))))


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
CHANNEL: st.SearchStrategy[Channel] = st.lists(STEPS, max_size=4).map(tuple)
CHANNELS: st.SearchStrategy[Channels] = st.lists(CHANNEL, min_size=1, max_size=9).map(tuple)


def rounding(x: Floats, channel: Channel) -> float:
    """About how much of the largest value of a row may be rounding, at the worst of the steps."""
    signal, noise, worst = x.astype(np.float64), np.zeros(len(x)), 0.0
    for step in channel:
        noise += 1e-14 * np.maximum(np.abs(signal).max(axis=1), 1.0)
        match step:
            case SNV():
                noise /= np.maximum(signal.std(axis=1), 1e-30)
            case Absorbance():
                noise /= np.maximum(signal.min(axis=1), 1e-30)
            case Maximum():
                noise /= np.maximum(signal.max(axis=1), 1e-30)
            case Reflectance():
                noise *= np.minimum(3 * 10 ** -np.maximum(signal.min(axis=1), -99.0), 1e30)
        signal = apply([step], signal)
        worst = max(worst, float((noise / np.maximum(np.abs(signal).max(axis=1), 1e-30)).max()))
        if worst > CLOSE:
            break
    return worst


@settings(max_examples=400)
@given(CHANNELS, st.sampled_from(LAYOUTS), st.integers(5, 300), st.integers(1, 5))
def test_all_programs_make_what_scipy_makes(channels: Channels, layout: Layout, points: int, rows: int) -> None:
    x = spectra(rows, points)
    try:
        assume(all(rounding(x, channel) < CLOSE for channel in channels))
        prepare(x, channels, layout)
    except (DataError, SettingError):
        with pytest.raises((DataError, SettingError)):
            prepared(x, channels, layout)
        return
    assert largest_error(x, channels, layout) < CLOSE


def test_channels_that_begin_alike_share_their_first_steps() -> None:
    made = views(parse_channels("SNV | SNV+D1 | SNV+D1+SNV | D1"), "channels", 30).steps
    kinds = [KINDS[kind] for kind in made["kind"]]
    assert kinds == ["snv", "write", "savgol", "write", "snv", "write", "savgol", "write"]


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_change_nothing(threads: int) -> None:
    x, channels = spectra(5, 61), parse_channels("ABS+D2 | DT+SNV | RAW")
    one, many = (prepared(x, channels, "channels", number) for number in (1, threads))
    np.testing.assert_array_equal(one, many)


def test_a_row_does_not_depend_on_the_others() -> None:
    x, channels = spectra(11, 53), parse_channels("DT+SNV | D1+SNV | ABS")
    alone = np.concatenate([prepared(row[None], channels, "channels") for row in x])
    np.testing.assert_array_equal(prepared(x, channels, "channels"), alone)


def test_spectra_may_lie_in_a_mapped_file(tmp_path: Path) -> None:
    x, channels = spectra(8, 50), parse_channels("SNV | D1")
    x.tofile(tmp_path / "spectra.bin")
    mapped = np.memmap(tmp_path / "spectra.bin", dtype=np.float32, mode="r", shape=x.shape)
    np.testing.assert_array_equal(prepared(mapped, channels, "channels"), prepared(x, channels, "channels"))


@pytest.mark.parametrize(
    ("words", "value"), [("ABS", 0.0), ("ABS", -1.5), ("SNV | RAW | ABS+D1", -0.0), ("BIN(1)+ABS", -2)]
)
@pytest.mark.parametrize("threads", [1, 4])
def test_absorbance_of_what_is_not_above_zero_is_refused_in_the_same_words(
    words: str, value: float, threads: int
) -> None:
    x, channels = spectra(9, 41), parse_channels(words)
    x[6, 38], x[6, 40], x[8, 0] = value, value - 1, value - 2
    with pytest.raises(DataError) as wanted:
        prepare(x, channels, "channels")
    with pytest.raises(DataError) as found:
        prepared(x, channels, "channels", threads)
    assert str(found.value) == str(wanted.value)


@pytest.mark.parametrize(("words", "points"), [("SG(9,4)", 4), ("RAW | BIN(2)+D1(5,3)", 6), ("D2", 2), ("D1", 1)])
def test_a_filter_that_does_not_fit_is_refused_in_the_same_words(words: str, points: int) -> None:
    x, channels = spectra(2, points), parse_channels(words)
    with pytest.raises(SettingError) as wanted:
        prepare(x, channels, "concatenate")
    with pytest.raises(SettingError) as found:
        views(channels, "concatenate", points)
    assert str(found.value) == str(wanted.value)


def test_channels_of_unequal_length_cannot_be_made_side_by_side() -> None:
    with pytest.raises(SettingError, match="need equal lengths"):
        prepared(spectra(), parse_channels("RAW | BIN(2)"), "channels")
