"""Baselines choose by cross-validation only, and nothing leaks into a fit."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from spectune.assessment import classifiers, regressors
from spectune.assessment.baselines import baselines, methods, transforms, views
from spectune.assessment.choice import Choice, Method, choose, held_out, judge
from spectune.assessment.classifiers import Logistic, RadialClasses
from spectune.assessment.outcome import Judged
from spectune.assessment.regressors import Radial
from spectune.metrics import scores
from spectune.spectra.folds import Fold, folds
from spectune.spectra.spectra import Spectra, Task
from spectune.synthesis.fruit import fruit

Array = NDArray[np.float64]


def fruits(rows: int = 96, classes: int = 0, skewed: bool = False) -> Spectra:
    """Simulated fruit: dry matter, its exponential, or its class."""
    table = fruit(rows, seed=5)
    y = np.asarray(table.column("dry_matter"), dtype=float)
    task = Task("dry matter", "%", rows=rows, points=len(table.axis), positive=True)
    if skewed:
        y, task = np.exp(y / 3), replace(task, skew=3.0)
    if classes:
        y = np.searchsorted(np.quantile(y, np.linspace(0, 1, classes + 1)[1:-1]), y).astype(float)
        task = replace(task, classes=tuple("abcdef"[:classes]), positive=False)
    names = np.asarray(table.column("fruit"), dtype=np.str_)
    groups = np.unique(names, return_inverse=True)[1].astype(np.intp)
    return Spectra(table.x, table.axis, y, task, names, groups, np.asarray(table.column("split"), dtype=np.str_))


def folded(spectra: Spectra) -> tuple[Fold, ...]:
    return folds(spectra.calibration, 3, 0)


def small(spectra: Spectra, name: str) -> Method[Any]:
    """A baseline with a grid small enough for a test."""
    method = next(m for m in methods(spectra.calibration, folded(spectra)) if m.name == name)
    return replace(method, views=method.views[:3], settings=method.settings[:6], screen=method.screen[:1])


def agree(one: Judged, other: Judged) -> bool:
    parts = [(one.validated, other.validated), (one.calibration, other.calibration)]
    return one.settings == other.settings and all(np.array_equal(a, b) for a, b in parts)


NAMES = ["mean", "PLS", "ridge", "SVR", "majority class", "PLS-DA", "logistic regression", "SVC"]


@pytest.mark.parametrize("name", NAMES)
def test_poisoned_test_rows_alter_no_choice(name: str) -> None:
    clean = fruits(classes=0 if name in NAMES[:4] else 3)
    at = clean.roles == "test"
    poisoned = replace(clean, x=np.where(at[:, None], 1e3 * clean.x, clean.x), y=np.where(at, 0.0, clean.y))
    method = small(clean, name)
    assert agree(judge(method, clean, folded(clean), 0), judge(method, poisoned, folded(clean), 0))


@pytest.mark.parametrize("name", NAMES)
def test_scored_rows_do_not_reach_the_model_that_scores_them(name: str) -> None:
    clean = fruits(classes=0 if name in NAMES[:4] else 3).calibration
    parts = folded(clean)
    scored = parts[0].scored
    x, y = clean.x.copy(), clean.y.copy()
    x[scored[1:]] *= 1.5
    y[scored] = y[scored][::-1]
    method = small(clean, name)
    choice: Choice[Any] = Choice(method.views[0], "none", method.settings[-1], 0.0)
    before = held_out(method, clean, parts, choice, 0)
    after = held_out(method, replace(clean, x=x, y=y), parts, choice, 0)
    np.testing.assert_array_equal(before[scored[0]], after[scored[0]])


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_result(name: str) -> None:
    spectra = fruits(classes=0 if name in NAMES[:4] else 3)
    one, other = (judge(small(spectra, name), spectra, folded(spectra), 1) for _ in range(2))
    assert agree(one, other)
    assert np.array_equal(one.test, other.test)


def test_regression_baselines_come_simplest_first_and_in_shape() -> None:
    spectra = fruits()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = list(baselines(spectra, folded(spectra), 0, clock=iter(range(100)).__next__))
    assert [(model.name, model.rank) for model in made] == [("mean", 0), ("PLS", 1), ("ridge", 2), ("SVR", 3)]
    for model in made:
        assert model.validated.shape == spectra.calibration.y.shape
        assert model.test.shape == spectra.test.y.shape
        assert len(model.fold_errors) == 3
        assert model.seconds == 1
    errors = [float(np.sqrt(np.mean((m.validated - spectra.calibration.y) ** 2))) for m in made]
    assert max(errors[1:]) < 0.7 * errors[0]
    assert "latent variable" in made[1].settings


def test_class_baselines_give_probabilities() -> None:
    spectra = fruits(classes=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = list(baselines(spectra, folded(spectra), 0))
    assert [model.name for model in made] == ["majority class", "PLS-DA", "logistic regression", "SVC"]
    for model in made:
        for output in (model.calibration, model.validated, model.test):
            assert output.shape[1] == 3
            assert (output >= 0).all()
            np.testing.assert_allclose(output.sum(axis=1), 1)
    assert max(made[0].fold_errors) > max(np.mean(model.fold_errors) for model in made[1:])


def test_training_and_tuning_rows_are_fitted_on_together() -> None:
    spectra = fruits()
    seen: list[int] = []

    def counting(x: Array, y: Array, new: Array, settings: Sequence[None]) -> Array:
        seen.append(len(x))
        return np.zeros((len(settings), len(new)))

    judge(Method("none", 0, counting, str, (None,)), spectra, folded(spectra), 0)
    expected = [fold.train.size + fold.tuning.size for fold in folded(spectra)]
    assert seen == [*expected, *expected, len(spectra.calibration)]


def test_many_rows_are_thinned_for_the_choice_and_the_settings_say_so() -> None:
    spectra = fruits()
    seen: list[int] = []

    def counting(x: Array, y: Array, new: Array, settings: Sequence[int]) -> Array:
        seen.append(len(x))
        return np.stack([np.full(len(new), float(setting)) for setting in settings])

    method = Method("few", 0, counting, str, (0, 1), choice_rows=36, fit_rows=30)
    judged = judge(method, spectra, folded(spectra), 0)
    assert max(seen) == 30
    assert min(seen) < 30
    assert judged.settings == "0, fitted on 30 of 72 rows"


def test_of_settings_within_the_tolerance_the_first_is_chosen() -> None:
    spectra = fruits().calibration
    errors = {1: 2.0, 2: 1.015, 3: 1.0, 4: 1.3}

    def constant(x: Array, y: Array, new: Array, settings: Sequence[int]) -> Array:
        return np.stack([np.full(len(new), 100.0 * errors[setting]) for setting in settings])

    method = Method("some", 1, constant, str, (1, 2, 3, 4))
    assert choose(method, spectra, folded(spectra), 0).setting == 3
    assert choose(replace(method, tolerance=0.02), spectra, folded(spectra), 0).setting == 2


def test_a_skewed_positive_target_may_be_transformed_and_errors_stay_in_its_unit() -> None:
    spectra = fruits(skewed=True)
    assert transforms(spectra.task) == ("none", "sqrt", "log")
    assert transforms(replace(spectra.task, positive=False)) == ("none",)
    judged = judge(replace(small(spectra, "PLS"), transforms=("log",)), spectra, folded(spectra), 0)
    assert "log of the target" in judged.settings
    r2 = 1 - ((judged.validated - spectra.calibration.y) ** 2).mean() / spectra.calibration.y.var()
    assert r2 > 0.5


def test_derivatives_that_do_not_fit_a_short_spectrum_are_left_out() -> None:
    assert len(views(["RAW", "D1{w}"], 9, (7, 13))) == 2
    assert views(["RAW", "D1{w}"], 5, (7, 13)) == ((),)


def test_a_ridge_path_is_ridge_regression_at_each_penalty() -> None:
    rng = np.random.default_rng(0)
    x, new = rng.normal(size=(40, 15)), rng.normal(size=(7, 15))
    y = x[:, 0] + rng.normal(size=40)
    found = regressors.ridge(x, y, new, (1e-2, 1e-6))
    largest = float(np.linalg.norm(x - x.mean(axis=0), 2) ** 2)
    for answer, penalty in zip(found, (1e-2, 1e-6), strict=True):
        np.testing.assert_allclose(answer, Ridge(alpha=penalty * largest).fit(x, y).predict(new), rtol=1e-6)


def test_precomputed_kernels_are_those_of_standardised_spectra() -> None:
    rng = np.random.default_rng(0)
    x, new = rng.normal(3, 2, size=(40, 10)), rng.normal(3, 2, size=(9, 10))
    y = np.sin(x[:, 0])
    support = SVR(gamma=0.3 / 10, C=10, epsilon=0.05, tol=1e-2)
    found = regressors.support_vectors(x, y, new, (Radial(0.3, 10.0, 0.05),))[0]
    np.testing.assert_allclose(found, make_pipeline(StandardScaler(), support).fit(x, y).predict(new), atol=0.02)
    labels = (y > 0).astype(float) + (x[:, 1] > 3)
    pipeline = make_pipeline(StandardScaler(), SVC(gamma=0.3 / 10, C=10, break_ties=True)).fit(x, labels)
    shares = classifiers.support_vectors(x, labels, new, (RadialClasses(0.3, 10.0),), 3)[0]
    np.testing.assert_array_equal(shares.argmax(axis=1), pipeline.predict(new))


def test_principal_coordinates_do_not_change_logistic_regression() -> None:
    rng = np.random.default_rng(0)
    x, new = rng.normal(size=(20, 50)), rng.normal(size=(9, 50))
    y = (x[:, 0] > 0).astype(float)
    found = classifiers.logistic(x, y, new, (Logistic(5.0),), 2)[0]
    plain = make_pipeline(StandardScaler(), LogisticRegression(C=5.0 / 50, max_iter=1000)).fit(x, y)
    np.testing.assert_allclose(found, plain.predict_proba(new), atol=1e-3)


def test_a_class_absent_from_the_training_rows_gets_probability_zero() -> None:
    rng = np.random.default_rng(0)
    x, new, y = rng.normal(size=(20, 8)), rng.normal(size=(5, 8)), np.repeat([0.0, 2.0], 10)
    fits = (
        partial(classifiers.logistic, settings=(Logistic(1.0),), classes=3),
        partial(classifiers.support_vectors, settings=(RadialClasses(0.1, 1.0),), classes=3),
        partial(classifiers.majority, settings=(None,), classes=3),
    )
    for fit in fits:
        shares = fit(x, y, new)[0]
        assert (shares[:, 1] == 0).all()
        np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_cross_validated_scores_are_pooled_over_folds_of_the_chosen_settings() -> None:
    spectra = fruits()
    judged = judge(small(spectra, "PLS"), spectra, folded(spectra), 0)
    pooled = scores(spectra.calibration.y, judged.validated, 0)
    sizes = [fold.scored.size for fold in folded(spectra)]
    squares = sum(size * error**2 for size, error in zip(sizes, judged.fold_errors, strict=True))
    assert pooled.rows == sum(sizes)
    assert np.sqrt(squares / sum(sizes)) == pytest.approx(pooled.rmse)  # type: ignore[union-attr]
