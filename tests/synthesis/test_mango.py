"""Simulated mango have the shape of the published set, and its difficulty: a last season unlike the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from spectune.cli.app import run
from spectune.errors import SettingError
from spectune.files.read import read
from spectune.spectra.channels import parse_channel
from spectune.spectra.steps import apply
from spectune.spectra.table import Table
from spectune.synthesis.mango import FEWEST, ROWS, SEASONS, mango, season_rows

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def harvests() -> Table:
    return mango(3000, 0)


def number(table: Table, name: str) -> Array:
    return np.asarray(table.column(name), dtype=float)


def rmse(predicted: Array, measured: Array) -> float:
    return float(np.sqrt(((predicted.ravel() - measured) ** 2).mean()))


def test_the_seasons_have_the_published_numbers_of_spectra() -> None:
    """Passos & Mishra (2022): 9,914 spectra of three seasons, 1,448 of the fourth."""
    counts = season_rows(ROWS)
    assert (sum(counts[:3]), counts[3]) == (9914, 1448)


@given(st.integers(FEWEST, 200_000))
def test_fewer_rows_are_fewer_in_every_season(rows: int) -> None:
    counts = season_rows(rows)
    assert sum(counts) == rows
    assert all(abs(count - season.share * rows) < 1.001 for count, season in zip(counts, SEASONS, strict=True))


@settings(max_examples=10)
@given(st.integers(FEWEST, 80), st.integers(1, 200), st.integers(0, 9))
def test_every_season_of_a_small_set_is_the_beginning_of_that_season_in_a_large_one(
    rows: int, more: int, seed: int
) -> None:
    small, large = mango(rows, seed), mango(rows + more, seed)
    for year in (2015, 2016, 2017, 2018):
        some, whole = (table.rows(number(table, "season") == year) for table in (small, large))
        shared = min(len(some), len(whole))  # rounding may give one row more to the smaller set
        assert shared >= len(some) - 1 > 0
        assert (whole.x[:shared] == some.x[:shared]).all()
        for name in some.columns:
            assert (whole.column(name)[:shared] == some.column(name)[:shared]).all()


def test_another_seed_is_other_fruit() -> None:
    assert not (mango(50, 1).x == mango(50, 2).x).all(axis=1).any()


def test_a_fruit_has_two_or_three_spectra_and_one_reference(harvests: Table) -> None:
    names, counts = np.unique(harvests.column("fruit"), return_counts=True)
    assert 2.4 < counts.mean() < 2.6
    assert set(counts.tolist()) <= {1, 2, 3}
    for name in names[:50]:
        same = harvests.rows(harvests.column("fruit") == name)
        for column in ("dry_matter", "population", "season", "region", "cultivar", "temperature"):
            assert len(set(same.column(column).tolist())) == 1
        assert len(np.unique(same.x, axis=0)) == len(same)


def test_the_last_season_is_the_test_and_shares_neither_fruit_nor_population(harvests: Table) -> None:
    test = harvests.column("split") == "test"
    assert set(number(harvests, "season")[test]) == {2018.0}
    for name in ("fruit", "population"):
        column = harvests.column(name)
        assert not set(column[test].tolist()) & set(column[~test].tolist())


def test_the_last_season_is_warmer_and_of_other_cultivars(harvests: Table) -> None:
    test = harvests.column("split") == "test"
    warm, keitt = number(harvests, "temperature"), harvests.column("cultivar") == "Keitt"
    assert warm[test].mean() > warm[~test].mean() + 1
    assert keitt[~test].any()
    assert not keitt[test].any()


def test_dry_matter_is_that_of_mango(harvests: Table) -> None:
    """Anderson et al. (2020): 9.465 to 24.577 %, mean 16.28 %."""
    y = number(harvests, "dry_matter")
    assert y.min() >= 9.5
    assert y.max() <= 24.6
    assert 15.5 < y.mean() < 17
    assert 2 < y.std() < 2.9


def test_spectra_look_like_interactance_of_fruit(harvests: Table) -> None:
    nm, mean = harvests.axis.positions, harvests.x.mean(axis=0)
    assert harvests.x.dtype == np.float32
    assert harvests.x.shape == (3000, 103)
    assert mean[0] > mean[nm == 750][0] + 0.3
    assert abs(nm[nm > 900][mean[nm > 900].argmax()] - 970) <= 9
    assert harvests.notes == ("these spectra are simulated, not measured",)


def test_tuning_rows_do_not_say_how_bad_the_last_season_will_be(harvests: Table) -> None:
    """Passos & Mishra (2022): 0.57 % on tuning rows, 1.07 % on the last season; PLS there 1.0 to 1.3 %."""
    x, y, test = apply(parse_channel("SNV+D1"), harvests.x), number(harvests, "dry_matter"), harvests.column("split")
    cal, fruit = test == "cal", harvests.column("fruit")
    folds = GroupKFold(4)
    held = cross_val_predict(PLSRegression(12, scale=False), x[cal], y[cal], cv=folds, groups=fruit[cal])
    validated = rmse(held, y[cal])
    last = rmse(PLSRegression(12, scale=False).fit(x[cal], y[cal]).predict(x[~cal]), y[~cal])
    assert 0.75 < validated < 1
    assert 1.1 * validated < last < 1.5


def test_a_non_linear_model_sees_more_than_pls(harvests: Table) -> None:
    views = [apply(parse_channel(words), harvests.x) for words in ("RAW", "SNV+D1", "SNV+D2")]
    cal = harvests.column("split") == "cal"
    x, y, fruit = np.hstack(views)[cal], number(harvests, "dry_matter")[cal], harvests.column("fruit")[cal]
    (train, held), *_ = GroupKFold(3).split(x, y, fruit)
    curved = make_pipeline(StandardScaler(), SVR(C=10, gamma=0.3 / x.shape[1]))
    errors = [rmse(model.fit(x[train], y[train]).predict(x[held]), y[held]) for model in (PLSRegression(12), curved)]
    assert 0.6 * errors[0] < errors[1] < 0.9 * errors[0]


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(SettingError, match="at least 40 rows"):
        mango(39, 0)


def test_simulate_writes_mango(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", str(tmp_path / "m.csv"), "--kind", "mango", "--rows", "60", "--seed", "3"]) == 0
    assert "60 simulated spectra (103 points, 684 to 990 nm" in capsys.readouterr().out
    found, made = read(tmp_path / "m.csv"), mango(60, 3)
    np.testing.assert_allclose(found.x, made.x, rtol=1e-6)
    assert tuple(found.columns) == tuple(made.columns)
    assert run(["simulate", str(tmp_path / "n.csv"), "--kind", "mango", "--rows", "20"]) == 2
    assert "at least 40 rows" in capsys.readouterr().err
