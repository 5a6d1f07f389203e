"""Ho et al. (2019), Nature Communications: bacteria in Raman spectra.

A residual network: six stages of 100 filters of 5 points, each halving the signal, and nothing
between the last of them and the outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

from spectune.networks.layers import Act, Activation, BatchNorm, Conv, Layers, Residual
from spectune.networks.published.pieces import head

STAGES = 6
RELU = Act("relu")
UNITS = (3100, 1200)


def resnet(
    outputs: int,
    activation: Activation = "linear",
    units: Sequence[int] = (),
    normalised: bool = True,
    front: Layers = (),
) -> Layers:
    """Twenty-five convolutions in a row with shortcuts, batch normalisation behind each.

    As published it has no hidden dense layers, so that all values of ``activation`` make one network, and nothing
    in ``front`` of the first stage.
    """
    normal: Layers = (BatchNorm(),) if normalised else ()
    return (Conv(64, 5), *normal, *front, *_stages(normal), *head(units, activation, 0.5, outputs))


def resnet_mod(outputs: int, activation: Activation = "relu") -> Layers:
    """The same without batch normalisation, with a ReLU in front and two dense layers behind."""
    return resnet(outputs, activation, UNITS, False, (RELU,))


def _stages(normal: Layers) -> Layers:
    halving = Residual(_body(2, normal), (Conv(100, 1, 2), *normal))
    return (halving, RELU, Residual(_body(1, normal)), RELU) * STAGES


def _body(stride: int, normal: Layers) -> Layers:
    return (Conv(100, 5, stride), *normal, RELU, Conv(100, 5), *normal)
