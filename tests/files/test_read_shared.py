"""The shared data sets read without options, and as their makers mean them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from spectune.files.read import read
from spectune.spectra.select import select
from spectune.spectra.table import is_number

DATA = Path(__file__).parents[2].parent / "shared" / "data"
SETS = sorted(path.parent.name for path in DATA.glob("*/spectra.parquet"))

pytestmark = pytest.mark.skipif(not SETS, reason="the shared data sets are not here")


@pytest.mark.parametrize("name", SETS)
def test_every_shared_set_reads_without_options(name: str) -> None:
    known = json.loads((DATA / name / "meta.json").read_text())
    raw = pl.read_parquet(DATA / name / "spectra.parquet")
    found = read(DATA / name / "spectra.parquet")
    assert found.x.shape == (known["n_samples"], known["n_points"])
    assert list(found.columns) == list(known["meta_columns"])
    assert found.axis.unit == {"deg 2-theta": "2theta"}.get(known["x_unit"], known["x_unit"])
    np.testing.assert_allclose([found.axis.values[0], found.axis.values[-1]], known["x_range"], atol=1e-4)
    assert known["signal"].startswith(found.signal)
    np.testing.assert_array_equal(found.x, raw.select(pl.col(pl.Float32)).to_numpy())
    for target in known.get("targets", {}):
        assert is_number(found.column(target))
    spectra = select(found, known.get("primary_target") or known["class_column"])
    present = raw.filter(
        pl.col(spectra.task.target).is_not_null() & pl.col(spectra.task.target).cast(pl.String).ne("NaN")
    )
    assert len(spectra.calibration) == present.filter(pl.col("split") == "cal").height
    assert len(spectra.test) == present.filter(pl.col("split") == "test").height


@pytest.mark.parametrize("name", SETS)
def test_a_shared_set_reads_the_same_from_csv(name: str, tmp_path: Path) -> None:
    raw = pl.read_parquet(DATA / name / "spectra.parquet")[:40]
    raw.write_csv(tmp_path / "a.csv")
    raw.write_csv(tmp_path / "b.csv", separator=";", decimal_comma=True)
    expected = read(DATA / name / "spectra.parquet").rows(np.arange(min(40, len(raw))))
    for file in ("a.csv", "b.csv"):
        found = read(tmp_path / file)
        np.testing.assert_allclose(found.x, expected.x, rtol=1e-6)
        np.testing.assert_allclose(found.axis.positions, expected.axis.positions)
        assert list(found.columns) == list(expected.columns)


def test_corn_mat_is_the_table_of_its_three_instruments() -> None:
    found, expected = read(DATA / "originals" / "corn.mat"), read(DATA / "corn" / "spectra.parquet")
    assert list(found.columns) == ["id", "sample", "instrument", "moisture", "oil", "protein", "starch"]
    assert found.column("instrument").tolist() == expected.column("instrument").tolist()
    np.testing.assert_array_equal(found.axis.positions, expected.axis.positions)
    np.testing.assert_allclose(found.x, expected.x, atol=1e-7)
    for target in ("moisture", "oil", "protein", "starch"):
        np.testing.assert_allclose(found.column(target).astype(float), expected.column(target).astype(float), atol=1e-9)
    assert (found.axis.unit, found.signal) == ("nm", "absorbance")
    assert any("m5nbs (3 rows)" in note for note in found.notes)


def test_the_originals_read_as_their_makers_publish_them() -> None:
    mango = read(DATA / "originals" / "mango_dmc_f750_slice.csv")
    assert (mango.x.shape, mango.axis.unit, mango.signal) == ((26, 306), "nm", "absorbance")
    assert mango.column("DM").astype(float)[0] == pytest.approx(16.79250559)
    soil = read(DATA / "originals" / "ossl_sample_visnir_data.csv")
    assert (soil.x.shape, soil.axis.unit, soil.signal) == ((20, 2151), "nm", "reflectance")
    (pattern,) = (DATA / "originals").glob("rruff*.txt")
    powder = read(pattern)
    assert (powder.x.shape, powder.axis.unit, powder.signal) == ((1, 8500), "2theta", "intensity")
