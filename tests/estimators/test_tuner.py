"""A search as an estimator: the package's own search, on the rows it is given and no others."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, StratifiedKFold, cross_val_predict, cross_val_score

import spectune
from searching import searched
from spectune import SpectralTuner
from spectune.errors import DataError, RunError, SettingError
from spectune.estimators.given import points_of, spectra_of
from spectune.estimators.searches import folds_of, space_of
from spectune.networks.space import IntRange
from spectune.spectra.folds import folds
from spectune.training.crew import alone
from spectune.tuning.plan import Plan
from spectune.tuning.record import Trial
from spectune.tuning.replicates import replicate
from spectune.tuning.scoring import Problem
from spectune.tuning.study import draw_recipe

FRUIT = spectune.fruit(rows=40, seed=1)
X = FRUIT.x[:, ::4]
Y = np.asarray(FRUIT.columns["dry_matter"], dtype=np.float64)
GROUPS = FRUIT.columns["fruit"]
LABELS = np.where(np.median(Y) < Y, "sweet", "plain")
FIX = {"dense.width": 16, "dense.layers": 1, "convolution": False}
SMALL: dict[str, Any] = {
    "trials": 3, "fix": FIX, "cv": 3, "epochs": 8, "top": 2, "replicates": 2, "random_state": 5,
}  # fmt: skip


def tuner(**changes: Any) -> SpectralTuner:
    return SpectralTuner(**{**SMALL, **changes})


def untimed(trials: tuple[Trial, ...]) -> list[tuple[Any, ...]]:
    return [(trial.number, trial.state, dict(trial.values), trial.value, trial.rungs) for trial in trials]


def test_it_is_the_search_of_the_package() -> None:
    spectra = spectra_of(X, Y, points_of(None, None, None, X.shape[1]), (), GROUPS)
    space = space_of("auto", FIX, spectra.task)
    problem, plan = Problem(Y, spectra.task, folds(spectra, 3, 5)), Plan(3, 5, epochs=8)
    fitter = alone(spectra.x, Y, spectra.task)
    trials = tuple(searched(fitter, problem, space, plan))
    made = tuner().fit(X, Y, groups=GROUPS)
    assert untimed(made.trials_) == untimed(trials)
    recipe = draw_recipe(space, spectra.task, made.best_params_, 8)
    fresh = [list(replicate(recipe, {}, fitter, problem, 5, streams, plan))[-1][1] for streams in ((0, 1), (2, 3))]
    assert -made.best_score_ in {candidate.error for candidate in fresh}
    members = made.best_estimator_.weights_["kernels"]
    assert any(np.array_equal(members, candidate.fitted.stack.kernels.numpy()) for candidate in fresh)
    assert made.best_estimator_.recipe_ == recipe


def test_the_table_of_trials_is_as_scikit_learn_has_it() -> None:
    made = tuner(pruner="none").fit(X, Y)
    table = made.cv_results_
    splits = np.stack([table[f"split{fold}_test_score"] for fold in range(3)])
    assert table["mean_test_score"] == pytest.approx(splits.mean(axis=0), rel=2e-5)
    assert table["mean_test_score"].tolist() == [-(trial.value or 0) for trial in made.trials_]
    assert sorted(table["rank_test_score"]) == [1, 2, 3]
    assert table["mean_test_score"][table["rank_test_score"] == 1] == table["mean_test_score"].max()
    assert table["params"][made.best_index_] == made.best_params_
    assert table["param_dense.width"].tolist() == [16, 16, 16]
    assert {len(column) for column in table.values()} == {3}
    assert pl.DataFrame({name: column for name, column in table.items() if name.endswith("score")}).shape == (3, 6)


def test_a_trial_that_was_ended_early_has_no_score_and_comes_last() -> None:
    made = tuner(trials=12, pruner="median", epochs=9, top=1, replicates=0).fit(X, Y)
    states, table = [trial.state for trial in made.trials_], made.cv_results_
    assert "pruned" in states
    assert np.array_equal(np.isnan(table["mean_test_score"]), table["state"] == "pruned")
    assert set(table["rank_test_score"][table["state"] == "pruned"]) == {states.count("complete") + 1}


def test_members_are_those_of_the_folds_or_trained_again_on_all_rows() -> None:
    kept, refitted = tuner().fit(X, Y), tuner(refit=True).fit(X, Y)
    assert kept.best_params_ == refitted.best_params_
    assert kept.best_estimator_.recipe_ == refitted.best_estimator_.recipe_
    assert len(kept.best_estimator_.weights_["kernels"]) == 3 * 2
    assert len(refitted.best_estimator_.weights_["kernels"]) == 3
    again = clone(kept.best_estimator_).fit(X, Y)
    assert np.array_equal(again.predict(X), refitted.predict(X))


def test_a_search_goes_on_in_its_folder(tmp_path: Path) -> None:
    seen: list[Trial] = []
    tuner(trials=1, folder=tmp_path / "search").fit(X, Y)
    resumed = tuner(folder=tmp_path / "search", show=seen.append).fit(X, Y)
    whole = tuner().fit(X, Y)
    assert untimed(resumed.trials_) == untimed(whole.trials_)
    assert untimed(tuple(seen)) == untimed(whole.trials_)
    assert resumed.best_score_ == whole.best_score_
    assert np.array_equal(resumed.predict(X), whole.predict(X))
    with pytest.raises(RunError, match="not those that"):
        tuner(folder=tmp_path / "search").fit(X, Y + 1)
    with pytest.raises(RunError, match="not those that"):
        tuner(folder=tmp_path / "search", cv=KFold(3)).fit(X, Y)
    with pytest.raises(SettingError, match="whole number as random_state, got None"):
        tuner(folder=tmp_path / "search", random_state=None).fit(X, Y)


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tuner(trials=1).fit(X, Y)
    assert not list(tmp_path.iterdir())


def test_rows_that_are_kept_aside_change_nothing() -> None:
    rest, aside = next(KFold(4).split(X))
    spoiled = X.copy()
    spoiled[aside] = 1e3
    clean, other = tuner().fit(X[rest], Y[rest]), tuner().fit(spoiled[rest], Y[rest])
    assert np.array_equal(clean.predict(X), other.predict(X))
    (nested,) = cross_val_score(tuner(), X, Y, cv=[(rest, aside)])
    assert nested == clean.score(X[aside], Y[aside])


def test_the_score_of_the_best_is_that_of_rows_its_members_have_not_seen() -> None:
    made = tuner(top=1, replicates=1).fit(X, Y)
    answers = made.best_estimator_.predict_members(X)
    errors = [
        root_mean_squared_error(Y[fold.scored], answers[member, fold.scored]) for member, fold in enumerate(made.folds_)
    ]
    assert -made.best_score_ == pytest.approx(np.mean(errors), rel=1e-5)


def test_folds_are_a_number_or_those_of_a_splitter() -> None:
    spectra = spectra_of(X, Y, points_of(None, None, None, X.shape[1]), (), GROUPS)
    for cv in (3, GroupKFold(3), list(GroupKFold(3).split(X, Y, GROUPS))):
        made = folds_of(cv, spectra, 0)
        assert sorted(np.concatenate([fold.scored for fold in made]).tolist()) == list(range(len(X)))
        for fold in made:
            assert sorted([*fold.train, *fold.tuning, *fold.scored]) == list(range(len(X)))
            assert not set(GROUPS[fold.train]) & set(GROUPS[[*fold.tuning, *fold.scored]])
    with config_context(enable_metadata_routing=True):
        routed = tuner(cv=GroupKFold(3)).set_fit_request(groups=True)
        scores = cross_val_score(routed, X, Y, cv=GroupKFold(2), params={"groups": GROUPS})
    rest, aside = next(GroupKFold(2).split(X, Y, GROUPS))
    assert scores[0] == tuner(cv=GroupKFold(3)).fit(X[rest], Y[rest], GROUPS[rest]).score(X[aside], Y[aside])


@pytest.mark.parametrize(
    ("cv", "groups", "message"),
    [
        (ShuffleSplit(3, random_state=0), None, "hold out every row exactly once"),
        ([(np.arange(40), np.arange(20)), (np.arange(20), np.arange(20, 40))], None, "split 0 of cv has a row on both"),
        (
            list(KFold(3, shuffle=True, random_state=0).split(X)),
            GROUPS,
            "split 0 of cv has rows of one group on both sides",
        ),
        (1, None, "cv must be a whole number from 2, got 1"),
    ],
)
def test_folds_that_would_flatter_a_score_are_refused(cv: Any, groups: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        tuner(cv=cv).fit(X, Y, groups=groups)
    assert isinstance(caught.value, SettingError)


def test_classes_are_searched_too() -> None:
    made = tuner(task="classification", cv=StratifiedKFold(3)).fit(X, LABELS)
    assert made.classes_.tolist() == ["plain", "sweet"]
    odds = made.predict_proba(X)
    assert odds.shape == (len(X), 2)
    assert np.array_equal(made.predict(X), made.classes_[odds.argmax(axis=1)])
    assert made.score(X, LABELS) == np.mean(made.predict(X) == LABELS)
    assert not hasattr(tuner(), "predict_proba")
    assert cross_val_predict(tuner(task="classification"), X, LABELS, cv=2, method="predict_proba").shape == (len(X), 2)


def test_a_space_of_ones_own_and_names_of_columns_are_used() -> None:
    space = spectune.load_space("default")
    own = spectune.Space(space.family, {**space.ranges, "batch": IntRange(7, 9)}, "own")
    frame = pl.DataFrame(X, schema=[f"{position:g}" for position in FRUIT.axis.positions[::4]])
    made = tuner(space=own, pruner="none", fix={**FIX, "rate": 2e-3}).fit(frame, Y)
    assert {trial.values["batch"] for trial in made.trials_[1:]} <= {7, 8, 9, 64}
    assert {trial.values["rate"] for trial in made.trials_} == {2e-3}
    assert made.best_estimator_.axis_.unit == "nm"
    assert made.predict(frame) == pytest.approx(made.best_estimator_.predict(frame))
    with pytest.raises(ValueError, match="feature names"):
        made.predict(frame[:, ::-1])


def test_what_is_fitted_holds_no_tensor() -> None:
    made = tuner(trials=1).fit(X, Y)
    kept = pickle.dumps(made)
    assert b"torch" not in kept
    assert np.array_equal(pickle.loads(kept).predict(X), made.predict(X))  # noqa: S301


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "ranking"}, "task must be regression or classification, got 'ranking'"),
        ({"trials": 0}, "trials must be from 1 to 100000, got 0"),
        ({"sampler": "grid"}, "sampler"),
        ({"space": "passo"}, r"there is no search space 'passo' \(did you mean passos"),
        ({"fix": {"rat": 1e-3}}, "has no hyperparameter 'rat' to fix; did you mean rate"),
        ({"fix": {"rate": None}}, "rate must be a flag, a number or a word, got None"),
        ({"threads": 0}, "threads must be a whole number from 1"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_with_a_sentence(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        tuner(**changes).fit(X, Y)
    assert isinstance(caught.value, SettingError | DataError)
