"""What scikit-learn asks of every estimator, asked of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from spectune import SpectralCNNClassifier, SpectralCNNRegressor, SpectralTuner
from spectune.estimators.preprocessing import (
    SNV,
    Absorbance,
    Bin,
    Channels,
    Decimate,
    Detrend,
    MaximumScaling,
    Reflectance,
    SavitzkyGolay,
)

SMALL: dict[str, Any] = {"channels": "RAW", "dense.width": 16, "dense.layers": 1, "window": 5, "rate": 3e-3}
"""The checks' tables have two columns and up: no spectra, and too short for a filter of the default order."""

SEARCH: dict[str, Any] = {
    "fix": {**SMALL, "convolution": False, "dropout": 0.0},
    "trials": 2,
    "cv": 2,
    "top": 1,
    "replicates": 0,
    "epochs": 60,
}

TRANSFORMERS = [
    SNV(),
    MaximumScaling(),
    Reflectance(),
    Absorbance(floor=1e-6),  # the checks' positive tables hold zeros, whose absorbance is infinite
    Detrend(),
    SavitzkyGolay(window=1, order=0),
    Bin(),
    Decimate(),
    Channels("SNV | RAW"),
    Channels("BIN(2) | SNV", "concatenate"),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [
        SpectralCNNRegressor(values=SMALL, members=2, epochs=60),
        SpectralCNNClassifier(values=SMALL, members=2, epochs=60),
        SpectralTuner(**SEARCH),
        SpectralTuner("classification", **SEARCH),
        SpectralTuner(**{**SEARCH, "refit": True}),
        *TRANSFORMERS,
    ]
)
def test_it_is_an_estimator_as_scikit_learn_understands_it(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
