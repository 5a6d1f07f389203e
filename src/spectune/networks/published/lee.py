"""Lee et al. (2020), Nature Communications: phases in powder diffraction patterns.

Two and three convolutions (CNN2, CNN3), and three and six inception blocks behind the convolutions
of CNN3 (INC3, INC6). ReLU after every convolution; hidden dense layers are linear in the runs of
Schuetzke, Szymanski & Reischl (2023).
"""

from __future__ import annotations

from spectune.networks.layers import Act, Activation, AveragePool, Branches, Conv, Layers, MaxPool
from spectune.networks.published.pieces import head

RELU = Act("relu")

STEM: Layers = (
    Conv(64, 20), RELU, MaxPool(3, 3),
    Conv(64, 15), RELU, MaxPool(2, 3),
    Conv(64, 10, 2), RELU, MaxPool(1, 2),
)  # fmt: skip

BLOCKS = (
    (22, 32, 42, 6, 12, 10),
    (28, 43, 56, 7, 14, 14),
    (37, 56, 73, 9, 18, 19),
    (49, 74, 96, 12, 24, 25),
    (65, 97, 126, 16, 32, 32),
    (85, 128, 166, 19, 38, 43),
)
"""Filters of the inception blocks, as ``inception`` takes them."""


def cnn2(outputs: int, activation: Activation = "linear") -> Layers:
    """Two wide convolutions and two dense layers."""
    front: Layers = (
        Conv(64, 50, 2), RELU, MaxPool(3, 2),
        Conv(64, 25, 3), RELU, MaxPool(2, 3),
    )  # fmt: skip
    return front + head([2000, 500], activation, 0.3, outputs)


def cnn3(outputs: int, activation: Activation = "linear") -> Layers:
    """Three convolutions and two dense layers."""
    return STEM + head([2500, 1000], activation, 0.3, outputs)


def inc3(outputs: int, activation: Activation = "linear") -> Layers:
    """The convolutions of CNN3, three inception blocks and two dense layers."""
    return STEM + tuple(inception(*block) for block in BLOCKS[:3]) + head([3700, 740], activation, 0.3, outputs)


def inc6(outputs: int, activation: Activation = "linear") -> Layers:
    """The convolutions of CNN3, six inception blocks and two dense layers."""
    return STEM + tuple(inception(*block) for block in BLOCKS) + head([4000, 400], activation, 0.3, outputs)


def inception(one: int, before3: int, three: int, before5: int, five: int, pooled: int) -> Branches:
    """Filters of 1, 3 and 5 points and of a mean over 3, side by side; those of 3 and 5 behind one of 1."""
    return Branches((
        (Conv(one, 1), RELU),
        (Conv(before3, 1), RELU, Conv(three, 3), RELU),
        (Conv(before5, 1), RELU, Conv(five, 5), RELU),
        (AveragePool(3, 1, "same"), Conv(pooled, 1), RELU),
    ))  # fmt: skip
