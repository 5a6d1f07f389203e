"""Excel, Parquet and .npz: round trips and one sentence for what is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spectune.errors import ReadError
from spectune.files.read import read
from spectune.files.readers import excel, matlab73
from writing import Small, as_csv, as_mat5, as_mat73, as_npz, as_parquet, as_xlsx, sheet_rows, small

FORMATS = {
    "csv": as_csv,
    "xlsx": lambda table: as_xlsx(sheet_rows(table)),
    "parquet": as_parquet,
    "npz": as_npz,
    "mat": as_mat5,
    "h5": as_mat73,
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(FORMATS)), st.integers(2, 9), st.integers(5, 30), st.integers(0, 99))
def test_a_table_reads_the_same_from_every_format(
    tmp_path: Path, suffix: str, rows: int, points: int, seed: int
) -> None:
    table = small(rows, points, seed)
    path = tmp_path / f"file.{suffix}"
    path.write_bytes(FORMATS[suffix](table))
    found = read(path)
    np.testing.assert_allclose(found.x, table.x, rtol=1e-6)
    np.testing.assert_array_equal(found.axis.positions, table.axis)
    np.testing.assert_array_equal(found.column("fat"), table.fat)
    assert found.column("id").tolist() == table.ids


def test_the_content_goes_before_the_name(tmp_path: Path) -> None:
    table = small()
    for suffix, content in FORMATS.items():
        path = tmp_path / "file.csv"
        path.write_bytes(content(table))
        assert len(read(path)) == len(table.ids), suffix


def test_a_sheet_is_chosen_by_name_or_the_first_that_is_filled(tmp_path: Path) -> None:
    table = small()
    path = tmp_path / "book.xlsx"
    path.write_bytes(as_xlsx(sheet_rows(table), "Spectra", before=[]))
    assert any("other sheets: First" in note for note in read(path).notes)
    path.write_bytes(as_xlsx(sheet_rows(table), "Spectra", before=[["a note"]]))
    assert len(read(path, sheet="Spectra")) == 12
    with pytest.raises(ReadError, match="no sheet 'None'; its sheets are First, Spectra"):
        read(path, sheet="None")


def test_rows_of_a_sheet_are_counted_as_excel_counts_them(tmp_path: Path) -> None:
    rows: list[list[object]] = [["Measured in May"], [], *sheet_rows(small())]
    rows[5][4] = "?"
    path = tmp_path / "book.xlsx"
    path.write_bytes(as_xlsx(rows[1:]))
    with pytest.raises(ReadError, match=r"row 5 \('s2'\), column '1104': expected a number, found '\?'"):
        read(path)


def test_parquet_tells_row_and_column_of_a_missing_value(tmp_path: Path) -> None:
    table = small()
    frame = pl.read_parquet(as_parquet(table))
    broken = frame.with_columns(pl.when(pl.col("id") == "s4").then(None).otherwise(pl.col("1104")).alias("1104"))
    broken.write_parquet(tmp_path / "a.parquet")
    with pytest.raises(ReadError, match=r"row 5 \('s4'\), column '1104': expected a number, found an empty cell"):
        read(tmp_path / "a.parquet")
    words = frame.with_columns(pl.col("1104").cast(pl.String).replace("x", "y"))
    words.write_parquet(tmp_path / "b.parquet")
    np.testing.assert_allclose(read(tmp_path / "b.parquet").x, table.x, rtol=1e-6)
    words.with_columns(pl.lit("bad").alias("1104")).write_parquet(tmp_path / "c.parquet")
    with pytest.raises(ReadError, match=r"row 1 \('s0'\), column '1104': expected a number, found 'bad'"):
        read(tmp_path / "c.parquet")


def test_parquet_with_one_sample_per_column_reads(tmp_path: Path) -> None:
    table = small()
    columns = dict(zip(table.ids, table.x, strict=True))
    pl.DataFrame({"nm": table.axis, **columns}).write_parquet(tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    np.testing.assert_array_equal(found.x, table.x)
    assert found.column("id").tolist() == table.ids


def test_npz_without_an_axis_counts_its_points_and_pickles_are_refused(tmp_path: Path) -> None:
    table: Small = small()
    np.savez(tmp_path / "a.npz", spectra=table.x, y=np.stack([table.fat, table.fat], axis=1), y_names=["fat", "oil"])
    found = read(tmp_path / "a.npz")
    assert found.axis.unit == "index"
    assert list(found.columns) == ["fat", "oil"]
    np.savez(tmp_path / "b.npz", x=np.asarray([{"a": 1}], dtype=object))
    with pytest.raises(ReadError, match="more than plain arrays"):
        read(tmp_path / "b.npz")


def test_missing_extras_say_how_to_install_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.xlsx").write_bytes(as_xlsx(sheet_rows(small())))
    (tmp_path / "a.mat").write_bytes(as_mat73(small()))
    monkeypatch.setattr(excel, "calamine", None)
    monkeypatch.setattr(matlab73, "h5py", None)
    with pytest.raises(ReadError, match=r"pip install 'spectune\[excel\]'"):
        read(tmp_path / "a.xlsx")
    with pytest.raises(ReadError, match=r"pip install 'spectune\[hdf5\]'"):
        read(tmp_path / "a.mat")
