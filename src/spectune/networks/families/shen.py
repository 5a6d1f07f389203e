"""Shen & Viscarra Rossel (2021): conv-blocks and FC-blocks whose every part may be on or off.

Conv-block: convolution, batch normalisation?, activation, pooling?, dropout?. FC-block: dense,
batch normalisation?, activation, dropout?. Channels are each on or off; when all are off, the
first is switched on. Names of a block's hyperparameters are asked for only when the block exists.

The words of channels are those of ``spectra.channels`` and two of the paper: a channel that begins
with ``R`` starts from reflectance, one that begins with ``ABS`` from absorbance, whichever of the
two the spectra are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from spectune.errors import SettingError
from spectune.networks.families.blocks import drawn_transform, drawn_word
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
from spectune.networks.space import Draw, Value
from spectune.spectra.channels import Channel, Channels, parse_channel
from spectune.spectra.spectra import Task
from spectune.spectra.steps import Bin, Decimate
from spectune.spectra.table import Signal

ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
PADDINGS: tuple[Padding, ...] = get_args(Padding)
OPTIMISERS: tuple[Optimiser, ...] = get_args(Optimiser)

DEFAULT_RATES: Mapping[Optimiser, float] = {
    "adam": 1e-3,
    "rmsprop": 1e-3,
    "adagrad": 1e-2,
    "sgd": 1e-2,
    "keras_adam": 1e-3,
}
"""Learning rates that frameworks take when none is given: what ``rate = "default"`` stands for."""

OPTIMUM: Mapping[str, Value] = {
    "channel.count": 5,
    **{f"channel.{n}": word for n, word in enumerate(("R", "ABS", "ABS+D1(11,2)", "ABS+D2(11,2)", "ABS+SNV"), 1)},
    **{f"channel.{n}.state": n != 5 for n in range(1, 6)},
    "points.most": 210,
    "points.reduction": "mean",
    "transform": "none",
    "conv.blocks": 1,
    "conv.dropout": 0.0,
    "conv.1.filters": 55,
    "conv.1.kernel": 5,
    "conv.1.stride": 4,
    "conv.1.padding": "same",
    "conv.1.batch_norm": False,
    "conv.1.activation": "selu",
    "conv.1.pool": False,
    "conv.1.dropout": False,
    "dense.blocks": 2,
    "dense.dropout": 0.22,
    **{f"dense.{n}.{part}": True for n in (1, 2) for part in ("batch_norm", "dropout")},
    "dense.1.units": 251,
    "dense.1.activation": "elu",
    "dense.2.units": 219,
    "dense.2.activation": "swish",
    "optimiser": "adam",
    "rate": "default",
    "batch": 1105,
    "epochs": 1448,
    "patience": 50,
    "gain": 1.0,
}
"""The optimal network of Shen & Viscarra Rossel (2021), tables 1, 2 and 4: ``shen(GivenDraw(OPTIMUM), task)``.

The paper does not say the derivative's filter, the learning rate, the patience and the starting
weights; here they are as in the space ``shen2021``.
"""


def shen(draw: Draw, task: Task) -> Recipe:
    """A recipe of the family of Shen & Viscarra Rossel (2021), tables 1 and 4.

    Raises:
        SettingError: channels of reflectance or absorbance for spectra that are known to be neither.
    """
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
    schedule = _schedule(draw, task)
    return Recipe(channels, layers, schedule, "channels", drawn_transform(draw, task), draw.float("gain"))


def channel_for(word: str, signal: Signal) -> Channel:
    """The channel that a word stands for on spectra of this kind.

    >>> channel_for("ABS", "reflectance"), channel_for("ABS", "absorbance")
    ((Absorbance(kind='absorbance'),), ())
    >>> channel_for("R", "reflectance"), channel_for("R", "absorbance")
    ((), (Reflectance(kind='reflectance'),))

    Raises:
        SettingError: a word that begins with ``R`` or ``ABS`` where it is not known which of the two the spectra are.
    """
    first, *rest = (part.strip() for part in word.split("+"))
    if first not in ("R", "ABS"):
        return parse_channel(word)
    match signal:
        case "reflectance":
            start = [first] if first == "ABS" else []
        case "absorbance":
            start = ["REF"] if first == "R" else []
        case _:
            raise SettingError(
                f"the channel {word!r} needs spectra that are reflectance or absorbance, but the signal of these is "
                f"{signal}; say which it is with --signal"
            )
    return parse_channel("+".join([*start, *rest]) or "RAW")


def _channels(draw: Draw, task: Task) -> Channels:
    """Channels whose state is on: words and states come from ``channel.1``, ``channel.1.state``, ..."""
    numbers = range(1, draw.int("channel.count") + 1)
    known = [channel_for(draw.text(f"channel.{number}"), task.signal) for number in numbers]
    states = [draw.flag(f"channel.{number}.state") for number in numbers]
    chosen = [channel for channel, on in zip(known, states, strict=True) if on]
    if not chosen:
        draw.repaired("no channel was on, so the first was switched on")
    return tuple((*_reduction(draw, task), *channel) for channel in chosen or known[:1])


def _reduction(draw: Draw, task: Task) -> Channel:
    """What makes long spectra shorter; how is asked for only where it is needed."""
    width = -(-task.points // draw.int("points.most"))
    if width < 2:
        return ()
    decimate = drawn_word(draw, "points.reduction", ("mean", "decimate")) == "decimate"
    return (Decimate(width) if decimate else Bin(width),)


def _schedule(draw: Draw, task: Task) -> Schedule:
    optimiser = drawn_word(draw, "optimiser", OPTIMISERS)
    default = draw.text("rate") == "default"
    batch, rows = draw.int("batch"), max(task.rows, 1)
    if batch > rows:
        draw.repaired("the batch was larger than the calibration rows, so it holds all of them")
    return Schedule(
        optimiser=optimiser,
        rate=DEFAULT_RATES[optimiser] if default else draw.float("rate"),
        batch=min(batch, rows),
        epochs=draw.int("epochs"),
        patience=draw.int("patience"),
    )


def _conv_block(draw: Draw, name: str, rate: float) -> Layers:
    convolution = Conv(
        draw.int(f"{name}.filters"),
        draw.int(f"{name}.kernel"),
        draw.int(f"{name}.stride"),
        drawn_word(draw, f"{name}.padding", PADDINGS),
    )
    normal: Layers = (BatchNorm(),) if draw.flag(f"{name}.batch_norm") else ()
    act = Act(drawn_word(draw, f"{name}.activation", ACTIVATIONS))
    pool = _pool(draw, f"{name}.pool") if draw.flag(f"{name}.pool") else ()
    drop: Layers = (Dropout(rate),) if draw.flag(f"{name}.dropout") else ()
    return (convolution, *normal, act, *pool, *drop)


def _pool(draw: Draw, name: str) -> Layers:
    size, stride = draw.int(f"{name}.size"), draw.int(f"{name}.stride")
    padding = drawn_word(draw, f"{name}.padding", PADDINGS)
    largest = drawn_word(draw, f"{name}.type", ("average", "max")) == "max"
    return ((MaxPool if largest else AveragePool)(size, stride, padding),)


def _dense_block(draw: Draw, name: str, rate: float) -> Layers:
    dense = Dense(draw.int(f"{name}.units"))
    normal: Layers = (BatchNorm(),) if draw.flag(f"{name}.batch_norm") else ()
    act = Act(drawn_word(draw, f"{name}.activation", ACTIVATIONS))
    drop: Layers = (Dropout(rate),) if draw.flag(f"{name}.dropout") else ()
    return (dense, *normal, act, *drop)
