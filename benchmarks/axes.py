"""What bringing spectra to another axis costs: straight lines against cubic splines.

    python benchmarks/axes.py DATA_FOLDER

DATA_FOLDER holds ``NAME/spectra.parquet`` with a ``split`` column. Two trials on every set: the points between
every second point are worked out from those; and the spectra are brought half a step aside and back.
The error of prediction is that of PLS with ten latent variables on SNV and first derivative, calibrated
on the spectra as measured. The table goes to ``benchmarks/axes.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from sklearn.cross_decomposition import PLSRegression

from spectune.files.read import read
from spectune.spectra.channels import parse_channel
from spectune.spectra.steps import apply
from spectune.spectra.table import Table

Array = NDArray[np.float64]
Way = Callable[[Array, Array, Array], Array]

TARGETS = {
    "cassava": "beta_carotene",
    "corn": "moisture",
    "diesel_swri": "total_aromatics",
    "soil_geeves": "total_carbon",
    "soil_nirsoil": "total_carbon",
    "tablets_2002": "assay",
    "tecator": "fat",
    "wheat_kernels": "protein",
    "xrd_fegapd": "fe",
    "fruit_puree": "",
    "olive_oil": "",
    "plastics_nir": "",
    "raman_microplastics": "",
}
"""Sets, and what is predicted; sets of classes have the error of the spectra alone."""

COMPONENTS = 10


def linear(at: Array, x: Array, to: Array) -> Array:
    """Straight lines between neighbours."""
    return np.asarray([np.interp(to, at, row) for row in x])


def cubic(at: Array, x: Array, to: Array) -> Array:
    """Cubic splines, as ``spectune.spectra.interpolation``."""
    return np.asarray(CubicSpline(at, x, axis=1)(to))


WAYS: tuple[Way, ...] = (linear, cubic)


def coarser(way: Way, at: Array, x: Array) -> Array:
    """Every second point, and the others worked out from these."""
    return way(at[::2], x[:, ::2], at)


def aside(way: Way, at: Array, x: Array) -> Array:
    """Brought to the middle between points (and both ends), and back."""
    middle = np.concatenate([at[:1], (at[1:] + at[:-1]) / 2, at[-1:]])
    return way(middle, way(at, x, middle), at)


def line(name: str, table: Table) -> str:
    """A row of the page."""
    points = len(table.axis) - 1 + len(table.axis) % 2
    at, x = table.axis.positions[:points], table.x[:, :points].astype(np.float64)
    size = np.sqrt(np.mean((x - x.mean(axis=0)) ** 2))
    cells = [
        f"{100 * np.sqrt(np.mean((make(way, at, x) - x) ** 2)) / size:.2g}" for make in (coarser, aside) for way in WAYS
    ]
    return f"| {name} | {' | '.join([*cells, *predicted(table, TARGETS[name], at, x)])} |"


def predicted(table: Table, target: str, at: Array, x: Array) -> list[str]:
    """Error of prediction from spectra after each trial, as a part of that from the spectra as measured."""
    if not target:
        return ["", "", "", ""]
    y, split = table.columns[target].astype(np.float64), table.columns["split"]
    fitted, tested = (np.flatnonzero((split == role) & ~np.isnan(y)) for role in ("cal", "test"))
    steps = parse_channel("SNV+D1")
    model = PLSRegression(COMPONENTS, scale=False).fit(apply(steps, x[fitted]), y[fitted])

    def off(spectra: Array) -> float:
        return float(np.sqrt(np.mean((model.predict(apply(steps, spectra)).ravel() - y[tested]) ** 2)))

    own = off(x[tested])
    return [f"{off(make(way, at, x[tested])) / own:.3f}" for make in (coarser, aside) for way in WAYS]


def main(data: Path) -> None:
    """Measures and writes the page."""
    head = (
        "# Bringing spectra to another axis\n\n"
        f"{date.today()}; `python benchmarks/axes.py DATA`\n\nError of the spectra in per cent of their deviation "
        "from the mean spectrum; error of prediction as a part of that from the spectra as measured (PLS, SNV and "
        "first derivative).\n\n"
        "| set | twice as coarse: lines, % | splines, % | half a step aside and back: lines, % | splines, % | "
        "prediction, coarse: lines | splines | prediction, aside: lines | splines |\n"
        "|---|---|---|---|---|---|---|---|---|\n"
    )
    rows = []
    for name in TARGETS:
        rows.append(line(name, read(str(data / name / "spectra.parquet"))))
        print(rows[-1], flush=True)
    Path(__file__).with_suffix(".md").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
