"""The torch engine: the plain twin of the compiled core.

Every step is a forward pass over (K, B, L, C) signals and autograd through the flat rows of
weights. It works in any precision torch has, so it is also the oracle of the tests.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss

from spectune.networks.recipe import Schedule
from spectune.spectra.spectra import Rows
from spectune.training.checkpoint import State, fresh, numbers, stack_of, weights_of
from spectune.training.material import Errors, Material
from spectune.training.members import Stack, Training, forward
from spectune.training.optimisers import Memory, memory, step
from spectune.training.signals import Signals

AT_ONCE = 512
"""Rows that are only predicted go through in parts of this size."""


class Eager:
    """Members as a stack of torch tensors; those no longer asked for leave the stack."""

    def __init__(self, stack: Stack, material: Material, schedule: Schedule) -> None:
        self._schedule = schedule
        self._everyone = material
        self._material, self._stack = material, stack.take(torch.arange(stack.members))
        self._best = stack.take(torch.arange(stack.members))
        self._memories = tuple(memory(schedule.optimiser, part) for part in (stack.kernels, stack.others))
        self._present = list(range(stack.members))
        self._steps = [0] * stack.members

    def epoch(self, members: Sequence[int], rates: NDArray[np.float64]) -> Errors:
        """See ``Engine.epoch``."""
        self._compact(list(members))
        stack, material, batch = self._stack, self._material, self._schedule.batch
        order, lengths = padded([material.shuffled(place) for place in range(len(members))])
        parts = (stack.kernels.requires_grad_(), stack.others.requires_grad_())
        penalties = (material.penalties, [0.0] * len(members))
        keys, drops = torch.tensor(material.keys), torch.from_numpy(material.drops)
        sums = np.zeros(len(members))
        for place, index in enumerate(torch.split(order, batch, dim=1)):
            counts = [min(max(length - place * batch, 0), index.shape[1]) for length in lengths]
            whole = min(counts) == index.shape[1]
            training = Training(torch.tensor(counts), whole, keys, torch.tensor(self._steps), drops)
            made = forward(stack, material.inputs.apply(gathered(material.table, index)), training)
            each = losses(made, material.wanted.gather(1, index), training, material.weights)
            gradients = torch.autograd.grad(each.sum(), parts, materialize_grads=True)
            busy = [count > 0 for count in counts]
            for part, gradient, remembered, penalty in zip(parts, gradients, self._memories, penalties, strict=True):
                step(part, gradient, remembered, rates[place].tolist(), penalty, busy)
            sums += each.detach().double().numpy() * counts
            self._steps = [taken + one for taken, one in zip(self._steps, busy, strict=True)]
        return np.asarray(sums / lengths)

    def outputs(self, members: Sequence[int], rows: Sequence[Rows], best: bool = False) -> list[NDArray[np.float64]]:
        """See ``Engine.outputs``."""
        if best:
            chosen = list(members)
            stack, inputs = (
                self._best.take(torch.as_tensor(chosen)),
                self._everyone.inputs.take(torch.as_tensor(chosen)),
            )
        else:
            self._compact(list(members))
            stack, inputs = self._stack, self._material.inputs
        index, counts = padded(rows)
        with torch.no_grad():
            made = [
                forward(stack, inputs.apply(gathered(self._material.table, part)))
                for part in torch.split(index, AT_ONCE, 1)
            ]
        every = torch.cat(made, dim=1).double().numpy()
        return [every[place, :count] for place, count in enumerate(counts)]

    def penalties(self, members: Sequence[int]) -> Errors:
        """See ``Engine.penalties``."""
        places = [self._present.index(member) for member in members]
        return penalties(self._stack.kernels[places], [self._material.penalties[place] for place in places])

    def keep(self, members: Sequence[int]) -> None:
        """See ``Engine.keep``."""
        for member in members:
            place = self._present.index(member)
            self._best.kernels[member] = self._stack.kernels[place].detach()
            self._best.others[member] = self._stack.others[place].detach()
            self._best.moments[member] = self._stack.moments[place]

    def best(self) -> Stack:
        """See ``Engine.best``."""
        return self._best

    def state(self) -> State:
        """See ``Engine.state``."""
        kernels, others = (tuple(numbers(row) for row in one.rows) for one in self._memories)
        return State(
            np.asarray(self._present),
            weights_of(self._stack),
            kernels,
            others,
            np.asarray(self._steps),
            weights_of(self._best),
        )

    def resume(self, state: State) -> None:
        """See ``Engine.resume``."""
        self._compact(state.members.tolist())
        self._stack, self._best = (stack_of(self._stack, one) for one in (state.present, state.best))
        self._memories = tuple(
            Memory(self._schedule.optimiser, tuple(fresh(row) for row in rows), torch.tensor(state.taken).float())
            for rows in (state.kernels_remembered, state.others_remembered)
        )
        self._steps = state.taken.tolist()

    def _compact(self, members: list[int]) -> None:
        if members == self._present:
            return
        places = [self._present.index(member) for member in members]
        self._stack, self._material = self._stack.take(torch.as_tensor(places)), self._material.take(places)
        self._memories = tuple(one.take(places) for one in self._memories)
        self._steps = [self._steps[place] for place in places]
        self._present = members


def penalties(kernels: Tensor, pulls: Sequence[float]) -> Errors:
    """Half of each member's pull times its squared kernels, (K,); kernels are (K, numbers)."""
    sums = kernels.detach().double().square().sum(dim=1).cpu().numpy()
    return np.asarray(0.5 * sums * pulls)


def losses(made: Tensor, wanted: Tensor, training: Training, weights: Tensor) -> Tensor:
    """Mean loss over the real rows of each member, (K,).

    Args:
        made: outputs, (K, B, outputs).
        wanted: targets or class numbers, (K, B).
        training: says which rows are real.
        weights: of classes, (K, classes); empty for regression.
    """
    if weights.numel():
        labels = wanted.long()
        each = cross_entropy(made.flatten(0, 1), labels.flatten(), reduction="none").view(wanted.shape)
        each = each * weights.gather(1, labels)
    else:
        each = mse_loss(made[:, :, 0], wanted, reduction="none")
    if training.whole:
        return each.mean(dim=1)
    real = torch.where(training.real(wanted.shape[1]), each, 0.0)
    return real.sum(dim=1) / training.counts.clamp(min=1)


def padded(rows: Sequence[Rows]) -> tuple[Tensor, list[int]]:
    """Row numbers as (K, longest), padded by repetition, and how many are real in each."""
    longest = max(one.size for one in rows)
    filled = [np.resize(one, longest) if one.size else np.zeros(longest, dtype=np.intp) for one in rows]
    return torch.as_tensor(np.stack(filled)), [int(one.size) for one in rows]


def gathered(table: Signals, index: Tensor) -> Tensor:
    """Signals of rows for every member: (K, B, L, C)."""
    return table.take(index.reshape(-1)).view(*index.shape, *table.shape[1:])
