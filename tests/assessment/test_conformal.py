"""Intervals and sets: worked by hand, by law, and by counting how often they hold."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spectune.assessment.conformal import (
    at_level,
    chosen_sets,
    class_sets,
    covered,
    ends,
    members_held_out,
    regression_interval,
    spread_within,
)
from spectune.errors import SettingError

Array = NDArray[np.float64]
RESIDUALS = st.lists(st.floats(0, 100), min_size=9, max_size=60)


def of_residuals(residuals: Array, groups: NDArray[np.intp] | None = None) -> Array:
    """Half the width of the interval of predictions that are wrong by these."""
    names = np.arange(residuals.size) if groups is None else groups
    found = regression_interval(residuals, np.zeros((1, residuals.size)), names)
    low, high = ends(found, np.zeros((1, 1)))
    assert -low == high
    return high


def test_nineteen_residuals_leave_room_for_the_eighteenth() -> None:
    """ceil((19 + 1) 0.9) = 18."""
    assert of_residuals(np.arange(1.0, 20.0)) == 18


def test_a_group_of_many_rows_weighs_as_much_as_a_group_of_one() -> None:
    """For level 0.8 nine groups need a weight of (9 + 1) 0.8 = 8.

    Seven single rows and two of the three rows of the eighth group make 7.67, so its last row is the one.
    """
    residuals = np.asarray([1.0] * 7 + [2.0, 3.0, 4.0] + [9.0])
    groups = np.asarray([*range(7), 7, 7, 7, 8])
    found = regression_interval(residuals, np.zeros((1, residuals.size)), groups)
    assert found.groups == 9
    assert at_level(found, 0.8).quantity == 4
    assert at_level(found, 0.76).quantity == 3


@given(residuals=RESIDUALS, percent=st.integers(10, 90))
def test_without_groups_the_room_is_the_finite_sample_quantile(residuals: list[float], percent: int) -> None:
    y = np.asarray(residuals)
    found = regression_interval(y, np.zeros((1, y.size)), np.arange(y.size))
    place = ceil((y.size + 1) * percent / 100 - 1e-9)
    assert at_level(found, percent / 100).quantity == np.sort(y)[place - 1]


@given(residuals=RESIDUALS, times=st.integers(2, 5))
def test_measuring_every_sample_more_often_changes_nothing(residuals: list[float], times: int) -> None:
    y = np.asarray(residuals)
    again, groups = np.repeat(y, times), np.repeat(np.arange(y.size), times)
    assert of_residuals(again, groups) == of_residuals(y)


@given(residuals=RESIDUALS, low=st.integers(5, 80), more=st.integers(0, 10))
def test_a_higher_level_is_never_narrower(residuals: list[float], low: int, more: int) -> None:
    y = np.asarray(residuals)
    found = regression_interval(y, np.zeros((1, y.size)), np.arange(y.size))
    assert at_level(found, low / 100).quantity <= at_level(found, (low + more) / 100).quantity


def test_intervals_hold_as_often_as_they_promise() -> None:
    """4,000 draws of 29 groups of one to four alike rows, and a row of a new group: 90 % are held, and hardly more."""
    random, held = np.random.default_rng(3), 0
    for _ in range(4000):
        sizes = random.integers(1, 5, 30)
        groups = np.repeat(np.arange(30), sizes)
        errors = np.abs(random.normal(0, 1, 30)[groups] + random.normal(0, 0.5, groups.size))
        new = errors[groups == 29][0]
        old = groups < 29
        held += int(new <= of_residuals(errors[old], groups[old])[0])
    assert 0.9 - 3 * 0.0047 < held / 4000 < 0.9 + 1 / 30 + 3 * 0.0047


def test_rows_taken_for_independent_would_promise_too_much() -> None:
    """The same with large and small groups of different errors: counted by rows, far too few new groups are held."""
    random, by_group, by_row = np.random.default_rng(3), 0, 0
    for _ in range(1000):
        large = random.random(30) < 0.3
        groups = np.repeat(np.arange(30), np.where(large, 30, 1))
        errors = np.abs(random.normal(0, 1, groups.size)) * np.where(large, 0.2, 1.0)[groups]
        new, old = errors[groups == 29][0], groups < 29
        by_group += int(new <= of_residuals(errors[old], groups[old])[0])
        by_row += int(new <= of_residuals(errors[old])[0])
    assert by_group / 1000 > 0.87
    assert by_row / 1000 < 0.8


def test_a_level_that_few_samples_cannot_support_is_refused_with_the_largest() -> None:
    found = regression_interval(np.arange(24.0), np.zeros((1, 24)), np.arange(24))
    assert at_level(found, 0.96).quantity == 23
    with pytest.raises(SettingError, match=r"level 0\.97 needs 33 .* there are 24; the largest .* is 0\.96$"):
        at_level(found, 0.97)
    with pytest.raises(SettingError, match="between 0 and 1"):
        at_level(found, 95)


def test_with_eight_samples_the_usual_level_is_lowered_to_what_they_support() -> None:
    found = regression_interval(np.arange(8.0), np.zeros((1, 8)), np.arange(8))
    assert found.level == 0.88
    assert found.quantity == 7


def skewed(rows: int, seed: int) -> tuple[Array, Array]:
    """A target over two decades and answers of two seeds that err by a share of it."""
    random = np.random.default_rng(seed)
    y = random.lognormal(0, 1, rows)
    return y, y * np.exp(random.normal(0, 0.2, (2, rows)))


def test_errors_in_proportion_to_a_skewed_target_make_intervals_on_its_trained_scale() -> None:
    y, answers = skewed(300, 0)
    found = regression_interval(y, answers, np.arange(300), 1, "log")
    assert (found.kind, found.transform) == ("constant", "log")
    new_y, new = skewed(2000, 1)
    low, high = ends(found, new)
    assert 0.87 < covered(new_y, (low, high)).mean() < 0.93
    assert (low >= 0).all()
    assert np.corrcoef(high - low, new.mean(axis=0))[0, 1] > 0.99


def uneven(rows: int, seed: int, known: bool) -> tuple[Array, Array]:
    """Errors of very different size, that the disagreement of four seeds tells or does not."""
    random = np.random.default_rng(seed)
    size = random.choice([0.1, 3.0], rows)
    y = random.normal(0, 5, rows)
    centre = y + size * random.normal(0, 1, rows)
    return y, centre + (size if known else 1.0) * random.normal(0, 0.5, (4, rows))


def test_intervals_grow_with_the_spread_of_the_members_only_where_it_tells_the_error() -> None:
    y, answers = uneven(400, 0, known=True)
    found = regression_interval(y, answers, np.arange(400), 1)
    assert found.kind == "scaled"
    new_y, new = uneven(2000, 1, known=True)
    low, high = ends(found, new)
    assert 0.86 < covered(new_y, (low, high)).mean() < 0.94
    assert (high - low).max() > 3 * (high - low).min()
    y, answers = uneven(400, 0, known=False)
    assert regression_interval(y, answers, np.arange(400), 1).kind == "constant"
    assert regression_interval(y, answers, np.arange(400), 0).kind == "constant"


@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 1000))
def test_each_row_is_given_to_the_members_of_its_fold(seeds: int, folds: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    fold_of = np.concatenate([np.arange(folds), random.integers(0, folds, 7)])
    members = random.normal(size=(seeds * folds, fold_of.size))
    found = members_held_out(members, fold_of)
    for row, fold in enumerate(fold_of):
        np.testing.assert_array_equal(found[:, row], members[fold::folds, row])


def test_the_spread_is_that_between_seeds_and_not_that_between_folds() -> None:
    members = np.asarray([[0.0], [10.0], [2.0], [12.0]])  # seed 1: folds 1, 2; seed 2: folds 1, 2
    assert spread_within(members, 2) == [1.0]


def test_sets_hold_the_classes_that_are_probable_enough() -> None:
    """The true classes of nine rows have probabilities 0.9 to 0.1: all but one are at least 0.1."""
    true = np.arange(9, 0, -1) / 10
    found = class_sets(np.zeros(9), np.stack([true, 1 - true], axis=1), np.arange(9))
    assert found.level == 0.9
    assert found.quantity == pytest.approx(0.9)
    again = at_level(found, 0.5)
    assert again.quantity == pytest.approx(0.5)
    new = np.asarray([[0.6, 0.4], [0.5, 0.5], [0.2, 0.8]])
    assert chosen_sets(again, new).tolist() == [[True, False], [True, True], [False, True]]


@given(st.integers(0, 500), st.integers(2, 6), st.sampled_from([0.3, 0.6, 0.9]))
def test_no_set_is_empty_and_the_most_probable_class_is_always_in_it(seed: int, classes: int, level: float) -> None:
    random = np.random.default_rng(seed)
    sure = random.dirichlet(np.full(classes, 0.1), 30)
    found = at_level(class_sets(sure.argmax(axis=1).astype(float), sure, np.arange(30)), level)
    new = random.dirichlet(np.full(classes, 5.0), 20)
    chosen = chosen_sets(found, new)
    assert chosen[np.arange(20), new.argmax(axis=1)].all()


def test_sets_hold_the_true_class_as_often_as_they_promise() -> None:
    random = np.random.default_rng(4)
    held = []
    for _ in range(1500):
        chances = random.dirichlet(np.full(4, 0.7), 30)
        true = np.asarray([random.choice(4, p=one) for one in chances])
        found = class_sets(true[:29].astype(float), chances[:29], np.arange(29))
        held.append(chosen_sets(found, chances[29:])[0, true[29]])
    assert np.mean(held) > 0.9 - 3 * 0.0077
