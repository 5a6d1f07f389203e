"""The hot loop: a generator of epochs over K members.

Whoever consumes it decides: pruning breaks out of it, the command line draws a bar. There are no
callbacks. A member's random stream is its own, so its trajectory is the same whoever trains
beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss

from spectune.networks.recipe import Schedule
from spectune.spectra.spectra import Rows
from spectune.training.members import Stack, Training, forward
from spectune.training.optimisers import Memory, memory, step
from spectune.training.rates import Plateau, planned_rate
from spectune.training.scaling import InputScaling, TargetScaling

Errors = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Material:
    """What K members are trained on.

    Attributes:
        table: prepared spectra of all rows, (n, L, C); members share it.
        y: target in its unit, or class numbers, (n,).
        classes: number of classes, 0 for regression.
        train, tuning: row numbers of each member; ``tuning`` chooses the best epoch.
        inputs, targets: scaling of each member, fitted on its training rows.
        streams: one random stream per member.
        weights: (K, classes) weight of each class in the loss of each member; empty for regression.
        wanted: what the outputs should be, (K, n): scaled targets or class numbers. Rows a member
            is not trained on hold NaN (or class -1), so that using one could not go unnoticed.
    """

    table: Tensor
    y: NDArray[np.float64]
    classes: int
    train: tuple[Rows, ...]
    tuning: tuple[Rows, ...]
    inputs: InputScaling
    targets: tuple[TargetScaling, ...]
    streams: tuple[torch.Generator, ...]
    weights: Tensor
    wanted: Tensor

    def take(self, members: Sequence[int]) -> Material:
        """The same for the chosen members."""
        index = torch.as_tensor(members)
        return replace(
            self,
            train=tuple(self.train[member] for member in members),
            tuning=tuple(self.tuning[member] for member in members),
            inputs=self.inputs.take(index),
            targets=tuple(self.targets[member] for member in members),
            streams=tuple(self.streams[member] for member in members),
            weights=self.weights[index],
            wanted=self.wanted[index],
        )


@dataclass(frozen=True, eq=False)
class Epoch:
    """State after an epoch; arrays are (K,) over all members, also those that have stopped.

    Attributes:
        number: from 1.
        training: mean loss over the training rows, without the penalty.
        tuning: error on the tuning rows, see ``stopping_errors``.
        best: lowest tuning error so far; ``best_epoch`` says when.
        running: members that go on.
    """

    number: int
    training: Errors
    tuning: Errors
    best: Errors
    best_epoch: NDArray[np.intp]
    running: NDArray[np.bool_]


def train(stack: Stack, best: Stack, material: Material, schedule: Schedule) -> Iterator[Epoch]:
    """Trains ``stack`` in place; after every epoch ``best`` holds each member's best weights.

    Members that stop leave the stack, so they no longer cost anything.
    """
    count = stack.members
    alive = np.arange(count)
    training, tuning = np.full(count, np.nan), np.full(count, np.nan)
    lowest, best_epoch = np.full(count, np.inf), np.zeros(count, dtype=np.intp)
    memories = tuple(memory(schedule.optimiser, part) for part in (stack.kernels, stack.others))
    plateau = Plateau(schedule, np.ones(count))
    for number in range(1, schedule.epochs + 1):
        rates = _rates(schedule, number, material, plateau.factors[alive])
        training[alive] = _epoch(stack, material, schedule, memories, rates)
        tuning[alive] = stopping_errors(outputs(stack, material, material.tuning), material, material.tuning)
        better = np.isin(np.arange(count), alive) & (tuning < lowest)
        lowest, best_epoch = np.where(better, tuning, lowest), np.where(better, number, best_epoch)
        _keep(best, stack, alive, better)
        plateau.look(tuning)
        staying = alive[_goes_on(schedule, number, training, best_epoch)[alive]]
        yield Epoch(number, training.copy(), tuning.copy(), lowest, best_epoch, np.isin(np.arange(count), staying))
        if staying.size < alive.size:
            places = np.flatnonzero(np.isin(alive, staying))
            if not places.size:
                return
            stack, material = stack.take(torch.as_tensor(places)), material.take(places.tolist())
            memories = tuple(one.take(places.tolist()) for one in memories)
            alive = staying


def outputs(stack: Stack, material: Material, rows: Sequence[Rows]) -> list[NDArray[np.float64]]:
    """Raw outputs of each member on its own rows, [(rows, outputs)]; rows may be unequal in number."""
    index, counts = _padded(rows)
    with torch.no_grad():
        made = [
            forward(stack, material.inputs.apply(_gather(material.table, part))) for part in torch.split(index, 512, 1)
        ]
    every = torch.cat(made, dim=1).double().numpy()
    return [every[member, :count] for member, count in enumerate(counts)]


def errors(made: Sequence[NDArray[np.float64]], material: Material, rows: Sequence[Rows]) -> Errors:
    """Error of each member: RMSE in the target's unit, or log-loss; (K,), infinite when diverged."""
    found = np.full(len(rows), np.inf)
    for member, (output, chosen) in enumerate(zip(made, rows, strict=True)):
        if chosen.size and np.isfinite(output).all():
            found[member] = _error(output, material.y[chosen], material.targets[member], material.classes)
    return found


def stopping_errors(made: Sequence[NDArray[np.float64]], material: Material, rows: Sequence[Rows]) -> Errors:
    """Error that chooses the best epoch: on the scale that is trained, in the target's standard deviations.

    Without a transform it is ``errors`` in another unit. With one it keeps the few largest targets
    from choosing the epoch alone: on soil carbon, RMSE of ensembles on rows that no one had seen
    fell by 5 to 11 % (three pairs of set and channels, log and Box-Cox). Log-loss for classes.
    """
    if material.classes:
        return errors(made, material, rows)
    found = np.full(len(rows), np.inf)
    for member, (output, chosen) in enumerate(zip(made, rows, strict=True)):
        if chosen.size and np.isfinite(output).all():
            wanted = material.targets[member].forward(material.y[chosen])
            found[member] = np.sqrt(np.mean((output[:, 0] - wanted) ** 2))
    return found


def _error(output: NDArray[np.float64], y: NDArray[np.float64], target: TargetScaling, classes: int) -> float:
    if classes:
        each = cross_entropy(torch.as_tensor(output), torch.as_tensor(y).long(), reduction="none").numpy()
        return float(np.mean([each[y == label].mean() for label in np.unique(y)]))
    return float(np.sqrt(np.mean((target.inverse(output[:, 0]) - y) ** 2)))


def _epoch(
    stack: Stack, material: Material, schedule: Schedule, memories: Sequence[Memory], rates: NDArray[np.float64]
) -> Errors:
    """One pass over every member's training rows in its own random order; mean loss per member.

    ``rates`` is (steps, K).
    """
    orders = [rows[_shuffled(rows.size, stream)] for rows, stream in zip(material.train, material.streams, strict=True)]
    order, lengths = _padded(orders)
    parts = (stack.kernels.requires_grad_(), stack.others.requires_grad_())
    penalties = (schedule.penalty, 0.0)
    sums = np.zeros(stack.members)
    for place, index in enumerate(torch.split(order, schedule.batch, dim=1)):
        counts = [min(max(length - place * schedule.batch, 0), index.shape[1]) for length in lengths]
        made = forward(stack, material.inputs.apply(_gather(material.table, index)), Training(counts, material.streams))
        losses = _losses(made, material.wanted.gather(1, index), counts, material.weights)
        gradients = torch.autograd.grad(losses.sum(), parts)
        busy = [count > 0 for count in counts]
        for part, gradient, remembered, penalty in zip(parts, gradients, memories, penalties, strict=True):
            step(part, gradient, remembered, rates[place].tolist(), penalty, busy)
        sums += losses.detach().double().numpy() * counts
    return np.asarray(sums / lengths)


def _losses(made: Tensor, wanted: Tensor, counts: Sequence[int], weights: Tensor) -> Tensor:
    """Mean loss over the real rows of each member, (K,)."""
    if weights.numel():
        labels = wanted.long()
        each = cross_entropy(made.flatten(0, 1), labels.flatten(), reduction="none").view(wanted.shape)
        each = each * weights.gather(1, labels)
    else:
        each = mse_loss(made[:, :, 0], wanted, reduction="none")
    if all(count == wanted.shape[1] for count in counts):
        return each.mean(dim=1)
    number = torch.tensor(counts)
    real = torch.arange(wanted.shape[1])[None, :] < number[:, None]
    return (each * real).sum(dim=1) / number.clamp(min=1)


def _rates(schedule: Schedule, number: int, material: Material, factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(steps, K) learning rates of one epoch; a member's rate rises and falls with its own steps."""
    own = np.asarray([-(-rows.size // schedule.batch) for rows in material.train])
    places = np.arange(1, own.max() + 1)[:, None] / own[None, :]
    planned = np.vectorize(lambda part: planned_rate(schedule, number - 1 + min(part, 1.0)))(places)
    return np.asarray(planned * factors)


def _goes_on(schedule: Schedule, number: int, training: Errors, best_epoch: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Members that neither ran out of epochs or patience nor diverged."""
    waited = number - best_epoch
    patient = waited < schedule.patience if schedule.patience else np.ones(waited.shape, dtype=np.bool_)
    return np.asarray(patient & np.isfinite(training) & (number < schedule.epochs))


def _keep(best: Stack, stack: Stack, alive: NDArray[np.intp], better: NDArray[np.bool_]) -> None:
    """Copies the weights of members that did better than ever before."""
    for place, member in enumerate(alive):
        if better[member]:
            best.kernels[member] = stack.kernels[place].detach()
            best.others[member] = stack.others[place].detach()
            best.moments[member] = stack.moments[place]


def _shuffled(size: int, stream: torch.Generator) -> NDArray[np.intp]:
    return np.asarray(torch.randperm(size, generator=stream).numpy())


def _padded(rows: Sequence[Rows]) -> tuple[Tensor, list[int]]:
    """Row numbers as (K, longest), padded by repetition, and how many are real in each."""
    longest = max(one.size for one in rows)
    filled = [np.resize(one, longest) if one.size else np.zeros(longest, dtype=np.intp) for one in rows]
    return torch.as_tensor(np.stack(filled)), [int(one.size) for one in rows]


def _gather(table: Tensor, index: Tensor) -> Tensor:
    """Rows of the table for every member: (K, B, L, C)."""
    return table.index_select(0, index.reshape(-1)).view(*index.shape, *table.shape[1:])
