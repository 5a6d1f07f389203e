"""``spectune simulate``: a file of made-up spectra to try the tool on."""

from __future__ import annotations

from pathlib import Path

from spectune.errors import SettingError
from spectune.files.tables import spectra_table, write_table
from spectune.synthesis.fruit import fruit


def simulate(out: Path, rows: int, seed: int) -> None:
    """Write simulated fruit spectra as CSV and say what is in it.

    Raises:
        SettingError: the name does not end in ``.csv``.
    """
    if out.suffix.lower() != ".csv":
        raise SettingError(f"simulated spectra are written as CSV, so the name must end in .csv; got {out}")
    table = fruit(rows, seed)
    write_table(out, spectra_table(table))
    print(f"{len(table)} simulated spectra ({table.axis.describe()}) with {', '.join(table.columns)}: {out}")
