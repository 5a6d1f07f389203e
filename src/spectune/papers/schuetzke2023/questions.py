"""Questions the paper leaves open, each as the networks that answer it.

A published modification changes several things at once, and what it gains is given for all of them
together. Here every change stands alone, between the published network and the modified one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from spectune.networks.layers import Activation, Layers, Shape
from spectune.networks.published.ho import resnet, resnet_mod
from spectune.networks.published.liu import cnn_bn, cnn_bn_mod
from spectune.networks.published.pieces import remembering
from spectune.networks.published.szymanski import cnn6, cnn6_convdo
from spectune.networks.published.wang import vgg
from spectune.papers.schuetzke2023.entrants import EIGHT, Entrant, entrant, entrants

Question = Literal["resnet", "modifications", "activations"]
QUESTIONS: tuple[Question, ...] = get_args(Question)

MOMENTA = (0.9, 0.5)
"""Of batch normalisation, beside the published 0.99: an epoch of the challenge has 11 steps, and after one of them
the running means are still 0.99**11 = 0.90, 0.31 and 0.0005 parts of where they began."""

ASKED: dict[Question, str] = {
    "resnet": "Does ResNet fail on the challenge, or do its running means come too late for so short epochs?",
    "modifications": "Which of the changes in a modified network does the work?",
    "activations": "What do hidden dense layers with ReLU gain over linear ones, in all eight networks?",
}

FAMILIES: dict[Question, tuple[str, ...]] = {
    "resnet": ("resnet",),
    "modifications": ("cnn_bn", "vgg", "cnn6", "resnet"),
    "activations": EIGHT,
}
"""Networks a question is about."""


def asked(question: Question, shape: Shape, outputs: int) -> tuple[Entrant, ...]:
    """The networks that answer a question.

    Raises:
        ShapeError: spectra too short for one of them.
    """
    plain = entrants(FAMILIES[question], ["published"], shape, outputs)
    match question:
        case "resnet":
            return (*plain, *remembered(outputs))
        case "modifications":
            return (*plain, *normalised(shape, outputs), *pooled(shape, outputs), *dropped(shape, outputs))
        case "activations":
            return entrants(EIGHT, ["linear", "relu"], shape, outputs)


def remembered(outputs: int) -> tuple[Entrant, ...]:
    """ResNet whose running means follow faster."""
    return tuple(
        _variant("resnet", f"momentum{momentum:g}", "", f"batch normalisation with momentum {momentum:g}", layers)
        for momentum in MOMENTA
        for layers in [remembering(resnet(outputs), momentum)]
    )


def normalised(shape: Shape, outputs: int) -> tuple[Entrant, ...]:
    """CNN BN and ResNet: without batch normalisation, with other dense layers, and with both as published."""
    return (
        _variant("cnn_bn", "plain", "linear", "no batch normalisation", cnn_bn_mod(outputs, "linear")),
        _variant("cnn_bn", "relu", "relu", "hidden dense layer relu", cnn_bn(outputs, "relu")),
        entrant("cnn_bn_mod", "published", shape, outputs),
        _variant("resnet", "plain", "", "no batch normalisation, ReLU in front", resnet_mod(outputs, units=())),
        _variant("resnet", "dense", "relu", "two hidden dense layers relu", resnet(outputs, "relu", (3100, 1200))),
        entrant("resnet_mod", "published", shape, outputs),
    )


def pooled(shape: Shape, outputs: int) -> tuple[Entrant, ...]:
    """VGG: longer filters, wider dense layers, dropout elsewhere, ReLU, and all of it as published."""
    alone: tuple[tuple[str, Activation, str, Callable[[], Layers]], ...] = (
        ("kernels", "linear", "filters of 20 points", lambda: vgg(outputs, kernel=20)),
        ("units", "linear", "dense layers of 2000 and 500", lambda: vgg(outputs, units=(2000, 500))),
        ("dropout", "linear", "dropout of 0.3 before dense layers only", lambda: vgg(outputs, dropout=(0.0, 0.3))),
        ("relu", "relu", "hidden dense layers relu", lambda: vgg(outputs, "relu")),
    )
    made = [_variant("vgg", name, activation, words, layers()) for name, activation, words, layers in alone]
    return (*made, entrant("vgg_mod", "published", shape, outputs))


def dropped(shape: Shape, outputs: int) -> tuple[Entrant, ...]:
    """CNN6: dropout behind the pooling, before dense layers, both or neither; and batch normalisation."""
    return (
        _variant("cnn6", "nodrop", "relu", "no dropout at all", cnn6(outputs, dropout=0.0)),
        _variant("cnn6", "bothdrop", "relu", "dropout of 0.2 behind pooling too", cnn6_convdo(outputs, dropout=0.7)),
        entrant("cnn6_convdo", "published", shape, outputs),
        entrant("cnn6_bn", "published", shape, outputs),
    )


def _variant(network: str, change: str, activation: Activation | Literal[""], words: str, layers: Layers) -> Entrant:
    return Entrant(f"{network}-{change}", network, activation, words, layers)
