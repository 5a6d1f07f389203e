"""The search: counted, repeatable, continued, pruned on fold means, and told only what a fold held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import optuna
import pytest

from fits import Story, fitter_of
from searching import coordinator, searched
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
from spectune.tuning.pool import Here
from spectune.tuning.record import Trial
from spectune.tuning.replicates import replicate, top
from spectune.tuning.rungs import rung_epochs
from spectune.tuning.scoring import Problem, error, validated
from spectune.tuning.study import Known, draw_recipe, finished, member_seeds, search

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


def collect(known: Sequence[Trial] = (), plan: Plan = PLAN, space: Space = SPACE) -> list[Trial]:
    fits, problem = fitter()
    return list(searched(fits, problem, space, plan, Known(tuple(known))))


def test_the_same_seed_gives_the_same_search() -> None:
    assert collect() == collect()


@pytest.mark.parametrize("pruner", ["none", "hyperband", "median"])
def test_a_continued_search_is_the_uninterrupted_one(pruner: Pruner) -> None:
    """Wherever it was stopped: the trial under way runs again under its number, with its own values and seed."""
    plan = Plan(14, 3, pruner=pruner, epochs=9)
    space = replace(SPACE, starts=({"channels": "SNV"}, {"channels": "RAW"}))
    whole = collect((), plan, space)
    for stopped in (1, 3, 9, 12):
        assert collect(whole[:stopped], plan, space) == whole[stopped:]


@pytest.mark.parametrize("pruner", ["none", "hyperband", "median"])
def test_a_study_that_is_told_of_trials_knows_what_it_knew_when_they_were_trained(pruner: Pruner) -> None:
    """Values, ranges, reports, states, and the pruner's own notes."""
    plan = Plan(14, 3, pruner=pruner, epochs=9)
    fits, problem = fitter()
    asks = coordinator(problem, SPACE, plan)
    trials = list(search(asks, Here(fits, problem, plan, clock=lambda: 0.0)))
    again = coordinator(problem, SPACE, plan, Known(tuple(trials))).study.get_trials()
    for one, other in zip(asks.study.get_trials(), again, strict=True):
        for what in ("params", "distributions", "intermediate_values", "state", "values"):
            assert getattr(one, what) == getattr(other, what), what
        assert _rungs(one.system_attrs) == _rungs(other.system_attrs)


def _rungs(attributes: Mapping[str, object]) -> Mapping[str, object]:
    """Without what TPE notes of trials under way."""
    return {name: value for name, value in attributes.items() if not name.startswith("tpe:")}


@pytest.mark.parametrize("drawn", ["channels", "rate", "gain"])
def test_a_search_that_was_killed_while_it_drew_draws_the_same_again(drawn: str) -> None:
    whole = collect()
    with pytest.MonkeyPatch.context() as patch:
        value = TrialDraw.value

        def killing(self: TrialDraw, name: str) -> Value:
            if name == drawn:
                raise KeyboardInterrupt
            return value(self, name)

        patch.setattr(TrialDraw, "value", killing)
        with pytest.raises(KeyboardInterrupt):
            collect(whole[:3])
    assert collect(whole[:3]) == whole[3:]


def test_a_finished_search_asks_for_nothing_more() -> None:
    assert collect(collect()) == []


def test_trials_that_were_cut_off_while_others_ended_are_trained_again_first() -> None:
    """Of six trials under way together the second and the fifth were cut off; nothing is known of the fourth."""
    plan = replace(PLAN, trials=6, sampler="random", pruner="none")
    whole = collect((), plan)
    assert [trial.state for trial in whole] == ["complete"] * 6
    ended, begun = (whole[0], whole[2], whole[5]), (whole[1], whole[4], whole[5])
    fits, problem = fitter()
    more = list(searched(fits, problem, SPACE, plan, Known(ended, begun)))
    assert [trial.number for trial in more] == [1, 4, 6]
    assert more[:2] == [whole[1], whole[4]]


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
    trials = list(searched(watching, problem, space, PLAN))
    rejected = [trial for trial in trials if trial.state == "rejected"]
    assert rejected
    assert all("a window of 21 does not fit in 20 points" in trial.reason for trial in rejected)
    assert len(trials) - len(rejected) == PLAN.trials
    assert all(layer.kernel == 5 for recipe in trained for layer in recipe.layers if isinstance(layer, Conv))


def test_a_space_of_impossible_networks_is_refused() -> None:
    fits, problem = fitter()
    space = Space("funnel", {**SPACE.ranges, "dropout": Fixed("much")})
    with pytest.raises(SettingError, match=r"200 draws in a row.*dropout must be a number"):
        list(searched(fits, problem, space, PLAN))


def test_an_unknown_family_is_named() -> None:
    fits, problem = fitter()
    with pytest.raises(SettingError, match="no family 'vgg'"):
        list(searched(fits, problem, Space("vgg"), PLAN))


def test_hyperband_compares_fold_means_at_rungs() -> None:
    """The error grows from trial to trial: later ones are ended at their first rung."""
    _, problem = fitter()
    reached: list[list[int]] = []
    worse_each_time = fitter_of(lambda _: Story(float(len(reached) + 1)), reached)
    plan = Plan(trials=30, seed=0, epochs=27)
    trials = list(searched(worse_each_time, problem, SPACE, plan))
    assert sum(epochs[-1] == 3 for epochs in reached) >= 8
    assert sum(epochs[-1] == 27 for epochs in reached) >= 3
    assert all(trial.rungs[0].mean == trial.number + 1 for trial in trials)


def test_the_value_is_the_mean_of_folds_and_the_pooled_error_is_kept_beside_it() -> None:
    x, problem = material()
    fits = alone(x, problem.y, problem.task)
    trial = next(trial for trial in collect() if trial.state == "complete")
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
    recipe = draw_recipe(SPACE, problem.task, collect()[0].values, 9)
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
    study = optuna.create_study()
    for state in (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED, optuna.trial.TrialState.FAIL):
        study.tell(study.ask(), 1.0 if state == optuna.trial.TrialState.COMPLETE else None, state=state)
    assert finished(study) == {0, 1}
