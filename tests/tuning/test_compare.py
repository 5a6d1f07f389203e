"""Search methods on the same footing: every figure by hand on small examples, and what must hold for all."""

from __future__ import annotations

from itertools import product
from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.spectra.spectra import Task
from spectune.tuning.compare import Comparison, Pace, SpeedUp, chance, gap, saving, speed_up
from spectune.tuning.courses import Budget, Course, band, best_after, course, grid, needed
from spectune.tuning.record import Rung, State, Trial

BUDGETS: tuple[Budget, ...] = ("trials", "time")


def made(arm: str, seed: int, errors: list[float], seconds: float = 1.0, epochs: int = 10) -> Course:
    """A search whose trials are all complete and cost the same."""
    best = np.minimum.accumulate(errors)
    counted = range(1, len(errors) + 1)
    elapsed = tuple(seconds * count for count in counted)
    return Course(arm, seed, tuple(best.tolist()), elapsed, tuple(epochs * count for count in counted), len(best), 0, 0)


def trial(number: int, state: State, value: float | None, seconds: float, epochs: int) -> Trial:
    rungs = (Rung(epochs, (1.0, 2.0)),) if epochs else ()
    return Trial(number, state, {}, value=value, rungs=rungs, seconds=seconds)


TRIALS = [
    trial(0, "pruned", None, 2.0, 3),
    trial(1, "rejected", None, 0.5, 0),
    trial(2, "complete", 4.0, 5.0, 9),
    trial(3, "complete", 6.0, 5.0, 9),
    trial(4, "rejected", None, 0.5, 0),
    trial(5, "complete", 3.0, 4.0, 9),
]

errors = st.lists(st.floats(0.01, 100), min_size=1, max_size=12)
arms = st.lists(errors, min_size=1, max_size=4)


def arm(name: str, found: list[list[float]], seconds: float = 1.0) -> list[Course]:
    return [made(name, seed, one, seconds) for seed, one in enumerate(found)]


def test_rejected_trials_cost_time_and_no_trial() -> None:
    found = course("tpe", 0, TRIALS)
    assert found.best == (None, 4.0, 4.0, 3.0)
    assert found.elapsed == (2.0, 7.5, 12.5, 17.0)
    assert found.epochs == (3, 12, 21, 30)
    assert (found.complete, found.pruned, found.rejected) == (3, 1, 2)
    assert (found.trials, found.final) == (4, 3.0)


def test_a_longer_search_is_cut_to_the_trials_that_are_asked_for() -> None:
    found = course("tpe", 0, reversed(TRIALS), most=2)
    assert (found.best, found.elapsed) == ((None, 4.0), (2.0, 7.5))
    assert (found.complete, found.pruned, found.rejected) == (1, 1, 1)


def test_a_search_without_a_complete_trial_has_no_final_error() -> None:
    found = course("tpe", 0, TRIALS[:2])
    assert (found.best, found.final) == ((None,), inf)
    assert needed(found, "trials", 100.0) is None
    assert course("tpe", 0, []).final == inf


@given(errors, st.lists(st.floats(0, 20), min_size=1, max_size=20))
def test_the_best_so_far_never_rises(found: list[float], spent: list[float]) -> None:
    for budget in BUDGETS:
        curve = best_after(made("tpe", 0, found, 0.7), budget, np.sort(spent))
        assert (curve[1:] <= curve[:-1]).all()
        assert curve[-1] >= min(found)


@given(errors)
def test_the_step_function_passes_through_every_trial(found: list[float]) -> None:
    one = made("tpe", 0, found, 0.7)
    for budget in BUDGETS:
        assert best_after(one, budget, one.spent(budget)).tolist() == list(one.errors)


def test_a_common_grid_ends_where_the_longest_search_ends() -> None:
    courses = [made("tpe", 0, [3, 2]), made("random", 0, [3, 2, 1], seconds=4.0)]
    assert grid(courses, "trials").tolist() == [1, 2, 3]
    assert grid(courses, "time", 5).tolist() == [0, 3, 6, 9, 12]


def test_a_band_is_the_median_and_the_range_of_the_seeds() -> None:
    found = band(
        [made("tpe", 0, [5, 1]), made("tpe", 1, [4, 4]), made("tpe", 2, [9, 3])], "trials", np.array([0.5, 1, 2])
    )
    assert found.middle.tolist() == [inf, 5, 3]
    assert (found.low.tolist(), found.high.tolist()) == ([inf, 4, 1], [inf, 9, 4])


@given(arms)
def test_the_median_of_a_band_lies_between_its_ends(found: list[list[float]]) -> None:
    for budget in BUDGETS:
        spent = grid(arm("tpe", found), budget, 7)
        one = band(arm("tpe", found), budget, spent)
        assert (one.low <= one.middle).all()
        assert (one.middle <= one.high).all()


def test_a_speed_up_counts_what_the_other_needed_against_what_the_one_needed() -> None:
    """Final errors of random: 2 after 4 trials (8 s each seed 0), 3 after 2; tpe is as good after 2 or 1 and 3 or 2."""
    tpe = [made("tpe", 0, [3, 2, 1]), made("tpe", 1, [5, 3, 2])]
    random = [made("random", 0, [9, 8, 7, 2, 6], 2.0), made("random", 1, [4, 3, 3], 2.0)]
    trials, time = speed_up(tpe, random, "trials"), speed_up(tpe, random, "time")
    assert [(pace.own, pace.needed) for pace in trials.paces] == [(4, 2), (2, 1), (4, 3), (2, 2)]
    assert list(trials.middle) == pytest.approx([(4 / 3 + 2) / 2] * 2)
    assert trials.extremes == (1.0, 2.0)
    assert [(pace.own, pace.needed) for pace in time.paces] == [(8, 2), (4, 1), (8, 3), (4, 2)]
    assert (trials.reached, time.reached) == (4, 4)


def test_what_was_not_reached_is_bounded_and_not_left_out() -> None:
    random = [made("random", 0, [5, 4, 3, 2])]
    weak = [made("weak", 0, [9, 8, 7, 6, 6, 6, 6, 6]), made("weak", 1, [9, 2]), made("weak", 2, [9, 9, 9, 9, 2])]
    found = speed_up(weak, random, "trials")
    assert [pace.needed for pace in found.paces] == [None, 2, 5]
    assert [pace.bounds for pace in found.paces] == [(0.0, 0.5), (2.0, 2.0), (0.8, 0.8)]
    assert found.reached == 2
    assert found.middle == (0.8, 0.8)
    assert found.extremes == (0.0, 2.0)


def test_a_median_among_those_not_reached_has_two_bounds() -> None:
    found = SpeedUp("a", "b", "trials", (Pace(30, None, 60), Pace(30, None, 40), Pace(30, 10, 40)))
    assert found.middle == (0.0, 0.75)
    assert found.reached == 1


@given(arms)
def test_an_arm_against_itself_is_as_fast_as_itself(found: list[list[float]]) -> None:
    for budget in BUDGETS:
        ratio = speed_up(arm("tpe", found), arm("tpe", found), budget)
        low, high = ratio.extremes
        assert low <= 1 <= high
        assert len(ratio.paces) == len(found) ** 2


@given(arms, arms)
def test_whoever_ends_no_worse_reached_the_other(ones: list[list[float]], others: list[list[float]]) -> None:
    found = speed_up(arm("a", ones), arm("b", others), "time")
    assert found.reached == sum(min(one) <= min(other) for one, other in product(ones, others))


def test_differences_are_taken_when_both_had_spent_as_much() -> None:
    """After 3 trials each the slow arm is ahead; when the quick one ends, after 4 s, it has made one trial or none."""
    random = [made("random", 0, [6, 4, 3, 3], 1.0)]
    slow, slower = ([made("tpe", 0, [5, 2, 1], seconds)] for seconds in (4.0, 5.0))
    assert gap(slow, random, "trials").differences == (1 - 3,)
    assert gap(slow, random, "time").differences == (5 - 3,)
    assert (gap(slower, random, "time").differences, gap(slower, random, "time").missing) == ((), 1)


def test_a_gap_has_a_mean_a_standard_error_and_wins() -> None:
    ones = [made("a", seed, [value]) for seed, value in enumerate([1.0, 2.0, 6.0])]
    others = [made("b", seed, [4.0]) for seed in (0, 1, 2)]
    found = gap(ones, others, "trials")
    assert found.differences == (-3.0, -2.0, 2.0)
    assert found.mean == -1.0
    assert found.error == pytest.approx(np.std([-3, -2, 2], ddof=1) / np.sqrt(3))
    assert (found.wins, found.clear) == (2, False)


def test_one_seed_shows_nothing() -> None:
    found = gap([made("a", 0, [1.0])], [made("b", 0, [9.0])], "trials")
    assert isnan(found.error)
    assert (found.chance, found.clear) == (1.0, False)


@given(arms, arms)
def test_a_gap_changes_sign_with_its_arms(ones: list[list[float]], others: list[list[float]]) -> None:
    for budget in BUDGETS:
        there, back = gap(arm("a", ones), arm("b", others), budget), gap(arm("b", others), arm("a", ones), budget)
        assert there.differences == tuple(-value for value in back.differences)
        assert there.chance == pytest.approx(back.chance)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=7))
def test_the_chance_is_that_of_all_signs(differences: list[float]) -> None:
    total = abs(sum(differences))
    signed = [abs(sum(sign * value for sign, value in zip(signs, differences, strict=True)))
              for signs in product((1, -1), repeat=len(differences))]  # fmt: skip
    assert chance(differences) >= np.mean([value > total * (1 + 1e-9) for value in signed])
    assert chance(differences) <= np.mean([value >= total * (1 - 1e-9) - 1e-9 for value in signed])


@pytest.mark.parametrize(("seeds", "shown"), [(5, False), (6, True)])
def test_six_seeds_on_one_side_are_the_fewest_that_show_something(seeds: int, shown: bool) -> None:
    ones, others = arm("a", [[1.0]] * seeds), arm("b", [[2.0]] * seeds)
    assert gap(ones, others, "trials").chance == 2.0 ** (1 - seeds)
    assert gap(ones, others, "trials").clear == shown


def test_pruning_saves_time_and_epochs_and_may_cost_quality() -> None:
    plain = [made("tpe", 0, [3, 2], seconds=10.0, epochs=100)]
    pruned = [made("tpe+median", 0, [3, 2.5, 1], seconds=4.0, epochs=50)]
    found = saving(pruned, plain)
    assert list(found.time) == pytest.approx([0.6])
    assert list(found.epochs) == pytest.approx([0.5])
    assert found.loss.differences == (0.5,)


def test_an_arm_is_measured_against_its_own_sampler() -> None:
    names = ("tpe", "random", "tpe+median", "random+hyperband", "other+median")
    courses = tuple(made(name, seed, [2.0, 1.0]) for seed in (0, 1) for name in names)
    comparison = Comparison("soil.csv", Task("carbon"), 5, courses, 0, {})
    assert comparison.arms == names
    assert comparison.seeds == 2
    pairs = [(found.arm, found.plain) for found in comparison.savings]
    assert pairs == [("tpe+median", "tpe"), ("random+hyperband", "random")]
