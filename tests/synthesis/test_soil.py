"""Simulated soils look like the topsoils of Europe, obey their optics, and do not depend on each other."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import skew
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import KFold, cross_val_predict

from spectune.cli.app import run
from spectune.errors import SettingError
from spectune.files.read import read
from spectune.files.spectra_files import write_spectra
from spectune.spectra.table import Table
from spectune.synthesis.fruit import fruit
from spectune.synthesis.soil import COVERS, WAVES, soil
from spectune.synthesis.soil_optics import OTHERS, Soils, reflectance, wavelengths

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def library() -> Table:
    """Six thousand soils at few points."""
    return soil(6000, 0, step=50)


def number(table: Table, name: str) -> Array:
    return np.asarray(table.column(name), dtype=float)


def loam(**changed: float) -> Soils:
    """One mean mineral soil with some of its properties changed."""
    usual = dict.fromkeys((field.name for field in fields(Soils)), 0.0) | {
        "matter": 0.04, "humified": 0.6, "aliphatic": 1, "cellulose": 1, "lignin": 1, "nitrogen": 2, "clay": 20,
        "silt": 40, "kaolinite": 0.3, "smectite": 0.2, "chlorite": 0.1, "goethite": 0.01, "water": 0.015,
        "grain": 1, "slope": 0.3, "gain": 1,
    }  # fmt: skip
    others, waves = np.zeros((1, len(OTHERS))), np.zeros((1, WAVES))
    columns = {name: np.array([float(value)]) for name, value in (usual | changed).items()}
    return Soils(**(columns | {"others": others, "waves": waves}))


def depth(soils: Soils, nm: float) -> float:
    """How far absorbance at ``nm`` stands above the line between points 40 nm on either side."""
    left, middle, right = -np.log10(reflectance(soils, np.array([nm - 40, nm, nm + 40])))[0]
    return float(middle - (left + right) / 2)


def test_the_same_seed_gives_the_same_soils() -> None:
    one, again, other = soil(20, 1, 10), soil(20, 1, 10), soil(20, 2, 10)
    assert (one.x == again.x).all()
    assert all((one.columns[name] == again.columns[name]).all() for name in one.columns)
    assert not (one.x == other.x).any(axis=1).all()


@settings(max_examples=15)
@given(st.integers(1, 30), st.integers(1, 300), st.integers(0, 9))
def test_a_small_set_is_the_beginning_of_a_large_one(rows: int, more: int, seed: int) -> None:
    small, large = soil(rows, seed, 50), soil(rows + more, seed, 50)
    assert (large.x[:rows] == small.x).all()
    assert all((large.columns[name][:rows] == small.columns[name]).all() for name in small.columns)


def test_the_chunks_that_save_memory_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = soil(50, 3, 7)
    monkeypatch.setattr("spectune.synthesis.soil_optics._CHUNK", 3)
    assert (soil(50, 3, 7).x == whole.x).all()


def test_a_coarser_step_sees_the_same_soils_at_fewer_points() -> None:
    fine, coarse = soil(30, 4), soil(30, 4, 5)
    assert fine.axis.describe() == "4200 points, 400 to 2499.5 nm, every 0.5"
    assert coarse.axis.describe() == "420 points, 400 to 2495 nm, every 5"
    assert all((fine.columns[name] == coarse.columns[name]).all() for name in fine.columns)
    assert np.abs(fine.x[:, ::10] - coarse.x).max() < 0.02


@pytest.mark.parametrize("step", [0.0, -1.0, 0.25, 0.9, 11.0, 100.0, float("nan"), float("inf")])
def test_a_step_that_does_not_divide_the_range_is_refused(step: float) -> None:
    with pytest.raises(SettingError, match="must divide 2100 nm"):
        soil(10, 0, step)


def test_no_rows_are_refused() -> None:
    with pytest.raises(SettingError, match="at least one row"):
        soil(0, 0)


def test_every_value_is_a_reflectance(library: Table) -> None:
    assert library.signal == "reflectance"
    assert library.x.dtype == np.float32
    assert library.x.min() > 0
    assert library.x.max() < 1
    assert library.notes == ("these spectra are simulated, not measured",)


def test_organic_carbon_is_skewed_as_in_the_european_library(library: Table) -> None:
    """LUCAS 2009: 0 to 587 g/kg, mean near 50, median near 21, standard deviation near 91."""
    carbon = number(library, "organic_carbon")
    assert 0 < carbon.min() < 5
    assert 550 < carbon.max() <= 587
    assert 17 < np.median(carbon) < 25
    assert 42 < carbon.mean() < 58
    assert 80 < carbon.std() < 110
    assert 3 < skew(carbon) < 4.5
    assert 0.04 < (carbon > 120).mean() < 0.10


def test_sand_silt_and_clay_are_whole_and_make_100(library: Table) -> None:
    parts = np.stack([number(library, name) for name in ("clay", "silt", "sand")])
    assert (parts.sum(axis=0) == 100).all()
    assert (parts >= 1).all()
    assert (parts == parts.round()).all()


def test_forests_and_wetlands_hold_more_carbon_than_cropland(library: Table) -> None:
    carbon, cover = number(library, "organic_carbon"), library.column("land_cover")
    median = {name: float(np.median(carbon[cover == name])) for name in COVERS}
    assert median["cropland"] < median["grassland"] < median["woodland"] < median["wetland"]


def test_nitrogen_follows_carbon_and_acidity_follows_lime(library: Table) -> None:
    carbon, nitrogen = number(library, "organic_carbon"), number(library, "nitrogen")
    assert np.corrcoef(np.log(carbon), np.log(nitrogen + 0.1))[0, 1] > 0.9
    assert 8 < np.median(carbon[nitrogen > 0.5] / nitrogen[nitrogen > 0.5]) < 16
    limed = number(library, "caco3") > 0
    assert number(library, "ph")[limed].min() > 7
    assert np.median(number(library, "ph")[~limed]) < 6.5


@pytest.mark.parametrize(
    ("name", "nm", "more"),
    [
        ("carbonate", 2338, 400),
        ("kaolinite", 2207, 0.6),
        ("kaolinite", 2162, 0.6),
        ("smectite", 2207, 0.5),
        ("water", 1414, 0.024),
        ("water", 1916, 0.024),
        ("goethite", 920, 0.04),
        ("goethite", 480, 0.04),
        ("haematite", 530, 0.02),
        ("haematite", 870, 0.02),
        ("aliphatic", 1730, 3),
        ("aliphatic", 2310, 3),
        ("cellulose", 2100, 3),
        ("lignin", 2270, 3),
        ("nitrogen", 2055, 12),
        ("nitrogen", 2180, 12),
    ],
)
def test_a_band_deepens_with_its_constituent(name: str, nm: float, more: float) -> None:
    start = 0.3 if name in ("aliphatic", "cellulose", "lignin") else 0.0
    middle = (start + more) / 2
    depths = [depth(loam(**{"matter": 0.1, name: value}), nm) for value in (start, middle, more)]
    assert depths[0] < depths[1] < depths[2]


@settings(max_examples=40)
@given(st.floats(0.01, 0.9), st.floats(1.05, 3), st.floats(0, 1), st.floats(2, 70))
def test_more_organic_matter_is_darker_in_the_visible(
    matter: float, factor: float, humified: float, clay: float
) -> None:
    nm = np.arange(400.0, 600.0, 20.0)
    less, more = (
        reflectance(replace(loam(clay=clay, humified=humified, goethite=0), matter=np.array([part])), nm)
        for part in (matter, min(matter * factor, 0.99))
    )
    assert (more < less).all()


def test_the_same_carbon_darkens_sand_more_than_clay_and_ever_less() -> None:
    nm = np.array([700.0])

    def darkening(clay: float, low: float, high: float) -> float:
        pair = [-np.log10(reflectance(loam(clay=clay, matter=part), nm)) for part in (low, high)]
        return float(pair[1][0, 0] - pair[0][0, 0])

    assert darkening(3, 0, 0.02) > 1.5 * darkening(50, 0, 0.02)
    assert darkening(20, 0, 0.02) > 1.5 * darkening(20, 0.1, 0.12)


def test_noise_rises_to_both_ends() -> None:
    second = np.diff(soil(200, 0).x, n=2, axis=1).std(axis=0)
    assert second[:50].mean() > 2 * second[2000:2200].mean()
    assert second[-50:].mean() > 2 * second[2000:2200].mean()


def test_pls_predicts_organic_carbon_well_but_not_perfectly() -> None:
    table = soil(500, 1, step=10)
    absorbance, y = -np.log10(table.x.astype(float)), number(table, "organic_carbon")
    folds = KFold(4, shuffle=True, random_state=0)
    predicted = cross_val_predict(PLSRegression(15, scale=False), absorbance, y, cv=folds).ravel()
    assert 0.6 < 1 - ((predicted - y) ** 2).mean() / y.var() < 0.93


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
@pytest.mark.parametrize("made", [soil(30, 2, 20), fruit(30, 2)], ids=["soil", "fruit"])
def test_a_file_gives_back_what_was_written(suffix: str, made: Table, tmp_path: Path) -> None:
    write_spectra(tmp_path / f"made{suffix}", made)
    found = read(tmp_path / f"made{suffix}")
    np.testing.assert_allclose(found.x, made.x, rtol=1e-6)
    assert found.axis == made.axis
    assert found.signal == made.signal or made.signal == "absorbance"
    assert tuple(found.columns) == tuple(made.columns)
    for name in made.columns:
        np.testing.assert_array_equal(found.columns[name], made.columns[name])


def test_simulate_writes_soil_and_fruit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", str(tmp_path / "a.npz"), "--kind", "soil", "--rows", "12", "--step", "10"]) == 0
    assert "12 simulated spectra (210 points" in capsys.readouterr().out
    assert (read(tmp_path / "a.npz").x == soil(12, 0, 10).x).all()
    assert run(["simulate", str(tmp_path / "b.csv"), "--rows", "12", "--seed", "5"]) == 0
    np.testing.assert_allclose(read(tmp_path / "b.csv").x, fruit(12, 5).x, rtol=1e-6)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("fruit.xlsx", "ends in .csv, .parquet, .npz"),
        ("fruit.csv --step 5", "--step is for soil only"),
        ("soil.csv --kind soil --step 0.9", "must divide 2100 nm"),
        ("soil.csv --kind rock", "--kind"),
    ],
)
def test_a_mistake_is_one_sentence(words: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, *rest = words.split()
    assert run(["simulate", str(tmp_path / name), *rest]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert said in shown
    assert shown.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_wavelengths_are_those_of_the_library() -> None:
    nm = wavelengths()
    assert (nm[0], nm[-1], nm.size) == (400.0, 2499.5, 4200)
