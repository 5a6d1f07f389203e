"""How trials are chosen and ended: by the median at a rung, and with repairs and refusals on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from fits import Story, fitter_of
from searching import PROBLEM, SPACE, TASK, searched
from spectune.errors import SettingError
from spectune.files.spaces import load_space
from spectune.networks.narrowing import fixed
from spectune.networks.space import Choice, Fixed, IntRange, Space
from spectune.tuning.methods import STARTUP
from spectune.tuning.plan import Plan
from spectune.tuning.record import Trial
from spectune.tuning.rehearsal import rehearse
from spectune.tuning.rungs import rung_epochs


def trials_of(errors: Sequence[float], plan: Plan, space: Space = SPACE) -> tuple[list[Trial], list[list[int]]]:
    """Trials of a search in which each has the same error at every rung, and the epochs that each has reached."""
    reached: list[list[int]] = []
    fitter = fitter_of(lambda _: Story(errors[len(reached)]), reached)
    return list(searched(fitter, PROBLEM, space, plan)), reached


def test_the_median_ends_trials_at_the_first_rung_already_but_none_of_the_first_ten() -> None:
    errors = [*range(100, 100 - STARTUP, -1), 97.0, 93.0]
    trials, reached = trials_of(errors, Plan(trials=len(errors), sampler="random", pruner="median"))
    first, second = rung_epochs(27)
    assert reached[:STARTUP] == [[first, second, 27]] * STARTUP
    assert reached[STARTUP:] == [[first], [first, second, 27]]
    assert [trial.state for trial in trials[STARTUP:]] == ["pruned", "complete"]


def test_without_a_pruner_every_trial_is_trained_to_the_end() -> None:
    trials, _ = trials_of([*range(20)], Plan(trials=20, sampler="random", pruner="none"))
    assert {trial.state for trial in trials} == {"complete"}


def test_repairs_are_kept_with_the_trial_that_needed_them() -> None:
    space = fixed(SPACE, {f"channel.{n}.state": False for n in range(1, 6)})
    space = replace(space, ranges={**space.ranges, "batch": Choice((16, 512))})
    trials, _ = trials_of([1.0] * 12, Plan(trials=12, sampler="random", pruner="none"), space)
    off, large = "no channel was on, so the first was switched on", "the batch was larger than the calibration rows"
    for trial in trials:
        assert trial.repairs[0] == off
        assert [one.startswith(large) for one in trial.repairs[1:]] == [True] * (trial.values["batch"] == 512)
    assert {len(trial.repairs) for trial in trials} == {1, 2}


def test_trials_that_are_rejected_keep_their_repairs_too() -> None:
    states: dict[str, bool] = {f"channel.{n}.state": False for n in range(1, 6)}
    space = fixed(SPACE, {"conv.blocks": 1, "conv.1.kernel": 99, "conv.1.padding": "valid", **states})
    with pytest.raises(SettingError, match="200 draws in a row"):
        trials_of([], Plan(trials=1), space)
    first = next(searched(fitter_of(lambda _: Story(1.0)), PROBLEM, space, Plan()))
    assert (first.state, len(first.repairs)) == ("rejected", 1)


def test_what_is_wrong_with_every_draw_is_told_by_the_first_of_them() -> None:
    for space, task, sentence in (
        (load_space("shen2021"), replace(TASK, signal="intensity"), "needs spectra that are reflectance or absorbance"),
        (fixed(SPACE, {"optimiser": "adma"}), TASK, "optimiser must be one of adam, rmsprop"),
        (Space("shen", {}, "mine"), TASK, "the space 'mine' has no range for 'channel.count'"),
        (Space("vgg"), TASK, "there is no family 'vgg'"),
    ):
        with pytest.raises(SettingError, match=sentence):
            rehearse(space, task)


def test_a_space_that_sometimes_makes_a_network_may_be_searched() -> None:
    rehearse(SPACE, TASK)
    rehearse(replace(SPACE, ranges={**SPACE.ranges, "optimiser": Choice(("adam", "adma"))}), TASK)
    rehearse(replace(SPACE, ranges={**SPACE.ranges, "batch": IntRange(0, 9)}), TASK)
    rehearse(replace(SPACE, ranges={**SPACE.ranges, "points.most": Fixed(5)}), TASK)
