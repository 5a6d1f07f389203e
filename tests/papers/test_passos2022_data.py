"""The published files of mango and wheat become one value, whatever their layout; damage is one sentence."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.io import savemat
from sklearn.model_selection import train_test_split

from spectune.errors import DataError, ReadError
from spectune.papers.passos2022.data import mango_file, mendeley_file, simulated_mango, simulated_wheat, wheat_files
from spectune.papers.passos2022.material import Published, as_table, cut_by_group, published_cut, stacked
from spectune.spectra.channels import parse_channels, prepare
from spectune.spectra.select import select

SLICE = Path(__file__).parents[2].parent / "shared" / "data" / "originals" / "mango_dmc_f750_slice.csv"
WAVE = np.arange(684.0, 991.0, 3.0)
NAMES = [f"DT_{part}-{k}.csv" for part, count in (("train", 5), ("val", 2), ("test", 3)) for k in range(1, count + 1)]


def counts(published: Published) -> list[int]:
    return [int((published.roles == role).sum()) for role in ("cal", "tuning", "test")]


def mango_arrays(cal: int = 30, test: int = 8) -> dict[str, NDArray[np.float64]]:
    random = np.random.default_rng(0)
    x, y = random.random((cal + test, 103)), np.round(random.uniform(10, 24, cal + test), 2)
    y[1] = y[0]
    parts = {"Sp_cal": x[:cal], "DM_cal": y[:cal, None], "Sp_test": x[cal:], "DM_test": y[cal:, None]}
    return {**parts, "wave": WAVE[None, :], "SP_all_train": np.zeros((cal, 618)), "SP_all_test": np.zeros((test, 618))}


def as_mat5(found: dict[str, NDArray[np.float64]]) -> bytes:
    made = io.BytesIO()
    savemat(made, found, do_compression=True)
    return made.getvalue()


def as_mat73(found: dict[str, NDArray[np.float64]]) -> bytes:
    made = io.BytesIO()
    with h5py.File(made, "w", userblock_size=512) as file:
        for name, value in found.items():
            file.create_dataset(name, data=value.T)
    return made.getvalue()


def mendeley_csv(seasons: list[int], **changed: Any) -> str:
    """A file with the columns of versions 1 to 3, two points on either side of those that are used."""
    points = [678, 681, *(int(position) for position in WAVE), 993, 996]
    header = ["Set", "Season", "Region", "Date", "Type", "Cultivar", "Pop", "Temp", "DM", *map(str, points)]
    sets = {1: "Cal", 2: "Cal", 3: "Tuning", 4: "Val Ext", 5: "Val Ext 2"}
    rows = [
        [sets[season], season, "NT", "2/10/2015", "Hard Green", "KP", k // 3, "Mid", 10 + k / 7]
        + [round(k + point / 1000, 4) for point in points]
        for k, season in enumerate(seasons)
    ]
    renamed = [changed.get(name.lower(), name) for name in header]
    return "".join(",".join(str(cell) for cell in row) + "\n" for row in [renamed, *rows])


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    """A folder with the ten files, five rows each: the first point of a row tells its part and place."""
    random = np.random.default_rng(0)
    for number, name in enumerate(NAMES):
        x = np.round(random.random((5, 200)), 6)
        x[:, 0] = number + np.arange(5) / 10
        rows = (",".join([*(f"{value:g}" for value in row), str((number + k) % 30)]) for k, row in enumerate(x))
        (tmp_path / name).write_text("\n".join(rows) + "\n")
    return tmp_path


def test_the_cut_is_the_published_one() -> None:
    """Passos & Mishra (2022): 6,642 + 3,272 + 1,448, by scikit-learn's split with seed 42."""
    roles = published_cut(np.arange(11_362) >= 9_914)
    assert [int((roles == role).sum()) for role in ("cal", "tuning", "test")] == [6_642, 3_272, 1_448]
    calibration, tuning = train_test_split(np.arange(9_914), test_size=0.33, shuffle=True, random_state=42)
    assert set(roles[calibration]) == {"cal"}
    assert set(roles[tuning]) == {"tuning"}


@pytest.mark.parametrize("written", [as_mat5, as_mat73])
def test_the_tutorial_file_reads_in_either_version(
    written: Callable[[dict[str, NDArray[np.float64]]], bytes], tmp_path: Path
) -> None:
    (tmp_path / "mango.mat").write_bytes(written(mango_arrays()))
    found, made = mango_file(tmp_path / "mango.mat"), mango_arrays()
    np.testing.assert_allclose(found.x, np.concatenate([made["Sp_cal"], made["Sp_test"]]), rtol=1e-6)
    assert found.x.dtype == np.float32
    assert (found.y == np.concatenate([made["DM_cal"], made["DM_test"]]).ravel()).all()
    assert counts(found) == [20, 10, 8]
    assert (found.roles[30:] == "test").all()
    assert found.groups[0] == found.groups[1]
    assert np.unique(found.groups).size >= 35
    assert (found.axis.describe(), found.unit) == ("103 points, 684 to 990 nm, every 3", "%")
    assert found.notes == ("calibration, tuning and test rows are 20 + 10 + 8, in the paper 6,642 + 3,272 + 1,448",)


def broken(**changed: NDArray[np.float64] | None) -> bytes:
    made = {**mango_arrays(), **changed}
    return as_mat5({name: value for name, value in made.items() if value is not None})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"no matlab file at all" * 20, "no .mat file"),
        (broken()[:-200], "damaged or cut short"),
        (broken(wave=None), "there is no wave of numbers"),
        (broken(DM_test=None), "there is no DM_test of numbers"),
        (broken(wave=WAVE[:-1]), "expected Sp_cal of shape (30, 102)"),
        (broken(DM_test=np.ones(9)), "expected Sp_test of shape (9, 103)"),
        (broken(wave=WAVE[::-1]), "must ascend"),
        (broken(DM_cal=np.full(30, np.nan)), "the array DM_cal holds a value that is no finite number"),
        (broken(Sp_cal=np.ones((2, 103)), DM_cal=np.ones(2)), "three or more others"),
    ],
)
def test_a_damaged_tutorial_file_is_one_sentence(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "mango.mat").write_bytes(content)
    with pytest.raises(ReadError) as caught:
        mango_file(tmp_path / "mango.mat")
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'mango.mat'}: ")
    assert "\n" not in str(caught.value)


def test_the_file_of_the_makers_is_cut_to_the_published_points_and_seasons(tmp_path: Path) -> None:
    (tmp_path / "mango.csv").write_text(mendeley_csv([1] * 20 + [2] * 10 + [3] * 10 + [4] * 9 + [5] * 4))
    found = mendeley_file(tmp_path / "mango.csv")
    assert found.x.shape == (49, 103)
    np.testing.assert_allclose(found.x[7], 7 + WAVE / 1000, atol=1e-4)
    assert counts(found) == [26, 14, 9]
    assert (found.roles[40:] == "test").all()
    assert found.y[3] == pytest.approx(10 + 3 / 7)
    assert found.groups[0] == found.groups[2] != found.groups[3]
    assert found.notes[0] == "4 row(s) of later seasons, or without dry matter, were left out"


def test_a_population_of_two_seasons_is_two_groups(tmp_path: Path) -> None:
    (tmp_path / "mango.csv").write_text(mendeley_csv([1, 1, 2, 2, 3, 3, 4, 4]))
    found = mendeley_file(tmp_path / "mango.csv")
    assert found.groups[1] != found.groups[2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (mendeley_csv([1] * 9), "found 9 of 9"),
        (mendeley_csv([1, 2, 4]), "found 2 of 3"),
        (mendeley_csv([1] * 6 + [4], season="Year"), "there is no 'season' among Set, Year"),
        (mendeley_csv([1] * 6 + [4], dm="dry_matter"), "versions 1 to 3; there is no 'dm'"),
        (mendeley_csv([1] * 6 + [4]).replace(",687,", ",688,"), "none at 687 nm"),
        (mendeley_csv([1] * 6 + [4]).replace("Val Ext,4,", "Val Ext,last,"), "expected numbers in the column Season"),
    ],
)
def test_a_file_that_is_not_that_of_the_makers_is_one_sentence(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "mango.csv").write_text(text)
    with pytest.raises(ReadError) as caught:
        mendeley_file(tmp_path / "mango.csv")
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'mango.csv'}: ")


@pytest.mark.skipif(not SLICE.exists(), reason="the shared data sets are not here")
def test_the_slice_of_the_real_file_reads() -> None:
    found = mendeley_file(SLICE)
    assert (found.x.shape, counts(found)) == ((26, 103), [15, 8, 3])
    assert found.y[0] == 16.79250559
    assert np.unique(found.groups).size == 26
    assert (found.x[:, 0] > found.x[:, 50]).all()


def test_the_ten_files_of_wheat_are_put_together_by_part_and_number(kernels: Path) -> None:
    found = wheat_files([kernels / name for name in reversed(NAMES)])
    np.testing.assert_allclose(found.x[:, 0], (np.arange(10)[:, None] + np.arange(5) / 10).ravel(), rtol=1e-6)
    assert counts(found) == [25, 10, 15]
    assert found.y.tolist() == [float((number + k) % 30) for number in range(10) for k in range(5)]
    assert (len(found.classes), found.classes[0]) == (30, "AK58")
    assert found.axis.describe() == "200 points, 975 to 1641.65 nm, every 3.35"
    folder = wheat_files([kernels])
    assert (folder.x == found.x).all()
    assert (folder.roles == found.roles).all()


def test_parts_are_in_numeric_order_where_names_are_not(kernels: Path) -> None:
    found = wheat_files(sorted(kernels.glob("*.csv")))
    assert found.roles.tolist() == ["cal"] * 25 + ["tuning"] * 10 + ["test"] * 15


def spoil(path: Path, pattern: str, replacement: str) -> None:
    path.write_text(re.sub(pattern, replacement, path.read_text(), count=1))


def test_wheat_that_is_incomplete_or_damaged_is_one_sentence(kernels: Path) -> None:
    with pytest.raises(ReadError, match=r"ten files of wheat kernels, DT_train-1.csv.* missing; .*spectune download"):
        wheat_files([])
    (kernels / "DT_val-2.csv").rename(kernels / "other.csv")
    with pytest.raises(ReadError, match=r"ten files of wheat kernels, DT_val-2.csv missing"):
        wheat_files([kernels])
    with pytest.raises(ReadError, match=r"other.csv: expected names such as DT_train-1.csv"):
        wheat_files(sorted(kernels.iterdir()))
    (kernels / "other.csv").rename(kernels / "DT_val-2.csv")
    with pytest.raises(ReadError, match=r"the part DT_val-2 is there twice"):
        wheat_files([kernels, kernels / "DT_val-2.csv"])
    spoil(kernels / "DT_val-1.csv", r",5\n", ",30\n")
    with pytest.raises(ReadError, match=r"DT_val-1.csv: row 1: expected a class from 0 to 29 .* found 30"):
        wheat_files([kernels])
    spoil(kernels / "DT_val-1.csv", r",30\n", "\n")
    with pytest.raises(ReadError, match=r"DT_val-1.csv: .*200"):
        wheat_files([kernels])
    spoil(kernels / "DT_train-3.csv", r"^2,[0-9.e-]+", "2,many")
    with pytest.raises(ReadError, match=r"DT_train-3.csv: row 1, column '2': expected a number, found 'many'"):
        wheat_files([kernels])
    (kernels / "DT_train-1.csv").write_text("0.1,0.2,3\n")
    with pytest.raises(ReadError, match=r"DT_train-1.csv: expected 200 points and a class in every row, found 3 cells"):
        wheat_files([kernels])


def test_stand_ins_have_the_roles_of_the_published_sets() -> None:
    mango, wheat = simulated_mango(500, 1), simulated_wheat(900, 1)
    assert counts(mango) == [292, 144, 64]
    assert (mango.target, mango.unit, mango.source) == ("dry_matter", "%", "simulated mango")
    assert counts(wheat) == [480, 160, 260]
    assert set(wheat.y[wheat.roles == "tuning"].astype(int).tolist()) == set(range(30))
    for stand_in in (mango, wheat):
        assert stand_in.notes == ("these spectra are simulated, not measured",)


def test_the_published_cut_parts_fruit_and_ours_does_not() -> None:
    published = simulated_mango(500, 1)
    whole = cut_by_group(published)
    shared = [
        set(one.groups[one.roles == "cal"].tolist()) & set(one.groups[one.roles == "tuning"].tolist())
        for one in (published, whole)
    ]
    assert len(shared[0]) > 50
    assert not shared[1]
    assert (whole.roles[published.roles == "test"] == "test").all()
    assert counts(whole)[1] == pytest.approx(counts(published)[1], rel=0.1)
    assert (cut_by_group(published, 7).roles != whole.roles).any()


def test_one_group_cannot_be_cut() -> None:
    published = simulated_mango(100, 0)
    with pytest.raises(DataError, match="all calibration rows of simulated mango are one group"):
        cut_by_group(replace(published, groups=np.zeros(100, dtype=np.intp)))


def test_an_ordinary_job_takes_calibration_and_tuning_rows_and_keeps_the_test() -> None:
    mango = select(as_table(simulated_mango(400, 2)), "dry_matter", split="split", group="group")
    assert (len(mango.calibration), len(mango.test)) == (349, 51)
    assert mango.task.unit == "%"
    assert np.unique(mango.groups).size < 200
    wheat = select(as_table(simulated_wheat(900, 2)), "variety", split="split")
    assert len(wheat.task.classes) == 30
    assert len(wheat.test) == 260


@given(arrays(np.float32, (5, 40), elements=st.floats(-2, 2, width=32)))
def test_the_six_blocks_are_those_of_our_channels(x: NDArray[np.float32]) -> None:
    """Both work from the same float32 spectra; each block is held to 1e-6 of its own scale."""
    ours = prepare(x, parse_channels("RAW | SNV | D1 | D2 | SNV+D1 | SNV+D2"), "concatenate")[:, :, 0]
    for one, other in zip(np.split(stacked(x), 6, axis=1), np.split(ours, 6, axis=1), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6 * max(float(np.abs(other).max()), 1e-30))


def test_the_last_points_of_a_second_derivative_are_equal() -> None:
    """As in the published blocks: the polynomial at the edge is of order 2, so its second derivative is one number."""
    blocks = stacked(simulated_mango(60, 0).x).reshape(60, 6, 103)
    for block in (3, 5):
        np.testing.assert_allclose(blocks[:, block, -7:], np.repeat(blocks[:, block, -1:], 7, axis=1), rtol=1e-4)
    assert np.ptp(blocks[:, 2, -7:], axis=1).min() > 0


def test_the_chunks_that_save_memory_do_not_show() -> None:
    x = simulated_mango(60, 0).x
    assert (stacked(x, chunk=7) == stacked(x)).all()
