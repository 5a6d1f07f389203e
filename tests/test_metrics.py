"""Figures of merit: their definitions, and the identity that ties them together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_fscore_support

from spectune.metrics import (
    ClassScores,
    RegressionScores,
    averages,
    class_scores,
    each_class,
    regression_scores,
    score_interval,
    scores,
)

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


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_every_class_and_both_averages_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    measured, predicted = np.asarray(pairs).T
    found = class_scores(measured, predicted, 5)
    classes = each_class(found.confusion)
    occurring = np.unique(measured)
    theirs = precision_recall_fscore_support(measured, predicted, labels=occurring, zero_division=0)
    ours = [(one.precision, one.sensitivity, one.f1, one.rows) for one in (classes[k] for k in occurring)]
    np.testing.assert_allclose(np.nan_to_num(np.asarray(ours).T), theirs)
    for average, name in zip(averages(classes), ("macro", "weighted"), strict=True):
        both = precision_recall_fscore_support(measured, predicted, labels=occurring, average=name, zero_division=0)
        assert (average.precision, average.sensitivity, average.f1) == pytest.approx(both[:3])
    assert averages(classes)[0].f1 == pytest.approx(found.macro_f1)
    assert averages(classes)[0].sensitivity == pytest.approx(found.balanced_accuracy)


def test_a_class_that_does_not_occur_has_no_share_and_one_that_was_never_called_no_precision() -> None:
    absent, missed = each_class(((0, 0), (2, 0)))
    assert absent.rows == 0
    assert np.isnan([absent.sensitivity, absent.f1, missed.precision]).all()
    assert (missed.sensitivity, missed.f1) == (0.0, 0.0)


@given(st.integers(0, 80), st.integers(1, 80))
def test_the_score_interval_is_that_of_scipy(right: int, rows: int) -> None:
    right = min(right, rows)
    theirs = binomtest(right, rows).proportion_ci(method="wilson")
    assert score_interval(right / rows, rows) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
