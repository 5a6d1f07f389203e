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
from spectune.training.scaling import InputScaling, TargetScaling, input_scaling, target_scaling, unscaled
from spectune.training.signals import Signals

Errors = NDArray[np.float64]
Values = NDArray[np.float64]


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
    """
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
        inputs=(input_scaling if recipe.standardised else unscaled)(table, train_rows, dtype),
        targets=targets,
        streams=streams,
        keys=tuple(int(torch.randint(0, 1 << 62, (), generator=stream)) for stream in streams),
        weights=_class_weights(y, task, train_rows, recipe.balanced).to(dtype),
        wanted=torch.as_tensor(wanted).to(dtype),
        penalties=(recipe.schedule.penalty,) * len(folds),
        drops=np.tile(np.asarray(drop_rates(recipe.layers), dtype=np.float32), (len(folds), 1)),
    )


def _class_weights(y: Values, task: Task, rows: Sequence[Rows], balanced: bool) -> Tensor:
    """(K, classes) weights in the loss; rows of a member weigh 1 on average."""
    counts = np.asarray(
        [np.bincount(y[chosen].astype(int), minlength=task.outputs) for chosen in rows] if task.classes else []
    )
    if not balanced or not task.classes:
        return torch.ones(len(rows), len(task.classes))
    present = (counts > 0).sum(axis=1, keepdims=True)
    return torch.as_tensor(counts.sum(axis=1, keepdims=True) / (present * np.maximum(counts, 1)))
