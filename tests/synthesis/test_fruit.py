"""Simulated fruit look like fruit and are worth predicting."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression

from spectune.errors import SettingError
from spectune.spectra.channels import parse_channel
from spectune.spectra.steps import apply
from spectune.spectra.table import Table
from spectune.synthesis.fruit import fruit


def dry_matter(table: Table) -> np.ndarray:
    return np.asarray(table.column("dry_matter"), dtype=float)


def test_the_same_seed_gives_the_same_fruit() -> None:
    one, again, other = fruit(40, 1), fruit(40, 1), fruit(40, 2)
    assert (one.x == again.x).all()
    assert all((one.columns[name] == again.columns[name]).all() for name in one.columns)
    assert not (one.x == other.x).all()


def test_fruit_are_those_they_always_were() -> None:
    """Runs and examples made with an earlier version can be made again."""
    table = fruit(8, 0)
    golden = [[-0.26759973, -0.6578603, -0.47733024], [-0.21874766, -0.5706741, -0.27409557]]
    np.testing.assert_allclose(table.x[[0, -1]][:, [0, 51, 102]], golden, rtol=1e-5)
    assert dry_matter(table).tolist() == [19.91, 19.91, 17.71, 17.71, 14.89, 14.89, 15.61, 15.61]


@pytest.mark.parametrize("rows", [8, 9, 301])
def test_there_are_as_many_rows_as_asked(rows: int) -> None:
    table = fruit(rows, 0)
    assert table.x.shape == (rows, 103)
    assert table.axis.describe() == "103 points, 684 to 990 nm, every 3"
    assert table.x.dtype == np.float32


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(SettingError, match="at least 8 rows"):
        fruit(7, 0)


def test_faces_of_a_fruit_are_replicates_with_one_reference() -> None:
    table = fruit(200, 0)
    names = table.column("fruit")
    assert (names[0::2] == names[1::2]).all()
    assert np.unique(names).size == 100
    assert (dry_matter(table)[0::2] == dry_matter(table)[1::2]).all()
    assert not (table.x[0::2] == table.x[1::2]).any(axis=1).all()


def test_the_last_season_is_the_test_set_and_no_fruit_is_on_both_sides() -> None:
    table = fruit(400, 0)
    test = table.column("split") == "test"
    assert set(table.column("season")[test]) == {4.0}
    assert set(table.column("season")[~test]) == {1.0, 2.0, 3.0}
    assert not set(table.column("fruit")[test]) & set(table.column("fruit")[~test])
    assert 0.2 < test.mean() < 0.3


def test_dry_matter_is_that_of_mango() -> None:
    y = dry_matter(fruit(2000, 3))
    assert 9 < y.min() < y.max() < 25
    assert 15.5 < y.mean() < 17.5
    assert 2 < y.std() < 3.2


def test_spectra_have_the_chlorophyll_edge_and_the_water_band() -> None:
    table = fruit(500, 0)
    nm, mean = table.axis.positions, table.x.mean(axis=0)
    assert mean[0] > mean[nm == 750][0] + 0.2
    assert abs(nm[nm > 900][mean[nm > 900].argmax()] - 972) <= 9
    assert 0.1 < mean[nm == 969][0] - mean[nm == 801][0] < 0.6


def test_noise_rises_to_the_ends() -> None:
    x = apply(parse_channel("D2"), fruit(600, 0).x)
    pairs = (x[0::2] - x[1::2])[:, 6:-6].std(axis=0)
    assert np.median(pairs[:6]) > 1.2 * np.median(pairs[40:50])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_pls_predicts_the_last_season_sensibly_but_not_perfectly(seed: int) -> None:
    table = fruit(600, seed)
    x, y, test = apply(parse_channel("SNV+D1"), table.x), dry_matter(table), table.column("split") == "test"
    predicted = PLSRegression(9, scale=False).fit(x[~test], y[~test]).predict(x[test])
    r2 = 1 - ((predicted - y[test]) ** 2).mean() / y[test].var()
    assert 0.6 < r2 < 0.95
