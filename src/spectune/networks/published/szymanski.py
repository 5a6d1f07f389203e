"""Szymanski et al. (2021), Chemistry of Materials: mixtures of phases in powder diffraction patterns.

Six convolutions (CNN6), the only one of the eight whose hidden dense layers were not linear in the
runs of Schuetzke, Szymanski & Reischl (2023), and their two modifications of it.
"""

from __future__ import annotations

from spectune.networks.layers import Act, Activation, BatchNorm, Conv, Dropout, Layers, MaxPool
from spectune.networks.published.pieces import head

BLOCKS = ((35, 3), (30, 3), (25, 2), (20, 1), (15, 1), (10, 1))
"""Points of the filters and of the pooling window of each block."""

UNITS = (3100, 1200)


def cnn6(outputs: int, activation: Activation = "relu", dropout: float = 0.7) -> Layers:
    """Six convolutions and two dense layers behind strong dropout."""
    front = tuple(layer for kernel, pool in BLOCKS for layer in (Conv(64, kernel), Act("relu"), MaxPool(pool, 2)))
    return front + head(UNITS, activation, dropout, outputs)


def cnn6_bn(outputs: int, activation: Activation = "relu") -> Layers:
    """CNN6 with batch normalisation between every convolution and its ReLU."""
    front = tuple(
        layer
        for kernel, pool in BLOCKS
        for layer in (Conv(64, kernel), BatchNorm(), Act("relu"), MaxPool(pool, 2))
    )  # fmt: skip
    return front + head(UNITS, activation, 0.7, outputs)


def cnn6_convdo(outputs: int, activation: Activation = "relu", dropout: float = 0.0) -> Layers:
    """CNN6 with dropout behind every pooling; ``dropout`` before dense layers is none in the published runs."""
    front = tuple(
        layer
        for kernel, pool in BLOCKS
        for layer in (Conv(64, kernel), Act("relu"), MaxPool(pool, 2), Dropout(0.2))
    )  # fmt: skip
    return front + head(UNITS, activation, dropout, outputs)
