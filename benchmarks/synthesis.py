"""The published set of synthetic spectra: seconds and peak memory beside filtering every row.

    python benchmarks/synthesis.py [rounds]

Makes all 34,500 spectra of Schuetzke, Szymanski & Reischl (2023) in every way below, each in a
process of its own and in turn, and writes benchmarks/synthesis.md. Seconds are those of making,
without imports; memory is the peak of the whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from spectune.files.pattern_sets import write_arrays, write_npz, write_parquet
from spectune.synthesis.making import blocks, sparse_spectra
from spectune.synthesis.patterns import SPLITS, Grid, Pattern, PatternConfig
from spectune.synthesis.published import benchmark_config

BASELINE, BASELINE_FILES = "rows filtered one by one, float64, in memory", "the same, written to six files"
PAGES = "no spectra: ones, float32, in memory"


def main() -> None:
    """Measures in child processes, writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=5)
    parser.add_argument("--way", choices=list(WAYS))
    said = parser.parse_args()
    if said.way:
        print(json.dumps(measured(said.way)), flush=True)
        return
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(said.rounds):
        for way, seen in found.items():
            seen.append(child(way))
            print(f"{way}: {seen[-1]}", flush=True)
    Path(__file__).with_suffix(".md").write_text(page(found, said.rounds), encoding="utf-8")


def child(way: str) -> dict[str, float]:
    """One measurement in a process of its own."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--way", way]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)  # noqa: S603
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measured(way: str) -> dict[str, float]:
    """Seconds of making, those of the processor, peak resident memory in MB, and the sum of all spectra."""
    started, busy = time.perf_counter(), time.process_time()
    total = WAYS[way](benchmark_config())
    seconds, cpu = time.perf_counter() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return {"seconds": seconds, "cpu": cpu, "peak": peak, "sum": total}


def filtered(config: PatternConfig) -> dict[str, NDArray[np.float64]]:
    """The published program: draw the peaks of a spectrum, filter the row, store it."""
    law, random = config.law, np.random.default_rng(config.law.seed)
    counts = {"train": law.train, "val": law.val, "test": 9}
    x = {split: np.zeros((count * len(config.spectra), config.datapoints)) for split, count in counts.items()}
    for label, (name, pattern) in enumerate(config.spectra.items()):
        positions, heights = np.array(pattern.positions), np.array(pattern.heights)
        for split in ("train", "val"):
            for row in range(counts[split]):
                moved = np.clip(random.integers(positions - law.shift, positions + law.shift), 0, config.datapoints - 1)
                changed = np.clip(random.uniform(heights - law.variation, heights + law.variation), 0, 2)
                line = np.zeros(config.datapoints)
                line[moved] = changed
                width = random.uniform(*law.width)
                x[split][label * counts[split] + row] = gaussian_filter1d(line, width, mode="constant")
        x["test"][label * 9 : label * 9 + 9] = tested(pattern, config.grid_of(name), config)
    return x


def tested(pattern: Pattern, grid: Grid, config: PatternConfig) -> NDArray[np.float64]:
    """Test spectra of a class, row by row."""
    positions, heights = np.array(pattern.positions), np.array(pattern.heights)
    x = np.zeros((9, config.datapoints))
    for row, (moved, changed) in enumerate(grid.cells):
        change = np.where(heights == 1, 0, changed * grid.variation)
        x[row, positions + moved * grid.shift] = np.clip(heights + change, 0, 2)
        x[row] = gaussian_filter1d(x[row], config.law.test_width, mode="constant")
    return x


def rows_in_memory(config: PatternConfig) -> float:
    """The rival."""
    return sum(float(np.einsum("ij->", part)) for part in filtered(config).values())


def rows_to_files(config: PatternConfig) -> float:
    """The rival, with its six files."""
    with tempfile.TemporaryDirectory() as folder:
        for split, x in filtered(config).items():
            np.save(Path(folder) / f"x_{split}.npy", x)
            np.save(Path(folder) / f"y_{split}.npy", np.repeat(np.arange(500.0), len(x) // 500))
    return 0.0


def sparse_in_memory(config: PatternConfig) -> float:
    """All spectra as sparse matrices."""
    made = [sparse_spectra(config, split) for split in SPLITS]
    return sum(float(part.data.sum(dtype=np.float64)) for part in made)


def block_by_block(config: PatternConfig) -> float:
    """Dense spectra, each block dropped when it was seen."""
    return sum(float(np.einsum("ij->", block.x, dtype=np.float64)) for block in blocks(config))


def dense_in_memory(config: PatternConfig, dtype: type[np.float32] | type[np.float64] = np.float32) -> float:
    """All spectra as dense matrices."""
    made = [sparse_spectra(config, split, dtype).toarray() for split in SPLITS]
    return sum(float(np.einsum("ij->", part, dtype=np.float64)) for part in made)


def pages_only(config: PatternConfig) -> float:
    """No spectra at all: as much memory as the dense ones take, filled with ones."""
    rows = 69 * len(config.spectra)
    np.ones((rows, config.datapoints), dtype=np.float32)
    return 0.0


def ours_to_files(config: PatternConfig, dtype: type[np.float32] | type[np.float64] = np.float32) -> float:
    """Six files."""
    with tempfile.TemporaryDirectory() as folder:
        write_arrays(Path(folder) / "set", config, dtype)
    return 0.0


def ours_to_a_file(config: PatternConfig, write: Callable[[Path, PatternConfig], None], name: str) -> float:
    """One table."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / name, config)
    return 0.0


WAYS: dict[str, Callable[[PatternConfig], float]] = {
    BASELINE: rows_in_memory,
    "spectune: sparse, float32, in memory": sparse_in_memory,
    "spectune: dense blocks, float32, one after the other": block_by_block,
    "spectune: dense, float32, in memory": dense_in_memory,
    "spectune: dense, float64, in memory": lambda config: dense_in_memory(config, np.float64),
    PAGES: pages_only,
    BASELINE_FILES: rows_to_files,
    "spectune: six files, float32": ours_to_files,
    "spectune: six files, float64": lambda config: ours_to_files(config, np.float64),
    "spectune: one .npz file, float32": lambda config: ours_to_a_file(config, write_npz, "set.npz"),
    "spectune: one .parquet file, float32": lambda config: ours_to_a_file(config, write_parquet, "set.parquet"),
}


def page(found: dict[str, list[dict[str, float]]], rounds: int) -> str:
    """The page."""
    lines = [
        "# Synthetic spectra\n",
        f"{date.today()}, {platform.machine()}, one thread; {os.cpu_count()} cores with a load of "
        f"{os.getloadavg()[2]:.1f}; `python benchmarks/synthesis.py {rounds}`\n",
        "All 34,500 published spectra of 5,000 points. Medians (lowest to highest) of "
        f"{rounds} rounds in turn, each in a process of its own; times without imports, memory of the whole process. "
        "Ratios are to the rows filtered one by one, in memory or to files, of the same round; sums of all spectra "
        "agree to six decimals in float64, to seven digits in float32. A dense set in memory waits for the operating "
        f"system to hand out pages: see the row {PAGES!r}.\n",
        "| way | seconds | faster | CPU seconds | less CPU | peak MB | memory | sum |",
        "|---|---|---|---|---|---|---|---|",
        *(line(way, seen, found[BASELINE_FILES if "file" in way else BASELINE]) for way, seen in found.items()),
    ]
    return "\n".join(lines) + "\n"


def line(way: str, seen: list[dict[str, float]], rival: list[dict[str, float]]) -> str:
    """A row of the table."""
    seconds, cpu, peak = ([one[name] for one in seen] for name in ("seconds", "cpu", "peak"))
    faster, less, memory = (
        median(theirs[name] / ours[name] for theirs, ours in zip(rival, seen, strict=True))
        for name in ("seconds", "cpu", "peak")
    )
    total = f"{seen[0]['sum']:.6f}" if seen[0]["sum"] else ""
    shown = f"{median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"
    return (
        f"| {way} | {shown} | {faster:.1f} x | {median(cpu):.2f} | {less:.1f} x | {median(peak):.0f} | "
        f"{1 / memory:.0%} | {total} |"
    )


if __name__ == "__main__":
    main()
