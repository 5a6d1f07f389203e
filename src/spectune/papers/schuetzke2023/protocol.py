"""The training of the benchmark, the same for every network, and what an epoch of it costs."""

from __future__ import annotations

from dataclasses import dataclass

from spectune.errors import SettingError
from spectune.networks.layers import Branches, Conv, Dense, Layer, Layers, Residual, Shape, shapes
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.channels import parse_channels

AS_RUN, AS_PRINTED = 0.1, 0.5
"""Factors on a plateau: of the logged runs (their final rates are 3e-6 to 3e-8), and of the paper's text."""

CHANNELS = parse_channels("MAX")


@dataclass(frozen=True)
class Protocol:
    """How every network is trained.

    The validation split lowers the rate, ends the training and chooses the epoch, by its mean loss;
    the test split is looked at once, at the end.

    Attributes:
        factor: to which part the rate falls on a plateau.
        epochs: upper limit.
        rate, batch: of Adam.
        plateau_patience, patience: epochs without progress before the rate falls, and before the end.
        min_delta: by how much more than this the loss must fall to count as progress.
    """

    factor: float = AS_RUN
    epochs: int = 500
    rate: float = 3e-4
    batch: int = 128
    plateau_patience: int = 10
    patience: int = 25
    min_delta: float = 1e-4

    def __post_init__(self) -> None:
        if not 0 < self.factor <= 1:
            raise SettingError(f"the factor on a plateau must be above 0 and at most 1, got {self.factor:g}")
        if not 1 <= self.epochs <= 100_000:
            raise SettingError(f"epochs must be from 1 to 100000, got {self.epochs}")


def recipe(layers: Layers, protocol: Protocol) -> Recipe:
    """Spectra divided by their maximum, weights of Glorot, Adam, nothing standardised, no weights on classes."""
    schedule = Schedule(
        optimiser="adam",
        rate=protocol.rate,
        batch=protocol.batch,
        epochs=protocol.epochs,
        decay="plateau",
        factor=protocol.factor,
        plateau_patience=protocol.plateau_patience,
        min_delta=protocol.min_delta,
        min_rate=0.0,
        patience=protocol.patience,
        best_delta=protocol.min_delta,
    )
    return Recipe(CHANNELS, layers, schedule, start="glorot_uniform", standardised=False)


def multiplications(layers: Layers, shape: Shape) -> int:
    """Multiplications of convolutions and dense layers for one signal of ``shape`` (channels, points).

    >>> from spectune.networks.published import ZOO
    >>> multiplications(ZOO["cnn2"](500), (1, 5000))
    69742800
    """
    before = (shape, *shapes(layers, shape)[:-1])
    return sum(_one(layer, given) for layer, given in zip(layers, before, strict=False))


def _one(layer: Layer, shape: Shape) -> int:
    match layer:
        case Conv(filters, kernel):
            return filters * kernel * shape[0] * shapes((layer,), shape)[0][1]
        case Dense(units):
            return units * shape[0]
        case Residual(body, shortcut):
            return multiplications(body, shape) + (multiplications(shortcut, shape) if shortcut else 0)
        case Branches(paths):
            return sum(multiplications(path, shape) for path in paths)
        case _:
            return 0
