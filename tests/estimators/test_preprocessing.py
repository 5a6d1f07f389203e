"""Transformers are the steps that networks have inside, and keep the wavelengths in the names of columns."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from spectune.errors import DataError, SettingError
from spectune.estimators.preprocessing import (
    SNV,
    Absorbance,
    Bin,
    Channels,
    Decimate,
    Detrend,
    MaximumScaling,
    Reflectance,
    RowWise,
    SavitzkyGolay,
)
from spectune.spectra import steps
from spectune.spectra.channels import Layout, parse_channels, prepare

PAIRS: list[tuple[RowWise, steps.Step]] = [
    (SNV(), steps.SNV()),
    (MaximumScaling(), steps.Maximum()),
    (Reflectance(), steps.Reflectance()),
    (Absorbance(), steps.Absorbance()),
    (Detrend(degree=1), steps.Detrend(1)),
    (SavitzkyGolay(window=7, order=3, derivative=1), steps.SavGol(7, 3, 1)),
    (Bin(width=4), steps.Bin(4)),
    (Decimate(width=4), steps.Decimate(4)),
]


def spectra(rows: int, points: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.05, 1.0, (rows, points)).astype(np.float32)


@pytest.mark.parametrize(("transformer", "step"), PAIRS, ids=lambda one: type(one).__name__)
@given(rows=st.integers(1, 5), points=st.integers(8, 40), seed=st.integers(0, 9))
def test_a_transformer_is_its_step_to_the_bit(
    transformer: RowWise, step: steps.Step, rows: int, points: int, seed: int
) -> None:
    x = spectra(rows, points, seed)
    assert np.array_equal(transformer.fit_transform(x), steps.apply([step], x))
    assert len(transformer.get_feature_names_out()) == steps.points_after([step], points)


@pytest.mark.parametrize("layout", ["channels", "concatenate"])
@pytest.mark.parametrize("words", ["RAW", "SNV+D1(5,2)", "SNV+D1(5,2) | RAW", "BIN(3)+SNV | BIN(3)"])
def test_channels_are_the_signal_that_a_network_receives(words: str, layout: Layout) -> None:
    x = spectra(3, 20)
    inside = prepare(x, parse_channels(words), layout)
    made = Channels(words, layout).fit(x)
    assert np.array_equal(made.transform(x).astype(np.float32), inside.reshape(3, -1))
    assert len(made.get_feature_names_out()) == inside[0].size


def test_a_chain_of_transformers_is_a_channel() -> None:
    x = spectra(4, 30)
    chain = make_pipeline(Bin(2), SNV(), SavitzkyGolay(5, 2, 1))
    assert np.array_equal(chain.fit_transform(x), Channels("BIN(2)+SNV+D1(5,2)").fit_transform(x))


def test_nothing_is_learned() -> None:
    x = spectra(6, 30)
    for transformer, _ in PAIRS:
        assert np.array_equal(clone(transformer).transform(x), clone(transformer).fit(x[:1]).transform(x))


def test_names_of_columns_stay_wavelengths() -> None:
    names = ["1100", "1102", "1104", "1106", "1108"]
    frame = pl.DataFrame(spectra(4, 5), schema=names)
    made = make_pipeline(SNV(), Bin(2)).set_output(transform="polars").fit_transform(frame)
    assert made.columns == ["1101", "1105", "1108"]
    assert list(Decimate(2).fit(frame).get_feature_names_out()) == ["1100", "1104", "1108"]
    assert list(Bin(2).fit(frame.to_numpy()).get_feature_names_out()) == ["x0..x1", "x2..x3", "x4"]
    both = Channels("SNV | RAW").fit(frame).get_feature_names_out()
    assert list(both[:4]) == ["SNV 1100", "RAW 1100", "SNV 1102", "RAW 1102"]
    assert list(Channels("BIN(2)+SNV").fit(frame).get_feature_names_out()) == made.columns


def test_names_come_with_a_pandas_frame_too() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame(spectra(4, 5), columns=["1100", "1102", "1104", "1106", "1108"], index=list("abcd"))
    made = Bin(2).set_output(transform="pandas").fit_transform(frame)
    assert list(made.columns) == ["1101", "1105", "1108"]
    assert list(made.index) == list("abcd")


def test_a_floor_takes_the_place_of_values_that_have_no_absorbance() -> None:
    x = np.array([[0.5, 0.0, -1.0]])
    assert Absorbance(floor=0.1).fit_transform(x) == pytest.approx(-np.log10([[0.5, 0.1, 0.1]]))
    with pytest.raises(DataError, match="needs values above zero"):
        Absorbance().fit(x)


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (SavitzkyGolay(window=4), "must be odd"),
        (SavitzkyGolay(window=5, order=5), "longer than its order"),
        (SavitzkyGolay(window=13, order=9, derivative=2), "needs more than 10 points"),
        (Bin(0), "width must be a whole number from 1, got 0"),
        (Detrend(-1), "degree must be a whole number from 0, got -1"),
        (Absorbance(floor=0), "floor must be above 0"),
        (Channels("SVN"), "'SVN' is not a preprocessing step"),
        (Channels("RAW", "stacked"), "layout must be channels or concatenate"),  # type: ignore[arg-type]
        (Channels("RAW | BIN(2)"), "need equal lengths"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_when_fitted(transformer: RowWise, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        transformer.fit(spectra(2, 8))
    assert isinstance(caught.value, SettingError)
