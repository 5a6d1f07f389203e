"""What a search minimises: the published formula, the front of two numbers, and the weights that choose from it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fits import Story, fitter_of
from searching import PROBLEM, SPACE, coordinator, searched
from spectune.errors import SettingError
from spectune.networks.recipe import Recipe
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.crew import Completed
from spectune.tuning.attempt import minimised
from spectune.tuning.objective import WEIGHTS, both, front, gap, overfit, weighted
from spectune.tuning.plan import Plan
from spectune.tuning.pool import Here
from spectune.tuning.record import Rung, Trial
from spectune.tuning.replicates import chosen_by, replicate, top
from spectune.tuning.scoring import Problem, pooled, wrong
from spectune.tuning.study import Known, search

PARETO = Plan(trials=20, seed=2, pruner="none", objective="pareto")
ERRORS = st.floats(0.01, 100)


def trial(number: int, error: float, calibrated: float, recipe: str = "") -> Trial:
    return Trial(
        number, "complete", {}, recipe or str(number), error, rungs=(Rung(9, (error,)),), calibrated=(calibrated,)
    )


TRIALS = st.lists(st.tuples(ERRORS, ERRORS), min_size=1, max_size=12).map(
    lambda pairs: [trial(number, *pair) for number, pair in enumerate(pairs)]
)


def drawn(recipe: Recipe) -> Story:
    """Larger rates over-fit more: the lower the error, the farther from that on training rows."""
    error = 0.5 - 0.1 * np.log10(recipe.schedule.rate) + 0.01 * len(recipe.layers)
    return Story(error, error * (0.2 - 0.2 * np.log10(recipe.schedule.rate)))


@pytest.mark.parametrize(
    ("scored", "calibrated", "published"),
    [(0.59690, 0.50702, 0.3480654454), (0.60095, 0.51993, 0.345878), (0.62199, 0.54606, 0.355346)],
)
def test_trials_of_the_published_search_have_their_published_objective(
    scored: float, calibrated: float, published: float
) -> None:
    """Passos & Mishra (2022), study table: RMSE of calibration and tuning rows, and the objective beside them."""
    assert overfit([scored], [calibrated], 0.5) == pytest.approx(published, abs=1e-5)


@given(st.lists(st.tuples(ERRORS, ERRORS), min_size=1, max_size=5), st.booleans())
def test_without_weight_the_objective_is_the_mean_error(pairs: list[tuple[float, float]], squared: bool) -> None:
    scored, calibrated = zip(*pairs, strict=True)
    assert overfit(scored, calibrated, 0.0, squared) == pytest.approx(np.mean(scored))
    power = 2 if squared else 1
    distance = np.mean([abs(one**power - other**power) for one, other in pairs])
    assert overfit(scored, calibrated, 1.0, squared) == pytest.approx(distance)


@given(TRIALS)
def test_no_trial_is_superior_to_one_of_the_front_and_every_other_has_a_superior_or_equal_there(
    trials: list[Trial],
) -> None:
    best = front(trials)
    for one in best:
        assert not any(both(other) != both(one) and _no_worse(other, one) for other in trials)
    for other in trials:
        assert any(_no_worse(one, other) for one in best)
    errors = [both(one)[0] for one in best]
    assert errors == sorted(set(errors))


@given(TRIALS)
def test_the_front_knows_nothing_of_the_order_of_trials(trials: list[Trial]) -> None:
    assert front(trials) == front(trials[::-1])


@given(TRIALS)
def test_the_choice_of_a_weight_is_the_lowest_sum_of_all_trials(trials: list[Trial]) -> None:
    """Although only the front is looked at; a larger weight never chooses a larger gap."""
    choices = weighted(trials)
    for weight, choice in zip(WEIGHTS, choices, strict=True):
        sums = [(1 - weight) * error + weight * distance for error, distance in map(both, trials)]
        error, distance = both(choice)
        assert (1 - weight) * error + weight * distance == pytest.approx(min(sums))
    assert choices[0].value == min(one.value or 0.0 for one in trials)
    assert gap(choices[-1]) == min(map(gap, trials))
    gaps = [gap(choice) for choice in choices]
    assert all(later <= earlier * (1 + 1e-9) + 1e-12 for earlier, later in pairwise(gaps))


def test_trials_that_did_not_end_or_whose_gap_is_unknown_are_on_no_front() -> None:
    pruned, old = Trial(0, "pruned", {}, rungs=(Rung(3, (0.1,)),)), replace(trial(1, 0.1, 0.1), calibrated=())
    assert front([pruned, old]) == ()
    assert weighted([pruned, old]) == ()


def test_recipes_that_weights_choose_are_trained_again_once_each_smallest_weight_first() -> None:
    trials = [trial(0, 1.0, 0.0, "a"), trial(1, 1.05, 0.9, "b"), trial(2, 9.0, 9.0, "c"), trial(3, 2.0, 0.1)]
    assert [one.number for one in chosen_by(PARETO, trials, 9)] == [0, 1, 2]
    assert [one.number for one in chosen_by(PARETO, trials, 2)] == [0, 1]
    assert [one.number for one in chosen_by(Plan(), trials, 2)] == [0, 1]


def test_the_objective_ranks_trials_where_there_is_one() -> None:
    trials = [replace(trial(0, 1.0, 0.1), objective=3.0), replace(trial(1, 2.0, 1.9), objective=2.0)]
    assert [one.number for one in top(trials, 2)] == [1, 0]
    assert [one.number for one in top([replace(one, objective=None) for one in trials], 2)] == [0, 1]


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_the_sampler_is_told_the_objective_and_the_value_stays_the_error(weight: float) -> None:
    plan = Plan(trials=3, pruner="none", objective="overfit", overfit=weight)
    asks = coordinator(PROBLEM, SPACE, plan)
    trials = list(search(asks, Here(fitter_of(lambda _: Story(0.6, 0.4)), PROBLEM, plan)))
    for one, kept in zip(trials, asks.study.get_trials(), strict=True):
        assert one.value == pytest.approx(0.6)
        assert one.calibrated == (0.4, 0.4)
        assert one.penalties == (0.01, 0.01)
        assert kept.value == one.objective == pytest.approx((1 - weight) * 0.6 + weight * (0.36 - 0.16))


def test_a_search_by_error_minimises_the_error() -> None:
    plan = Plan(trials=3, pruner="none")
    trials = list(searched(fitter_of(drawn), PROBLEM, SPACE, plan))
    assert all(one.objective == one.value for one in trials)


def test_fresh_seeds_are_compared_by_what_the_search_minimised() -> None:
    recipe = Recipe((), ())
    fitter = fitter_of(lambda _: Story(0.6, 0.4))
    for plan, expected in ((Plan(), 0.6), (Plan(objective="overfit"), 0.4), (PARETO, 0.6)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("spectune.tuning.replicates.join", lambda parts: parts[0])
            *_, (_, candidate) = replicate(recipe, {}, fitter, PROBLEM, 0, range(2), plan)
        assert candidate.error == pytest.approx(0.6)
        assert candidate.minimised == pytest.approx(expected)


@pytest.mark.parametrize("stopped", [1, 7, 12, 17])
def test_a_search_of_two_numbers_that_was_stopped_goes_on_as_if_it_had_not_been(stopped: int) -> None:
    whole = list(searched(fitter_of(drawn), PROBLEM, SPACE, PARETO))
    known = Known(tuple(whole[:stopped]))
    assert list(searched(fitter_of(drawn), PROBLEM, SPACE, PARETO, known)) == whole[stopped:]
    study = coordinator(PROBLEM, SPACE, PARETO, Known(tuple(whole))).study
    assert [kept.values for kept in study.get_trials()] == [pytest.approx(both(one)) for one in whole]


def test_a_search_of_two_numbers_learns_from_both() -> None:
    """After the random trials TPE looks for low errors and for small gaps: the front is wider than that of chance."""
    plan = replace(PARETO, trials=40)
    trials = list(searched(fitter_of(drawn), PROBLEM, SPACE, plan))
    random = list(searched(fitter_of(drawn), PROBLEM, SPACE, replace(plan, sampler="random")))
    assert [one.values for one in trials[:10]] == [one.values for one in random[:10]]
    assert all(one.values != other.values for one, other in zip(trials[10:], random[10:], strict=True))
    assert min(one.value or 9.0 for one in trials) <= min(one.value or 9.0 for one in random)
    assert min(map(gap, trials)) <= min(map(gap, random))


def test_a_training_that_diverges_counts_as_pruned_in_a_search_of_two_numbers() -> None:
    plan = replace(PARETO, trials=13)
    steps = searched(fitter_of(lambda _: Story(np.nan, 1.0)), PROBLEM, SPACE, plan)
    assert {one.state for one in steps} == {"pruned"}


@pytest.mark.parametrize("pruner", ["hyperband", "median"])
def test_two_numbers_go_with_no_pruner_and_the_sentence_says_what_to_do(pruner: str) -> None:
    with pytest.raises(SettingError, match=rf"set pruner to none, not {pruner}"):
        Plan(objective="pareto", pruner=pruner)  # type: ignore[arg-type]


def test_rows_of_no_fold_do_not_count_in_the_pooled_error() -> None:
    fold = Fold(np.arange(20), np.arange(20, 30), np.arange(20, 30))
    problem = replace(PROBLEM, folds=(fold,))
    assert pooled([problem.y[20:30] + 0.25], problem) == pytest.approx(0.25)


def test_the_part_of_wrong_classes_is_taken_fold_by_fold() -> None:
    task = Task("kind", classes=("a", "b"))
    folds = (Fold(np.arange(2, 6), np.arange(0), np.arange(2)), Fold(np.arange(2), np.arange(0), np.arange(2, 6)))
    problem = Problem(np.array([0.0, 1, 0, 0, 1, 1]), task, folds)
    sure = np.array([[0.9, 0.1], [0.1, 0.9]])
    outputs = [sure, np.repeat(sure[:1], 4, axis=0)]
    assert wrong(outputs, problem) == pytest.approx((0 / 2 + 2 / 4) / 2)
    done = Completed(None, tuple(outputs), *[np.ones(2)] * 8)  # type: ignore[arg-type]
    assert minimised(done, problem, Plan(objective="accuracy")) == wrong(outputs, problem)


def _no_worse(one: Trial, other: Trial) -> bool:
    return both(one)[0] <= both(other)[0] and both(one)[1] <= both(other)[1]


@pytest.mark.parametrize("story", [Story(np.nan, 1.0), Story(1.0, np.inf), Story(1.0, 1.0, best=0)])
def test_a_trial_that_diverged_is_not_complete_though_its_first_weights_have_an_error(story: Story) -> None:
    plan = Plan(trials=1, pruner="none")
    (trial,) = searched(fitter_of(lambda _: story), PROBLEM, SPACE, plan)
    assert (trial.state, trial.value) == ("pruned", None)
    assert trial.reason == "the training diverged in at least one fold"
