"""Many at once: whoever trains, in whatever order trials end, and wherever a search is cut off."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from math import log10

from hypothesis import given, settings
from hypothesis import strategies as st

from fits import Story, fitter_of
from searching import PROBLEM, SPACE, coordinator, searched
from spectune.networks.recipe import Recipe
from spectune.tuning.plan import Plan
from spectune.tuning.pool import Judge, Order, trained
from spectune.tuning.record import Trial
from spectune.tuning.study import Known, search

PLAN = Plan(trials=24, seed=2, pruner="hyperband", epochs=27, startup=6)


def fitter(recipe: Recipe) -> Story:
    return Story(abs(log10(recipe.schedule.rate) + 3) + 0.1 * len(recipe.layers))


class Chance:
    """A pool whose room changes, and whose trials end in any order."""

    def __init__(self, seed: int, plan: Plan = PLAN) -> None:
        self.chance = random.Random(seed)  # noqa: S311  (no secret)
        self.orders: list[Order] = []
        self.most = 0
        self.trained = partial(trained, fitter=fitter_of(fitter), problem=PROBLEM, plan=plan, clock=lambda: 0.0)

    @property
    def room(self) -> int:
        return self.chance.randint(1, 5)

    def submit(self, order: Order) -> None:
        self.orders.append(order)
        self.most = max(self.most, len(self.orders))

    def wait(self, ends: Judge) -> Trial | None:
        if self.chance.random() < 0.3:
            return None
        order = self.orders.pop(self.chance.randrange(len(self.orders)))
        if self.chance.random() < 0.1:
            return replace(order.begun, state="rejected", reason="its worker ended three times")
        return self.trained(order, ends=partial(ends, order.number))


def numbers(trials: list[Trial]) -> list[int]:
    return sorted(trial.number for trial in trials)


@given(st.integers(0, 1000))
@settings(max_examples=25)
def test_every_trial_is_asked_for_and_told_once_and_as_many_end_as_were_wanted(seed: int) -> None:
    asks, pool = coordinator(PROBLEM, SPACE, PLAN), Chance(seed)
    trials = list(search(asks, pool))
    assert numbers(trials) == list(range(len(trials)))
    assert sum(trial.state != "rejected" for trial in trials) == PLAN.trials
    assert pool.orders == []
    assert not asks.under_way
    assert 1 < pool.most <= 5


@given(st.integers(0, 1000), st.lists(st.integers(1, 9), min_size=1, max_size=4))
@settings(max_examples=25)
def test_what_was_cut_off_is_trained_again_as_it_was_and_nothing_twice(seed: int, stops: list[int]) -> None:
    """Killed after some trials, several times; the search knows what was kept, and goes on in another pool."""
    kept: dict[int, Trial] = {}
    begun: dict[int, Trial] = {}
    for place, most in enumerate([*stops, 1000]):
        asks, pool = coordinator(PROBLEM, SPACE, PLAN, Known(tuple(kept.values()), tuple(begun.values()))), Chance(seed)
        pool.chance.seed(seed + place)
        steps = search(asks, pool, lambda trial: begun.update({trial.number: trial}))
        for _, trial in zip(range(most), steps, strict=False):
            assert trial.number not in kept
            if trial.number in begun:
                assert trial.values == begun[trial.number].values
                assert trial.seed == begun[trial.number].seed
            kept[trial.number] = trial
    assert sum(trial.state != "rejected" for trial in kept.values()) == PLAN.trials
    assert sorted(kept) == list(range(len(kept)))


def test_a_pool_of_one_is_the_search_of_one_process() -> None:
    class One(Chance):
        @property
        def room(self) -> int:
            return 1

        def wait(self, ends: Judge) -> Trial | None:
            order = self.orders.pop()
            return self.trained(order, ends=partial(ends, order.number))

    noted: list[Trial] = []
    assert list(search(coordinator(PROBLEM, SPACE, PLAN), One(0), noted.append)) == list(
        searched(fitter_of(fitter), PROBLEM, SPACE, PLAN)
    )
    assert noted == []
