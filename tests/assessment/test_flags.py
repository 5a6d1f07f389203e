"""Flags: silent on spectra like those of the calibration, and in words on those that are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from spectune.assessment.flags import Domain, domain, some_rows
from spectune.assessment.outcome import CNN, Outcome
from spectune.assessment.subspace import inside, outside, subspace
from spectune.errors import DataError
from spectune.files.models import Model
from spectune.spectra.table import Table
from trusted import FOLDS, ready, table, trained

Matrix = NDArray[np.float32]


@pytest.fixture(scope="module")
def done() -> tuple[Model, Outcome]:
    return ready()


@pytest.fixture(scope="module")
def model(done: tuple[Model, Outcome]) -> Model:
    return done[0]


@pytest.fixture(scope="module")
def fresh() -> Table:
    return table(300, seed=2)


def told(model: Model, fresh: Table, x: Matrix) -> list[str]:
    """Words on every spectrum."""
    flags = model.predict(Table(x.astype(np.float32), fresh.axis)).flags
    assert flags is not None
    return ["; ".join(words) for words in flags]


def test_few_fresh_spectra_of_the_same_kind_are_flagged(model: Model, fresh: Table) -> None:
    assert np.mean([bool(words) for words in told(model, fresh, fresh.x)]) < 0.05


def test_few_calibration_rows_would_be_flagged_by_the_other_folds(model: Model) -> None:
    assert model.domain is not None
    assert model.domain.alarms < 0.05


@pytest.mark.parametrize("times", [10.0, 0.1])
def test_spectra_in_another_unit_are_flagged_though_the_network_cannot_see_it(
    model: Model, fresh: Table, times: float
) -> None:
    """The recipe begins with SNV, so the predictions are the same."""
    said = told(model, fresh, fresh.x * times)
    assert all("level" in words or "amplitude" in words for words in said)
    same = model.predict(replace(fresh, x=(fresh.x * times).astype(np.float32))).mean
    np.testing.assert_allclose(same, model.predict(fresh).mean, rtol=1e-3)


def test_an_axis_that_is_off_by_three_points_is_flagged_by_the_distance_from_the_components(
    model: Model, fresh: Table
) -> None:
    said = told(model, fresh, np.roll(fresh.x, 3, axis=1))
    assert all("unlike the calibration spectra (Q " in words for words in said)


def test_a_spike_is_flagged_where_it_is(model: Model, fresh: Table) -> None:
    x = fresh.x.copy()
    x[:, 40] += 0.5 * np.ptp(x, axis=1)
    assert all(f"a spike at {fresh.axis.values[40]:g}" in words for words in told(model, fresh, x))


def test_a_clipped_spectrum_and_a_flat_one_are_told_apart(model: Model, fresh: Table) -> None:
    x = fresh.x[:3].copy()
    x[0] = np.minimum(x[0], np.quantile(x[0], 0.8))
    x[1] = 0.7
    clipped, level, _ = told(model, fresh, x)
    assert "equal values in a row" in clipped
    assert level == "a flat line"


def test_a_value_that_is_no_number_is_refused_with_the_row(model: Model, fresh: Table) -> None:
    x = fresh.x[:4].copy()
    x[2, 5] = np.nan
    with pytest.raises(DataError, match="spectrum 3 of the table"):
        model.predict(Table(x, fresh.axis))


def test_a_prediction_far_outside_the_calibrated_range_is_flagged(model: Model, fresh: Table) -> None:
    """The same spectra are flagged by a model that was calibrated on a narrower range of them."""
    assert model.domain is not None
    predicted = model.predict(fresh).mean
    narrow = replace(model, domain=replace(model.domain, calibrated=(14.0, 15.0), room=0.1))
    said = told(narrow, fresh, fresh.x)
    for words, value in zip(said, predicted, strict=True):
        assert ("calibrated from 14 to 15" in words) == (not 13.9 <= value <= 15.1)


def test_a_spectrum_is_flagged_the_same_whatever_stands_beside_it(model: Model, fresh: Table) -> None:
    x = fresh.x[:6].copy()
    x[3] *= 3
    whole = told(model, fresh, x)
    assert whole == [words for row in range(6) for words in told(model, fresh, x[row : row + 1])]


def test_test_rows_take_no_part_in_what_is_known(done: tuple[Model, Outcome]) -> None:
    """Spoilt test rows leave domain and interval as they are."""
    model, outcome = done
    spectra, before = outcome.spectra, done[0].domain
    x, y = spectra.x.copy(), spectra.y.copy()
    x[spectra.roles == "test"] *= 7
    y[spectra.roles == "test"] += 100
    spoilt = replace(outcome, spectra=replace(spectra, x=x, y=y))
    known = known_by(model, spoilt)
    assert before is not None
    assert known.limit == before.limit
    np.testing.assert_array_equal(known.limits, before.limits)


def known_by(model: Model, outcome: Outcome) -> Domain:
    validated = outcome.model(CNN).validated
    return domain(model.fitted, outcome.spectra.calibration, outcome.fold_of, validated, FOLDS)


def test_members_that_saw_every_row_are_not_asked_for_a_distance(done: tuple[Model, Outcome]) -> None:
    model, outcome = done
    calibration, validated = outcome.spectra.calibration, outcome.model(CNN).validated
    known = domain(model.fitted, calibration, outcome.fold_of, validated, 0)
    assert known.held.hidden == ()
    assert known.alarms < 0.05


def test_classes_are_flagged_too() -> None:
    model, _ = ready("kind", seeds=1)
    fresh = table(60, seed=3)
    assert all(told(model, fresh, fresh.x * 10))
    assert np.mean([bool(words) for words in told(model, fresh, fresh.x)]) < 0.05


def test_a_model_without_a_domain_flags_nothing() -> None:
    model, _ = trained(seeds=1, epochs=1, rows=60)
    assert model.predict(table(20)).flags is None


def test_distances_are_those_of_all_components_and_of_what_they_leave() -> None:
    """By the eigenvectors of the covariance: T2 within the first two, Q the squares of the rest."""
    random = np.random.default_rng(0)
    x = (random.normal(size=(80, 6)) * [5, 3, 0.2, 0.2, 0.1, 0.1]).astype(np.float32)
    found = subspace(x, 2)
    values, vectors = np.linalg.eigh(np.cov(x.T.astype(float)))
    scores = (x - x.mean(axis=0)) @ vectors[:, ::-1]
    np.testing.assert_allclose(inside(found, x), (scores[:, :2] ** 2 / values[::-1][:2]).sum(axis=1), rtol=1e-3)
    np.testing.assert_allclose(outside(found, x), (scores[:, 2:] ** 2).sum(axis=1) / 6, rtol=1e-3)


def test_as_many_components_as_the_variance_needs_and_no_more() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=(200, 3)) @ random.normal(size=(3, 40)) + 1e-4 * random.normal(size=(200, 40))
    assert len(subspace(x, 20, 0.999).variances) == 3
    assert len(subspace(x, 2, 0.999).variances) == 2
    assert len(subspace(np.ones((9, 4)), 3).variances) == 0


def test_a_large_set_gives_whole_groups_evenly(done: tuple[Model, Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    calibration = done[1].spectra.calibration
    monkeypatch.setattr("spectune.assessment.flags.FEW_GROUPS", 20)
    grouped = replace(calibration, groups=np.arange(len(calibration)) // 3)
    chosen = some_rows(grouped, 40)
    assert 30 <= chosen.size <= 45
    for group in np.unique(grouped.groups[chosen]):
        assert (grouped.groups[chosen] == group).sum() == (grouped.groups == group).sum()


@pytest.mark.parametrize("groups", [1, 3, 7])
def test_a_large_set_of_few_groups_gives_rows_of_all_of_them(groups: int, done: tuple[Model, Outcome]) -> None:
    """As a search over three seasons has; otherwise a fold would leave nothing to compare with."""
    calibration = done[1].spectra.calibration
    grouped = replace(calibration, groups=np.random.default_rng(0).integers(groups, size=len(calibration)))
    chosen = some_rows(grouped, 40)
    assert set(grouped.groups[chosen]) == set(grouped.groups)
    assert 30 <= chosen.size <= 40 + groups


def test_a_model_calibrated_on_two_large_groups_knows_its_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spectune.assessment.flags.MOST_ROWS", 30)
    model, outcome = trained()
    calibration = outcome.spectra.calibration
    pair = replace(calibration, groups=outcome.fold_of % 2)
    known = domain(model.fitted, pair, outcome.fold_of % 2, outcome.model(outcome.network).validated, 0)
    assert np.isfinite(known.limits).all()
