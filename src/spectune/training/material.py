"""What K members are trained on, and the random numbers each of them draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectune.networks.recipe import Recipe
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Rows, Task
from spectune.training.members import drop_rates
from spectune.training.scaling import (
    InputScaling,
    TargetScaling,
    check_range,
    input_scaling,
    read_once,
    target_scaling,
    unscaled,
)
from spectune.training.signals import Signals

Errors = NDArray[np.float64]
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scaling:
    """What was fitted on the training rows of K members: the scaling of their inputs and of their targets."""

    inputs: InputScaling
    targets: tuple[TargetScaling, ...]


@dataclass(frozen=True, eq=False)
class Material:
    """Rows, targets and randomness of K members.

    Attributes:
        table: signals of all n rows, each (L, C); members share them.
        y: target in its unit, or class numbers, (n,).
        classes: number of classes, 0 for regression.
        train, tuning: row numbers of each member; ``tuning`` chooses the best epoch.
        inputs, targets: scaling of each member, fitted on its training rows.
        streams: one random stream per member; it makes the order of rows.
        keys: of each member's dropout: what is dropped depends on key, step, layer and place only.
        weights: (K, classes) weight of each class in the loss of each member; empty for regression.
        wanted: what the outputs should be, (K, n): scaled targets or class numbers. Rows a member
            is not trained on hold NaN (or class -1), so that using one could not go unnoticed.
        penalties: L2 of each member.
        drops: (K, dropout layers) rates of each member.
    """

    table: Signals
    y: NDArray[np.float64]
    classes: int
    train: tuple[Rows, ...]
    tuning: tuple[Rows, ...]
    inputs: InputScaling
    targets: tuple[TargetScaling, ...]
    streams: tuple[torch.Generator, ...]
    keys: tuple[int, ...]
    weights: Tensor
    wanted: Tensor
    penalties: tuple[float, ...]
    drops: NDArray[np.float32]

    @property
    def members(self) -> int:
        """K."""
        return len(self.train)

    def take(self, members: list[int]) -> Material:
        """The same for the chosen members."""
        index = torch.as_tensor(members)
        return replace(
            self,
            train=tuple(self.train[member] for member in members),
            tuning=tuple(self.tuning[member] for member in members),
            inputs=self.inputs.take(index),
            targets=tuple(self.targets[member] for member in members),
            streams=tuple(self.streams[member] for member in members),
            keys=tuple(self.keys[member] for member in members),
            weights=self.weights[index],
            wanted=self.wanted[index],
            penalties=tuple(self.penalties[member] for member in members),
            drops=self.drops[members],
        )

    def shuffled(self, member: int) -> NDArray[np.int64]:
        """The member's training rows in the order of its next epoch."""
        rows = self.train[member]
        return np.asarray(rows[torch.randperm(rows.size, generator=self.streams[member]).numpy()], dtype=np.int64)


def material_of(
    table: Signals,
    y: Values,
    task: Task,
    folds: Sequence[Fold],
    streams: tuple[torch.Generator, ...],
    recipe: Recipe,
    dtype: torch.dtype = torch.float32,
    scaling: Scaling | None = None,
) -> Material:
    """Material of one member per fold.

    Args:
        table: signals of all rows.
        y: target in its unit or class numbers, (n,).
        task: what ``y`` means.
        folds: rows of each member.
        streams: random stream of each member; its dropout key is drawn from it.
        recipe: what is trained.
        dtype: of everything that enters a network.
        scaling: of members that have one already; without it, it is fitted on their training rows.

    Raises:
        DataError: rows that cannot be prepared, or targets that the recipe's transform does not take.
    """
    train_rows = tuple(fold.train for fold in folds)
    if scaling is None:
        scaling = _fitted_scaling(table, y, task, train_rows, recipe, dtype)
    else:
        _check(table, y, task, train_rows, recipe)
    return Material(
        table=table,
        y=y,
        classes=len(task.classes),
        train=train_rows,
        tuning=tuple(fold.tuning for fold in folds),
        inputs=scaling.inputs.of(dtype),
        targets=scaling.targets,
        streams=streams,
        keys=tuple(int(torch.randint(0, 1 << 62, (), generator=stream)) for stream in streams),
        weights=_class_weights(y, task, train_rows, recipe.balanced).to(dtype),
        wanted=_wanted(y, task, train_rows, scaling.targets).to(dtype),
        penalties=(recipe.schedule.penalty,) * len(folds),
        drops=np.tile(np.asarray(drop_rates(recipe.layers), dtype=np.float32), (len(folds), 1)),
    )


def _fitted_scaling(
    table: Signals, y: Values, task: Task, rows: Sequence[Rows], recipe: Recipe, dtype: torch.dtype
) -> Scaling:
    inputs = (input_scaling if recipe.standardised else unscaled)(table, rows, dtype)
    if not task.regression:
        return Scaling(inputs, tuple(TargetScaling() for _ in rows))
    return Scaling(inputs, tuple(target_scaling(y[own], recipe.transform, recipe.scaled_target) for own in rows))


def _check(table: Signals, y: Values, task: Task, rows: Sequence[Rows], recipe: Recipe) -> None:
    """What fitting a scaling would find out: whether all rows can be prepared, and all targets transformed."""
    read_once(table)
    if task.regression:
        check_range(y[np.concatenate(rows)], recipe.transform)


def _wanted(y: Values, task: Task, rows: Sequence[Rows], targets: Sequence[TargetScaling]) -> Tensor:
    """(K, n) scaled targets or class numbers of each member's rows, NaN or -1 elsewhere."""
    wanted = np.full((len(rows), y.size), np.nan if task.regression else -1.0)
    for member, own in enumerate(rows):
        wanted[member, own] = targets[member].forward(y[own]) if task.regression else y[own]
    return torch.as_tensor(wanted)


def _class_weights(y: Values, task: Task, rows: Sequence[Rows], balanced: bool) -> Tensor:
    """(K, classes) weights in the loss; rows of a member weigh 1 on average."""
    counts = np.asarray(
        [np.bincount(y[chosen].astype(int), minlength=task.outputs) for chosen in rows] if task.classes else []
    )
    if not balanced or not task.classes:
        return torch.ones(len(rows), len(task.classes))
    present = (counts > 0).sum(axis=1, keepdims=True)
    return torch.as_tensor(counts.sum(axis=1, keepdims=True) / (present * np.maximum(counts, 1)))
