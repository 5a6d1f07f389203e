"""Functional ANOVA: Optuna's numbers for single hyperparameters, and the laws that pairs obey."""

from __future__ import annotations

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna._transform import _SearchSpaceTransform
from optuna.importance import FanovaImportanceEvaluator
from optuna.search_space import intersection_search_space

from spectune.tuning.fanova import Encoded, Forest, grown, pair_shares, single_effects, single_shares


def unit(x: np.ndarray, columns: tuple[tuple[int, ...], ...]) -> Encoded:
    return Encoded(x, np.tile((0.0, 1.0), (x.shape[1], 1)), columns)


def mixed(rows: int, seed: int) -> tuple[Encoded, np.ndarray]:
    """A number, a choice of three and another number; a result of all of them."""
    random = np.random.default_rng(seed)
    option = random.integers(3, size=rows)
    x = np.column_stack([random.random(rows), np.eye(3)[option], random.random(rows)])
    y = x[:, 0] ** 2 + (option == 1) * x[:, 4] + 0.1 * random.normal(size=rows)
    return unit(x, ((0,), (1, 2, 3), (4,))), y


def study(rows: int) -> optuna.Study:
    """Trials over whole numbers, steps, logarithms and choices."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def result(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("rate", 1e-4, 1e-1, log=True)
        batch = trial.suggest_int("batch", 8, 512, log=True)
        kernel = trial.suggest_int("kernel", 2, 10, step=2)
        dropout = trial.suggest_float("dropout", 0.0, 0.5, step=0.1)
        channels = trial.suggest_categorical("channels", ["RAW", "SNV", "D1"])
        on = trial.suggest_categorical("on", [True, False])
        return float((np.log10(rate) + 2) ** 2 * (1 + on) + 0.1 * kernel * (channels == "D1") + batch / 600 + dropout)

    made = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    made.optimize(result, rows)
    return made


@pytest.mark.parametrize("seed", [0, 7])
def test_single_shares_are_those_of_optuna(seed: int) -> None:
    """The same matrix, bounds and forest seed give Optuna 5's numbers to its last digits."""
    made = study(60)
    space = intersection_search_space(made.get_trials())
    transform = _SearchSpaceTransform(space, transform_log=False, transform_step=False)
    columns = tuple(tuple(int(column) for column in columns) for columns in transform.column_to_encoded_columns)
    x = np.asarray([transform.transform(trial.params) for trial in made.trials])
    forest = grown(Encoded(x, transform.bounds, columns), np.asarray([trial.value for trial in made.trials]), seed)
    wanted = FanovaImportanceEvaluator(n_trees=64, max_depth=64, seed=seed).evaluate(made)
    assert single_shares(forest) == pytest.approx([wanted[name] for name in space], abs=1e-12)


@settings(max_examples=8)
@given(rows=st.integers(2, 30), seed=st.integers(0, 10**6))
def test_two_hyperparameters_and_their_interaction_explain_everything(rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    option = random.integers(3, size=rows)
    x = np.column_stack([random.random(rows), np.eye(3)[option]])
    forest = grown(unit(x, ((0,), (1, 2, 3))), random.normal(size=rows), seed)
    explained = single_shares(forest).sum() + pair_shares(forest, [(0, 1)])[0]
    assert explained == pytest.approx(1.0)


@settings(max_examples=8)
@given(rows=st.integers(2, 40), seed=st.integers(0, 10**6))
def test_shares_are_parts_of_one_whole(rows: int, seed: int) -> None:
    code, y = mixed(rows, seed)
    forest = grown(code, y, seed)
    shares = [*single_shares(forest), *pair_shares(forest, [(0, 1), (0, 2), (1, 2)])]
    assert min(shares) >= 0.0
    assert sum(shares) <= 1.0 + 1e-9


def test_the_order_of_a_pair_does_not_matter() -> None:
    forest = grown(*mixed(40, 3), 0)
    assert pair_shares(forest, [(1, 2)]) == pytest.approx(pair_shares(forest, [(2, 1)]))


def test_a_product_of_signs_is_all_interaction() -> None:
    """The sign of (a - 1/2)(b - 1/2): neither explains anything by itself."""
    points = (np.arange(20) + 0.5) / 20
    x = np.asarray([(a, b) for a in points for b in points])
    forest = grown(unit(x, ((0,), (1,))), np.sign((x[:, 0] - 0.5) * (x[:, 1] - 0.5)), 0)
    assert pair_shares(forest, [(0, 1)])[0] > 0.95


def test_results_that_do_not_vary_have_no_shares() -> None:
    code, y = mixed(20, 0)
    forest = grown(code, np.zeros_like(y), 0)
    assert single_shares(forest).tolist() == [0.0, 0.0, 0.0]
    assert pair_shares(forest, [(0, 1)]).tolist() == [0.0]


@pytest.mark.parametrize("member", [0, 1])
def test_the_effect_of_the_only_hyperparameter_is_what_the_forest_predicts(member: int) -> None:
    code, y = mixed(30, 5)
    columns = code.columns[member]
    alone = unit(code.x[:, list(columns)], (tuple(range(len(columns))),))
    forest = grown(alone, y, 0)
    effect = single_effects(forest, [0])[:, 0]
    assert np.ptp(predicted(forest) - effect) == pytest.approx(0.0, abs=1e-9)
    assert np.ptp(effect) > 0.1


def test_effects_of_an_additive_result_are_its_terms() -> None:
    random = np.random.default_rng(0)
    x = random.random((400, 2))
    forest = grown(unit(x, ((0,), (1,))), 3 * x[:, 0] + (x[:, 1] > 0.5), 0)
    first, second = single_effects(forest, [0, 1]).T
    assert np.corrcoef(first, x[:, 0])[0, 1] > 0.98
    assert np.corrcoef(second, x[:, 1] > 0.5)[0, 1] > 0.98


def predicted(forest: Forest) -> np.ndarray:
    x = forest.encoded.x.astype(np.float32)
    return np.asarray(np.mean([tree.predict(x)[:, 0] for tree in forest.trees], axis=0))
