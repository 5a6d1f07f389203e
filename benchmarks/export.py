"""How large an exported model is, and how fast ONNX Runtime answers beside the package.

    python benchmarks/export.py

Weights are random: they change neither size nor speed. The rounds of the two rivals alternate, two threads
each; the table has the best round of each and goes to ``benchmarks/export.md``.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from spectune.export.graph import onnx_bytes
from spectune.networks.layers import Act, Conv, Dense, Flatten, Layers
from spectune.networks.published import ZOO
from spectune.networks.recipe import Recipe
from spectune.spectra.channels import parse_channels, prepare, prepared_shape
from spectune.spectra.spectra import Task
from spectune.training.build import build
from spectune.training.fit import Fitted, predict
from spectune.training.scaling import InputScaling, TargetScaling

THREADS, ROUNDS, PART = 2, 5, 256
SIX = "RAW | DT+SNV | D1 | D2 | D1+SNV | D2+SNV"


@dataclass(frozen=True)
class Case:
    """A model as some user might have it."""

    name: str
    words: str
    layers: Layers
    points: int
    members: int
    rows: int = 10_000


def cases() -> Iterator[Case]:
    """The first start of the default space, a convolution before it, and a deep published network."""
    dense: Layers = (Flatten(), Dense(128), Act("swish"), Dense(128), Act("swish"), Dense(1))
    yield Case("dense, three channels", "DT+SNV | D1(11,2)+SNV | D2(11,2)+SNV", dense, 700, 5)
    yield Case("one convolution, six channels", SIX, (Conv(8, 9, 2), Act("swish"), *dense), 700, 5)
    yield Case("resnet (Ho et al., 2019)", "MAX", ZOO["resnet"](10), 1000, 1, rows=200)


def fitted(case: Case, x: NDArray[np.float32]) -> Fitted:
    """Members with random weights, standardised on the spectra."""
    channels = parse_channels(case.words)
    prepared = torch.as_tensor(prepare(x[:200], channels, "channels"))
    factor = (1 / prepared.std(dim=0))[None, None].repeat(case.members, 1, 1, 1)
    stack = build(case.layers, prepared_shape(channels, "channels", case.points), case.members)
    outputs = getattr(case.layers[-1], "units", 1)
    classes = tuple(f"{number}" for number in range(outputs)) if outputs > 1 else ()
    recipe, task = Recipe(channels, case.layers), Task("y", classes=classes, points=case.points)
    inputs = InputScaling(factor, -prepared.mean(dim=0) * factor)
    return Fitted(recipe, task, stack, inputs, (TargetScaling(mean=5, deviation=2),) * case.members)


def seconds(work: Callable[[], object]) -> float:
    """Time of one round."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def line(case: Case) -> str:
    """A row of the table."""
    random = np.random.default_rng(0)
    walks = np.cumsum(random.normal(size=(case.rows, case.points)), axis=1) / case.points
    x = (0.6 + walks + random.normal(0, 0.1, (case.rows, 1))).astype(np.float32)
    model = fitted(case, x)
    begun = time.perf_counter()
    data = onnx_bytes(model)
    made = time.perf_counter() - begun
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(data, options)

    def file(rows: NDArray[np.float32]) -> None:
        for first in range(0, len(rows), PART):
            session.run(None, {"spectra": rows[first : first + PART]})

    one = [(seconds(lambda: file(x[:1])), seconds(lambda: predict(model, x[:1]))) for _ in range(40 * ROUNDS)]
    all_of_them = [(seconds(lambda: file(x)), seconds(lambda: predict(model, x))) for _ in range(ROUNDS)]
    (quick, slow), (few, many) = np.min(one, axis=0), np.min(all_of_them, axis=0)
    return (
        f"| {case.name} | {case.points} | {case.members} | {case.rows:,} | {len(data) / 1e6:.1f} | {made:.0f} | "
        f"{1e3 * quick:.2f} | {1e3 * slow:.2f} | {few:.2f} | {many:.2f} | {many / few:.1f} |"
    )


def main() -> None:
    """Measures and writes the page."""
    torch.set_num_threads(THREADS)
    head = (
        "# Exported models: size and speed\n\n"
        f"{date.today()}, {platform.machine()}, {THREADS} threads, ONNX Runtime {onnxruntime.__version__}, "
        f"torch {torch.__version__}; `python benchmarks/export.py`\n\nBest of {ROUNDS} rounds in alternation with "
        f"`spectune.training.fit.predict` (one spectrum: of {40 * ROUNDS}), in parts of {PART} rows.\n\n"
        "| model | points | members | spectra | file, MB | made in, s | one: ONNX, ms | one: package, ms | "
        "all: ONNX, s | all: package, s | ratio |\n|---|---|---|---|---|---|---|---|---|---|---|\n"
    )
    rows = []
    for case in cases():
        rows.append(line(case))
        print(rows[-1], flush=True)
    Path(__file__).with_suffix(".md").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
