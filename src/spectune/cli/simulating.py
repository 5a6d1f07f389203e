"""``spectune simulate``: a file of made-up spectra to try the tool on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from spectune.errors import SettingError
from spectune.files.spectra_files import check_spectra_path, write_spectra
from spectune.spectra.table import Table
from spectune.synthesis import mango, wheat
from spectune.synthesis.fruit import fruit
from spectune.synthesis.soil import soil
from spectune.synthesis.soil_optics import FINEST

Kind = Literal["fruit", "soil", "mango", "wheat"]

ROWS: Mapping[Kind, int] = {"fruit": 600, "soil": 600, "mango": mango.ROWS, "wheat": wheat.ROWS}
"""Spectra that are made where nobody says how many."""


def simulate(out: Path, kind: Kind, rows: int | None, seed: int, step: float | None) -> None:
    """Write simulated spectra as CSV, Parquet or a NumPy archive and say what is in it.

    Raises:
        SettingError: a name with another ending, too few rows, a step for anything but soil, or one that
            soils do not have.
    """
    check_spectra_path(out)
    if step is not None and kind != "soil":
        raise SettingError(f"simulated {kind} has points of its own, so --step is for soil only: --kind soil")
    table = _made(kind, ROWS[kind] if rows is None else rows, seed, FINEST if step is None else step)
    write_spectra(out, table)
    print(f"{len(table)} simulated spectra ({table.axis.describe()}) with {', '.join(table.columns)}: {out}")


def _made(kind: Kind, rows: int, seed: int, step: float) -> Table:
    match kind:
        case "fruit":
            return fruit(rows, seed)
        case "soil":
            return soil(rows, seed, step)
        case "mango":
            return mango.mango(rows, seed)
        case "wheat":
            return wheat.wheat(rows, seed)
