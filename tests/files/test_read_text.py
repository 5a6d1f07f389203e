"""Text files: whatever dialect a table is written in, it reads as the same table."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spectune.errors import ReadError
from spectune.files.read import read
from spectune.files.readers.body import _fast, _plain, body_of
from spectune.files.readers.dialect import sniff
from spectune.files.readers.plain import lines_of
from spectune.spectra.table import Table
from writing import Small, as_csv, small

HEADERS = {
    "{:g}": None, "X{:g}": None, "spc.{:g}": None, "nm_{:g}": "nm", "{:g} nm": "nm", "{:g}nm": "nm", "wl{:g}": "nm",
    "wn_{:g} cm-1": "cm-1", "2theta_{:g}": "2theta", "{:g} (cm-1)": "cm-1", "NIR {:g}": None, "Wavelength_{:g}": "nm",
}  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "latin-1", "utf-16")


def write(folder: Path, content: bytes | str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def fault(path: Path) -> str:
    with pytest.raises(ReadError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, object]:
    delimiter = draw(st.sampled_from([",", ";", "\t", "|", " "]))
    return {
        "delimiter": delimiter,
        "comma": delimiter != "," and draw(st.booleans()),
        "header": draw(st.sampled_from(sorted(HEADERS)))
        if delimiter != " "
        else draw(st.sampled_from(["{:g}", "X{:g}"])),
        "encoding": draw(st.sampled_from(ENCODINGS)),
        "end": draw(st.sampled_from(["\n", "\r\n"])),
        "comments": draw(st.sampled_from(["", "# made by hand\n", "% one\n# two\n\n"])),
        "behind": draw(st.booleans()),
        "falling": draw(st.booleans()),
        "across": draw(st.booleans()),
        "quoted": draw(st.booleans()),
        "rows": draw(st.integers(2, 7)),
        "points": draw(st.integers(5, 12)),
        "seed": draw(st.integers(0, 99)),
    }


def written(table: Small, how: dict[str, object]) -> bytes:
    """The table in a dialect, its spectra before or behind the metadata, one sample a row or a column."""
    header = str(how["header"])
    names = [
        header.format(position).replace(".", "," if how["comma"] else ".", 1 if "spc" not in header else 0)
        for position in table.axis
    ]
    order = slice(None, None, -1 if how["falling"] else 1)
    quote = '"{}"' if how["quoted"] else "{}"
    blank = how["delimiter"] != " "
    grid = []
    for k in range(len(table.ids) + 1):
        said = (
            ["id", "fat", "type"]
            if k == 0
            else [table.ids[k - 1], f"{table.fat[k - 1]:.3f}", "näss" if blank else "wet"]
        )
        values = names if k == 0 else [f"{value:.4f}" for value in table.x[k - 1]]
        if how["comma"]:
            said, values = ([cell.replace(".", ",") for cell in cells] for cells in (said, values))
            values = names if k == 0 else values
        said = [quote.format(cell) for cell in said] if k == 0 or how["quoted"] else said
        grid.append([*values[order], *said] if how["behind"] else [*said, *values[order]])
    if not how["across"] and not how["behind"]:
        grid = [list(column) for column in zip(*grid, strict=True)]
    text = str(how["comments"]) + "".join(str(how["delimiter"]).join(row) + "\n" for row in grid)
    return text.replace("\n", str(how["end"])).encode(str(how["encoding"]))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dialects())
def test_a_table_reads_the_same_in_every_dialect(tmp_path: Path, how: dict[str, object]) -> None:
    rows, points, seed = (int(str(how[name])) for name in ("rows", "points", "seed"))
    table = small(rows, points, seed)
    found = read(write(tmp_path, written(table, how)))
    np.testing.assert_allclose(found.x, table.x, rtol=1e-6)
    np.testing.assert_array_equal(found.axis.positions, table.axis)
    np.testing.assert_allclose(found.column("fat").astype(float), table.fat, atol=1e-9)
    assert found.column("id").tolist() == table.ids
    assert set(found.column("type")) == {"näss" if how["delimiter"] != " " else "wet"}
    assert HEADERS[str(how["header"])] in (None, found.axis.unit)


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_fast_way_reads_what_the_plain_way_reads(delimiter: str, decimal: str) -> None:
    if delimiter == decimal:
        return
    table = small(9, 11)
    text = as_csv(table, "@").replace(b".", decimal.encode()).replace(b"@", delimiter.encode())
    lines = lines_of(text)
    body = body_of(lines.texts, lines.rows, sniff(lines.texts))
    header, rest = body.cells(0), body.part(1, 10)
    fast, plain = _fast(rest, range(2, 13)), _plain(rest, range(2, 13), header, 0)
    assert fast is not None
    np.testing.assert_array_equal(fast[0], plain[0])
    assert fast[1] == plain[1]


def test_a_wrong_cell_is_one_sentence_with_row_and_column(tmp_path: Path) -> None:
    lines = as_csv(small()).decode().splitlines()
    cells = lines[4].split(",")
    for wrong, told in (
        ("abc", "'abc'"),
        ("", "an empty cell"),
        ("NaN", "'NaN'"),
        ("inf", "'inf'"),
        ("1e60", "'1e60'"),
    ):
        broken = [*lines[:4], ",".join([*cells[:5], wrong, *cells[6:]]), *lines[5:]]
        message = fault(write(tmp_path, "\n".join(broken)))
        assert f"row 5 ('s3'), column '1106': expected a number, found {told}" in message


def test_rows_are_counted_as_the_user_sees_them(tmp_path: Path) -> None:
    lines = as_csv(small()).decode().splitlines()
    lines[3] = lines[3].rsplit(",", 1)[0] + ",x"
    message = fault(write(tmp_path, "# comment\n\n" + "\n".join([*lines[:2], "", *lines[2:]])))
    assert "row 7 ('s2'), column '1128'" in message


def test_a_wrong_cell_in_a_transposed_file_names_the_sample(tmp_path: Path) -> None:
    text = "nm,s1,s2\nfat,1,2\n1100,0.1,0.2\n1102,0.1,x\n1104,0.3,0.4\n"
    assert "row 4 ('1102'), column 's2': expected a number, found 'x'" in fault(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,1100,1104,1102,1106\na,1,2,3,4\n", "'1102' follows '1104' (columns 3 and 4)"),
        ("id,1100,1102,1102,1106\na,1,2,3,4\n", "'1102' stands twice in the axis (columns 3 and 4)"),
        ("id,fat,moisture\na,1,2\nb,2,3\n", "no axis found"),
        ("id,1100,1102,1104\na,1,2,3\nb,1,2\n", "row 3 has 3 cells, but the first row (row 1) has 4"),
        ("id,fat,fat,1100,1102,1104\na,1,2,1,2,3\n", "two columns are called 'fat'"),
        ("id,1100,1102,1104\n", "not one spectrum"),
        ("", "the file is empty"),
        ("  \n\n", "the file is empty"),
        (";", "delimiters but not one filled cell"),
        ("# about\n,,,\n;;\n", "delimiters but not one filled cell"),
        ('id,1100,1102,1104\n"a,1,2,3\n', "row 2 opens a quote"),
        ("id,400,402,404,40x6,408,410,412\na,1,2,3,4,5,6,7\n", "the axis is parted by '40x6' (column 5)"),
        ("id,400,402,404,fat,900,910,920\na,1,2,3,4,5,6,7\n", "two blocks of columns could be the spectra"),
        ("just words\nmore words\n", "no axis found"),
        ("word\nother\n", "expected cells parted by comma"),
        ("2.11,2.53,2.64,2.98\n2.1,2.5,2.6,3.0\n2.2,2.5,2.7,2.9\n2.3,2.6,2.7,3.1\n", "no header"),
    ],
)
def test_bad_text_is_one_clear_sentence(tmp_path: Path, text: str, told: str) -> None:
    assert told in fault(write(tmp_path, text))


def test_files_that_are_no_files_are_told_apart(tmp_path: Path) -> None:
    assert "there is no such file" in fault(tmp_path / "none.csv")
    assert "this is a folder" in fault(tmp_path)
    assert "binary" in fault(write(tmp_path, bytes(range(256)) * 4))
    assert "gzip file is damaged" in fault(write(tmp_path, gzip.compress(as_csv(small()))[:-20], "a.csv.gz"))


def same(one: Table, other: Small) -> None:
    np.testing.assert_allclose(one.x, other.x, rtol=1e-6)
    np.testing.assert_array_equal(one.axis.positions, other.axis)


def test_files_from_other_programs_read(tmp_path: Path) -> None:
    table = small()
    same(read(write(tmp_path, gzip.compress(as_csv(table)), "a.csv.gz")), table)
    numbered = "".join(
        f"{k}," + line + "\n" if k else "," + line + "\n" for k, line in enumerate(as_csv(table).decode().splitlines())
    )
    assert read(write(tmp_path, numbered)).column("column_1").tolist() == [*range(1, 13)]
    ended = as_csv(table, ";").decode().replace("\n", ";\n")
    same(read(write(tmp_path, ended)), table)
    padded = as_csv(table).decode() + "," * (len(table.header) - 1) + "\n\n"
    same(read(write(tmp_path, padded)), table)
    np.savetxt(tmp_path / "saved.txt", table.x, header=" ".join(f"{v:g}" for v in table.axis))
    same(read(tmp_path / "saved.txt"), table)
    spaced = as_csv(table).replace(b",", b",  ")
    same(read(write(tmp_path, spaced)), table)
    frame = "\n".join(['"X1100" "X1102" "X1104"', '"a" 1 2 3', '"b" 4 5 6'])
    assert read(write(tmp_path, frame)).column("id").tolist() == ["a", "b"]


def test_a_list_of_pairs_is_one_spectrum(tmp_path: Path) -> None:
    found = read(write(tmp_path, "##NAMES=x\n5.00, 26\n5.01, 32\n5.02, 12\n##END=\n\n", "quartz.txt"))
    assert found.x.tolist() == [[26.0, 32.0, 12.0]]
    assert found.axis.unit == "2theta"
    assert found.column("id").tolist() == ["quartz"]


def test_a_numeric_column_apart_from_the_axis_stays_data_with_a_note(tmp_path: Path) -> None:
    found = read(write(tmp_path, "2019,id,1100,1102,1104\n7,a,1,2,3\n8,b,2,3,4\n"))
    assert found.column("2019").tolist() == [7.0, 8.0]
    assert any("'2019'" in note for note in found.notes)


def test_ids_that_count_are_not_taken_for_an_axis(tmp_path: Path) -> None:
    text = "nr,1100,1102,1104\n" + "".join(f"{k},{k},2,3\n" for k in range(1, 30))
    found = read(write(tmp_path, text))
    assert found.x.shape == (29, 3)
    text = "nm,1,2,3,4\n" + "".join(f"{w},1,2,3,4\n" for w in range(1100, 1130, 2))
    assert read(write(tmp_path, text)).x.shape == (4, 15)


def test_codes_keep_their_zeros_and_missing_values_are_missing(tmp_path: Path) -> None:
    found = read(write(tmp_path, "id,dm,kind,1100,1102,1104\n007,NA,,1,2,3\n008,1.5,x,1,2,4\n009,n.d.,NaN,1,2,5\n"))
    assert found.column("id").tolist() == ["007", "008", "009"]
    assert np.isnan(found.column("dm").astype(float)).tolist() == [True, False, True]
    assert found.column("kind").tolist() == ["", "x", ""]


def test_what_the_user_says_goes_before_what_is_guessed(tmp_path: Path) -> None:
    path = write(tmp_path, as_csv(small()))
    assert read(path).axis.unit == "nm"
    found = read(path, unit="cm-1", signal="reflectance")
    assert (found.axis.unit, found.signal) == ("cm-1", "reflectance")
    (tmp_path / "meta.json").write_text(
        '{"x_unit": "cm-1", "signal": "absorbance log(1/R)", "targets": {"fat": {"unit": "%"}}}'
    )
    beside = read(path)
    assert (beside.axis.unit, beside.signal, beside.units) == ("cm-1", "absorbance", {"fat": "%"})
    assert any("meta.json" in note for note in beside.notes)
    (tmp_path / "meta.json").write_text('{"x_unit": "cm-1", "x_range": [400, 700]}')
    assert read(path).axis.unit == "nm"
