"""Files of R: spectra that are a matrix in a data frame, through an optional extra; tests without it are skipped."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from rwriting import frame, matrix, rda, rds, reals, soil, strings
from spectune.errors import ReadError
from spectune.files.read import read
from spectune.files.readers import rfiles
from writing import small

NEEDS_RDATA = pytest.mark.skipif(find_spec("rdata") is None, reason="rdata is not here: pip install 'spectune[rdata]'")
NIRSOIL = Path(__file__).parents[2].parent / "shared" / "data" / "originals" / "NIRsoil.RData"

TABLE = small(rows=12, points=20)


LUCAS = rda({"LUCAS.SOIL": soil(TABLE)})


def fault(path: Path, content: bytes, sheet: str | None = None) -> str:
    path.write_bytes(content)
    with pytest.raises(ReadError) as caught:
        read(path, sheet=sheet)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_rdata_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rfiles, "library", None)
    for name in ("soil.RData", "soil.rda", "soil.rds", "soil.txt"):
        assert "pip install 'spectune[rdata]'; or write the table in R with write.csv()" in fault(
            tmp_path / name, gzip.compress(LUCAS)
        )


@NEEDS_RDATA
@pytest.mark.parametrize("packed", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_frame_with_a_matrix_of_spectra_is_a_table(tmp_path: Path, packed: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "LUCAS.SOIL_corr.Rdata"
    path.write_bytes(packed(LUCAS))
    table = read(path)
    np.testing.assert_array_equal(table.x, TABLE.x)
    np.testing.assert_array_equal(table.axis.positions, TABLE.axis)
    assert table.axis.unit == "nm"
    assert list(table.columns) == ["ID", "OC", "LC1", "grade"]
    assert table.column("ID").tolist() == TABLE.ids
    np.testing.assert_array_equal(np.isnan(table.column("OC").astype(float)), np.arange(12) == 3)
    assert table.column("LC1").tolist()[:3] == ["", "Woodland", "Cropland"]
    np.testing.assert_array_equal(table.column("grade"), [0, 1, np.nan, *range(3, 12)])
    assert "the spectra are LUCAS.SOIL$spc" in table.notes


@NEEDS_RDATA
@pytest.mark.parametrize("names", [[f"X{p:g}" for p in TABLE.axis], [f"{p:g}" for p in TABLE.axis[::-1]]])
def test_a_single_object_reads_whatever_its_axis_is_written_like(tmp_path: Path, names: list[str]) -> None:
    (tmp_path / "soil.rds").write_bytes(gzip.compress(rds(soil(TABLE, names))))
    table = read(tmp_path / "soil.rds")
    np.testing.assert_array_equal(table.axis.positions, TABLE.axis)
    order = slice(None, None, 1 if names[0].startswith("X") else -1)
    np.testing.assert_array_equal(table.x, TABLE.x[:, order])


@NEEDS_RDATA
def test_names_of_rows_are_ids_and_a_matrix_without_names_has_numbered_points(tmp_path: Path) -> None:
    made = frame({"spc": matrix(TABLE.x, None)}, 12, [f"row{k}" for k in range(12)])
    (tmp_path / "a.rds").write_bytes(rds(made))
    table = read(tmp_path / "a.rds")
    assert table.axis.unit == "index"
    assert table.column("id").tolist() == [f"row{k}" for k in range(12)]


@NEEDS_RDATA
def test_of_several_matrices_the_one_with_an_axis_or_the_one_named_is_read(tmp_path: Path) -> None:
    names = [f"{position:g}" for position in TABLE.axis]
    scores = matrix(TABLE.x[:, :5], [f"PC {letter}" for letter in "abcde"])
    both = frame({"scores": scores, "spc": matrix(TABLE.x, names)}, 12)
    path = tmp_path / "a.rda"
    path.write_bytes(rda({"words": strings(["a"]), "one": both}))
    assert read(path).x.shape == (12, 20)
    path.write_bytes(rda({"one": both, "two": soil(small(rows=9, points=7))}))
    assert read(path, sheet="two").x.shape == (9, 7)
    assert read(path, sheet="one$spc").x.shape == (12, 20)
    assert "several matrices could be the spectra: one$scores (12 x 5), one$spc (12 x 20), two$spc (9 x 7)" in fault(
        path, path.read_bytes()
    )
    assert "column called 'three' that is a matrix" in fault(path, path.read_bytes(), "three")
    assert "'PC a' is no position" in fault(path, path.read_bytes(), "scores")


@NEEDS_RDATA
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (rda({"x": strings(["a", "b"])}), "no spectra found: expected a data frame with a column that is a matrix"),
        (rda({"x": frame({"y": reals(np.ones(3))}, 3)}), "the matrices in the file are: none"),
        (b"id,1100\n", "does not begin as a file of R does"),
        (b"", "the file is empty"),
        (gzip.compress(LUCAS)[:-30], "damaged or cut short"),
        (bz2.compress(LUCAS)[:-30], "damaged or cut short"),
        (LUCAS[: len(LUCAS) // 2], "damaged or cut short"),
        (rda({"x": soil(TABLE, [*"abcdefghijklmnopqrst"])}), "'a' is no position"),
        (rda({"x": soil(TABLE, [*(str(1100 + k) for k in range(19)), "1105"])}), "the position '1105' stands twice"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, content: bytes, told: str) -> None:
    assert told in fault(tmp_path / "soil.RData", content)


@NEEDS_RDATA
@pytest.mark.skipif(not NIRSOIL.exists(), reason="the shared data sets are not here")
def test_the_set_that_ships_with_prospectr_reads_as_from_its_table() -> None:
    table, known = read(NIRSOIL), read(NIRSOIL.parents[1] / "soil_nirsoil" / "spectra.parquet")
    np.testing.assert_array_equal(table.x, known.x)
    assert table.axis == known.axis
    assert {"Nt", "Ciso", "CEC", "train"} == set(table.columns)
