"""Classifiers of powder diffraction and Raman spectra as their papers drew them, for any spectra.

Eight networks that Schuetzke, Szymanski & Reischl (2023) trained on one benchmark, and the five
modifications by which they explained the differences. Each is a plain function from a number of
outputs and an activation of the hidden dense layers to layers; the activation's default is that of
the published runs. ``network`` also looks whether a signal is long enough.
"""

from __future__ import annotations

from collections.abc import Callable

from spectune.errors import SettingError, ShapeError
from spectune.networks.layers import Activation, Layers, Shape
from spectune.networks.published.ho import resnet, resnet_mod
from spectune.networks.published.lee import cnn2, cnn3, inc3, inc6
from spectune.networks.published.liu import cnn_bn, cnn_bn_mod
from spectune.networks.published.pieces import smallest
from spectune.networks.published.szymanski import cnn6, cnn6_bn, cnn6_convdo
from spectune.networks.published.wang import vgg, vgg_mod

ZOO: dict[str, Callable[..., Layers]] = {
    "cnn2": cnn2,
    "cnn3": cnn3,
    "cnn6": cnn6,
    "vgg": vgg,
    "cnn_bn": cnn_bn,
    "resnet": resnet,
    "inc3": inc3,
    "inc6": inc6,
    "cnn_bn_mod": cnn_bn_mod,
    "resnet_mod": resnet_mod,
    "cnn6_bn": cnn6_bn,
    "vgg_mod": vgg_mod,
    "cnn6_convdo": cnn6_convdo,
}


def network(name: str, shape: Shape, outputs: int, activation: Activation | None = None) -> Layers:
    """A network of the zoo for signals of ``shape`` (channels, points).

    The activation of its hidden dense layers is the published one unless said:

    >>> from spectune.networks.layers import parameters
    >>> parameters(network("vgg", (1, 5000), outputs=500), (1, 5000))
    2556174

    Raises:
        SettingError: there is no network of that name.
        ShapeError: the signal is too short for it.
    """
    if name not in ZOO:
        raise SettingError(f"there is no published network {name!r}; networks are: {', '.join(ZOO)}")
    layers = ZOO[name](outputs, activation) if activation else ZOO[name](outputs)
    channels, points = shape
    least = smallest(layers, channels)
    if points < least:
        raise ShapeError(
            f"the network {name!r} needs spectra of at least {least} points, these have {points}; "
            f"choose another network, or average fewer points"
        )
    return layers
