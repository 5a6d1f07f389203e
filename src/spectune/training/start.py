"""The start of a training: members with their first weights, what they are trained on, and an engine for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.channels import prepared_shape
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.build import begin
from spectune.training.eager import Eager
from spectune.training.engine import Core, Engine
from spectune.training.machine import Machine
from spectune.training.material import Material, Scaling, Values, material_of
from spectune.training.members import Stack
from spectune.training.resident import Resident
from spectune.training.signals import signals


def started(
    recipe: Recipe,
    x: NDArray[np.float32],
    y: Values,
    task: Task,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    machine: Machine,
    given: tuple[Stack, Scaling] | None = None,
) -> tuple[Stack, Material]:
    """One member per fold before its first step; arguments as of ``fit``.

    Members that are ``given`` with their scaling begin as they are; else weights are drawn.

    Raises:
        ShapeError, SettingError: a recipe that does not fit the spectra or the target.
    """
    if recipe.schedule.watch == "accuracy" and task.regression:
        raise SettingError(f"a number such as {task.target} has no accuracy to watch; watch the error or the loss")
    streams = tuple(torch.Generator().manual_seed(seed) for seed in seeds)
    shape = prepared_shape(recipe.channels, recipe.layout, x.shape[1])
    if given is None:
        stack, scaling = begin(recipe.layers, shape, streams, machine.dtype, recipe.gain, recipe.start), None
    else:
        stack, scaling = _in(machine.dtype, given[0]), given[1]
    table = signals(recipe, x, machine)
    return stack, material_of(table, y, task, folds, streams, recipe, machine.dtype, scaling)


def _in(dtype: torch.dtype, stack: Stack) -> Stack:
    parts = [part.detach().to(dtype) for part in (stack.kernels, stack.others, stack.moments)]
    return Stack(stack.layers, stack.shape, *parts)


def engine_for(stack: Stack, material: Material, schedule: Schedule, machine: Machine) -> Engine:
    """The engine that a machine has for these members."""
    if machine.device != "cpu":
        return Resident(stack, material, schedule, torch.device(machine.device), machine.precision)
    if machine.compiled:
        return Core(stack, material, schedule, machine.threads, machine.precision)
    return Eager(stack, material, schedule)
