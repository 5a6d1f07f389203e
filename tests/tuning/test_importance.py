"""Importance of hyperparameters: what matters is found, what is idle is not, and nothing depends on chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

import numpy as np
import optuna
import pytest
from optuna._transform import _SearchSpaceTransform
from pydantic import TypeAdapter

from spectune.errors import SettingError
from spectune.networks.space import Choice, Fixed, FloatRange, IntRange, RandomDraw, Space, Value
from spectune.tuning.encoding import encoded, nearest, searched
from spectune.tuning.importance import LEAST, SEEDS, importance
from spectune.tuning.record import Rung, Trial
from spectune.tuning.shares import Importance

SPACE = Space(
    "shen",
    {
        "rate": FloatRange(1e-4, 1e-1, log=True),
        "batch": IntRange(8, 512, log=True),
        "epochs": IntRange(100, 1500, 50),
        "channel.1.state": Choice((True, False)),
        "window": IntRange(5, 25, 2),
        "conv.blocks": IntRange(0, 2),
        "conv.*.kernel": IntRange(2, 10),
        "conv.*.activation": Choice(("relu", "elu", "selu")),
        "dense.dropout": FloatRange(0.0, 0.5, 0.1),
        "gain": Fixed(1.0),
        "optimiser": Choice(("adam",)),
    },
)
Result = Callable[[dict[str, Value], np.random.Generator], float]


def trial(number: int, result: Result, seed: int = 0) -> Trial:
    random = np.random.default_rng((seed, number))
    draw = RandomDraw(SPACE, random)
    for name in SPACE.ranges:
        if "*" not in name:
            draw.value(name)
    for block in range(1, draw.int("conv.blocks") + 1):
        draw.value(f"conv.{block}.kernel")
        draw.value(f"conv.{block}.activation")
    return Trial(number, "complete", draw.drawn, value=result(draw.drawn, random))


def trials(result: Result, count: int = 60, seed: int = 0) -> list[Trial]:
    return [trial(number, result, seed) for number in range(count)]


def by_rate_and_blocks(values: dict[str, Value], random: np.random.Generator) -> float:
    return float(
        (np.log10(float(values["rate"])) + 2) ** 2 + 0.8 * float(values["conv.blocks"]) + 0.1 * random.normal()
    )


def found(made: list[Trial], seeds: Sequence[int] = (0, 1)) -> Importance:
    shares = importance(made, SPACE, "random", seeds)
    assert shares is not None
    return shares


def test_what_the_result_is_made_of_matters_and_comes_first() -> None:
    shares = found(trials(by_rate_and_blocks)).shares
    assert {share.name for share in shares[:2]} == {"rate", "conv.blocks"}
    assert all(share.matters for share in shares[:2])
    assert sum(share.mean for share in shares[:2]) > 0.7
    assert {share.name for share in sorted(shares, key=lambda share: -share.ped_anova)[:2]} == {"rate", "conv.blocks"}


def test_idle_hyperparameters_rarely_rise_above_the_dummies() -> None:
    """Of some 30 idle ones in three searches: fewer than one in ten, conditional ones no more often."""
    idle = [
        share
        for seed in range(3)
        for share in found(trials(by_rate_and_blocks, 40, seed), (0, 1, 2)).shares
        if share.name not in {"rate", "conv.blocks"}
    ]
    assert np.mean([share.matters for share in idle]) < 0.1
    assert np.mean([share.matters for share in idle if share.conditional]) < 0.1


def test_with_nothing_but_noise_hardly_anything_matters() -> None:
    shares = found(trials(lambda _, random: float(random.normal())), SEEDS).shares
    assert sum(share.matters for share in shares) <= 1


def test_an_interaction_stands_out_and_strong_single_effects_do_not_make_one() -> None:
    """The first result switches one effect on by another hyperparameter; in the second effects add up."""

    def switched(values: dict[str, Value], random: np.random.Generator) -> float:
        return 2.0 * float(bool(values["channel.1.state"]) and float(values["rate"]) > 0.003) + 0.1 * random.normal()

    first, *others = found(trials(switched, 60), seeds=SEEDS).interactions
    assert {first.one, first.other} == {"channel.1.state", "rate"}
    assert first.matters
    assert not any(pair.matters for pair in others)
    additive = found(trials(by_rate_and_blocks, 60), seeds=SEEDS).interactions
    assert {additive[0].one, additive[0].other} == {"rate", "conv.blocks"}
    assert not additive[0].matters


def test_only_what_was_searched_appears_and_what_some_trials_lack_is_marked() -> None:
    made = found(trials(by_rate_and_blocks))
    names = {share.name for share in made.shares}
    assert names.isdisjoint({"gain", "optimiser"})
    assert {share.name for share in made.shares if share.conditional} == {
        "conv.1.kernel",
        "conv.1.activation",
        "conv.2.kernel",
        "conv.2.activation",
    }
    assert {"rate", "dense.dropout", "window"} <= names


def test_only_complete_trials_count() -> None:
    made = trials(by_rate_and_blocks, 30)
    stopped = Trial(90, "pruned", made[0].values, rungs=(Rung(3, (9e9,)),))
    refused = Trial(91, "rejected", {"no.such.name": 1}, reason="a window of 9 does not fit in 5 points")
    diverged = replace(made[0], number=92, value=float("inf"))
    assert found([*made, stopped, refused, diverged], (0,)) == found(made, (0,))


def test_too_few_trials_or_results_give_none() -> None:
    assert importance(trials(by_rate_and_blocks, LEAST - 1), SPACE, "tpe") is None
    assert importance([], SPACE, "tpe") is None
    assert importance(trials(lambda *_: 1.0, 30), SPACE, "tpe") is None
    fixed = Space("shen", {"*": Fixed(1)})
    assert importance(trials(by_rate_and_blocks, 30), fixed, "tpe") is None


def test_the_same_trials_and_seeds_give_the_same_importance() -> None:
    made = trials(by_rate_and_blocks, 20)
    assert found(made, (3,)) == found(made, (3,))
    assert found(made, (3,)) != found(made, (5,))


def test_the_share_of_a_group_is_the_sum_of_its_members() -> None:
    made = found(trials(by_rate_and_blocks, 30))
    for group in made.groups:
        members = [share for share in made.shares if share.group == group.group]
        assert group.mean == pytest.approx(sum(share.mean for share in members))
        assert group.spread <= sum(share.spread for share in members) + 1e-12
    assert [group.group for group in made.groups] == ["training", "input channels", "Conv-block", "FC-block"]


def test_mean_and_spread_are_those_over_forests() -> None:
    made = trials(by_rate_and_blocks, 20)
    alone = [found(made, (seed,)) for seed in (1, 2)]
    together = found(made, (1, 2))
    for share in together.shares:
        means = [one.mean for shares in alone for one in shares.shares if one.name == share.name]
        assert (share.mean, share.spread) == pytest.approx((np.mean(means), np.std(means)))
    assert together.floor == max(shares.floor for shares in alone)


def test_importance_comes_back_from_plain_records() -> None:
    made = found(trials(by_rate_and_blocks, 20), (0,))
    adapter = TypeAdapter(Importance)
    assert adapter.validate_json(adapter.dump_json(made)) == made
    assert adapter.validate_python(asdict(made)) == made


def test_hyperparameters_are_encoded_as_optuna_draws_them() -> None:
    """Columns and bounds are those its own samplers work on: logarithms, half steps, one column per option."""
    distributions = {
        "batch": optuna.distributions.IntDistribution(8, 512, log=True),
        "channel.1.state": optuna.distributions.CategoricalDistribution((True, False)),
        "dense.dropout": optuna.distributions.FloatDistribution(0.0, 0.5, step=0.1),
        "epochs": optuna.distributions.IntDistribution(100, 1500, step=50),
        "rate": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True),
    }
    made = trials(by_rate_and_blocks, 20)
    transform = _SearchSpaceTransform(distributions)
    code = encoded(made, SPACE, tuple(distributions), np.random.default_rng(0))
    wanted = [transform.transform({name: one.values[name] for name in distributions}) for one in made]
    np.testing.assert_allclose(code.x, wanted)
    np.testing.assert_allclose(code.bounds, transform.bounds)
    assert [list(columns) for columns in code.columns] == [list(own) for own in transform.column_to_encoded_columns]


def test_what_a_trial_lacks_comes_from_a_trial_that_has_it() -> None:
    made = trials(by_rate_and_blocks, 40)
    names = searched(made, SPACE)
    code = encoded(made, SPACE, names, np.random.default_rng(0))
    (column,) = code.columns[names.index("conv.2.kernel")]
    present = {float(str(one.values["conv.2.kernel"])) for one in made if "conv.2.kernel" in one.values}
    absent = [row for row, one in enumerate(made) if "conv.2.kernel" not in one.values]
    assert set(code.x[absent, column]) <= present
    assert len(set(code.x[absent, column])) > 1


def test_a_start_outside_its_range_does_no_harm() -> None:
    made = trials(by_rate_and_blocks, 20)
    started = replace(made[0], values={**made[0].values, "rate": 0.5, "window": 6, "dense.dropout": 0.25})
    assert found([started, *made[1:]], (0,)).trials == 20
    assert nearest(0.5, SPACE.range("rate")) == 0.1
    assert nearest(99, SPACE.range("window")) == 25


def test_trials_of_another_space_are_refused_in_one_sentence() -> None:
    made = trials(by_rate_and_blocks, 20)
    strange = replace(made[0], values={**made[0].values, "conv.1.activation": "mish"})
    with pytest.raises(SettingError, match=r"conv\.1\.activation is 'mish' in a trial, but the space offers 'relu'"):
        importance([strange, *made[1:]], SPACE, "tpe")
    unknown = replace(made[0], values={**made[0].values, "patience": 3})
    with pytest.raises(SettingError, match="has no range for 'patience'"):
        importance([unknown, *made[1:]], SPACE, "tpe")
    worded = replace(made[0], values={**made[0].values, "rate": "fast"})
    with pytest.raises(SettingError, match="rate must be a number, got 'fast'"):
        importance([worded, *made[1:]], SPACE, "tpe")
