"""What the experiment of Shen & Viscarra Rossel (2021) says of trials whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketches import sketched
from spectune.files.settings import Settings
from spectune.files.tables import spectra_table, write_table
from spectune.networks.space import Value
from spectune.papers.shen2021.claims import importance_claims, search_claims
from spectune.papers.shen2021.experiment import Experiment, Plan, experiment
from spectune.papers.shen2021.findings import CLAIMS, LEAST, Finding, preferences
from spectune.papers.shen2021.page import command_of, experiment_page
from spectune.spectra.spectra import Task
from spectune.synthesis.fruit import fruit
from spectune.tuning.compare import Comparison
from spectune.tuning.courses import course
from spectune.tuning.record import Trial
from spectune.tuning.shares import Importance, Share, group_of

OPTIMISERS = ("adam", "rmsprop", "adagrad")


def tried(count: int, effect: dict[str, float], seed: int = 0) -> list[Trial]:
    """Complete random trials whose error is 1 + noise + the stated effect of each hyperparameter."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        values: dict[str, Value] = {
            "optimiser": OPTIMISERS[int(random.integers(3))],
            "batch": int(random.integers(16, 500)),
            "epochs": int(random.integers(100, 1500)),
            "conv.blocks": int(random.integers(1, 5)),
        }
        error = 1 + 0.1 * float(random.random())
        error += effect.get("batch", 0) * float(values["batch"]) / 500
        error += effect.get("epochs", 0) * float(values["epochs"]) / 1500
        error += effect.get("conv.blocks", 0) * float(values["conv.blocks"]) / 4
        error += effect.get("optimiser", 0) * (values["optimiser"] != "adam")
        made.append(Trial(number, "complete", values, value=error))
    return made


def judged(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {name: finding.judgement for name, finding in zip(CLAIMS, findings, strict=True)}


def test_effects_of_the_papers_sign_are_confirmed() -> None:
    effect = {"batch": 0.5, "epochs": -0.5, "conv.blocks": 0.5, "optimiser": 0.5}
    assert set(judged(preferences(tried(400, effect))).values()) == {"confirmed"}


def test_effects_of_the_other_sign_are_contradicted() -> None:
    effect = {"batch": -0.5, "epochs": 0.5, "conv.blocks": -0.5, "optimiser": -0.5}
    assert set(judged(preferences(tried(400, effect))).values()) == {"contradicted"}


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_told_of_what_has_no_effect(seed: int) -> None:
    assert set(judged(preferences(tried(200, {}, seed))).values()) == {"not told"}


def test_few_trials_tell_nothing_and_say_how_many_there_were() -> None:
    found = preferences(tried(LEAST - 1, {"batch": 5.0}))
    assert {finding.judgement for finding in found} == {"not told"}
    assert str(LEAST - 1) in found[0].here


def test_trials_without_an_error_are_left_out() -> None:
    trials = tried(100, {"epochs": -0.5})
    pruned = [replace(trial, state="pruned", value=None) for trial in tried(100, {"epochs": 5.0}, 1)]
    assert preferences(trials + pruned) == preferences(trials)


def searches(tpe: list[list[float]], random: list[list[float]]) -> Comparison:
    """A comparison in which every trial takes a second and has the stated error."""
    courses = [
        course(
            arm, seed, [Trial(number, "complete", {}, value=error, seconds=1.0) for number, error in enumerate(errors)]
        )
        for arm, all_errors in (("tpe", tpe), ("random", random))
        for seed, errors in enumerate(all_errors)
    ]
    return Comparison("made up", Task("carbon"), 2, tuple(courses), 0, {})


def test_one_search_of_each_kind_judges_nothing_however_clear_it_looks() -> None:
    found = search_claims(searches([[1.0, 0.1]], [[5.0, 4.0, 3.0]]))
    assert [claim.judgement for claim in found] == ["not told"] * 3


def test_searches_that_all_lie_on_one_side_confirm_or_contradict() -> None:
    good, poor = [[3.0, 1.0], [2.9, 1.1], [2.8, 1.2]], [[5.0, 4.0, 3.0]] * 3
    assert [claim.judgement for claim in search_claims(searches(good, poor))] == ["confirmed"] * 3
    assert search_claims(searches(poor, good))[2].judgement == "contradicted"


def test_searches_that_overlap_cannot_be_told_apart() -> None:
    found = search_claims(searches([[3.0, 1.0], [3.0, 2.0], [3.0, 1.5]], [[3.0, 1.2], [3.0, 1.9], [3.0, 1.4]]))
    assert found[2].judgement == "not told"


def shares(named: dict[str, float], floor: float = 0.02) -> Importance:
    made = tuple(Share(name, group_of(name), mean, 0.001, 0.0, False, mean > floor) for name, mean in named.items())
    return Importance("functional ANOVA", "random", 100, 5, made, (), (), floor)


def test_what_dominates_is_more_than_half_of_what_single_hyperparameters_explain() -> None:
    training = {"optimiser": 0.3, "batch": 0.2, "epochs": 0.1, "conv.blocks": 0.1, "dense.1.units": 0.1}
    assert importance_claims({"random": shares(training)})[0].judgement == "confirmed"
    assert importance_claims({"random": shares({**training, "dense.1.units": 0.9})})[0].judgement == "contradicted"
    assert importance_claims({"random": shares({name: 0.01 for name in training})})[0].judgement == "not told"


def test_the_channel_claim_needs_abs_d1_and_it_alone_above_the_dummy() -> None:
    states = {f"channel.{number}.state": 0.01 for number in range(1, 6)}
    assert importance_claims({"random": shares({**states, "channel.3.state": 0.1})})[1].judgement == "confirmed"
    assert importance_claims({"random": shares({**states, "channel.1.state": 0.1})})[1].judgement == "contradicted"
    assert importance_claims({"random": shares(states)})[1].judgement == "not told"
    assert importance_claims({"random": None})[1].judgement == "not told"


def test_the_whole_experiment_runs_and_is_given_back_when_it_is_done(tmp_path: Path) -> None:
    table = fruit(64, seed=1)
    write_table(tmp_path / "fruit.csv", spectra_table(table))
    settings = Settings(
        data=str(tmp_path / "fruit.csv"),
        target="dry_matter",
        split="split",
        group="fruit",
        space="shen2021",
        folds=2,
        epochs=2,
        pruner="none",
        top=1,
        replicates=1,
        explain=False,
        out=str(tmp_path / "shen"),
    )
    plan = Plan(settings, trials=(2, 3), seeds=1, outer=0, curve=False)
    with sketched():
        found = list(experiment(plan))[-1]
    assert isinstance(found, Experiment)
    assert [len(found.comparison.of(arm)[0].best) for arm in ("tpe", "random")] == [2, 3]
    assert found.optimum.name == "published optimum"
    assert found.optimum.validated.shape == found.outcome.spectra.calibration.y.shape
    page = experiment_page(found, command_of(found))
    assert "<svg" in page
    assert "Adam is the best optimiser" in page
    with sketched():
        again = list(experiment(plan))[-1]
    assert isinstance(again, Experiment)
    np.testing.assert_array_equal(again.optimum.test, found.optimum.test)
    assert experiment_page(again, command_of(again)) == page


def test_searches_that_disagree_on_what_matters_tell_nothing() -> None:
    states = {f"channel.{number}.state": 0.01 for number in range(1, 6)}
    one, other = shares({**states, "channel.3.state": 0.1}), shares({**states, "channel.1.state": 0.1})
    assert importance_claims({"tpe": one, "random": one})[1].judgement == "confirmed"
    assert importance_claims({"tpe": one, "random": other})[1].judgement == "not told"
