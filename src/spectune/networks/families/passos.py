"""Passos & Mishra (2022): stacked preprocessing, one filter, a few dense layers with L2.

Regression has three fixed dense layers (128, 64, 16), classification one to five of searched
width with dropout. Blocks stand end to end along the axis, as published, so the filter runs
across their borders; ``layout`` can put them side by side instead. ELU throughout.
"""

from __future__ import annotations

from spectune.networks.families.blocks import dense_block, dense_stack, drawn_transform
from spectune.networks.layers import Act, Conv, Dense, Flatten, Layers
from spectune.networks.recipe import Recipe, Schedule
from spectune.networks.space import Draw
from spectune.spectra.channels import Layout, parse_channels
from spectune.spectra.spectra import Task


def passos(draw: Draw, task: Task) -> Recipe:
    """A recipe of the family of Passos & Mishra (2022)."""
    channels = parse_channels(draw.text("channels"))
    layout: Layout = "concatenate" if draw.text("layout") == "concatenate" else "channels"
    front: Layers = (Conv(1, draw.int("conv.kernel")), Act("elu")) if draw.flag("convolution") else ()
    back = dense_stack((128, 64, 16), "elu", 0.0, 1) if task.regression else _classifier(draw, task)
    schedule = Schedule(
        optimiser="adam",
        rate=draw.float("rate"),
        batch=draw.int("batch"),
        epochs=draw.int("epochs"),
        penalty=draw.float("penalty"),
        decay="plateau",
        factor=0.5,
        plateau_patience=25,
        patience=50,
    )
    return Recipe(channels, (*front, *back), schedule, layout, drawn_transform(draw, task), draw.float("gain"))


def _classifier(draw: Draw, task: Task) -> Layers:
    blocks: Layers = ()
    for number in range(1, draw.int("dense.layers") + 1):
        blocks += dense_block(draw.int(f"dense.{number}.units"), "elu", draw.float(f"dense.{number}.dropout"))
    return (Flatten(), *blocks, Dense(task.outputs))
