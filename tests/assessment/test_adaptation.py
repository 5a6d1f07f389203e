"""Corrections are a part of the model, and the choice among rivals is by cross-validation alone."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes import Wish
from outcomes import outcome as made_up
from spectune.assessment.adaptation import (
    AS_IS,
    BIAS,
    FINE,
    PLS_NEW,
    SLOPE,
    Adapted,
    Rival,
    Rows,
    chosen,
    standings,
)
from spectune.assessment.adaptation_words import headline, reasons
from spectune.assessment.correction import corrected, line
from spectune.errors import DataError
from spectune.networks.recipe import Transform
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Spectra, Task
from spectune.training.fit import Fitted, fit, predict

Y = np.arange(1.0, 31.0)
ROWS = Rows(Y, np.arange(30))
NOTHING = Rows(np.empty(0), np.empty(0, dtype=np.intp))


@cache
def trained(transform: Transform = "none") -> tuple[Fitted, Spectra]:
    """Two members that were hardly trained."""
    made = made_up(Wish(rows=40, test_rows=3, points=20, trials=5))
    spectra, rows = made.spectra.calibration, np.arange(40)
    schedule = replace(made.recipe.schedule, epochs=5)
    recipe = replace(made.recipe, schedule=schedule, transform=transform)
    folds = [Fold(rows[10:], rows[:10], rows[:0]), Fold(rows[:30], rows[30:], rows[:0])]
    *_, last = fit(recipe, spectra.x, spectra.y, spectra.task, folds, [0, 1])
    return last.fitted, spectra


def rival(name: str, error: float, seed: int = 0) -> Rival:
    """A rival that is wrong by so much, up and down."""
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], Y.size)
    return Rival(name, "", Y + error * signs, np.empty(0), 1.0)


@given(st.floats(-50, 50), st.floats(0.1, 10))
@settings(max_examples=30)
def test_a_target_that_is_an_affine_image_of_the_predictions_is_hit_exactly(offset: float, slope: float) -> None:
    fitted, spectra = trained()
    y = offset + slope * predict(fitted, spectra.x).mean(axis=0)
    some = slice(0, 10)
    after = corrected(fitted, spectra.x[some], y[some], True)
    np.testing.assert_allclose(predict(after, spectra.x).mean(axis=0), y, rtol=1e-6, atol=1e-6 * float(np.ptp(y)))


@given(st.floats(-50, 50))
@settings(max_examples=10)
def test_the_bias_alone_undoes_a_shift_and_leaves_the_slope(shift: float) -> None:
    fitted, spectra = trained()
    before = predict(fitted, spectra.x)
    after = predict(corrected(fitted, spectra.x[:6], before.mean(axis=0)[:6] + shift, False), spectra.x)
    np.testing.assert_allclose(after, before + shift, atol=1e-6 * (1 + abs(shift)))


@pytest.mark.parametrize("transform", ["sqrt", "log", "boxcox"])
def test_under_a_transform_a_member_whose_own_answers_are_the_target_stays_as_it_is(transform: Transform) -> None:
    fitted, spectra = trained(transform)
    one = fitted.take([0])
    answers = predict(one, spectra.x)
    np.testing.assert_allclose(
        predict(corrected(one, spectra.x, answers[0], True), spectra.x), answers, rtol=1e-6, atol=1e-9
    )


def test_under_a_transform_a_correction_brings_predictions_nearer_and_refuses_targets_it_cannot_take() -> None:
    fitted, spectra = trained("sqrt")
    y = 3 + 1.4 * spectra.y
    off = np.sqrt(np.mean((predict(fitted, spectra.x).mean(axis=0) - y) ** 2))
    after = predict(corrected(fitted, spectra.x, y, True), spectra.x).mean(axis=0)
    assert np.sqrt(np.mean((after - y) ** 2)) < 0.8 * off
    with pytest.raises(DataError, match="sqrt transform needs targets from 0"):
        corrected(fitted, spectra.x, y - 1000, True)


def test_no_slope_is_fitted_where_it_has_no_ground_or_turns_the_order_around() -> None:
    predicted = np.array([1.0, 2.0, 3.0])
    for measured, some in ((predicted[::-1], slice(None)), (2 * predicted, slice(0, 2))):
        found = line(predicted[some], measured[some], True)
        assert found.slope == 1.0
        assert found.offset == pytest.approx(float(np.mean(measured[some] - predicted[some])))


def test_the_simplest_that_is_not_clearly_worse_is_used() -> None:
    near = (rival(AS_IS, 3.0), rival(BIAS, 1.02, 1), rival(SLOPE, 1.0, 2), rival(FINE, 1.01, 3))
    assert chosen(standings(near, ROWS, NOTHING, 1, 0, 0)) == BIAS
    same = (rival(AS_IS, 1.0), rival(BIAS, 1.0, 1))
    assert chosen(standings(same, ROWS, NOTHING, 1, 0, 0)) == AS_IS


def test_repeats_of_the_same_rows_do_not_make_an_interval_narrower() -> None:
    random = np.random.default_rng(0)
    rough = Rival(AS_IS, "", Y + random.normal(size=30), np.empty(0), 1.0)
    twice = replace(rough, validated=np.tile(rough.validated, 2))
    once = standings((rough,), ROWS, NOTHING, 1, 0, 0)[0].validated
    again = standings((twice,), ROWS, NOTHING, 2, 0, 0)[0].validated
    assert again.value == pytest.approx(once.value)
    assert again.high - again.low == pytest.approx(once.high - once.low)


def test_the_verdict_in_words_names_the_rival_its_error_and_what_cannot_be_told() -> None:
    rivals = (rival(AS_IS, 3.0), rival(BIAS, 1.02, 1), rival(PLS_NEW, 1.0, 2))
    few = Rows(Y, np.arange(30) // 6)
    found = standings(rivals, few, NOTHING, 1, 0, 0)
    adapted = Adapted(Task("fat", "%"), "new.csv", "runs/old", few, NOTHING, True, 9, 5, 1, rivals, found, BIAS, BIAS)
    assert headline(adapted) == (
        "Use a bias correction: its RMSECV of 1.02 % is not clearly worse than the 1.00 of PLS on the new rows, "
        "and it is simpler."
    )
    said = " ".join(reasons(adapted))
    for words in ("30 new rows in 5 groups, each group left out once", "no new test rows", "5 new samples tell"):
        assert words in said
    kept = replace(adapted, use=PLS_NEW)
    assert "PLS is not kept as a model; the folder holds that of a bias correction" in " ".join(reasons(kept))
