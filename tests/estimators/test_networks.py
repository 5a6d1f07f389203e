"""One recipe as an estimator: it is the package itself, and at home in scikit-learn."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score
from sklearn.pipeline import make_pipeline

import spectune
from spectune import SpectralCNNClassifier, SpectralCNNRegressor
from spectune.errors import DataError, SettingError
from spectune.estimators.given import points_of, spectra_of
from spectune.estimators.networks import STREAM, cuts
from spectune.estimators.preprocessing import SNV, SavitzkyGolay
from spectune.estimators.recipes import Said, defaults, recipe_of
from spectune.files.spaces import load_space
from spectune.networks.layers import Act, Dense, Flatten
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.axis import Axis
from spectune.spectra.folds import refit_fold
from spectune.spectra.spectra import Task
from spectune.training.fit import fit, predict
from spectune.training.pack import to_arrays
from spectune.tuning.study import draw_recipe, member_seeds

FRUIT = spectune.fruit(rows=48, seed=1)
X: NDArray[np.float32] = FRUIT.x[:, ::3]
Y = np.asarray(FRUIT.columns["dry_matter"], dtype=np.float64)
GROUPS = FRUIT.columns["fruit"]
WAVELENGTHS = FRUIT.axis.positions[::3]
LABELS = np.where(np.median(Y) < Y, "sweet", "plain")
SMALL: dict[str, Any] = {"values": {"dense.width": 16}, "members": 2, "epochs": 12, "random_state": 3}


def regressor(channels: str = "SNV+D1", **changes: Any) -> SpectralCNNRegressor:
    return SpectralCNNRegressor(channels, **{**SMALL, **changes})


def same(one: SpectralCNNRegressor, other: SpectralCNNRegressor) -> bool:
    return all(np.array_equal(array, other.weights_[name]) for name, array in one.weights_.items())


def test_an_estimator_trains_what_the_package_trains_on_the_same_rows_with_the_same_seeds() -> None:
    spectra = spectra_of(X, Y, points_of(None, None, None, X.shape[1]), (), None)
    folds = [refit_fold(spectra, 3), refit_fold(spectra, 4)]
    layers = (Flatten(), Dense(16), Act("swish"), Dense(8), Act("swish"), Dense(1))
    schedule = Schedule(rate=2e-3, batch=16, epochs=12, penalty=3e-3, warmup=1)
    recipe = Recipe(spectune.parse_channels("SNV+D1"), layers, schedule, gain=0.4, balanced=True)
    *_, last = fit(recipe, X, Y, spectra.task, folds, member_seeds(3, STREAM, 2))
    made = regressor(rate=2e-3, batch=16).fit(X, Y)
    assert made.recipe_ == recipe
    assert all(np.array_equal(array, made.weights_[name]) for name, array in to_arrays(last.fitted).items())
    assert made.predict_members(X) == pytest.approx(predict(last.fitted, X), rel=1e-5)
    assert made.best_epochs_.tolist() == last.epoch.best_epoch.tolist()


def test_what_nobody_says_is_as_the_first_start_of_the_default_space() -> None:
    task = Task("y", rows=100, points=40, skew=2.0, positive=True)
    space = load_space("default")
    values = {**defaults("funnel"), **space.starts[0]}
    assert recipe_of(Said("funnel"), task) == draw_recipe(space, task, values)
    assert SpectralCNNRegressor().fit(X[:8], Y[:8]).recipe_.channels == spectune.parse_channels(
        "DT+SNV | D1(11,2)+SNV | D2(11,2)+SNV"
    )


def test_channels_are_as_their_words_say_behind_the_bins_of_long_spectra() -> None:
    task = Task("y", rows=100, points=400)
    made = recipe_of(Said("funnel", channels="D1(17,3) | RAW"), task)
    assert spectune.format_channels(made.channels) == "BIN(2)+D1(17,3) | BIN(2)"


def test_steps_before_a_network_are_as_good_as_steps_inside() -> None:
    outside = make_pipeline(SNV(), SavitzkyGolay(13, 2, 1), regressor("RAW")).fit(X, Y)
    inside = regressor("SNV+D1").fit(X, Y)
    assert same(outside[-1], inside)
    assert np.array_equal(outside.predict(X), inside.predict(X))


def test_the_prediction_is_the_mean_of_members_and_the_deviation_their_spread() -> None:
    made = regressor(members=3).fit(X, Y)
    mean, deviation = made.predict(X, return_std=True)
    members = made.predict_members(X)
    assert members.shape == (3, len(X))
    assert np.array_equal(mean, members.mean(axis=0))
    assert np.array_equal(mean, made.predict(X))
    assert np.array_equal(deviation, members.std(axis=0))
    assert deviation.min() > 0


def test_an_answer_does_not_depend_on_the_rows_beside_it() -> None:
    made = regressor().fit(X, Y)
    assert made.predict(X[:1]) == pytest.approx(made.predict(X)[:1], rel=1e-12)


def test_members_are_cut_by_themselves_and_groups_stay_together() -> None:
    spectra = spectra_of(X, Y, points_of(None, None, None, X.shape[1]), (), GROUPS)
    made = cuts(spectra, 3, 2)
    assert made[0].tuning.tolist() != made[1].tuning.tolist()
    for fold in made:
        assert not set(GROUPS[fold.train]) & set(GROUPS[fold.tuning])
        assert sorted([*fold.train, *fold.tuning]) == list(range(len(X)))
    grouped, apart = regressor().fit(X, Y, groups=GROUPS), regressor().fit(X, Y)
    assert not same(grouped, apart)


def test_groups_come_by_metadata_routing() -> None:
    with config_context(enable_metadata_routing=True):
        asked = regressor().set_fit_request(groups=True)
        search = GridSearchCV(asked, {"rate": [1e-3, 2e-3]}, cv=GroupKFold(3))
        found = search.fit(X, Y, groups=GROUPS).best_estimator_
        scores = cross_val_score(asked, X, Y, cv=GroupKFold(3), params={"groups": GROUPS})
    assert same(found, clone(found).fit(X, Y, groups=GROUPS))
    rest, held_out = next(GroupKFold(3).split(X, Y, GROUPS))
    assert scores[0] == regressor().fit(X[rest], Y[rest], groups=GROUPS[rest]).score(X[held_out], Y[held_out])
    assert scores[0] != regressor().fit(X[rest], Y[rest]).score(X[held_out], Y[held_out])


def test_other_processes_and_pickles_give_the_same_and_hold_no_tensor() -> None:
    alone = cross_val_score(regressor(), X, Y, cv=KFold(2))
    together = cross_val_score(regressor(), X, Y, cv=KFold(2), n_jobs=2)
    assert np.array_equal(alone, together)
    made = regressor().fit(X, Y)
    kept = pickle.dumps(made)
    assert b"torch" not in kept
    assert np.array_equal(pickle.loads(kept).predict(X), made.predict(X))  # noqa: S301


def test_the_seed_decides_and_threads_do_not() -> None:
    once = regressor().fit(X, Y)
    assert same(once, regressor().fit(X, Y))
    assert same(once, regressor(threads=2).fit(X, Y))
    assert not same(once, regressor(random_state=4).fit(X, Y))
    streamed = regressor(random_state=np.random.RandomState(5))
    assert not same(streamed.fit(X, Y), clone(regressor(random_state=np.random.RandomState(6))).fit(X, Y))


def test_names_of_columns_are_the_axis() -> None:
    frame = pl.DataFrame(X, schema=[f"{position:g}" for position in WAVELENGTHS])
    made = regressor().fit(frame, Y)
    assert made.axis_ == Axis(tuple(WAVELENGTHS.tolist()), "nm")
    assert same(made, regressor(wavelengths=WAVELENGTHS).fit(X, Y))
    with pytest.raises(ValueError, match="feature names"):
        made.predict(frame[:, ::-1])
    assert regressor().fit(X, Y).axis_.unit == "index"


def test_a_pandas_frame_is_as_good_as_an_array() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame(X, columns=[f"{position:g} nm" for position in WAVELENGTHS])
    made = regressor().fit(frame, pandas.Series(Y), groups=pandas.Series(GROUPS))
    assert made.axis_.unit == "nm"
    assert same(made, regressor().fit(X, Y, groups=GROUPS))
    assert np.array_equal(made.predict(frame), regressor().fit(X, Y, groups=GROUPS).predict(X))


def test_columns_that_descend_are_the_same_spectra() -> None:
    rising = regressor("D1", wavelengths=WAVELENGTHS).fit(X, Y)
    falling = regressor("D1", wavelengths=WAVELENGTHS[::-1], unit="nm").fit(X[:, ::-1], Y)
    assert falling.descending_
    assert falling.axis_ == rising.axis_
    assert same(rising, falling)
    assert np.array_equal(rising.predict(X), falling.predict(X[:, ::-1]))


def test_an_estimator_gives_a_model_of_the_package() -> None:
    made = regressor(wavelengths=FRUIT.axis.values).fit(FRUIT.x, Y)
    assert made.model_.predict(FRUIT).mean == pytest.approx(made.predict(FRUIT.x), rel=1e-5)


def test_a_classifier_answers_with_the_labels_it_was_given() -> None:
    made = SpectralCNNClassifier("SNV+D1", **SMALL).fit(X, LABELS)
    odds = made.predict_proba(X)
    assert made.classes_.tolist() == ["plain", "sweet"]
    assert odds.sum(axis=1) == pytest.approx(1)
    assert np.array_equal(made.predict(X), made.classes_[odds.argmax(axis=1)])
    numbered = SpectralCNNClassifier("SNV+D1", **SMALL).fit(X, np.where(LABELS == "sweet", 7, -2))
    assert set(numbered.predict(X)) <= {-2, 7}
    assert np.array_equal(numbered.predict_proba(X), odds)


def test_preprocessing_of_chemotools_stands_before_a_network() -> None:
    scatter = pytest.importorskip("chemotools.scatter", reason="chemotools is not installed")
    theirs = make_pipeline(scatter.StandardNormalVariate(), regressor("D1")).fit(X, Y)
    ours = make_pipeline(SNV(), regressor("D1")).fit(X, Y)
    assert theirs.predict(X) == pytest.approx(ours.predict(X), rel=1e-2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"members": 0}, "members must be a whole number from 1, got 0"),
        ({"epochs": 2.5}, "epochs must be a whole number from 1, got 2.5"),
        ({"threads": -1}, "threads must be a whole number from 1"),
        ({"family": "funel"}, "there is no family 'funel'"),
        ({"values": {"dense.widht": 64}}, r"has no 'dense.widht' \(did you mean dense.width\?\)"),
        ({"values": {"dense.width": [64]}}, "dense.width must be a flag, a number or a word"),
        ({"rate": 0}, "a learning rate must be above 0"),
        ({"rate": 1e30}, "2 of 2 members diverged"),
        ({"channels": "SVN"}, "'SVN' is not a preprocessing step"),
        ({"channels": "RAW", "family": "shen"}, "no value was given for"),
        ({"wavelengths": [1.0, 2.0]}, r"wavelengths must be 35 numbers, one for each column of X, got shape \(2,\)"),
        ({"unit": "cm"}, "unit must be one of nm, cm-1"),
        ({"wavelengths": np.ones(35)}, "must ascend without repeats"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_with_a_sentence(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        SpectralCNNRegressor(**{**SMALL, **changes}).fit(X, Y)
    assert isinstance(caught.value, SettingError | DataError)


def test_data_that_cannot_be_used_are_refused_with_a_sentence() -> None:
    with pytest.raises(DataError, match="all rows belong to one group"):
        regressor().fit(X, Y, groups=np.zeros(len(Y)))
    with pytest.raises(DataError, match="all rows are of one class, 'sweet'"):
        SpectralCNNClassifier(**SMALL).fit(X, np.full(len(Y), "sweet"))
    with pytest.raises(DataError, match="no row of class 'plain' would be left to train on"):
        SpectralCNNClassifier(**SMALL).fit(X, LABELS, groups=LABELS)
    with pytest.raises(ValueError, match="minimum of 4 is required"):
        regressor().fit(X[:3], Y[:3])


def test_hyperparameters_of_numpy_are_numbers() -> None:
    made = regressor(values={"dense.width": np.int64(16)}, rate=np.float64(2e-3), members=np.int64(2)).fit(X, Y)
    assert same(made, regressor(rate=2e-3).fit(X, Y))
    assert made.recipe_.schedule == replace(made.recipe_.schedule, rate=0.002)
