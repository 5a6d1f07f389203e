"""Whether products of bfloat16 factors cost accuracy on real spectra.

    python benchmarks/precision.py DATA_FOLDER [SET ...]

DATA_FOLDER holds ``NAME/spectra.parquet`` with a ``split`` column; only calibration rows are used. The
same networks, folds, seeds and orders of rows in float32 and in bf16; errors on held-out rows. The table
goes to ``benchmarks/precision.md``.
"""

from __future__ import annotations

import os
import platform
import sys
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectune.files.read import read
from spectune.networks.layers import Act, BatchNorm, Conv, Dense, Dropout, Flatten, Layers, MaxPool
from spectune.networks.precision import Precision
from spectune.networks.recipe import Recipe, Schedule, Transform
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import folds
from spectune.spectra.select import select
from spectune.spectra.spectra import Spectra
from spectune.training.fit import fit
from spectune.training.machine import Machine

Array = NDArray[np.float64]

SETS: dict[str, tuple[str, Transform]] = {
    "tecator": ("fat", "none"),
    "wheat_kernels": ("protein", "none"),
    "soil_nirsoil": ("total_carbon", "log"),
    "cassava": ("beta_carotene", "none"),
    "olive_oil": ("country", "none"),
}
SEEDS = 6
FRONTS: dict[str, Layers] = {
    "one filter, 128-64-16": (
        Conv(1, 5), Act("elu"), Flatten(), Dense(128), Act("elu"), Dense(64), Act("elu"), Dense(16), Act("elu"),
    ),
    "32 filters, batch normalisation": (
        Conv(32, 9, 2), BatchNorm(), Act("relu"), MaxPool(2, 2), Flatten(), Dense(96), Act("swish"), Dropout(0.1),
    ),
}  # fmt: skip
HEAD = "| set, target | network | float32 | bf16 | ratio, mean ± s.e. | spread of seeds |\n|---|---|---|---|---|---|\n"


def main(data: Path, names: list[str]) -> None:
    """Trains everything twice and writes the table."""
    lines = []
    for name, (target, transform) in SETS.items():
        if names and name not in names:
            continue
        spectra = select(read(data / name / "spectra.parquet"), target, split="split").calibration
        for words, front in FRONTS.items():
            plain, half = (errors(spectra, front, transform, precision) for precision in ("float32", "bf16"))
            lines.append(line(f"{name}, {target}", words, plain, half))
            print(lines[-1], flush=True)
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    title = (
        f"# bfloat16 products on real spectra\n\n{date.today()}, {machine}, `python benchmarks/precision.py DATA`.\n"
        f"{SEEDS} seeds of 5 folds of calibration rows, batch 128; RMSE of held-out rows (log-loss for classes), mean\n"
        "over folds; the ratio is bf16 / float32, seed by seed.\n\n"
    )
    Path(__file__).with_suffix(".md").write_text(title + HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def errors(spectra: Spectra, front: Layers, transform: Transform, precision: Precision) -> Array:
    """Error on held-out rows by seed, mean over folds, (SEEDS,)."""
    task = spectra.task
    layers = (*front, Dense(task.outputs))
    schedule = Schedule(rate=2e-3, batch=128, epochs=250, warmup=10, decay="cosine", penalty=1e-4)
    recipe = Recipe(parse_channels("SNV | D1(11,2)+SNV"), layers, schedule, transform=transform, gain=0.4)
    cuts = folds(spectra, 5, 0)
    machine = Machine(threads=os.cpu_count() or 1, precision=precision)
    made = []
    for seed in range(SEEDS):
        seeds = [100 * seed + fold for fold in range(len(cuts))]
        *_, last = fit(recipe, spectra.x, spectra.y, task, cuts, seeds, machine=machine)
        assert last.scored is not None  # noqa: S101 - every fold holds rows out
        made.append(float(last.scored.mean()))
    return np.asarray(made)


def line(name: str, words: str, plain: Array, half: Array) -> str:
    """A row of the table."""
    ratio = half / plain
    off = ratio.std(ddof=1) / np.sqrt(len(ratio))
    return (
        f"| {name} | {words} | {plain.mean():.4g} | {half.mean():.4g} | {ratio.mean():.4f} ± {off:.4f} | "
        f"{plain.std(ddof=1) / plain.mean():.1%} |"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
