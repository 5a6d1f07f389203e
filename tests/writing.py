"""Small tables of spectra, written in every format the readers know."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.io import savemat

_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@dataclass(frozen=True, eq=False)
class Small:
    """A table with ids, a target and spectra."""

    ids: list[str]
    fat: NDArray[np.float64]
    axis: NDArray[np.float64]
    x: NDArray[np.float32]

    @property
    def header(self) -> list[str]:
        return ["id", "fat", *(f"{position:g}" for position in self.axis)]

    @property
    def rows(self) -> list[list[str]]:
        pairs = zip(self.ids, self.fat, self.x, strict=True)
        return [[name, f"{fat:g}", *(f"{value:.6g}" for value in row)] for name, fat, row in pairs]


def small(rows: int = 12, points: int = 15, seed: int = 0) -> Small:
    """A table with smooth random spectra."""
    random = np.random.default_rng(seed)
    x = np.round(np.cumsum(random.random((rows, points)), axis=1), 4).astype(np.float32)
    axis = np.asarray(1100 + 2.0 * np.arange(points), dtype=np.float64)
    return Small(
        [f"s{k}" for k in range(rows)], np.asarray(np.round(random.random(rows) * 30, 3), dtype=np.float64), axis, x
    )


def as_csv(table: Small, delimiter: str = ",") -> bytes:
    return "".join(delimiter.join(row) + "\n" for row in [table.header, *table.rows]).encode()


def as_xlsx(
    rows: Sequence[Sequence[object]], sheet: str = "Sheet1", before: Sequence[Sequence[object]] | None = None
) -> bytes:
    """A workbook with one sheet, or with another one before it."""
    sheets = [("First", before), (sheet, rows)] if before is not None else [(sheet, rows)]
    numbers = range(1, len(sheets) + 1)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{k}.xml" ContentType="{_TYPES}.worksheet+xml"/>' for k in numbers
        )
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
            f'Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>{parts}</Types>',
        )
        archive.writestr("_rels/.rels", _relations(["officeDocument"], ["xl/workbook.xml"]))
        names = "".join(
            f'<sheet name="{name}" sheetId="{k}" r:id="rId{k}"/>' for k, (name, _) in zip(numbers, sheets, strict=True)
        )
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>'
        )
        targets = [f"worksheets/sheet{k}.xml" for k in numbers]
        archive.writestr("xl/_rels/workbook.xml.rels", _relations(["worksheet"] * len(targets), targets))
        for k, (_, content) in zip(numbers, sheets, strict=True):
            archive.writestr(f"xl/worksheets/sheet{k}.xml", _sheet(content or []))
    return made.getvalue()


def _relations(kinds: Sequence[str], targets: Sequence[str]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{k}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for k, (kind, target) in enumerate(zip(kinds, targets, strict=True), start=1)
    )
    return f'<Relationships xmlns="{_RELATIONS}">{listed}</Relationships>'


def _sheet(rows: Sequence[Sequence[object]]) -> str:
    listed = "".join(
        f'<row r="{r}">{"".join(_cell(value, r, j) for j, value in enumerate(row) if value is not None)}</row>'
        for r, row in enumerate(rows, start=1)
    )
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{listed}</sheetData></worksheet>'


def _cell(value: object, row: int, column: int) -> str:
    place = f"{_letters(column + 1)}{row}"
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}"><v>{value!r}</v></c>'


def _letters(number: int) -> str:
    made = ""
    while number:
        number, rest = divmod(number - 1, 26)
        made = chr(65 + rest) + made
    return made


def sheet_rows(table: Small) -> list[list[object]]:
    """The table as a person types it into Excel: numbers as numbers."""
    pairs = zip(table.ids, table.fat.tolist(), table.x.tolist(), strict=True)
    return [["id", "fat", *table.axis.tolist()], *([name, fat, *row] for name, fat, row in pairs)]


def as_parquet(table: Small) -> bytes:
    made = io.BytesIO()
    spectra = {name: table.x[:, j] for j, name in enumerate(table.header[2:])}
    pl.DataFrame({"id": table.ids, "fat": table.fat, **spectra}).write_parquet(made)
    return made.getvalue()


def as_npz(table: Small) -> bytes:
    made = io.BytesIO()
    np.savez_compressed(made, x=table.x, axis=table.axis, fat=table.fat, id=np.asarray(table.ids))
    return made.getvalue()


def as_mat5(table: Small, compressed: bool = False) -> bytes:
    made = io.BytesIO()
    savemat(made, _matlab(table), do_compression=compressed)
    return made.getvalue()


def as_mat73(table: Small) -> bytes:
    """A plain HDF5 file as MATLAB lays it out: every array turned round, text as numbers."""
    made = io.BytesIO()
    with h5py.File(made, "w", userblock_size=512) as file:
        turned = {"X": table.x.T, "wavelengths": table.axis[:, None], "fat": table.fat[None, :]}
        for name, value in turned.items():
            file.create_dataset(name, data=value, compression="gzip")
        letters = np.asarray([[ord(letter) for letter in name.ljust(4)] for name in table.ids], dtype=np.uint16)
        file.create_dataset("id", data=letters.T).attrs["MATLAB_class"] = np.bytes_("char")
    return made.getvalue()


def _matlab(table: Small) -> dict[str, Any]:
    return {
        "X": table.x.astype(float),
        "wavelengths": table.axis[None, :],
        "fat": table.fat[:, None],
        "id": np.asarray(table.ids),
    }


def dataset(data: NDArray[Any], **fields: object) -> dict[str, object]:
    """A structure with the fields of a PLS_Toolbox DataSet; cells are given as {(mode, which): content}."""
    made: dict[str, object] = {"data": data, "name": "set", "type": "data"}
    for name in ("label", "axisscale", "class", "include"):
        cells = np.empty((2, 2), dtype=object)
        for place in np.ndindex(2, 2):
            cells[place] = np.empty((0, 0))
        given = fields.get(name, {})
        assert isinstance(given, dict)
        for place, content in given.items():
            cells[place] = content
        made[name] = cells
    return made
