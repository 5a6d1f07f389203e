"""Pieces that families share: dense stacks, output layers, the schedule and the target transform."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar, get_args

from spectune.errors import SettingError
from spectune.networks.layers import Act, Activation, Dense, Dropout, Flatten, Layers
from spectune.networks.recipe import Transform
from spectune.networks.space import Draw
from spectune.spectra.channels import Channels, parse_channels, with_window
from spectune.spectra.spectra import Task
from spectune.spectra.steps import Bin, SavGol

Word = TypeVar("Word", bound=str)

TRANSFORMS: tuple[Transform, ...] = get_args(Transform)

SKEWED = 1.0
"""Sample skewness above which a transform of the target is worth trying."""


def dense_block(units: int, activation: Activation, dropout: float) -> Layers:
    """Dense, activation, and dropout where its rate is above zero."""
    return (Dense(units), Act(activation), *((Dropout(dropout),) if dropout > 0 else ()))


def dense_stack(units: Sequence[int], activation: Activation, dropout: float, outputs: int) -> Layers:
    """Flatten, dense blocks of these units, and the linear output layer."""
    return (
        Flatten(),
        *(layer for width in units for layer in dense_block(width, activation, dropout)),
        Dense(outputs),
    )


def drawn_transform(draw: Draw, task: Task) -> Transform:
    """Transform of the target: asked for only when it is a skewed number.

    A target that is not positive everywhere keeps its own scale.
    """
    if not (task.regression and task.positive and task.skew > SKEWED):
        return "none"
    return drawn_word(draw, "transform", TRANSFORMS)


def drawn_word(draw: Draw, name: str, known: Iterable[Word]) -> Word:
    """The word drawn for a hyperparameter that takes only these.

    Raises:
        SettingError: any other word.
    """
    words = tuple(known)
    got = draw.text(name)
    for word in words:
        if word == got:
            return word
    raise SettingError(f"{name} must be one of {', '.join(words)}, got {got!r}")


def drawn_channels(draw: Draw, task: Task) -> Channels:
    """Channels, with a drawn window if one of them is filtered, of at most ``points.most`` points.

    Longer spectra are averaged over neighbouring points before anything else.
    """
    channels = parse_channels(draw.text("channels"))
    if any(isinstance(step, SavGol) for channel in channels for step in channel):
        channels = with_window(channels, draw.int("window"))
    width = -(-task.points // draw.int("points.most"))
    return channels if width < 2 else tuple((Bin(width), *channel) for channel in channels)


def epochs_for(updates: int, batch: int, rows: int, least: int = 60, most: int = 300) -> int:
    """Epochs that make about this many optimiser steps.

    >>> epochs_for(6000, 64, 1600), epochs_for(6000, 64, 100_000), epochs_for(6000, 64, 60)
    (240, 60, 300)
    """
    steps = -(-rows // batch)
    return min(max(updates // steps, least), most)
