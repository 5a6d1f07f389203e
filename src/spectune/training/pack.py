"""Fitted members as plain named arrays, and back: for model folders and worker processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.errors import ModelError
from spectune.networks.recipe import Recipe
from spectune.spectra.channels import prepared_shape
from spectune.spectra.spectra import Task
from spectune.training.build import build
from spectune.training.fit import Fitted
from spectune.training.members import Stack
from spectune.training.scaling import InputScaling, TargetScaling

Arrays = dict[str, NDArray[Any]]

_TARGET_NUMBERS = ("constant", "mean", "deviation", "low", "high")


def to_arrays(fitted: Fitted) -> Arrays:
    """Weights and scaling of all members; the first axis of every array is the member."""
    targets = [asdict(target) for target in fitted.targets]
    return {
        "kernels": fitted.stack.kernels.detach().numpy(),
        "others": fitted.stack.others.detach().numpy(),
        "moments": fitted.stack.moments.detach().numpy(),
        "input_factor": fitted.inputs.factor.numpy(),
        "input_offset": fitted.inputs.offset.numpy(),
        **{f"target_{name}": np.asarray([target[name] for target in targets]) for name in _TARGET_NUMBERS},
    }


def to_send(fitted: Fitted) -> tuple[Recipe, Task, Arrays]:
    """Fitted members as another process can take them; ``from_arrays`` makes them again."""
    return fitted.recipe, fitted.task, to_arrays(fitted)


def from_arrays(recipe: Recipe, task: Task, arrays: Mapping[str, NDArray[Any]]) -> Fitted:
    """The inverse of ``to_arrays``.

    Raises:
        ModelError: arrays that are missing or do not have the shapes the recipe asks for.
    """
    shape = prepared_shape(recipe.channels, recipe.layout, task.points)
    empty = build(recipe.layers, shape)
    members = len(arrays["kernels"]) if "kernels" in arrays else 0
    channels, points = shape
    wanted = {
        "kernels": tuple(empty.kernels.shape[1:]),
        "others": tuple(empty.others.shape[1:]),
        "moments": tuple(empty.moments.shape[1:]),
        "input_factor": (1, points, channels),
        "input_offset": (1, points, channels),
        **{f"target_{name}": () for name in _TARGET_NUMBERS},
    }
    for name, rest in wanted.items():
        found = arrays[name].shape if name in arrays else None
        if found != (members, *rest):
            raise ModelError(f"the model's array {name!r} should have shape {(members, *rest)}, found {found}")
    tensors = {name: torch.as_tensor(np.array(arrays[name])) for name in wanted if not name.startswith("target_")}
    targets = tuple(
        TargetScaling(recipe.transform, *(float(arrays[f"target_{name}"][member]) for name in _TARGET_NUMBERS))
        for member in range(members)
    )
    stack = Stack(recipe.layers, shape, tensors["kernels"], tensors["others"], tensors["moments"])
    return Fitted(recipe, task, stack, InputScaling(tensors["input_factor"], tensors["input_offset"]), targets)
