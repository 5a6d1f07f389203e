"""The trainings that are timed: networks of three papers, their sizes and their settings, as plain values.

One description serves both sides. Ours trains from the records; the rival reads them as JSON, beside arrays that
hold what our network receives, number for number. The spectra are random but shaped like spectra.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spectune.networks.layers import (
    Act,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Layers,
    MaxPool,
    Shape,
    parameters,
    shapes,
)
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.channels import parse_channels, prepare, prepared_shape
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task

Floats = NDArray[np.float32]
Values = NDArray[np.float64]

BANDS = 24
"""Absorption bands of the random spectra."""

WITHOUT_END = 1_000_000_000
"""Epochs of a training that ends when it is told to."""


@dataclass(frozen=True)
class Goals:
    """How many times faster than Keras we want to be: one model at a time, all cores busy, the same in bf16."""

    one: float
    all: float
    bf16: float | None


@dataclass(frozen=True)
class Workload:
    """One training.

    Attributes:
        name, about: what it is called, and where it comes from.
        points: of a raw spectrum.
        channels: preprocessing in words.
        layers: the network, output layer included.
        classes: number of classes, 0 for regression.
        train, tuning: rows that are trained on, and rows that are looked at after every epoch.
        batch, rate: rows per step, learning rate.
        penalty: L2, as gradient ``penalty * weight``.
        start: how Keras draws starting kernels (ours are always He-normal; it takes no part in the time).
        goals: what we want to reach.
    """

    name: str
    about: str
    points: int
    channels: str
    layers: Layers
    classes: int
    train: int
    tuning: int
    batch: int
    rate: float
    penalty: float
    start: Literal["he_normal", "glorot_uniform"]
    goals: Goals

    @property
    def recipe(self) -> Recipe:
        """What our side trains; the rate falls on a plateau, as in the papers' Keras code."""
        schedule = Schedule(rate=self.rate, batch=self.batch, epochs=WITHOUT_END, penalty=self.penalty, decay="plateau")
        return Recipe(parse_channels(self.channels), self.layers, schedule)

    @property
    def shape(self) -> Shape:
        """(channels, points) of the signal the network receives."""
        return prepared_shape(self.recipe.channels, self.recipe.layout, self.points)

    @property
    def task(self) -> Task:
        """What is predicted."""
        return Task("target", classes=tuple(f"class {number}" for number in range(self.classes)))

    @property
    def fold(self) -> Fold:
        """The first rows train, the others are looked at after every epoch."""
        rows = np.arange(self.train + self.tuning)
        return Fold(rows[: self.train], rows[self.train :], rows[:0])


def _passos(batch: int) -> Workload:
    layers = (Conv(1, 5), Act("elu"), *_elu_head(128, 64, 16), Dense(1))
    about = f"Passos & Mishra (2022), mango regression, batch {batch}"
    goals = Goals(4, 7, 8 if batch >= 256 else None)
    return Workload(
        f"P1_{batch}", about, 618, "RAW", layers, 0, 6642, 3272, batch, 0.0025, 0.0006, "he_normal", goals
    )  # fmt: skip


def _elu_head(*units: int) -> Layers:
    dense: Layers = tuple(layer for width in units for layer in (Dense(width), Act("elu")))
    return (Flatten(), *dense)


def _wheat() -> Workload:
    layers = (Conv(1, 5), Act("elu"), *_elu_head(512, 256, 128), Dense(30))
    about = "Passos & Mishra, wheat kernels, 30 classes, a fifth of the rows"
    return Workload(
        "P2", about, 1200, "RAW", layers, 30, 14400, 4800, 512, 0.0025, 0.003, "he_normal", Goals(1.8, 2.2, 4)
    )  # fmt: skip


SHEN_CHANNELS = "RAW | SNV | D1 | SNV+D1"


def _shen() -> Workload:
    layers = (
        Conv(55, 5, 4), Act("selu"), Flatten(),
        Dense(251), Act("elu"), BatchNorm(), Dropout(0.22),
        Dense(219), Act("swish"), BatchNorm(), Dropout(0.22), Dense(1),
    )  # fmt: skip
    about = "Shen & Viscarra Rossel (2021), the published optimum, one fold"
    return Workload(
        "S1", about, 210, SHEN_CHANNELS, layers, 0, 15846, 1761, 1105, 1e-3, 0.0, "glorot_uniform", Goals(1.25, 1.25, 2)
    )  # fmt: skip


def _shen_blocks() -> Workload:
    blocks = tuple(
        layer for filters in (32, 48, 64) for layer in (Conv(filters, 5, 2), BatchNorm(), Act("relu"), MaxPool(2, 2))
    )
    layers = (*blocks, Flatten(), Dense(128), Act("elu"), BatchNorm(), Dropout(0.22), Dense(1))
    about = "Shen & Viscarra Rossel (2021), a network of their space with three blocks"
    return Workload(
        "S2", about, 210, SHEN_CHANNELS, layers, 0, 15846, 1761, 256, 1e-3, 0.0, "glorot_uniform", Goals(2, 3, 4)
    )  # fmt: skip


def _schuetzke(name: str, layers: Layers, steps: int, goals: Goals) -> Workload:
    about = f"Schuetzke et al. (2023), {name[2:]}, 500 classes, {steps} steps and one of validation"
    return Workload(
        name, about, 5000, "RAW", layers, 500, 128 * steps, 128, 128, 3e-4, 0.0, "glorot_uniform", goals
    )  # fmt: skip


def _two_convs() -> Layers:
    return (
        Conv(64, 50, 2), Act("relu"), MaxPool(3, 2), Conv(64, 25, 3), Act("relu"), MaxPool(2, 3), Flatten(),
        Dropout(0.3), Dense(2000), Dropout(0.3), Dense(500), Dropout(0.3), Dense(500),
    )  # fmt: skip


def _six_convs() -> Layers:
    blocks = tuple(
        layer
        for kernel, size in ((35, 3), (30, 3), (25, 2), (20, 1), (15, 1), (10, 1))
        for layer in (Conv(64, kernel), Act("relu"), MaxPool(size, 2))
    )
    head = (
        Dropout(0.7), Dense(3100), Act("relu"), Dropout(0.7), Dense(1200), Act("relu"), Dropout(0.7), Dense(500),
    )  # fmt: skip
    return (*blocks, Flatten(), *head)


WORKLOADS = {
    one.name: one
    for one in (
        *(_passos(batch) for batch in (64, 128, 256, 896)),
        _wheat(),
        _shen(),
        _shen_blocks(),
        _schuetzke("Z_CNN2", _two_convs(), 10, Goals(1, 1, 2)),
        _schuetzke("Z_CNN6", _six_convs(), 3, Goals(1, 1, 3.5)),
    )
}


def epoch_flops(workload: Workload) -> float:
    """Floating-point operations of an epoch's convolutions and dense layers.

    Training costs three times the forward pass, less the gradient that the first layer need not give.

    >>> round(epoch_flops(WORKLOADS["P1_256"]) / 1e9, 2)
    4.2
    """
    signals = pairwise((workload.shape, *shapes(workload.layers, workload.shape)))
    forward = [_flops(layer, *pair) for layer, pair in zip(workload.layers, signals, strict=True)]
    costly = [one for one in forward if one]
    return workload.train * (3.0 * sum(costly) - costly[0]) + workload.tuning * float(sum(costly))


def _flops(layer: object, before: Shape, after: Shape) -> int:
    match layer:
        case Conv(filters, kernel):
            return 2 * after[1] * filters * kernel * before[0]
        case Dense(units):
            return 2 * before[0] * before[1] * units
        case _:
            return 0


def arrays(workload: Workload, seed: int = 0) -> tuple[Floats, Values]:
    """Random smooth spectra with a learnable target: x (rows, points), y (rows,)."""
    random = np.random.default_rng(seed)
    rows, axis = workload.train + workload.tuning, np.linspace(0, 1, workload.points)
    centres, widths = random.uniform(0, 1, BANDS), random.uniform(0.01, 0.12, BANDS)
    bands = np.exp(-0.5 * ((axis - centres[:, None]) / widths[:, None]) ** 2).astype(np.float32)
    heights = random.standard_normal((rows, BANDS), dtype=np.float32)
    x = heights @ bands + 0.02 * random.standard_normal((rows, workload.points), dtype=np.float32)
    outputs = workload.classes or 1
    wanted = np.tanh(heights @ random.standard_normal((BANDS, 8)) / 3) @ random.standard_normal((8, outputs))
    if workload.classes:
        return x, wanted.argmax(axis=1).astype(np.float64)
    return x, wanted[:, 0] / wanted.std() + 0.2 * random.standard_normal(rows)


def write(workload: Workload, folder: Path) -> None:
    """Writes the workload for both sides.

    ``workload.json`` describes it. Ours reads ``spectra.npy`` and ``target.npy``; the rival, which cannot
    preprocess, ``signal.npy`` (rows, points, channels) and ``wanted.npy`` as our network receives them.
    """
    x, y = arrays(workload)
    rows = workload.fold.train
    signal = prepare(x, workload.recipe.channels, workload.recipe.layout)
    signal = (signal - signal[rows].mean(axis=0)) / signal[rows].std(axis=0)
    wanted = y if workload.classes else (y - y[rows].mean()) / y[rows].std()
    for name, values in (("spectra", x), ("target", y), ("signal", signal), ("wanted", wanted.astype(np.float32))):
        np.save(folder / f"{name}.npy", values)
    described = asdict(workload) | {"parameters": parameters(workload.layers, workload.shape)}
    (folder / "workload.json").write_text(json.dumps(described), encoding="utf-8")
