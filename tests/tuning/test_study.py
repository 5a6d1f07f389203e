"""The search: counted, repeatable, continued, pruned on fold means, and told only what a fold held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest

from fits import Story, fitter_of
from spectune.errors import SettingError
from spectune.networks.layers import Conv
from spectune.networks.recipe import Recipe
from spectune.networks.space import Choice, Fixed, FloatRange, IntRange, Space, Value
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.crew import Fitter, Fitting, alone
from spectune.training.fit import Fitted
from spectune.tuning.draws import TrialDraw
from spectune.tuning.plan import Plan, Pruner
from spectune.tuning.record import Trial
from spectune.tuning.replicates import replicate, top
from spectune.tuning.rungs import rung_epochs
from spectune.tuning.scoring import Problem, error, validated
from spectune.tuning.study import draw_recipe, finished, member_seeds, open_study, search

SPACE = Space(
    "funnel",
    {
        "channels": Choice(("RAW", "SNV", "SNV+D1")),
        "window": IntRange(5, 9, 2),
        "points.most": Fixed(100),
        "convolution": Choice((False, True)),
        "conv.filters": Fixed(2),
        "conv.kernel": IntRange(3, 5, 2),
        "conv.stride": Fixed(2),
        "activation": Fixed("swish"),
        "dense.width": IntRange(4, 16, log=True),
        "dense.layers": Fixed(1),
        "dropout": Fixed(0.0),
        "penalty": FloatRange(1e-4, 1e-2, log=True),
        "rate": FloatRange(1e-3, 1e-2, log=True),
        "decay": Fixed("constant"),
        "batch": Fixed(16),
        "updates": Fixed(100),
        "gain": Fixed(0.4),
    },
)
PLAN = Plan(trials=6, seed=3, epochs=9)


def material(rows: int = 45) -> tuple[np.ndarray, Problem]:
    random = np.random.default_rng(1)
    x = random.normal(size=(rows, 20)).cumsum(axis=1).astype(np.float32)
    order = random.permutation(rows)
    shifts = [np.roll(order, 15 * k) for k in range(3)]
    folds = tuple(Fold(np.sort(one[:24]), np.sort(one[24:30]), np.sort(one[30:])) for one in shifts)
    return x, Problem(x[:, 7].astype(np.float64), Task("t", rows=rows, points=20), folds)


def fitter() -> tuple[Fitter, Problem]:
    x, problem = material()
    return alone(x, problem.y, problem.task), problem


def collect(path: Path | None, plan: Plan = PLAN, most: int = 100, space: Space = SPACE) -> list[Trial]:
    fits, problem = fitter()
    study = open_study(path, plan)
    found = []
    for trial in search(study, fits, problem, space, plan, clock=lambda: 0.0):
        found.append(trial)
        if len(found) == most:
            break
    return found


def test_the_same_seed_gives_the_same_search() -> None:
    assert collect(None) == collect(None)


@pytest.mark.parametrize("stopped", [1, 3, 9, 12])
@pytest.mark.parametrize("pruner", ["none", "hyperband", "median"])
def test_a_continued_search_is_the_uninterrupted_one(tmp_path: Path, stopped: int, pruner: Pruner) -> None:
    """The trial that was not yet told runs again under its number, with its own values and seed."""
    plan = Plan(14, 3, pruner=pruner, epochs=9)
    space = replace(SPACE, starts=({"channels": "SNV"}, {"channels": "RAW"}))
    whole = collect(None, plan, space=space)
    assert collect(tmp_path / "study.db", plan, stopped, space) == whole[:stopped]
    assert collect(tmp_path / "study.db", plan, space=space) == whole[stopped - 1 :]


@pytest.mark.parametrize("drawn", ["channels", "rate", "gain"])
def test_a_search_that_was_killed_while_it_drew_draws_the_same_again(tmp_path: Path, drawn: str) -> None:
    whole = collect(None)
    plan, path = replace(PLAN, trials=3), tmp_path / "study.db"
    collect(path, plan)
    with pytest.MonkeyPatch.context() as patch:
        value = TrialDraw.value

        def killing(self: TrialDraw, name: str) -> Value:
            if name == drawn:
                raise KeyboardInterrupt
            return value(self, name)

        patch.setattr(TrialDraw, "value", killing)
        with pytest.raises(KeyboardInterrupt):
            collect(path)
    assert collect(path) == whole[3:]


def test_a_finished_search_asks_for_nothing_more(tmp_path: Path) -> None:
    collect(tmp_path / "study.db")
    assert collect(tmp_path / "study.db") == []


def test_rejected_draws_are_counted_apart_and_never_trained() -> None:
    fits, problem = fitter()
    trained: list[Recipe] = []

    def watching(
        recipe: Recipe,
        folds: Sequence[Fold],
        seeds: Sequence[int],
        rungs: Sequence[int],
        start: Fitted | None = None,
    ) -> Fitting:
        trained.append(recipe)
        return fits(recipe, folds, seeds, rungs, start)

    space = Space(
        "shen",
        {
            "channel.count": Fixed(1),
            "channel.1": Fixed("RAW"),
            "channel.1.state": Fixed(True),
            "points.most": Fixed(100),
            "conv.blocks": Fixed(1),
            "conv.dropout": Fixed(0.0),
            "conv.1.filters": Fixed(2),
            "conv.1.kernel": Choice((5, 21)),
            "conv.1.stride": Fixed(3),
            "conv.1.padding": Fixed("valid"),
            "conv.1.batch_norm": Fixed(False),
            "conv.1.activation": Fixed("elu"),
            "conv.1.pool": Fixed(False),
            "conv.1.dropout": Fixed(False),
            "dense.blocks": Fixed(0),
            "dense.dropout": Fixed(0.0),
            "optimiser": Fixed("adam"),
            "rate": FloatRange(1e-3, 1e-2),
            "batch": Fixed(16),
            "epochs": Fixed(3),
            "patience": Fixed(0),
            "gain": Fixed(1.0),
        },
    )
    trials = list(search(open_study(None, PLAN), watching, problem, space, PLAN))
    rejected = [trial for trial in trials if trial.state == "rejected"]
    assert rejected
    assert all("a window of 21 does not fit in 20 points" in trial.reason for trial in rejected)
    assert len(trials) - len(rejected) == PLAN.trials
    assert all(layer.kernel == 5 for recipe in trained for layer in recipe.layers if isinstance(layer, Conv))


def test_a_space_of_impossible_networks_is_refused() -> None:
    fits, problem = fitter()
    space = Space("funnel", {**SPACE.ranges, "dropout": Fixed("much")})
    with pytest.raises(SettingError, match=r"200 draws in a row.*dropout must be a number"):
        list(search(open_study(None, PLAN), fits, problem, space, PLAN))


def test_an_unknown_family_is_named() -> None:
    fits, problem = fitter()
    with pytest.raises(SettingError, match="no family 'vgg'"):
        list(search(open_study(None, PLAN), fits, problem, Space("vgg"), PLAN))


def test_hyperband_compares_fold_means_at_rungs() -> None:
    """The error grows from trial to trial: later ones are ended at their first rung."""
    _, problem = fitter()
    reached: list[list[int]] = []
    worse_each_time = fitter_of(lambda _: Story(float(len(reached) + 1)), reached)
    plan = Plan(trials=30, seed=0, epochs=27)
    trials = list(search(open_study(None, plan), worse_each_time, problem, SPACE, plan))
    assert sum(epochs[-1] == 3 for epochs in reached) >= 8
    assert sum(epochs[-1] == 27 for epochs in reached) >= 3
    assert all(trial.rungs[0].mean == trial.number + 1 for trial in trials)


def test_the_value_is_the_mean_of_folds_and_the_pooled_error_is_kept_beside_it() -> None:
    x, problem = material()
    fits = alone(x, problem.y, problem.task)
    trial = next(trial for trial in collect(None) if trial.state == "complete")
    recipe = draw_recipe(SPACE, problem.task, trial.values, PLAN.epochs)
    assert recipe.id == trial.recipe_id
    *_, done = fits(recipe, problem.folds, member_seeds(PLAN.seed, trial.seed, 3), rung_epochs(9))
    by_fold = [
        np.sqrt(np.mean((output - problem.y[fold.scored]) ** 2))
        for output, fold in zip(done.held_out, problem.folds, strict=True)  # type: ignore[union-attr]
    ]
    assert trial.value == pytest.approx(np.mean(by_fold))
    pooled = np.sqrt(np.mean((validated(done.held_out, problem) - problem.y) ** 2))  # type: ignore[union-attr]
    assert trial.pooled == pytest.approx(pooled)


def test_replicates_average_the_members_that_did_not_see_a_row() -> None:
    x, problem = material()
    recipe = draw_recipe(SPACE, problem.task, collect(None)[0].values, 9)
    *_, (number, candidate) = replicate(recipe, {}, alone(x, problem.y, problem.task), problem, 0, range(2))
    assert (number, candidate.fitted.members, len(candidate.errors)) == (2, 6, 2)
    assert candidate.validated.shape == problem.y.shape


def test_top_recipes_are_distinct_and_best_first() -> None:
    trials = [
        Trial(n, "complete", {}, recipe_id=r, value=v) for n, r, v in [(0, "a", 2.0), (1, "b", 1.0), (2, "a", 0.5)]
    ]
    assert [trial.number for trial in top([*trials, Trial(3, "pruned", {})], 5)] == [2, 1]


def test_log_loss_is_the_error_of_classes() -> None:
    task = Task("kind", classes=("a", "b"))
    output = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert error(output, np.array([0.0, 1.0]), task) == pytest.approx(-(np.log(0.9) + np.log(0.8)) / 2)


def test_finished_counts_complete_and_pruned() -> None:
    study = open_study(None, PLAN)
    for state in (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED, optuna.trial.TrialState.FAIL):
        study.tell(study.ask(), 1.0 if state == optuna.trial.TrialState.COMPLETE else None, state=state)
    assert finished(study) == {0, 1}
