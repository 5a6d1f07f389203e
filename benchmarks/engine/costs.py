"""How the engine's time per epoch grows with rows, points, members and batch.

    python benchmarks/engine/costs.py

Writes ``costs.md`` and ``costs.svg``. One size changes at a time, the others are the workload's own. Rows, points and
batch are measured with one model on one core; members with all cores. A curve is fitted by a floor and a power,
``seconds = floor + scale * size ** exponent``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
import torch
from host import Busy, facts
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from ours import CORES, Mode, training
from page import table
from scipy.optimize import curve_fit
from workloads import WORKLOADS, Workload, arrays

from spectune.report.drawing import BLUE, GREY, VERMILLION, logarithmic, svg
from spectune.training.fit import Rehearsal
from spectune.training.machine import Machine

HERE = Path(__file__).parent
NAMES = {"P1_256": BLUE, "S1": VERMILLION}
SIZES = {
    "rows": (16, 64, 256, 1024, 4096, 16384),
    "points": (64, 128, 256, 512, 1024, 2048),
    "members": (1, 2, 4, 8, 16),
    "batch": (16, 32, 64, 128, 256, 512, 1024, 2048),
}
UNITS = {"rows": "training rows", "points": "points of a spectrum", "members": "members", "batch": "rows per step"}
TUNING_PART = 0.1
"""Rows looked at after an epoch, as a part of the rows trained on, where these change."""

ROUNDS = 3
UNCOUNTED = 4

TITLE = """# What an epoch costs

Made by `python benchmarks/engine/costs.py --seconds {seconds:g}`, {day}, {processor}, {cores} cores;
others used {others:.2f} cores meanwhile (median).

Seconds per epoch of all members together, validation included, float32, medians of {rounds} rounds. Rows, points and
batch: one member on one core. Members: all cores. Fitted: seconds = floor + scale * size ^ exponent; the floor is the
overhead that stays when the size no longer matters (for the batch: the arithmetic that no batch size saves).

![Time per epoch against size](costs.svg)

"""


@dataclass(frozen=True)
class Curve:
    """Seconds per epoch of a workload for every value of one size; ``seconds`` is (sizes,)."""

    workload: str
    size: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Law:
    """seconds = floor + scale * size ** exponent."""

    floor: float
    scale: float
    exponent: float

    def __call__(self, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Seconds, (sizes,)."""
        return np.asarray(self.floor + self.scale * sizes**self.exponent)


def main() -> None:
    """Measures every curve and writes them."""
    words = argparse.ArgumentParser(description="What an epoch costs.")
    words.add_argument("--seconds", type=float, default=3.0, help="that every point of a curve is measured for")
    words.add_argument("--out", type=Path, default=HERE, help="folder of costs.md and costs.svg")
    asked = words.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    curves, others = [], []
    for name in NAMES:
        for size in SIZES:
            curve, used = measured(WORKLOADS[name], size, asked.seconds)
            curves.append(curve)
            others.append(used)
            print(f"{name}, {size}: {', '.join(f'{one:.4g}' for one in curve.seconds)} s", flush=True)
    write(curves, median(others), asked.seconds, asked.out)


def measured(workload: Workload, size: str, seconds: float) -> tuple[Curve, float]:
    """One curve, and the cores that others used meanwhile; the sizes take turns, so that drift falls on all."""
    trainings = [_started(workload, size, value) for value in SIZES[size]]
    found: list[list[float]] = [[] for _ in trainings]
    busy, start, cpu = Busy.now(), time.perf_counter(), time.process_time()
    for _ in range(ROUNDS):
        for epochs, every in zip(trainings, found, strict=True):
            every.append(_epoch(epochs, seconds / ROUNDS))
    others = busy.others(time.perf_counter() - start, time.process_time() - cpu)
    return Curve(workload.name, size, SIZES[size], tuple(median(every) for every in found)), others


def law(curve: Curve) -> Law:
    """The floor and the power nearest to the curve, by relative error."""
    sizes, seconds = np.asarray(curve.sizes, dtype=np.float64), np.asarray(curve.seconds)

    def logarithm(size: NDArray[np.float64], floor: float, scale: float, exponent: float) -> NDArray[np.float64]:
        return np.asarray(np.log(np.exp(floor) + np.exp(scale + exponent * np.log(size / sizes.mean()))))

    slope = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    start = (np.log(seconds.min() / 2), np.log(np.median(seconds)), slope)
    low, high = (np.log(seconds.min() * 1e-4), -30.0, -1.5), (np.log(seconds.min()), 30.0, 2.5)
    (floor, scale, exponent), _ = curve_fit(logarithm, sizes, np.log(seconds), start, bounds=(low, high))
    return Law(float(np.exp(floor)), float(np.exp(scale) / sizes.mean() ** exponent), float(exponent))


def write(curves: Sequence[Curve], others: float, seconds: float, folder: Path) -> None:
    """The page and its picture."""
    host = facts(CORES)
    head = TITLE.format(seconds=seconds, day=date.today().isoformat(), others=others, rounds=ROUNDS, **host)
    rows = [_row(curve, law(curve)) for curve in curves]
    columns = ("workload", "size", "seconds per epoch", "floor, s", "exponent")
    (folder / "costs.md").write_text(head + table(columns, rows) + "\n", encoding="utf-8")
    picture = svg(lambda figure: draw(figure, curves), "costs", "Time per epoch against size", 5.6)
    (folder / "costs.svg").write_text(picture, encoding="utf-8")


def draw(figure: Figure, curves: Sequence[Curve]) -> None:
    """A panel for every size; dots are measured, lines fitted, dotted lines their floors."""
    panels = figure.subplots(2, 2).ravel()
    for panel, size in zip(panels, SIZES, strict=True):
        for curve in curves:
            if curve.size == size:
                _line(panel, curve)
        logarithmic(panel, "x")
        logarithmic(panel, "y")
        panel.set_xticks(SIZES[size], [str(one) for one in SIZES[size]])
        panel.set_xlabel(UNITS[size])
        panel.set_ylabel("seconds per epoch")
        panel.legend(fontsize=7)


def _line(axes: Axes, curve: Curve) -> None:
    fitted, colour = law(curve), NAMES[curve.workload]
    sizes = np.geomspace(curve.sizes[0], curve.sizes[-1], 60)
    axes.plot(curve.sizes, curve.seconds, "o", color=colour, ms=4)
    axes.plot(sizes, fitted(sizes), color=colour, lw=1.2, label=f"{curve.workload}, exponent {fitted.exponent:.2f}")
    if fitted.floor > 0.01 * min(curve.seconds):
        axes.axhline(fitted.floor, color=colour, lw=0.8, ls=":")
        axes.annotate("floor", (sizes[-1], fitted.floor), color=GREY, fontsize=7, ha="right", va="bottom")


def _row(curve: Curve, fitted: Law) -> list[str]:
    points = ", ".join(f"{size}: {one:.3g}" for size, one in zip(curve.sizes, curve.seconds, strict=True))
    floor = f"{fitted.floor:.2g}" if fitted.floor > 0.01 * min(curve.seconds) else "none seen"
    return [curve.workload, UNITS[curve.size], points, floor, f"{fitted.exponent:.2f}"]


def _started(workload: Workload, size: str, value: int) -> Iterator[Rehearsal]:
    """A training with one size changed, after its first epochs, in which it tries how to share its threads."""
    members = value if size == "members" else 1
    machine = Machine("core", threads=CORES if size == "members" else 1)
    match size:
        case "rows":
            workload = replace(workload, train=value, tuning=max(1, round(TUNING_PART * value)))
        case "points":
            workload = replace(workload, points=value)
        case "batch":
            workload = replace(workload, batch=value)
    epochs = training(workload, *arrays(workload), Mode(size, members, machine))
    for _ in range(UNCOUNTED):
        next(epochs)
    return epochs


def _epoch(epochs: Iterator[Rehearsal], seconds: float) -> float:
    """Median seconds per epoch while ``seconds`` last."""
    every: list[float] = []
    while sum(every) < seconds:
        start = time.perf_counter()
        next(epochs)
        every.append(time.perf_counter() - start)
    return median(every)


if __name__ == "__main__":
    main()
