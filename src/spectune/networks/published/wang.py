"""Wang et al. (2020), Journal of Chemical Information and Modeling: powder diffraction patterns.

A narrow relative of VGG: pairs of short filters, pooling, twice the filters. Dropout behind the
pooling, and linear hidden dense layers, are those of the runs of Schuetzke, Szymanski & Reischl (2023).
"""

from __future__ import annotations

from collections.abc import Sequence

from spectune.networks.layers import Act, Activation, Conv, Dropout, Layers, MaxPool
from spectune.networks.published.pieces import head

BLOCKS = ((6,), (16, 16), (32, 32), (64, 64))
"""Filters of the convolutions of each block."""

UNITS = (120, 84, 186)


def vgg(
    outputs: int,
    activation: Activation = "linear",
    kernel: int = 5,
    units: Sequence[int] = UNITS,
    dropout: tuple[float, float] = (0.2, 0.0),
) -> Layers:
    """Seven short convolutions in four blocks, and three small dense layers.

    ``dropout`` is that behind the pooling, and that before dense layers.
    """
    behind, before = dropout
    return _front(kernel, (Dropout(behind),) if behind else ()) + head(units, activation, before, outputs)


def vgg_mod(outputs: int, activation: Activation = "relu") -> Layers:
    """VGG with filters of 20 points, no dropout between them, and two wide dense layers with dropout."""
    return vgg(outputs, activation, 20, (2000, 500), (0.0, 0.3))


def _front(kernel: int, behind: Layers) -> Layers:
    front: Layers = ()
    for block in BLOCKS:
        for filters in block:
            front += (Conv(filters, kernel), Act("relu"))
        front += (MaxPool(2, 2), *behind)
    return front
