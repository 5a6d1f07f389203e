"""Training from a file larger than memory: rate against memory, and peak of resident memory.

    python benchmarks/large_file.py FOLDER [rows] [points]

Writes rows x points of float32 spectra to FOLDER (4 GB by default), trains one epoch and more of the
same network from the mapped file and from memory, each in a process of its own and in turn, and
writes benchmarks/large_file.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

from spectune.networks.layers import Act, Conv, Dense, Flatten, Layers
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.fit import fit
from spectune.training.machine import Machine

CASES: dict[str, tuple[str, Layers]] = {
    "one channel, wide dense": (
        "RAW",
        (Conv(1, 5), Act("elu"), Flatten(), Dense(128), Act("elu"), Dense(64), Act("elu"), Dense(1)),
    ),
    "three channels, 16 filters": (
        "SNV | D1(11,2)+SNV | D2(17,3)+SNV",
        (Conv(16, 9, 2), Act("swish"), Flatten(), Dense(64), Act("swish"), Dense(1)),
    ),
}
EPOCHS = 3


def main() -> None:
    """Writes the file, measures in child processes, writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("points", type=int, nargs="?", default=1_000)
    parser.add_argument("--case", choices=list(CASES))
    parser.add_argument("--from", dest="place", choices=["file", "memory"])
    said = parser.parse_args()
    if said.case:
        print(json.dumps(measured(said.folder, said.rows, said.points, said.case, said.place)), flush=True)
        return
    said.folder.mkdir(parents=True, exist_ok=True)
    write(said.folder, said.rows, said.points)
    lines = []
    for case in CASES:
        found = {place: child(said, case, place) for place in ("memory", "file")}
        lines.append(line(case, found))
        print(lines[-1], flush=True)
    Path(__file__).with_suffix(".md").write_text(page(said, lines), encoding="utf-8")


def write(folder: Path, rows: int, points: int) -> None:
    """Spectra-like rows and a target, part by part."""
    if (folder / "x.f4").exists() and (folder / "x.f4").stat().st_size == 4 * rows * points:
        return
    random = np.random.default_rng(0)
    axis = np.arange(points)
    centres = np.linspace(0, points, 20)
    basis = np.exp(-0.5 * ((axis - centres[:, None]) / (points / 30)) ** 2).astype(np.float32)
    target = np.empty(rows)
    with (folder / "x.f4").open("wb") as file:
        for first in range(0, rows, 20_000):
            heights = random.random((min(20_000, rows - first), 20), dtype=np.float32)
            part = heights @ basis + 0.002 * random.standard_normal((len(heights), points), dtype=np.float32)
            target[first : first + len(heights)] = heights[:, 3] + heights[:, 11] ** 2
            file.write(part.astype(np.float32).tobytes())
    np.save(folder / "y.npy", target)


def child(said: argparse.Namespace, case: str, place: str) -> dict[str, float]:
    """One measurement in a process of its own."""
    command = [sys.executable, __file__, str(said.folder), str(said.rows), str(said.points)]
    done = subprocess.run([*command, "--case", case, "--from", place], capture_output=True, text=True, check=True)  # noqa: S603
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measured(folder: Path, rows: int, points: int, case: str, place: str) -> dict[str, float]:
    """Seconds per epoch after the first, and peak resident memory in GB."""
    x = np.memmap(folder / "x.f4", dtype=np.float32, mode="r", shape=(rows, points))
    if place == "memory":
        x = np.fromfile(folder / "x.f4", dtype=np.float32).reshape(rows, points)
    y = np.load(folder / "y.npy")
    words, layers = CASES[case]
    recipe = Recipe(parse_channels(words), layers, Schedule(batch=256, epochs=EPOCHS), gain=0.4)
    order = np.random.default_rng(1).permutation(rows)
    fold = Fold(order[rows // 50 :], order[: rows // 50], order[:0])
    times = [time.perf_counter()]
    losses = []
    machine = Machine(threads=2, memory=1 << 40)
    for seen in fit(recipe, x, y, Task("t", rows=rows, points=points), [fold], [0], machine=machine):
        times.append(time.perf_counter())
        losses.append(float(seen.epoch.training[0]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"seconds": float(np.min(np.diff(times)[1:])), "peak": peak, "loss": losses[-1]}


def line(case: str, found: dict[str, dict[str, float]]) -> str:
    """A row of the table."""
    memory, file = found["memory"], found["file"]
    same = "equal" if memory["loss"] == file["loss"] else f"{memory['loss']:.6g} and {file['loss']:.6g}"
    return (
        f"| {case} | {memory['seconds']:.1f} | {file['seconds']:.1f} | {memory['seconds'] / file['seconds']:.0%} | "
        f"{memory['peak']:.1f} | {file['peak']:.2f} | {same} |"
    )


def page(said: argparse.Namespace, lines: list[str]) -> str:
    """The page."""
    head = (
        f"# Training from a file larger than memory\n\n{date.today()}, {platform.machine()}, two threads; "
        f"{said.rows:,} spectra of {said.points:,} points; `python benchmarks/large_file.py FOLDER`\n\n"
        "| network | prepared in memory, s/epoch | from file, s/epoch | rate | GB, memory | GB, file | losses |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
