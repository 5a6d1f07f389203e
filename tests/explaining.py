"""Small networks whose explanation is known, for the tests of explanations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.networks.layers import Act, Conv, Dense, Flatten, Layers
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.channels import Layout, parse_channels, prepared_shape
from spectune.spectra.spectra import Task
from spectune.training.build import build
from spectune.training.fit import Fitted
from spectune.training.scaling import InputScaling, TargetScaling

Array = NDArray[np.float64]

POINTS = 24
LINEAR: Layers = (Flatten(), Dense(1))
ONE_FILTER: Layers = (Conv(1, 5), Act("elu"), Flatten(), Dense(8), Act("elu"), Dense(3))
STRIDED: Layers = (Conv(4, 5, stride=2), Act("elu"), Conv(3, 3), Act("elu"), Flatten(), Dense(3))
CLASSES = Task("polymer", classes=("PE", "PP", "PS"))
NUMBER = Task("fat", "%")


def spectra(rows: int = 6, points: int = POINTS, seed: int = 0) -> Array:
    """Smooth spectra above zero, (rows, points)."""
    random = np.random.default_rng(seed)
    at = np.linspace(0, 1, points)
    bands = np.exp(-(((at - random.uniform(0, 1, (rows, 3, 1))) / 0.15) ** 2))
    return np.asarray(0.3 + (random.uniform(0.1, 0.5, (rows, 3, 1)) * bands).sum(axis=1))


def network(
    layers: Layers,
    task: Task = CLASSES,
    words: str = "RAW | SNV+D1",
    layout: Layout = "concatenate",
    members: int = 2,
    target: TargetScaling | None = None,
    points: int = POINTS,
) -> Fitted:
    """Members with random weights and input scalings, as after some training."""
    channels = parse_channels(words)
    shape = prepared_shape(channels, layout, points)
    stack = build(layers, shape, members, seed=1)
    random = torch.Generator().manual_seed(2)
    factor = 0.5 + torch.rand(members, 1, shape[1], shape[0], generator=random)
    offset = torch.randn(members, 1, shape[1], shape[0], generator=random)
    others = stack.others + 0.3 * torch.randn(stack.others.shape, generator=random)
    targets = (target or TargetScaling(mean=5.0, deviation=2.0),) * members
    recipe = Recipe(channels, layers, Schedule(), layout)
    return Fitted(recipe, task, replace(stack, others=others), InputScaling(factor, offset), targets)
