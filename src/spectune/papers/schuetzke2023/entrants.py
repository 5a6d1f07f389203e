"""Who takes part: published networks by name, with the activation of their hidden dense layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from spectune.errors import SettingError
from spectune.files.border import close_to
from spectune.networks.layers import Activation, Layers, Shape
from spectune.networks.published import ZOO, network

Dense = Literal["published", "linear", "relu"]
"""Activation of the hidden dense layers, as the published runs had it or as said."""

EIGHT = ("cnn2", "cnn3", "cnn6", "vgg", "resnet", "cnn_bn", "inc3", "inc6")
"""The networks of the general benchmark, in the order of the published runs."""

SWITCH: tuple[Activation, ...] = ("linear", "relu")


@dataclass(frozen=True)
class Entrant:
    """A network that takes part.

    Attributes:
        name: under which its runs are kept, such as ``cnn2-linear``.
        network: the published network it is, or was made from.
        activation: of its hidden dense layers; empty where it has none.
        change: how it differs from the published network, in words; empty where it does not.
        layers: from spectra to as many outputs as there are classes.
    """

    name: str
    network: str
    activation: Activation | Literal[""]
    change: str
    layers: Layers


def entrants(names: Iterable[str], dense: Iterable[Dense], shape: Shape, outputs: int) -> tuple[Entrant, ...]:
    """Every network with every activation; one that comes twice takes part once.

    >>> [one.name for one in entrants(["cnn2", "resnet"], ["published", "linear", "relu"], (1, 500), 27)]
    ['cnn2-linear', 'cnn2-relu', 'resnet']

    Raises:
        SettingError: there is no network of a name.
        ShapeError: spectra too short for a network.
    """
    made = [entrant(name, asked, shape, outputs) for name in names for asked in dense]
    return tuple({one.name: one for one in made}.values())


def entrant(name: str, dense: Dense, shape: Shape, outputs: int) -> Entrant:
    """One published network; errors as for ``entrants``."""
    layers = network(name, shape, outputs, None if dense == "published" else dense)
    same: list[Activation] = [one for one in SWITCH if ZOO[name](outputs, one) == layers]
    if len(same) != 1:
        return Entrant(name, name, "", "", layers)
    usual = layers == ZOO[name](outputs)
    change = "" if usual else f"hidden dense layers {same[0]}"
    return Entrant(f"{name}-{same[0]}", name, same[0], change, layers)


def networks(words: str) -> tuple[str, ...]:
    """Names of networks from a list with commas.

    Raises:
        SettingError: a name that no network has.
    """
    return _listed(words, tuple(ZOO), "models")


def activations(words: str) -> tuple[Dense, ...]:
    """Activations from a list with commas: ``published``, ``linear``, ``relu``.

    Raises:
        SettingError: another word.
    """
    found = _listed(words, get_args(Dense), "fc")
    return tuple(one for one in get_args(Dense) if one in found)


def _listed(words: str, known: Sequence[str], what: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))
    strange = [name for name in names if name not in known]
    if strange:
        raise SettingError(
            f"--{what} has {strange[0]!r}{close_to(strange[0], known)}; it takes a list of: {', '.join(known)}"
        )
    if not names:
        raise SettingError(f"--{what} is empty; it takes a list of: {', '.join(known)}")
    return names
