"""The house family: channels, perhaps one convolution, then a funnel of dense layers.

It is the smallest family that reached the best errors on real sets of 60 to 1,000 spectra: the
choice of channels, the scale of the starting weights and the penalty matter most there, and a
convolution has to earn its place. The network's width halves from layer to layer.
"""

from __future__ import annotations

from spectune.networks.families.blocks import dense_stack, drawn_channels, drawn_transform, drawn_word, epochs_for
from spectune.networks.layers import Act, Activation, Conv, Layers
from spectune.networks.recipe import Recipe, Schedule
from spectune.networks.space import Draw
from spectune.spectra.spectra import Task

ACTIVATIONS: tuple[Activation, ...] = ("elu", "relu", "swish", "selu")


def funnel(draw: Draw, task: Task) -> Recipe:
    """A recipe of the house family."""
    channels = drawn_channels(draw, task)
    activation = drawn_word(draw, "activation", ACTIVATIONS)
    front = _convolution(draw, activation) if draw.flag("convolution") else ()
    width, depth = draw.int("dense.width"), draw.int("dense.layers")
    units = [max(width >> level, 4) for level in range(depth)]
    layers = (*front, *dense_stack(units, activation, draw.float("dropout"), task.outputs))
    transform = drawn_transform(draw, task)
    return Recipe(channels, layers, _schedule(draw, task), "channels", transform, draw.float("gain"), balanced=True)


def _convolution(draw: Draw, activation: Activation) -> Layers:
    return (
        Conv(draw.int("conv.filters"), draw.int("conv.kernel"), draw.int("conv.stride"), "same"),
        Act(activation),
    )


def _schedule(draw: Draw, task: Task) -> Schedule:
    batch = draw.int("batch")
    epochs = epochs_for(draw.int("updates"), batch, task.rows)
    return Schedule(
        optimiser="adam",
        rate=draw.float("rate"),
        batch=batch,
        epochs=epochs,
        penalty=draw.float("penalty"),
        warmup=max(epochs // 20, 1),
        decay="constant" if draw.text("decay") == "constant" else "cosine",
    )
