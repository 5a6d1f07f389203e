"""From a recipe and folds to fitted members, and from fitted members to predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.errors import ModelError, SettingError
from spectune.networks.layers import parameters
from spectune.networks.recipe import Recipe
from spectune.spectra.channels import prepare, prepared_shape
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.checkpoint import Checkpoint, Past, streams_of, turn_to
from spectune.training.eager import penalties
from spectune.training.engine import Engine
from spectune.training.loop import Epoch, train
from spectune.training.machine import USUAL, Machine
from spectune.training.material import Material, Scaling
from spectune.training.measures import errors
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

    def take(self, members: Sequence[int]) -> Fitted:
        """The chosen members."""
        index = torch.as_tensor(np.asarray(members, dtype=np.int64))
        targets = tuple(self.targets[member] for member in members)
        return replace(self, stack=self.stack.take(index), inputs=self.inputs.take(index), targets=targets)


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
        """The weights that are kept so far."""
        return Fitted(self._recipe, self._task, self._engine.best(), self._material.inputs, self._material.targets)

    def checkpoint(self, past: Past) -> Checkpoint:
        """Where the training is, after all the epochs in ``past``, of which this is the last."""
        members = np.arange(self._material.members)
        return Checkpoint(members, self._engine.state(), streams_of(self._material.streams), past)

    @property
    def calibrated(self) -> Array:
        """Error of each member on its own training rows, by the weights that are kept so far, (K,)."""
        rows, members = self._material.train, range(self._material.members)
        return errors(self._engine.outputs(members, rows, best=True), self._material, rows, members)

    @property
    def penalty(self) -> Array:
        """Half the L2 penalty times all squared kernels of the weights that are kept so far, (K,)."""
        return penalties(self._engine.best().kernels, self._material.penalties)


def fit(  # noqa: PLR0913  (what is trained, on what, from where, by what, and since when)
    recipe: Recipe,
    x: NDArray[np.float32],
    y: Array,
    task: Task,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    rungs: Sequence[int] = (),
    machine: Machine = USUAL,
    start: Fitted | None = None,
    checkpoint: Checkpoint | None = None,
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
        start: members to go on from, one per fold: their weights, running moments and scaling. What
            the update rule remembers begins anew, and so do dropout and the order of rows.
        checkpoint: of this very fit on this kind of machine (whatever its threads), not after its last
            epoch; the epochs that follow are yielded, to the bit those of a fit that never stopped.

    To train on all rows and stop by the loss on them, as published refits do, give a fold whose
    ``tuning`` rows are its ``train`` rows, and watch the loss. It is taken after the epoch, by the
    weights of then, where Keras takes the mean over the batches while they change.

    Raises:
        ShapeError, SettingError: a recipe that does not fit the spectra, or does not fit the start.
        DataError: a row that cannot be prepared, or a target that the recipe's transform does not take.
    """
    given = None
    if start is not None:
        check_start(start, recipe, len(folds))
        if misfit := _misfit(start, x.shape[1]):
            raise SettingError(misfit)
        given = start.stack, Scaling(start.inputs, start.targets)
    stack, material = started(recipe, x, y, task, folds, seeds, machine, given)
    engine = engine_for(stack, material, recipe.schedule, machine)
    past = None
    if checkpoint is not None:
        past = checkpoint.past
        engine.resume(checkpoint.state)
        turn_to(material.streams, checkpoint.streams)
    for epoch in train(engine, material, recipe.schedule, past):
        wanted = epoch.number in rungs or not epoch.running.any()
        scored, held_out = _scored(engine, material, folds, task) if wanted else (None, ())
        yield Rehearsal(epoch, scored, held_out, recipe, task, material, engine)


def check_start(start: Fitted, recipe: Recipe, members: int) -> None:
    """Whether a training of a recipe, with so many members, can go on from fitted ones.

    Raises:
        SettingError: it cannot, and why.
    """
    for name in ("channels", "layout", "layers", "transform"):
        if getattr(start.recipe, name) != getattr(recipe, name):
            raise SettingError(
                f"a training goes on from fitted members only if they and the recipe agree, and they differ in {name}; "
                "take over what the members have, or start afresh"
            )
    if start.members != members:
        raise SettingError(
            f"a training of {members} members goes on from as many fitted ones, and {start.members} were given; "
            "give one for each fold"
        )


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
    if misfit := _misfit(fitted, x.shape[1]):
        raise ModelError(misfit)
    return prepare(x, fitted.recipe.channels, fitted.recipe.layout)


def _misfit(fitted: Fitted, points: int) -> str:
    """Why spectra of so many points do not fit, or nothing if they do."""
    (channels, wanted), recipe = fitted.stack.shape, fitted.recipe
    shape = prepared_shape(recipe.channels, recipe.layout, points)
    if shape == fitted.stack.shape:
        return ""
    return (
        f"the model expects {wanted} points in {channels} channels after "
        f"preprocessing, these spectra give {shape[1]} in {shape[0]}"
    )


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
