"""Nested validation: every row once by a model that never saw it, and the arithmetic of optimism."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nestings import KINDS, done, errors, rows, runs
from spectune.assessment.nested import NETWORK, Unseen, left_out, optimism, unseen
from spectune.assessment.outcome import CNN
from spectune.metrics import class_scores


def test_optimism_is_the_mean_difference_with_the_t_interval_of_the_outer_folds() -> None:
    """By hand: differences 0.5, 0 and 1; mean 0.5, deviation 0.5, standard error 0.5 / sqrt 3, t(2) = 4.3027."""
    found = optimism((1.0, 2.0, 3.0), (1.5, 2.0, 4.0))
    assert found.value == pytest.approx(0.5)
    assert found.deviation == pytest.approx(0.5 / 3**0.5)
    assert (found.low, found.high) == pytest.approx((0.5 - 4.30265 * 0.288675, 0.5 + 4.30265 * 0.288675), abs=1e-4)
    assert not found.clear
    assert optimism((1.0, 1.0, 1.0), (1.5, 1.6, 1.4)).clear


@given(st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_optimism_turns_its_sign_when_inner_and_outer_change_places(folds: int, seed: int) -> None:
    inner, outer = np.random.default_rng(seed).random((2, folds))
    there, back = optimism(tuple(inner), tuple(outer)), optimism(tuple(outer), tuple(inner))
    assert there.value == pytest.approx(-back.value)
    assert there.low == pytest.approx(-back.high)


def test_every_row_is_predicted_once_by_the_fold_that_left_it_out() -> None:
    spectra = rows()
    outcomes = runs(spectra, errors(), errors(PLS=2.0))
    assert sorted(np.concatenate([left_out(one) for one in outcomes])) == list(range(len(spectra)))
    pls = next(model for model in unseen(spectra, outcomes) if model.name == "PLS")
    np.testing.assert_allclose(np.abs(pls.output - spectra.y), 2.0)
    for one in outcomes:
        np.testing.assert_array_equal(pls.output[left_out(one)], one.model("PLS").test)
    assert pls.error == pytest.approx(2.0)


def test_inner_and_outer_errors_and_choices_stand_beside_one_another() -> None:
    found = done(errors(PLS=1.0, CNN=0.4), errors(PLS=1.2, CNN=0.5))
    assert [model.name for model in found.models] == ["mean", "PLS", "ridge", "SVR", NETWORK]
    assert found.network.inner == pytest.approx((0.4,) * 3)
    assert found.network.outer == pytest.approx((0.5,) * 3)
    assert found.network.optimism.value == pytest.approx(0.1)
    assert found.model("PLS").settings == tuple(f"PLS of fold {fold}" for fold in range(3))
    assert found.network.settings[0].startswith("CNN, CNN of fold 0")
    np.testing.assert_array_equal(found.fold_of, np.arange(90) % 3)


def test_the_network_is_whatever_each_search_preferred() -> None:
    spectra = rows()
    inner = errors(**{"network without convolution": 0.3})
    outcomes = runs(spectra, inner, inner, network="network without convolution")
    assert unseen(spectra, outcomes)[-1].error == pytest.approx(0.3)


def test_a_network_that_is_clearly_better_on_unseen_rows_is_recommended_with_both_numbers() -> None:
    found = done(errors(CNN=0.4), errors(CNN=0.5))
    assert found.verdict.use == NETWORK
    said = found.verdict.sentence
    assert "on 90 rows that no choice had seen its RMSE is 0.50 % against 1.00 for" in said
    assert "promised the tuned network an RMSE of 0.40 %; the rows left out say 0.50 %" in said
    assert "optimism +0.10" in said
    assert any("The 7 test rows of the file stayed closed" in reason for reason in found.verdict.reasons)
    gaps = {gap.other: gap.value for gap in found.verdict.differences}
    assert gaps["PLS"] == pytest.approx(-0.5)


def test_a_promise_that_is_not_kept_earns_nothing() -> None:
    """Inside its folds the network looks ten times as good as PLS; rows it never saw say that it is worse."""
    found = done(errors(CNN=0.1), errors(CNN=1.3))
    assert found.verdict.use == "PLS"
    assert "is lower than the tuned network's 1.30 %" in found.verdict.sentence


def test_where_nothing_beats_the_mean_nothing_is_predicted() -> None:
    found = done(errors(), {name: 12.0 for name in KINDS})
    assert found.verdict.use == "mean"
    assert found.verdict.sentence.startswith("These spectra do not predict fat: on 90 rows that no choice had seen")


def test_classes_are_judged_by_balanced_accuracy_and_have_no_error_of_the_search() -> None:
    inner = {**dict.fromkeys(KINDS, 0.3), "mean": 0.6, CNN: 0.1}
    found = done(inner, {**inner, CNN: 0.2}, classes=("a", "b", "c"))
    assert found.searched == ()
    labels = found.network.output.argmax(axis=1)
    accuracy = class_scores(found.spectra.y, labels, 3).balanced_accuracy
    assert found.network.error == pytest.approx(1 - accuracy)
    assert "balanced accuracy" in found.verdict.sentence
    assert found.network.optimism.value == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize(("one", "other"), [(0.2, 3.0), (3.0, 0.2), (1.0, 1.0)])
def test_the_pooled_error_is_that_of_all_rows_at_once(one: float, other: float) -> None:
    spectra = rows()
    outcomes = [runs(spectra, errors(), errors(PLS=off))[fold] for fold, off in enumerate((one, other, other))]
    found: Unseen = unseen(spectra, outcomes)[1]
    assert found.outer == pytest.approx((one, other, other))
    assert found.error == pytest.approx(((one**2 + 2 * other**2) / 3) ** 0.5)
