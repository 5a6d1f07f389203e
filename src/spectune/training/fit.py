"""From a recipe and folds to fitted members, and from fitted members to predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectune.errors import ModelError
from spectune.networks.layers import parameters
from spectune.networks.recipe import Recipe
from spectune.spectra.channels import prepare, prepared_shape
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Rows, Task
from spectune.training.build import begin
from spectune.training.loop import Epoch, Material, errors, outputs, train
from spectune.training.members import Stack, forward
from spectune.training.scaling import InputScaling, TargetScaling, input_scaling, target_scaling

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
        fitted: best weights so far; they change in place as training goes on.
        scored: error of each member on the rows its fold holds out, at its best epoch so far;
            None except at the asked rungs and at the end.
        held_out: output of each member on those rows, in the target's unit or as probabilities.
    """

    epoch: Epoch
    fitted: Fitted
    scored: Array | None = None
    held_out: tuple[Array, ...] = ()


def fit(
    recipe: Recipe,
    x: NDArray[np.float32],
    y: Array,
    task: Task,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    rungs: Sequence[int] = (),
    dtype: torch.dtype = torch.float32,
) -> Iterator[Rehearsal]:
    """Trains one member per fold and yields after every epoch.

    Args:
        recipe: channels, layers, schedule.
        x: raw spectra, (rows, points); folds hold row numbers of these.
        y: target in its unit or class numbers, (rows,).
        task: what ``y`` means.
        folds: one per member; ``scored`` rows are looked at only to report an error.
        seeds: of each member's random stream.
        rungs: epochs after which the scored error is wanted; it always is after the last.
        dtype: float32, or float64 where laws are tested.

    Raises:
        ShapeError, SettingError: a recipe that does not fit the spectra.
    """
    streams = tuple(torch.Generator().manual_seed(seed) for seed in seeds)
    shape = prepared_shape(recipe.channels, recipe.layout, x.shape[1])
    stack = begin(recipe.layers, shape, streams, dtype, recipe.gain)
    table = torch.as_tensor(prepare(x, recipe.channels, recipe.layout)).to(dtype)
    material = _material(table, y, task, folds, streams, recipe)
    best = stack.take(torch.arange(len(folds)))
    fitted = Fitted(recipe, task, best, material.inputs, material.targets)
    for epoch in train(stack, best, material, recipe.schedule):
        if epoch.number in rungs or not epoch.running.any():
            yield _scored(Rehearsal(epoch, fitted), material, folds)
        else:
            yield Rehearsal(epoch, fitted)


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


def _material(
    table: Tensor, y: Array, task: Task, folds: Sequence[Fold], streams: tuple[torch.Generator, ...], recipe: Recipe
) -> Material:
    train_rows = tuple(fold.train for fold in folds)
    if task.regression:
        targets = tuple(target_scaling(y[rows], recipe.transform) for rows in train_rows)
        wanted = np.full((len(folds), y.size), np.nan)
        for member, rows in enumerate(train_rows):
            wanted[member, rows] = targets[member].forward(y[rows])
    else:
        targets = tuple(TargetScaling() for _ in folds)
        wanted = np.full((len(folds), y.size), -1.0)
        for member, rows in enumerate(train_rows):
            wanted[member, rows] = y[rows]
    return Material(
        table=table,
        y=y,
        classes=len(task.classes),
        train=train_rows,
        tuning=tuple(fold.tuning for fold in folds),
        inputs=input_scaling(table, train_rows),
        targets=targets,
        streams=streams,
        weights=_class_weights(y, task, train_rows, recipe.balanced).to(table.dtype),
        wanted=torch.as_tensor(wanted).to(table.dtype),
    )


def _class_weights(y: Array, task: Task, rows: Sequence[Rows], balanced: bool) -> Tensor:
    """(K, classes) weights in the loss; rows of a member weigh 1 on average."""
    counts = np.asarray(
        [np.bincount(y[chosen].astype(int), minlength=task.outputs) for chosen in rows] if task.classes else []
    )
    if not balanced or not task.classes:
        return torch.ones(len(rows), len(task.classes))
    present = (counts > 0).sum(axis=1, keepdims=True)
    return torch.as_tensor(counts.sum(axis=1, keepdims=True) / (present * np.maximum(counts, 1)))


def _scored(rehearsal: Rehearsal, material: Material, folds: Sequence[Fold]) -> Rehearsal:
    """The same with errors and outputs on the held-out rows, by the best weights so far."""
    rows = [fold.scored for fold in folds]
    fitted = rehearsal.fitted
    if not any(one.size for one in rows):
        return rehearsal
    raw = outputs(fitted.stack, material, rows)
    held_out = tuple(_answer(output, target, fitted.task) for output, target in zip(raw, fitted.targets, strict=True))
    return replace(rehearsal, scored=errors(raw, material, rows), held_out=held_out)


def _answer(output: Array, target: TargetScaling, task: Task) -> Array:
    """A member's raw outputs (rows, outputs) in the unit of the target, or as probabilities."""
    if task.regression:
        return target.inverse(output[:, 0])
    odds = np.exp(output - output.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
