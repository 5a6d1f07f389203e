"""Intervals cover as often as they say, and pairs and groups count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spectune.assessment.intervals import difference, error, error_value
from spectune.assessment.outcome import Judged
from spectune.metrics import class_scores, regression_scores

Array = NDArray[np.float64]


def judged(output: Array, name: str = "some") -> Judged:
    return Judged(name, "", 1, output, output, output, (), 0.0)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), rows=st.integers(2, 30), classes=st.integers(2, 4))
def test_errors_are_those_of_the_metrics(seed: int, rows: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    y, p = rng.normal(size=rows), rng.normal(size=rows)
    assert error_value(p, y, 0) == pytest.approx(regression_scores(y, p).rmse)
    labels, shares = rng.integers(classes, size=rows).astype(float), rng.random((rows, classes))
    balanced = class_scores(labels, shares.argmax(axis=1), classes).balanced_accuracy
    assert error_value(shares, labels, classes) == pytest.approx(1 - balanced)
    groups = rng.integers(3, size=rows)
    assert error(judged(shares), labels, groups, "test", classes, 0, 50).value == pytest.approx(1 - balanced)
    assert error(judged(p), y, groups, "test", 0, 0, 50).value == pytest.approx(error_value(p, y, 0))


def test_the_interval_of_a_difference_covers_as_often_as_it_says() -> None:
    rng, rows, repeats = np.random.default_rng(1), 40, 400
    truth = np.sqrt(0.8**2 + 0.3**2) - np.sqrt(1 + 0.4**2)
    hits = 0
    for seed in range(repeats):
        common, own, other = rng.normal(size=(3, rows))
        one, two = judged(0.8 * common + 0.3 * own), judged(common + 0.4 * other)
        found = difference(one, two, np.zeros(rows), np.arange(rows), "test", 0, seed, 500)
        hits += found.low <= truth <= found.high
    assert 0.90 < hits / repeats < 0.98


def test_pairs_matter() -> None:
    rng = np.random.default_rng(0)
    shared = rng.normal(size=100)
    one, paired = judged(shared + 0.1 * rng.normal(size=100)), judged(1.1 * shared + 0.1 * rng.normal(size=100))
    apart = judged(rng.permutation(paired.test))
    zeros, rows = np.zeros(100), np.arange(100)
    close = difference(one, paired, zeros, rows, "test", 0, 0)
    wide = difference(one, apart, zeros, rows, "test", 0, 0)
    assert close.value == pytest.approx(wide.value)
    assert close.clear
    assert not wide.clear
    assert wide.high - wide.low > 3 * (close.high - close.low)


def test_replicates_are_not_independent_rows() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 30))
    zeros = np.zeros(120)
    model, rival = judged(np.repeat(one, 4)), judged(np.repeat(other, 4))
    grouped = difference(model, rival, zeros, np.repeat(np.arange(30), 4), "test", 0, 0)
    naive = difference(model, rival, zeros, np.arange(120), "test", 0, 0)
    assert grouped.value == pytest.approx(naive.value)
    assert grouped.high - grouped.low > 1.6 * (naive.high - naive.low)


def test_a_model_does_not_differ_from_itself() -> None:
    model = judged(np.random.default_rng(0).normal(size=20))
    found = difference(model, model, np.zeros(20), np.arange(20), "cross-validated", 0, 0)
    assert (found.value, found.low, found.high, found.clear) == (0, 0, 0, False)
    assert found.part == "cross-validated"


def test_the_same_seed_gives_the_same_interval_and_exchange_the_opposite() -> None:
    rng = np.random.default_rng(0)
    one, other, y = judged(rng.normal(size=25), "a"), judged(rng.normal(size=25), "b"), rng.normal(size=25)
    there = difference(one, other, y, np.arange(25), "test", 0, 7)
    assert there == difference(one, other, y, np.arange(25), "test", 0, 7)
    back = difference(other, one, y, np.arange(25), "test", 0, 7)
    assert (back.value, back.low, back.high) == pytest.approx((-there.value, -there.high, -there.low))


def test_one_group_alone_bounds_nothing() -> None:
    found = error(judged(np.array([1.0, 2.0])), np.zeros(2), np.zeros(2, dtype=int), "test", 0, 0)
    assert (found.low, found.high) == (-np.inf, np.inf)
    assert np.isfinite(found.value)
