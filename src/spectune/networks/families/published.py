"""Schuetzke, Szymanski & Reischl (2023): published classifiers by name, trained as in their benchmark.

The network comes from ``networks.published`` as it was drawn; what is searched is which of them,
the activation of its hidden dense layers (``published``: its own), how strong its dropout is, and
the training. A target that is a number takes one output instead of one per class.
"""

from __future__ import annotations

from typing import get_args

from spectune.networks.families.blocks import drawn_channels, drawn_transform, drawn_word
from spectune.networks.layers import Activation, Dropout, Layer, Layers, Shape, running
from spectune.networks.published import network
from spectune.networks.published.pieces import remembering
from spectune.networks.recipe import Recipe, Schedule, Start
from spectune.networks.space import Draw
from spectune.spectra.channels import prepared_shape
from spectune.spectra.spectra import Task

MOST_DROPPED = 0.95
"""Largest rate that scaled dropout may have."""

STARTS: tuple[Start, ...] = get_args(Start)
ACTIVATIONS: dict[str, Activation | None] = {"published": None, **{name: name for name in get_args(Activation)}}


def published(draw: Draw, task: Task) -> Recipe:
    """A recipe of a published network.

    Raises:
        ShapeError: the signal is too short for the network.
    """
    channels = drawn_channels(draw, task)
    return Recipe(
        channels,
        _layers(draw, task, prepared_shape(channels, "channels", task.points)),
        _schedule(draw),
        "channels",
        drawn_transform(draw, task),
        draw.float("gain"),
        start=drawn_word(draw, "start", STARTS),
        standardised=draw.flag("columns.standardised"),
    )


def _layers(draw: Draw, task: Task, shape: Shape) -> Layers:
    name, activation = draw.text("network"), ACTIVATIONS[drawn_word(draw, "fc.activation", ACTIVATIONS)]
    layers = _dropping(network(name, shape, task.outputs, activation), draw.float("dropout.scale"))
    return remembering(layers, draw.float("batch_norm.momentum")) if running(layers, shape) else layers


def _dropping(layers: Layers, scale: float) -> Layers:
    """The layers with every rate of dropout times ``scale``, or without dropout at 0."""

    def each(layer: Layer) -> Layers:
        match layer:
            case Dropout(rate):  # never within a block
                return (Dropout(min(scale * rate, MOST_DROPPED)),) if scale else ()
            case _:
                return (layer,)

    return tuple(made for layer in layers for made in each(layer))


def _schedule(draw: Draw) -> Schedule:
    """Adam, the rate lowered on a plateau, and an early end; both measure by the same ``min_delta``."""
    delta = draw.float("min_delta")
    return Schedule(
        optimiser="adam",
        rate=draw.float("rate"),
        batch=draw.int("batch"),
        epochs=draw.int("epochs"),
        penalty=draw.float("penalty"),
        decay="plateau",
        factor=draw.float("plateau.factor"),
        plateau_patience=draw.int("plateau.patience"),
        min_delta=delta,
        min_rate=0.0,
        patience=draw.int("patience"),
        best_delta=delta,
    )
