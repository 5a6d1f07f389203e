"""MATLAB files: plain arrays, DataSet objects and their include lists, every version."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.io import loadmat, savemat

from spectune.errors import ReadError
from spectune.files.read import read
from spectune.files.readers import matlab5, matlab73
from writing import as_mat5, as_mat73, dataset, small

CORN = Path(__file__).parents[2].parent / "shared" / "data" / "originals" / "corn.mat"


def saved(folder: Path, **variables: Any) -> Path:
    savemat(folder / "file.mat", variables)
    return folder / "file.mat"


@pytest.mark.parametrize("version", ["5", "5 compressed", "7.3"])
def test_plain_arrays_read_in_every_version(tmp_path: Path, version: str) -> None:
    table = small()
    content = as_mat73(table) if version == "7.3" else as_mat5(table, compressed="compressed" in version)
    (tmp_path / "file.mat").write_bytes(content)
    found = read(tmp_path / "file.mat")
    np.testing.assert_array_equal(found.x, table.x)
    np.testing.assert_array_equal(found.axis.positions, table.axis)
    np.testing.assert_array_equal(found.column("fat"), table.fat)
    assert found.column("id").tolist() == table.ids
    assert found.axis.unit == "nm"


def test_version_4_reads(tmp_path: Path) -> None:
    table = small()
    savemat(tmp_path / "old.mat", {"X": table.x.astype(float), "axis": table.axis}, format="4")
    np.testing.assert_array_equal(read(tmp_path / "old.mat").x, table.x)


def test_calibration_and_test_parts_become_one_table_with_a_split(tmp_path: Path) -> None:
    table = small(10)
    parts: dict[str, Any] = {
        "Sp_cal": table.x[:7],
        "Sp_test": table.x[7:],
        "DM_cal": table.fat[:7],
        "DM_test": table.fat[7:],
    }
    found = read(saved(tmp_path, **parts, wave=table.axis, SP_all_cal=np.ones((7, 60)), SP_all_test=np.ones((3, 60))))
    np.testing.assert_array_equal(found.x, table.x)
    np.testing.assert_array_equal(found.column("DM"), table.fat)
    assert found.column("split").tolist() == ["cal"] * 7 + ["test"] * 3


def test_include_lists_are_honoured(tmp_path: Path) -> None:
    table = small(8, 10)
    spectra = dataset(
        np.where(np.arange(8)[:, None] == 2, np.nan, table.x.astype(float)),
        label={(0, 0): np.asarray(table.ids)},
        axisscale={(1, 0): table.axis[None, :], (1, 1): "Wavelength (nm)"},
        include={(0, 0): np.asarray([[1, 2, 4, 5, 6, 8]]), (1, 0): np.asarray([[2, 3, 4, 5, 6, 7, 8, 9]])},
        **{"class": {(0, 0): np.asarray([[1, 1, 2, 2, 2, 1, 1, 2]]), (0, 1): "batch"}},
    )
    rows = [0, 1, 3, 4, 5, 7]
    found = read(saved(tmp_path, spectra=spectra))
    np.testing.assert_array_equal(found.x, table.x[np.ix_(rows, range(1, 9))])
    np.testing.assert_array_equal(found.axis.positions, table.axis[1:9])
    assert found.column("id").tolist() == [table.ids[row] for row in rows]
    assert found.column("batch").tolist() == [1, 1, 2, 2, 1, 2]
    assert any("2 row(s) and 2 point(s) are excluded" in note for note in found.notes)


def test_properties_that_exclude_a_row_exclude_it_everywhere(tmp_path: Path) -> None:
    table = small(8, 10)
    axis = {(1, 0): table.axis[None, :]}
    found = read(
        saved(
            tmp_path,
            nir_a=dataset(table.x.astype(float), axisscale=axis),
            nir_b=dataset(table.x + 1.0, axisscale=axis),
            props=dataset(
                np.stack([table.fat, -table.fat], axis=1),
                label={(1, 0): np.asarray(["Fat", "Loss"])},
                include={(0, 0): np.asarray([[2, 3, 4, 5, 6, 7, 8]])},
            ),
        )
    )
    assert found.x.shape == (14, 10)
    assert found.column("instrument").tolist() == ["a"] * 7 + ["b"] * 7
    assert found.column("id").tolist()[:2] == ["a_2", "a_3"]
    np.testing.assert_array_equal(found.column("fat"), np.tile(table.fat[1:], 2))


def test_an_include_list_beyond_the_data_is_an_error(tmp_path: Path) -> None:
    wrong = dataset(small(4, 5).x.astype(float), include={(0, 0): np.asarray([[1, 2, 5]])})
    with pytest.raises(ReadError, match="includes rows 1 to 4 at most, but its list names 5"):
        read(saved(tmp_path, spectra=wrong))


def test_several_matrices_ask_for_a_name(tmp_path: Path) -> None:
    path = saved(tmp_path, first=np.ones((5, 8)), second=np.zeros((5, 8)) + np.arange(8))
    with pytest.raises(ReadError, match=r"several arrays could be the spectra: first .* name one of them with sheet"):
        read(path)
    assert read(path, sheet="second").x[0, 3] == 3


def test_a_missing_value_in_a_matrix_is_told_with_its_row(tmp_path: Path) -> None:
    x = small().x.astype(float)
    x[4, 2] = np.nan
    with pytest.raises(ReadError, match="row 5, column 1104: expected a number, found nan"):
        read(saved(tmp_path, X=x, wavelengths=small().axis))


def test_a_matrix_with_one_sample_per_column_is_turned_round(tmp_path: Path) -> None:
    table = small()
    found = read(saved(tmp_path, spectra=table.x.T, wavelengths=table.axis, fat=table.fat))
    np.testing.assert_array_equal(found.x, table.x)
    np.testing.assert_array_equal(found.column("fat"), table.fat)


NUMBERS = arrays(
    st.sampled_from(["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]),
    array_shapes(min_dims=2, max_dims=3, max_side=4),
    elements={"allow_nan": False},
)


@settings(max_examples=60)
@given(NUMBERS, st.text("abcäß 1", max_size=9), st.booleans())
def test_the_own_reader_of_version_5_agrees_with_scipy(array: Any, text: str, compressed: bool) -> None:
    cell = np.empty((1, 2), dtype=object)
    cell[0, 0], cell[0, 1] = array, text
    content = io.BytesIO()
    savemat(content, {"a": array, "t": text, "c": cell, "s": {"a": array, "t": text}}, do_compression=compressed)
    ours, theirs = matlab5.variables(content.getvalue()), loadmat(content)
    np.testing.assert_array_equal(ours["a"], theirs["a"])
    np.testing.assert_array_equal(ours["s"]["a"], theirs["s"][0, 0]["a"])
    np.testing.assert_array_equal(ours["c"][0, 0], theirs["c"][0, 0])
    assert "".join(ours["t"]).rstrip() == "".join(theirs["t"]).rstrip()
    assert "".join(ours["c"][0, 1]).rstrip() == text.rstrip()


@pytest.mark.skipif(not CORN.exists(), reason="the shared data sets are not here")
def test_the_own_reader_reads_corn_as_scipy_does() -> None:
    ours, theirs = matlab5.variables(CORN.read_bytes()), loadmat(CORN)
    for name in ("m5spec", "mp5spec", "mp6spec", "propvals", "m5nbs"):
        one, other = ours[name], theirs[name][0, 0]
        np.testing.assert_array_equal(one["data"], other["data"])
        np.testing.assert_array_equal(one["axisscale"][1, 0], other["axisscale"][1, 0])
        np.testing.assert_array_equal(one["include"][0, 0], other["include"][0, 0])
    assert ours["propvals"]["label"][1, 0].tolist() == theirs["propvals"]["label"][0, 0][1, 0].tolist()


def test_a_dataset_in_version_73_reads(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    table = small(6, 9)
    with h5py.File(tmp_path / "set.mat", "w") as file:
        group = file.create_group("spectra")
        group.attrs["MATLAB_class"] = np.bytes_("dataset")
        group["data"] = table.x.astype(float).T
        stored = file.create_group("#refs#")
        stored["axis"] = table.axis[:, None]
        stored["rows"] = np.asarray([[1.0], [2.0], [3.0], [5.0]])
        stored.create_dataset("none", data=np.zeros(2, np.uint64)).attrs["MATLAB_empty"] = np.uint8(1)
        for name, place, key in (("axisscale", (1, 0), "axis"), ("include", (0, 0), "rows"), ("label", (0, 0), "none")):
            cells = np.empty((2, 2), dtype=h5py.ref_dtype)
            for at in np.ndindex(2, 2):
                cells[at] = stored["none"].ref
            cells[place] = stored[key].ref
            group.create_dataset(name, data=cells.T, dtype=h5py.ref_dtype)
    assert matlab73.variables((tmp_path / "set.mat").read_bytes())["spectra"]["data"].shape == (6, 9)
    found = read(tmp_path / "set.mat")
    np.testing.assert_array_equal(found.x, table.x[[0, 1, 2, 4]])
    np.testing.assert_array_equal(found.axis.positions, table.axis)
