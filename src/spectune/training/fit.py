"""From a recipe and folds to fitted members, and from fitted members to predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.errors import ModelError
from spectune.networks.layers import parameters
from spectune.networks.recipe import Recipe
from spectune.spectra.channels import prepare, prepared_shape
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.engine import Engine
from spectune.training.loop import Epoch, errors, train
from spectune.training.machine import USUAL, Machine
from spectune.training.material import Material
from spectune.training.members import Stack, forward
from spectune.training.scaling import InputScaling, TargetScaling
from spectune.training.start import engine_for, started

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Trained members of one recipe: all that is needed to predict from raw spectra.

    Attributes:
        recipe, task: how they were made and for what.
        stack: best weights of every member.
        inputs, targets: scaling of every member, from its own training rows.
    """

    recipe: Recipe
    task: Task
    stack: Stack
    inputs: InputScaling
    targets: tuple[TargetScaling, ...]

    @property
    def members(self) -> int:
        """Number of members."""
        return self.stack.members

    @property
    def parameters(self) -> int:
        """Trainable weights of one member."""
        return parameters(self.stack.layers, self.stack.shape)


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """A training under way, as seen after an epoch.

    Attributes:
        epoch: losses and errors of this epoch.
        scored: error of each member on the rows its fold holds out, at its best epoch so far;
            None except at the asked rungs and at the end.
        held_out: output of each member on those rows, in the target's unit or as probabilities.
    """

    epoch: Epoch
    scored: Array | None
    held_out: tuple[Array, ...]
    _recipe: Recipe
    _task: Task
    _material: Material
    _engine: Engine

    @property
    def fitted(self) -> Fitted:
        """The best weights so far."""
        return Fitted(self._recipe, self._task, self._engine.best(), self._material.inputs, self._material.targets)


def fit(
    recipe: Recipe,
    x: NDArray[np.float32],
    y: Array,
    task: Task,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    rungs: Sequence[int] = (),
    machine: Machine = USUAL,
) -> Iterator[Rehearsal]:
    """Trains one member per fold and yields after every epoch.

    Args:
        recipe: channels, layers, schedule.
        x: raw spectra, (rows, points); folds hold row numbers of these. A ``numpy.memmap`` of
            float32 is read from its file row by row, and may be larger than memory.
        y: target in its unit or class numbers, (rows,).
        task: what ``y`` means.
        folds: one per member; ``scored`` rows are looked at only to report an error.
        seeds: of each member's random stream.
        rungs: epochs after which the scored error is wanted; it always is after the last.
        machine: what trains; results are equal to rounding.

    Raises:
        ShapeError, SettingError: a recipe that does not fit the spectra.
    """
    stack, material = started(recipe, x, y, task, folds, seeds, machine)
    engine = engine_for(stack, material, recipe.schedule, machine)
    for epoch in train(engine, material, recipe.schedule):
        wanted = epoch.number in rungs or not epoch.running.any()
        scored, held_out = _scored(engine, material, folds, task) if wanted else (None, ())
        yield Rehearsal(epoch, scored, held_out, recipe, task, material, engine)


def predict(fitted: Fitted, x: NDArray[np.float32]) -> Array:
    """What every member says of raw spectra (rows, points).

    Returns:
        (members, rows) in the target's unit, or (members, rows, classes) probabilities.

    Raises:
        ModelError: spectra whose number of points does not fit.
    """
    return answers(fitted, signal(fitted, x))


def signal(fitted: Fitted, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Raw spectra (rows, points) after the recipe's channels: what the network receives, (rows, L, C).

    Raises:
        ModelError: spectra whose number of points does not fit.
    """
    recipe = fitted.recipe
    shape = prepared_shape(recipe.channels, recipe.layout, x.shape[1])
    if shape != fitted.stack.shape:
        raise ModelError(
            f"the model expects {fitted.stack.shape[1]} points in {fitted.stack.shape[0]} channels after "
            f"preprocessing, these spectra give {shape[1]} in {shape[0]}"
        )
    return prepare(x, recipe.channels, recipe.layout)


def answers(fitted: Fitted, prepared: NDArray[np.float32]) -> Array:
    """What every member says of prepared spectra (rows, L, C); as ``predict``."""
    table = torch.as_tensor(prepared).to(fitted.stack.kernels.dtype)
    with torch.no_grad():
        parts = [forward(fitted.stack, fitted.inputs.apply(part)) for part in torch.split(table, 256)]
    raw = torch.cat(parts, dim=1).double().numpy()
    return np.stack([_answer(output, target, fitted.task) for output, target in zip(raw, fitted.targets, strict=True)])


def join(parts: Sequence[Fitted]) -> Fitted:
    """Members of several fits of one recipe as one ensemble."""
    stacks = [part.stack for part in parts]
    stack = replace(
        stacks[0],
        kernels=torch.cat([one.kernels for one in stacks]),
        others=torch.cat([one.others for one in stacks]),
        moments=torch.cat([one.moments for one in stacks]),
    )
    inputs = InputScaling(
        torch.cat([part.inputs.factor for part in parts]), torch.cat([part.inputs.offset for part in parts])
    )
    return replace(parts[0], stack=stack, inputs=inputs, targets=tuple(one for part in parts for one in part.targets))


def _scored(
    engine: Engine, material: Material, folds: Sequence[Fold], task: Task
) -> tuple[Array | None, tuple[Array, ...]]:
    """Errors and outputs on the held-out rows, by the best weights so far."""
    rows, members = [fold.scored for fold in folds], range(len(folds))
    if not any(one.size for one in rows):
        return None, ()
    raw = engine.outputs(members, rows, best=True)
    held_out = tuple(_answer(output, target, task) for output, target in zip(raw, material.targets, strict=True))
    return errors(raw, material, rows, members), held_out


def _answer(output: Array, target: TargetScaling, task: Task) -> Array:
    """A member's raw outputs (rows, outputs) in the unit of the target, or as probabilities."""
    if task.regression:
        return target.inverse(output[:, 0])
    odds = np.exp(output - output.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
