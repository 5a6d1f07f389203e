"""What the published networks share: the dense stack at their end, batch normalisation, the shortest signal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spectune.errors import ShapeError
from spectune.networks.layers import (
    Act,
    Activation,
    BatchNorm,
    Branches,
    Dense,
    Dropout,
    Flatten,
    Layer,
    Layers,
    Residual,
    shapes,
)


def head(units: Sequence[int], activation: Activation, dropout: float, outputs: int) -> Layers:
    """Flatten, then dropout before every dense layer, the output layer included; none at a rate of 0.

    >>> [layer.kind for layer in head([2000], "relu", 0.3, 27)]
    ['flatten', 'dropout', 'dense', 'act', 'dropout', 'dense']
    """
    drop = (Dropout(dropout),) if dropout else ()
    hidden = tuple(layer for width in units for layer in (*drop, Dense(width), Act(activation)))
    return (Flatten(), *hidden, *drop, Dense(outputs))


def remembering(layers: Layers, momentum: float) -> Layers:
    """The layers with this momentum in every batch normalisation, also within blocks."""

    def each(layer: Layer) -> Layer:
        match layer:
            case BatchNorm():
                return replace(layer, momentum=momentum)
            case Residual(body, shortcut):
                return Residual(remembering(body, momentum), remembering(shortcut, momentum))
            case Branches(paths):
                return Branches(tuple(remembering(path, momentum) for path in paths))
            case _:
                return layer

    return tuple(each(layer) for layer in layers)


def smallest(layers: Layers, channels: int = 1) -> int:
    """Points of the shortest signal that the layers take.

    What is left of a longer signal is never shorter, so halving finds it:

    >>> from spectune.networks.layers import MaxPool
    >>> smallest((MaxPool(3, 2), MaxPool(3, 2)))
    7
    """
    short, long = 0, 1
    while not _fits(layers, channels, long):
        short, long = long, 2 * long
    while long - short > 1:
        middle = (short + long) // 2
        short, long = (short, middle) if _fits(layers, channels, middle) else (middle, long)
    return long


def _fits(layers: Layers, channels: int, points: int) -> bool:
    try:
        shapes(layers, (channels, points))
    except ShapeError:
        return False
    return True
