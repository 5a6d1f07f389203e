"""What pruning threw away: the same trainings gone on with, counted with their uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fits import Story, fitter_of
from searching import PROBLEM, SPACE, searched
from spectune.errors import RunError
from spectune.networks.recipe import Recipe
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.crew import alone
from spectune.tuning.plan import Plan
from spectune.tuning.pruning import Regret, Share, ended_at_rungs, regret, rerun, sample
from spectune.tuning.record import Rung, Trial

TASK = Task("DM", rows=60, points=40, signal="absorbance")
PLAN = Plan(trials=30, seed=1, epochs=27)


def trial(number: int, rungs: Sequence[float], final: float | None) -> Trial:
    """A trial with these errors at its rungs, and ``final`` at its end if it had one."""
    reached = tuple(Rung(3**place, (error,)) for place, error in enumerate(rungs, start=1))
    if final is None:
        return Trial(number, "pruned", {}, rungs=reached)
    return Trial(number, "complete", {}, value=final, rungs=(*reached, Rung(27, (final,))))


def misleading(recipe: Recipe) -> Story:
    """What looks worst on the way is best at the end."""
    error = 1 + abs(np.log10(recipe.schedule.rate))
    return Story(1 / error, rungs=(error, error))


def test_a_trial_that_is_run_again_repeats_its_rungs_and_then_goes_on() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=(60, 40)).cumsum(axis=1).astype(np.float32)
    order = np.array_split(random.permutation(60), 3)
    folds = tuple(Fold(order[k], order[(k + 1) % 3], order[(k + 2) % 3]) for k in range(2))
    problem = replace(PROBLEM, y=x[:, 7].astype(np.float64), folds=folds)
    plan, fitter = Plan(trials=14, seed=2, epochs=9), alone(x, problem.y, TASK)
    trials = list(searched(fitter, problem, SPACE, plan))
    pruned = ended_at_rungs(trials)
    assert pruned
    for one in pruned[:3]:
        again = rerun(one, fitter, problem, SPACE, plan)
        assert again.rungs[: len(one.rungs)] == one.rungs
        assert (again.state, again.recipe_id, again.seed) == ("complete", one.recipe_id, one.seed)
        assert again.rungs[-1].epoch == 9


def test_a_search_whose_rungs_mislead_is_found_out() -> None:
    fitter = fitter_of(misleading)
    trials = list(searched(fitter, PROBLEM, SPACE, PLAN))
    again = [rerun(one, fitter, PROBLEM, SPACE, PLAN) for one in ended_at_rungs(trials)]
    found = regret(trials, again, PLAN)
    assert found.pruned == len(again) == len(found.again) > 5
    assert found.below(found.best).count > 0
    assert [tie.correlation for tie in found.ties] == [pytest.approx(-1), pytest.approx(-1)]


def test_a_search_whose_rungs_tell_the_end_threw_nothing_away() -> None:
    fitter = fitter_of(lambda recipe: Story(abs(np.log10(recipe.schedule.rate))))
    trials = list(searched(fitter, PROBLEM, SPACE, PLAN))
    again = [rerun(one, fitter, PROBLEM, SPACE, PLAN) for one in ended_at_rungs(trials)]
    found = regret(trials, again, PLAN)
    assert found.below(found.best).count == 0
    assert [tie.correlation for tie in found.ties] == [pytest.approx(1), pytest.approx(1)]


def test_what_re_run_trials_came_to_is_counted_and_one_that_diverged_is_not_better() -> None:
    trials = [trial(0, (5, 4), 1.0), trial(1, (6, 5), 2.0), trial(2, (7, 6), 3.0), trial(3, (8,), None)]
    trials += [trial(4, (9, 8), None), trial(5, (9,), None), replace(trial(6, (), None), reason="diverged")]
    again = [trial(3, (8, 1), 0.5), trial(4, (9, 8), 1.5), replace(trial(5, (9,), None), reason="diverged")]
    found = regret(trials, again, PLAN)
    assert (found.pruned, found.best, found.median) == (3, 1.0, 2.0)
    assert found.below(found.best) == Share(1, 3)
    assert found.below(found.median) == Share(2, 3)
    assert [tie.trials for tie in found.ties] == [5, 5]
    assert found.parts == pytest.approx((1 / 9, 1 / 3))


def test_trials_are_compared_by_what_the_search_minimised() -> None:
    trials = [replace(trial(0, (5,), 1.0), objective=9.0)]
    found = regret(trials, [replace(trial(1, (5,), 2.0), objective=8.0)], PLAN)
    assert found.below(found.best) == Share(1, 1)


def test_two_trials_are_too_few_for_a_rank_correlation() -> None:
    found = regret([trial(0, (1, 1), 1.0), trial(1, (2, 2), 2.0)], [], PLAN)
    assert [tie.correlation for tie in found.ties] == [None, None]


@given(st.integers(0, 30), st.integers(0, 40), st.integers(0, 5))
def test_a_smaller_sample_is_part_of_a_larger_one(pruned: int, count: int, seed: int) -> None:
    trials = [trial(number, (1.0,), None) for number in range(pruned)]
    larger = sample(trials, count, seed)
    assert len({one.number for one in larger}) == len(larger) == min(count, pruned)
    assert sample(trials, count // 2, seed) == larger[: count // 2]


def test_trials_that_diverged_were_not_ended_by_a_rung() -> None:
    diverged = replace(trial(0, (1.0,), None), reason="the training diverged in at least one fold")
    assert sample([diverged, trial(1, (1.0,), 2.0)], 5, 0) == ()


def test_without_a_trial_run_again_nothing_is_known_of_the_share() -> None:
    found: Regret = regret([trial(0, (1, 1), 1.0)], [], PLAN)
    assert found.below(found.best).interval == (0.0, 1.0)


def test_values_that_make_another_recipe_than_they_did_are_refused() -> None:
    fitter = fitter_of(misleading)
    first = next(searched(fitter, PROBLEM, SPACE, PLAN))
    with pytest.raises(RunError, match=r"the values of trial 0 make recipe .* and made feed: data, space"):
        rerun(replace(first, recipe_id="feed"), fitter, PROBLEM, SPACE, PLAN)
