"""Liu et al. (2017), Analyst: minerals in Raman spectra.

Three blocks of convolution, batch normalisation, leaky ReLU of slope 0.1 and pooling, then one
dense layer: linear in the runs of Schuetzke, Szymanski & Reischl (2023), tanh in earlier ones.
"""

from __future__ import annotations

from spectune.networks.layers import Act, Activation, BatchNorm, Conv, Layers, MaxPool
from spectune.networks.published.pieces import head

BLOCKS = ((16, 21), (32, 11), (64, 5))
"""Filters and their points."""


def cnn_bn(outputs: int, activation: Activation = "linear") -> Layers:
    """Three normalised convolutions and one dense layer."""
    return _front((BatchNorm(),)) + head([2048], activation, 0.5, outputs)


def cnn_bn_mod(outputs: int, activation: Activation = "relu") -> Layers:
    """The same without batch normalisation."""
    return _front(()) + head([2048], activation, 0.5, outputs)


def _front(normal: Layers) -> Layers:
    front: Layers = ()
    for filters, kernel in BLOCKS:
        front += (Conv(filters, kernel), *normal, Act("leaky_relu", 0.1), MaxPool(2, 2))
    return front
