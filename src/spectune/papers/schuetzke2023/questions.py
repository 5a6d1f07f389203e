"""Questions the paper leaves open, each as the networks that answer it.

A published modification changes several things at once, and what it gains is given for all of them
together. Here every change stands alone, between the published network and the modified one. A few
networks have two of them: they say what two do together, and are told apart by ``Comparison.changes``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from spectune.networks.layers import Activation, Layers, Shape
from spectune.networks.published.ho import RELU, UNITS, resnet
from spectune.networks.published.liu import cnn_bn_mod
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


HYPOTHESES: dict[Question, str] = {
    "resnet": "running means that come too late in so short epochs make ResNet worse",
    "modifications": "one change alone moves a network the way its whole modification did in the paper",
    "activations": "hidden dense layers with ReLU are right more often than linear ones",
}
"""What a question comes to, so that runs can support or contradict it."""

_RELU = "ReLU in hidden dense layers, not linear"
_NORM, _FRONT = "no batch normalisation", "ReLU in front of the first stage"
_DENSE = "two hidden dense layers, linear, with dropout of 0.5 before each"
_KERNELS, _UNITS = "filters of 20 points, not 5", "dense layers of 2000 and 500, not 120, 84 and 186"
_UNDROPPED, _BEFORE = "no dropout behind pooling", "dropout of 0.3 before dense layers"
_BEHIND, _NONE_BEFORE = "dropout of 0.2 behind pooling", "no dropout before dense layers"

CHANGES: dict[str, tuple[str, ...]] = {
    **{f"resnet-momentum{momentum:g}": (f"batch normalisation of momentum {momentum:g}",) for momentum in MOMENTA},
    "cnn_bn-plain": (_NORM,),
    "cnn_bn-relu": (_RELU,),
    "cnn_bn_mod-relu": (_NORM, _RELU),
    "vgg-kernels": (_KERNELS,),
    "vgg-units": (_UNITS,),
    "vgg-nodrop": (_UNDROPPED,),
    "vgg-bothdrop": (_BEFORE,),
    "vgg-relu": (_RELU,),
    "vgg-dropout": (_UNDROPPED, _BEFORE),
    "vgg_mod-relu": (_KERNELS, _UNITS, _UNDROPPED, _BEFORE, _RELU),
    "cnn6-nodrop": (_NONE_BEFORE,),
    "cnn6-bothdrop": (_BEHIND,),
    "cnn6_convdo-relu": (_BEHIND, _NONE_BEFORE),
    "cnn6_bn-relu": ("batch normalisation behind every convolution",),
    "resnet-nonorm": (_NORM,),
    "resnet-front": (_FRONT,),
    "resnet-units": (_DENSE,),
    "resnet-plain": (_NORM, _FRONT),
    "resnet-dense": (_DENSE, _RELU),
    "resnet_mod-relu": (_NORM, _FRONT, _DENSE, _RELU),
}
"""Everything in which an entrant differs from the published network that it is compared with."""


@dataclass(frozen=True)
class Comparison:
    """Two networks that a question asks to be compared.

    Attributes:
        about: part of the question that it belongs to.
        changed, plain: names of the entrants; asked for is what the first has right more than the second.
        changes: everything in which the first differs from the second.
        gain: whether the first is expected to be right more often; else less often.
    """

    about: str
    changed: str
    plain: str
    changes: tuple[str, ...]
    gain: bool = True

    @property
    def single(self) -> bool:
        """Whether it tells what one change does."""
        return len(self.changes) == 1


def _against(plain: str, about: str, *changed: str, gain: bool = True) -> tuple[Comparison, ...]:
    return tuple(Comparison(about, name, plain, CHANGES[name], gain) for name in changed)


COMPARISONS: dict[Question, tuple[Comparison, ...]] = {
    "resnet": _against("resnet", "resnet", *(f"resnet-momentum{momentum:g}" for momentum in MOMENTA)),
    "modifications": (
        *_against("cnn_bn-linear", "cnn_bn", "cnn_bn-plain", "cnn_bn-relu", "cnn_bn_mod-relu"),
        *_against("vgg-linear", "vgg", "vgg-kernels", "vgg-units", "vgg-nodrop", "vgg-bothdrop", "vgg-relu"),
        *_against("vgg-linear", "vgg", "vgg-dropout", "vgg_mod-relu"),
        *_against("cnn6-relu", "dropout of cnn6", "cnn6-nodrop", "cnn6-bothdrop", "cnn6_convdo-relu", gain=False),
        *_against("cnn6-relu", "batch normalisation of cnn6", "cnn6_bn-relu", gain=False),
        *_against("resnet", "resnet", "resnet-nonorm", "resnet-front", "resnet-units"),
        Comparison("resnet", "resnet-dense", "resnet-units", (_RELU,)),
        *_against("resnet", "resnet", "resnet-plain", "resnet-dense", "resnet_mod-relu"),
    ),
    "activations": tuple(
        Comparison(name, f"{name}-relu", f"{name}-linear", (_RELU,)) for name in EIGHT if name != "resnet"
    ),
}
"""Who is compared with whom. In the paper CNN6 was better without what is changed; ResNet has no hidden dense layer."""


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
        _variant("resnet", f"momentum{momentum:g}", "", remembering(resnet(outputs), momentum)) for momentum in MOMENTA
    )


def normalised(shape: Shape, outputs: int) -> tuple[Entrant, ...]:
    """CNN BN and ResNet: without batch normalisation, with other dense layers, and with both as published.

    The modified ResNet also has a ReLU that the published one has not; its dense layers come linear and with ReLU.
    """
    return (
        _variant("cnn_bn", "plain", "linear", cnn_bn_mod(outputs, "linear")),
        entrant("cnn_bn", "relu", shape, outputs),
        entrant("cnn_bn_mod", "published", shape, outputs),
        _variant("resnet", "nonorm", "", resnet(outputs, normalised=False)),
        _variant("resnet", "front", "", resnet(outputs, front=(RELU,))),
        _variant("resnet", "plain", "", resnet(outputs, normalised=False, front=(RELU,))),
        _variant("resnet", "units", "linear", resnet(outputs, "linear", UNITS)),
        _variant("resnet", "dense", "relu", resnet(outputs, "relu", UNITS)),
        entrant("resnet_mod", "published", shape, outputs),
    )


def pooled(shape: Shape, outputs: int) -> tuple[Entrant, ...]:
    """VGG: longer filters, wider dense layers, dropout elsewhere, ReLU, and all of it as published."""
    return (
        _variant("vgg", "kernels", "linear", vgg(outputs, kernel=20)),
        _variant("vgg", "units", "linear", vgg(outputs, units=(2000, 500))),
        _variant("vgg", "nodrop", "linear", vgg(outputs, dropout=(0.0, 0.0))),
        _variant("vgg", "bothdrop", "linear", vgg(outputs, dropout=(0.2, 0.3))),
        _variant("vgg", "dropout", "linear", vgg(outputs, dropout=(0.0, 0.3))),
        entrant("vgg", "relu", shape, outputs),
        entrant("vgg_mod", "published", shape, outputs),
    )


def dropped(shape: Shape, outputs: int) -> tuple[Entrant, ...]:
    """CNN6: dropout behind the pooling, before dense layers, both or neither; and batch normalisation."""
    return (
        _variant("cnn6", "nodrop", "relu", cnn6(outputs, dropout=0.0)),
        _variant("cnn6", "bothdrop", "relu", cnn6_convdo(outputs, dropout=0.7)),
        entrant("cnn6_convdo", "published", shape, outputs),
        entrant("cnn6_bn", "published", shape, outputs),
    )


def _variant(network: str, change: str, activation: Activation | Literal[""], layers: Layers) -> Entrant:
    name = f"{network}-{change}"
    return Entrant(name, network, activation, "; ".join(CHANGES[name]), layers)
