"""Start-up, rungs and brackets: counted over the whole search, in epochs or in parts, and judged as the plan says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log10
from typing import cast

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.pruners import HyperbandPruner

from fits import Story, fitter_of
from searching import PROBLEM, SPACE, searched
from spectune.errors import SettingError
from spectune.networks.recipe import Recipe
from spectune.networks.space import IntRange
from spectune.tuning.methods import pruner
from spectune.tuning.plan import Judge, Plan, Pruner
from spectune.tuning.record import Trial
from spectune.tuning.rungs import Ladder, rung_epochs
from spectune.tuning.study import Known

PUBLISHED = Plan(epochs=450, least=50, reduction=4)


def error(recipe: Recipe) -> float:
    return abs(log10(recipe.schedule.rate) + 3) + 0.1 * len(recipe.layers)


def trials_of(plan: Plan, known: Sequence[Trial] = ()) -> list[Trial]:
    fitter = fitter_of(lambda recipe: Story(error(recipe)))
    return list(searched(fitter, PROBLEM, SPACE, plan, Known(tuple(known))))


def at_random(plan: Plan) -> list[bool]:
    """Which trials of a search are those that chance alone would have drawn."""
    chance = trials_of(replace(plan, sampler="random"))
    return [one.values == other.values for one, other in zip(trials_of(plan), chance, strict=True)]


def brackets(plan: Plan, trials: int) -> list[int]:
    """The bracket of every trial, as the pruner of a new search deals them out."""
    study = optuna.create_study(study_name="spectune", pruner=pruner(plan))
    for _ in range(trials):
        study.ask()
    hyperband = cast(HyperbandPruner, study.pruner)
    return [hyperband._get_bracket_id(study, trial) for trial in study.get_trials()]


@pytest.mark.parametrize("startup", [1, 10, 17])
@pytest.mark.parametrize("kind", ["hyperband", "median", "none"])
def test_exactly_so_many_trials_are_random_as_are_asked_for(kind: Pruner, startup: int) -> None:
    drawn = at_random(Plan(trials=25, seed=4, pruner=kind, startup=startup))
    assert drawn == [number < startup for number in range(25)]


def test_counted_by_bracket_as_published_the_random_phase_is_longer_than_asked_for() -> None:
    """Passos & Mishra (2022): with two brackets and 50 start-up trials 100 were random, the last number 150."""
    plan = replace(PUBLISHED, trials=80, seed=4, startup=20, per_bracket=True)
    hyperband, before = brackets(plan, 80), [0, 0]
    for bracket, random in zip(hyperband, at_random(plan), strict=True):
        assert random == (before[bracket] < plan.startup)
        before[bracket] += 1
    assert min(before) > plan.startup


@pytest.mark.parametrize("kind", ["none", "median"])
def test_without_brackets_it_is_the_same_to_count_in_each(kind: Pruner) -> None:
    plan = Plan(trials=25, seed=3, pruner=kind)
    assert trials_of(plan) == trials_of(replace(plan, per_bracket=True))


@pytest.mark.parametrize("per_bracket", [False, True])
def test_hyperparameters_that_some_trials_do_without_are_drawn_jointly_too(per_bracket: bool) -> None:
    """In one group each, unless as published, where all of them were drawn one by one."""
    plan = Plan(trials=30, seed=3, pruner="none", multivariate=True, per_bracket=per_bracket)
    alone = replace(plan, multivariate=False)
    assert (trials_of(plan) == trials_of(alone)) == per_bracket


def test_trials_that_are_alike_have_the_same_stream() -> None:
    plan = Plan(trials=4, sampler="random", pruner="none")
    assert [trial.seed for trial in trials_of(plan)] == [0, 1, 2, 3]
    assert [trial.seed for trial in trials_of(replace(plan, alike=True))] == [0, 0, 0, 0]


def test_brackets_are_known_before_the_first_trial_is_drawn() -> None:
    """Else a search that goes on would draw its next trial from all, and an uninterrupted one from its bracket."""
    assert set(brackets(Plan(), 30)) == {0, 1, 2}
    assert set(brackets(PUBLISHED, 30)) == {0, 1}


@pytest.mark.parametrize("stopped", [5, 33])
def test_a_search_by_brackets_that_was_stopped_goes_on_as_if_it_had_not_been(stopped: int) -> None:
    plan = replace(PUBLISHED, trials=40, startup=5, per_bracket=True, multivariate=True)
    whole = trials_of(plan)
    assert trials_of(plan, whole[:stopped]) == whole[stopped:]


def test_rungs_in_epochs_are_those_of_the_published_search() -> None:
    assert rung_epochs(450, PUBLISHED.ladder) == (50, 200)


def test_a_shorter_recipe_is_compared_at_the_same_parts_of_its_epochs() -> None:
    plan = Plan(trials=12, sampler="random", pruner="none", epochs=450, least=50, reduction=4)
    space = replace(SPACE, ranges={**SPACE.ranges, "epochs": IntRange(90, 900)})
    steps = searched(fitter_of(lambda _: Story(1.0)), PROBLEM, space, plan)
    lengths = set()
    for trial in steps:
        first, second, last = (rung.epoch for rung in trial.rungs)
        assert (first, second) == (last * 50 // 450, last * 200 // 450)
        lengths.add(last)
    assert max(lengths) == 450
    assert min(lengths) < 400


@given(st.integers(2, 2000), st.integers(1, 60), st.integers(2, 6), st.integers(1, 400))
def test_every_rung_epoch_belongs_to_a_rung_and_later_epochs_to_later_rungs(
    whole: int, least: int, reduction: int, epochs: int
) -> None:
    ladder = Ladder(max(whole, least + 1), least, reduction)
    at = rung_epochs(epochs, ladder)
    parts = [ladder.part(epoch, epochs) for epoch in at]
    assert set(parts) <= set(ladder.rungs)
    assert parts == sorted(set(parts))
    assert all(1 <= epoch < epochs for epoch in at)


@pytest.mark.parametrize(("judge", "ended"), [("scored", [False, True]), ("watched", [True, False])])
def test_a_rung_compares_the_scored_error_or_what_the_training_watches(judge: Judge, ended: list[bool]) -> None:
    """Ten trials fill the rung; then one that scores well and watches badly, and one the other way round."""
    stories = [Story(0.5, rungs=(0.5, 0.5), watched=(0.5, 0.5))] * 10
    stories += [Story(0.5, rungs=(0.1, 0.1), watched=(0.9, 0.9)), Story(0.5, rungs=(0.9, 0.9), watched=(0.1, 0.1))]
    reached: list[list[int]] = []
    plan = Plan(trials=12, sampler="random", pruner="median", judge=judge)
    fitter = fitter_of(lambda _: stories[len(reached)], reached)
    trials = list(searched(fitter, PROBLEM, SPACE, plan))
    assert [trial.state == "pruned" for trial in trials[10:]] == ended
    assert [trial.rungs[0].compared for trial in trials[10:]] == ([0.1, 0.9] if judge == "scored" else [0.9, 0.1])
    assert [trial.rungs[0].mean for trial in trials[10:]] == [0.1, 0.9]


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"least": 50}, "least = 50 counts epochs, and how many a whole training has is not said"),
        ({"least": 50, "epochs": 50}, "must be below epochs, 50; got 50"),
    ],
)
def test_rungs_that_do_not_fit_the_epochs_are_refused(told: dict[str, int], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        Plan(**told)  # type: ignore[arg-type]
