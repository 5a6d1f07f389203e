"""Figures of merit: their definitions, and the identity that ties them together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.metrics import ClassScores, RegressionScores, class_scores, regression_scores, scores

VALUES = st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=3, max_size=40).filter(
    lambda pairs: np.std([pair[0] for pair in pairs]) > 1e-3 and any(abs(a - b) > 1e-6 for a, b in pairs)
)


@given(VALUES)
def test_squared_error_is_bias_and_sep(pairs: list[tuple[float, float]]) -> None:
    measured, predicted = np.asarray(pairs).T
    found = regression_scores(measured, predicted)
    n = len(pairs)
    assert found.rmse**2 == pytest.approx(found.bias**2 + found.sep**2 * (n - 1) / n, rel=1e-6, abs=1e-9)
    assert found.rpd == pytest.approx(measured.std(ddof=1) / found.rmse)


def test_numbers_by_hand() -> None:
    found = regression_scores(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 6.0]))
    assert (found.rmse, found.bias, found.r2) == pytest.approx((1.0, 0.5, 0.2))
    assert found.rpiq == pytest.approx(1.5)
    assert found.slope == pytest.approx(1.6)


def test_balanced_accuracy_weighs_classes_and_not_rows() -> None:
    measured, predicted = np.array([0, 0, 0, 0, 1]), np.array([0, 0, 0, 2, 0])
    found = class_scores(measured, predicted, 3)
    assert found.accuracy == pytest.approx(0.6)
    assert found.balanced_accuracy == pytest.approx((0.75 + 0.0) / 2)
    assert found.confusion == ((3, 0, 1), (1, 0, 0), (0, 0, 0))


def test_scores_follow_the_kind_of_target() -> None:
    assert isinstance(scores(np.array([1.0, 2.0]), np.array([1.0, 2.5]), 0), RegressionScores)
    assert isinstance(scores(np.array([0.0, 1.0]), np.eye(2), 2), ClassScores)
