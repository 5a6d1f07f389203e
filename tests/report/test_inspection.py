"""The picture of a table before anything is fitted."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from spectune.errors import DataError, SettingError
from spectune.report.inspection import candidates, spectra_picture, write_picture
from spectune.spectra.axis import Axis
from spectune.spectra.table import Table

RANDOM = np.random.default_rng(3)
TABLE = Table(
    x=RANDOM.normal(size=(90, 700)).astype(np.float32),
    axis=Axis(tuple(float(v) for v in range(400, 1100)), "nm"),
    columns={
        "id": np.asarray([f"row {row}" for row in range(90)]),
        "fat": np.where(np.arange(90) % 9 == 0, np.nan, RANDOM.normal(size=90)),
        "always one": np.ones(90),
        "all missing": np.full(90, np.nan),
        "<b>$site$": np.asarray(["north", "south", ""] * 30),
    },
    source="soil.csv",
)


def texts(svg: str) -> set[str | None]:
    return {element.text for element in ElementTree.fromstring(svg).iter()}  # noqa: S314


def test_columns_that_could_be_targets_vary_and_recur() -> None:
    assert candidates(TABLE) == ("fat", "<b>$site$")


def test_a_picture_names_axis_spectra_and_targets_with_what_is_missing() -> None:
    found = texts(spectra_picture(TABLE))
    assert {"wavelength (nm)", "fat, 10 missing", "<b>$site$, 30 missing"} <= found
    assert "90 spectra, 60 of them drawn; black: their mean" in found


@pytest.mark.parametrize("target", ["fat", "<b>$site$", "id", "all missing"])
def test_spectra_can_be_coloured_by_any_column(target: str) -> None:
    picture = spectra_picture(TABLE, target)
    assert target in {(text or "").split(", ")[0] for text in texts(picture)}
    assert picture == spectra_picture(TABLE, target)


def test_a_picture_is_small() -> None:
    assert len(spectra_picture(TABLE)) < 700_000


def test_a_table_without_columns_has_a_picture() -> None:
    assert "wavelength (nm)" in texts(spectra_picture(Table(TABLE.x[:1], TABLE.axis)))


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(DataError, match="no column 'sugar'"):
        spectra_picture(TABLE, "sugar")


def test_the_suffix_of_a_file_chooses_the_kind_of_picture(tmp_path: Path) -> None:
    write_picture(TABLE, tmp_path / "spectra.svg", "fat")
    write_picture(TABLE, tmp_path / "spectra.png")
    assert (tmp_path / "spectra.svg").read_text(encoding="utf-8").startswith("<svg")
    assert (tmp_path / "spectra.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(SettingError, match=r"\.svg or \.png, not as '\.pdf'"):
        write_picture(TABLE, tmp_path / "spectra.pdf")
