"""``spectune simulate``: a file of made-up spectra to try the tool on."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from spectune.errors import SettingError
from spectune.files.spectra_files import check_spectra_path, write_spectra
from spectune.spectra.table import Table
from spectune.synthesis.fruit import fruit
from spectune.synthesis.soil import soil
from spectune.synthesis.soil_optics import FINEST

Kind = Literal["fruit", "soil"]


def simulate(out: Path, kind: Kind, rows: int, seed: int, step: float | None) -> None:
    """Write simulated spectra as CSV, Parquet or a NumPy archive and say what is in it.

    Raises:
        SettingError: a name with another ending, a step for fruit, or one that soils do not have.
    """
    check_spectra_path(out)
    table = _made(kind, rows, seed, step)
    write_spectra(out, table)
    print(f"{len(table)} simulated spectra ({table.axis.describe()}) with {', '.join(table.columns)}: {out}")


def _made(kind: Kind, rows: int, seed: int, step: float | None) -> Table:
    match kind:
        case "fruit":
            if step is not None:
                raise SettingError("simulated fruit are measured every 3 nm, so --step is for soil only: --kind soil")
            return fruit(rows, seed)
        case "soil":
            return soil(rows, seed, FINEST if step is None else step)
