"""The data sheet: what is in a table, and what looks wrong in it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spectune.files.read import read
from spectune.spectra.axis import Axis
from spectune.spectra.sheet import guess_signal, sheet
from spectune.spectra.table import Table

DATA = Path(__file__).parents[2].parent / "shared" / "data"
SETS = sorted(path.parent.name for path in DATA.glob("*/spectra.parquet"))


def smooth(rows: int = 60, points: int = 80) -> Table:
    random = np.random.default_rng(3)
    places = np.linspace(0, 1, points)
    bands = np.stack([np.exp(-(((places - centre) / 0.15) ** 2)) for centre in (0.2, 0.5, 0.8)])
    x = (0.3 + random.random((rows, 3)) @ bands + 0.001 * random.standard_normal((rows, points))).astype(np.float32)
    columns = {
        "id": np.asarray([f"s{k}" for k in range(rows)]),
        "fat": np.exp(random.standard_normal(rows)),
        "farm": np.asarray([f"farm {k % 5}" for k in range(rows)]),
        "split": np.asarray(["cal", "cal", "test"] * (rows // 3)),
        "note": np.asarray([f"note {k}" for k in range(rows)]),
    }
    return Table(x, Axis(tuple(np.linspace(1000, 1800, points)), "nm"), columns, "soil.csv")


def test_columns_are_sorted_into_what_they_may_be() -> None:
    found = sheet(smooth())
    assert [column.name for column in found.targets] == ["fat"]
    assert [column.name for column in found.classes] == ["farm"]
    assert (found.ids, found.groups, found.splits, found.others) == (("id",), ("farm",), ("split",), ("note",))
    assert (found.rows, found.points) == (60, 80)
    assert found.targets[0].n == 60
    assert found.classes[0].counts[0] == ("farm 0", 12)


def test_a_sound_table_has_no_oddity_but_its_skew() -> None:
    (only,) = sheet(smooth()).oddities
    assert "'fat' is skewed" in only
    assert "log or Box-Cox transform is worth trying" in only


def changed(**how: object) -> Table:
    table = smooth()
    x = table.x.copy()
    for rows, columns, value in how.get("cells", ()):  # type: ignore[attr-defined]
        x[rows, columns] = value
    return replace(table, x=x)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([(slice(None), slice(0, 4), 0.0)], "4 point(s) have the same value in all spectra (1000 to 1030.38"),
        ([(7, slice(None), 0.5)], "1 spectrum without any structure, a flat line: s7"),
        (
            [(9, 40, 9.0)],
            "1 spectrum with a spike of one point, a cosmic ray or a damaged number: s9 (the first at 1405",
        ),
        ([(4, slice(10, 20), 5.0)], "1 spectrum at the upper limit 5 over several points (clipped?): s4"),
        ([(11, slice(0, 80, 2), 1.5)], "s11"),
    ],
)
def test_what_looks_wrong_is_a_sentence(cells: list[object], told: str) -> None:
    assert any(told in sentence for sentence in sheet(changed(cells=cells)).oddities)


def test_a_mistyped_wavelength_is_noticed() -> None:
    table = smooth()
    axis = Axis((*table.axis.values[:-1], 18000.0), "nm")
    assert any("jumps from 1789.87 to 18000" in sentence for sentence in sheet(replace(table, axis=axis)).oddities)


def test_tables_of_one_or_two_rows_have_a_sheet() -> None:
    for rows in (1, 2, 5):
        assert sheet(smooth().rows(np.arange(rows))).rows == rows


@pytest.mark.skipif(not SETS, reason="the shared data sets are not here")
@pytest.mark.parametrize("name", SETS)
def test_the_signal_is_guessed_from_the_values_of_every_shared_set(name: str) -> None:
    table = read(DATA / name / "spectra.parquet")
    stated = json.loads((DATA / name / "meta.json").read_text())["signal"].split()[0]
    guess = guess_signal(table.x, table.axis)
    assert guess.reason
    assert guess.kind == ("unknown" if name == "plastics_nir" else stated)


@pytest.mark.skipif("soil_nirsoil" not in SETS, reason="the shared data sets are not here")
def test_the_known_oddities_of_shared_sets_are_found() -> None:
    soil = read(DATA / "soil_nirsoil" / "spectra.parquet")
    darkest = soil.column("id")[int(soil.x.mean(axis=1).argmax())]
    found = sheet(soil)
    assert any(f"1 spectrum far above or below the rest in level: {darkest}" in text for text in found.oddities)
    assert any("'total_carbon' is skewed" in sentence for sentence in found.oddities)
    mango = sheet(read(DATA / "originals" / "mango_dmc_f750_slice.csv"))
    assert any("285 to 306, 1152 to 1200" in sentence for sentence in mango.oddities)
    assert sheet(read(DATA / "tecator" / "spectra.parquet")).near_identical == (24, 48)
    assert sheet(read(DATA / "corn" / "spectra.parquet")).equal_ids == (80, 240)
