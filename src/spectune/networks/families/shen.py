"""Shen & Viscarra Rossel (2021): conv-blocks and FC-blocks whose every part may be on or off.

Conv-block: convolution, batch normalisation?, activation, pooling?, dropout?. FC-block: dense,
batch normalisation?, activation, dropout?. The channels R, ABS, ABS+D1, ABS+D2 and ABS+SNV are
each on or off; when all are off, the first is switched on. Names of a block's hyperparameters
are asked for only when the block exists.
"""

from __future__ import annotations

from typing import get_args

from spectune.networks.families.blocks import drawn_transform
from spectune.networks.layers import (
    Act,
    Activation,
    AveragePool,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Layers,
    MaxPool,
    Padding,
)
from spectune.networks.recipe import Optimiser, Recipe, Schedule
from spectune.networks.space import Draw
from spectune.spectra.channels import Channels, parse_channel
from spectune.spectra.spectra import Task
from spectune.spectra.steps import Bin


def shen(draw: Draw, task: Task) -> Recipe:
    """A recipe of the family of Shen & Viscarra Rossel (2021), tables 1 and 4."""
    channels = _channels(draw, task)
    conv_rate = 0.0
    front: Layers = ()
    blocks = draw.int("conv.blocks")
    if blocks:
        conv_rate = draw.float("conv.dropout")
    for number in range(1, blocks + 1):
        front += _conv_block(draw, f"conv.{number}", conv_rate)
    dense_rate = draw.float("dense.dropout")
    back: Layers = ()
    for number in range(1, draw.int("dense.blocks") + 1):
        back += _dense_block(draw, f"dense.{number}", dense_rate)
    layers = (*front, Flatten(), *back, Dense(task.outputs))
    schedule = Schedule(
        optimiser=_optimiser(draw.text("optimiser")),
        rate=draw.float("rate"),
        batch=min(draw.int("batch"), max(task.rows, 1)),
        epochs=draw.int("epochs"),
        patience=draw.int("patience"),
    )
    return Recipe(channels, layers, schedule, "channels", drawn_transform(draw, task), draw.float("gain"))


def _channels(draw: Draw, task: Task) -> Channels:
    """Channels whose state is on: words and states come from ``channel.1``, ``channel.1.state``, ..."""
    count = draw.int("channel.count")
    words = [draw.text(f"channel.{number}") for number in range(1, count + 1)]
    states = [draw.flag(f"channel.{number}.state") for number in range(1, count + 1)]
    chosen = [word for word, on in zip(words, states, strict=True) if on] or words[:1]
    width = -(-task.points // draw.int("points.most"))
    binned = (Bin(width),) if width > 1 else ()
    return tuple((*binned, *parse_channel(word)) for word in chosen)


def _conv_block(draw: Draw, name: str, rate: float) -> Layers:
    convolution = Conv(
        draw.int(f"{name}.filters"),
        draw.int(f"{name}.kernel"),
        draw.int(f"{name}.stride"),
        _padding(draw.text(f"{name}.padding")),
    )
    normal: Layers = (BatchNorm(),) if draw.flag(f"{name}.batch_norm") else ()
    act = Act(_activation(draw.text(f"{name}.activation")))
    pool = _pool(draw, f"{name}.pool") if draw.flag(f"{name}.pool") else ()
    drop: Layers = (Dropout(rate),) if draw.flag(f"{name}.dropout") else ()
    return (convolution, *normal, act, *pool, *drop)


def _pool(draw: Draw, name: str) -> Layers:
    size, stride = draw.int(f"{name}.size"), draw.int(f"{name}.stride")
    padding = _padding(draw.text(f"{name}.padding"))
    return ((MaxPool if draw.text(f"{name}.type") == "max" else AveragePool)(size, stride, padding),)


def _dense_block(draw: Draw, name: str, rate: float) -> Layers:
    dense = Dense(draw.int(f"{name}.units"))
    normal: Layers = (BatchNorm(),) if draw.flag(f"{name}.batch_norm") else ()
    act = Act(_activation(draw.text(f"{name}.activation")))
    drop: Layers = (Dropout(rate),) if draw.flag(f"{name}.dropout") else ()
    return (dense, *normal, act, *drop)


def _padding(word: str) -> Padding:
    return "valid" if word == "valid" else "same"


def _activation(word: str) -> Activation:
    return next(name for name in get_args(Activation) if name == word)


def _optimiser(word: str) -> Optimiser:
    return next(name for name in get_args(Optimiser) if name == word)
