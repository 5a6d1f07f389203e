"""A fit that is not over: all it needs to go on as if it had never stopped, as plain arrays.

Between two epochs that is little: what the engine holds, where each member's random stream is, and
the curves so far. Whose weights are kept, who has stopped and at what rate the others go on follows
from the curves, see ``Watching``; what dropout drops follows from the number of steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectune.training.members import Stack

Numbers = NDArray[np.floating[Any]]
Curves = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Weights:
    """Flat rows of members as in a ``Stack``, (K, numbers) each."""

    kernels: Numbers
    others: Numbers
    moments: Numbers


@dataclass(frozen=True, eq=False)
class State:
    """What an engine holds between two epochs.

    Attributes:
        members: numbers of the members that it still trains, (P,).
        present: their weights.
        kernels_remembered, others_remembered: what the update rule remembers of them, (P, numbers) each.
        taken: steps they have taken, (P,).
        best: weights that are kept of all K members.
    """

    members: NDArray[np.int64]
    present: Weights
    kernels_remembered: tuple[Numbers, ...]
    others_remembered: tuple[Numbers, ...]
    taken: NDArray[np.int64]
    best: Weights


@dataclass(frozen=True, eq=False)
class Past:
    """Epochs that are over as curves, (K, epochs) each; a member that stopped keeps its last value.

    Attributes: as of ``Epoch``. A record without ``losses`` is of a training that did not ask for them.
    """

    training: Curves
    tuning: Curves
    watched: Curves
    penalty: Curves
    rates: Curves
    losses: Curves = field(default_factory=lambda: np.empty((0, 0)))

    def __post_init__(self) -> None:
        if self.losses.shape != self.training.shape:
            object.__setattr__(self, "losses", np.full(self.training.shape, np.nan))

    @property
    def epochs(self) -> int:
        """How many."""
        return int(self.training.shape[1])

    def then(self, later: Past) -> Past:
        """These epochs and later ones."""
        joined = {
            part.name: np.concatenate([getattr(self, part.name), getattr(later, part.name)], axis=1)
            for part in fields(Past)
        }
        return Past(**joined)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A fit after an epoch.

    Attributes:
        members: numbers of its members; a worker's share of them, where several processes train.
        state: what the engine holds.
        streams: state of each member's random stream, (K, bytes).
        past: the epochs so far.
    """

    members: NDArray[np.int64]
    state: State
    streams: NDArray[np.uint8]
    past: Past


@dataclass(frozen=True, eq=False)
class Checkpoints:
    """How a fit is to be kept on its way.

    Attributes:
        seconds: at least so many lie between two checkpoints, and before the first.
        found: of the same fit, by an earlier command; it goes on from those whose members are its own.
    """

    seconds: float
    found: tuple[Checkpoint, ...] = ()

    def renamed(self, members: NDArray[np.int64]) -> Checkpoints:
        """For a worker that has these members, and counts them from 0."""
        own = self.of(members)
        return replace(self, found=() if own is None else (replace(own, members=np.arange(members.size)),))

    def of(self, members: NDArray[np.int64]) -> Checkpoint | None:
        """The one of just these members."""
        return next((one for one in self.found if np.array_equal(one.members, members)), None)


def nothing_yet(members: int) -> Past:
    """The past of so many members that were not trained yet."""
    return Past(*(np.empty((members, 0)) for _ in fields(Past)))


def numbers(tensor: Tensor) -> Numbers:
    """A copy of the numbers of a tensor."""
    return np.array(tensor.detach().cpu().numpy())


def fresh(values: Numbers) -> Tensor:
    """A tensor of its own with these numbers."""
    return torch.from_numpy(values).clone()


def weights_of(stack: Stack) -> Weights:
    """A copy of the weights of a stack."""
    return Weights(numbers(stack.kernels), numbers(stack.others), numbers(stack.moments))


def stack_of(like: Stack, weights: Weights) -> Stack:
    """A stack of its own with these weights, of the network of another."""
    return Stack(like.layers, like.shape, fresh(weights.kernels), fresh(weights.others), fresh(weights.moments))


def streams_of(generators: Sequence[torch.Generator]) -> NDArray[np.uint8]:
    """Where random streams are, (streams, bytes)."""
    return np.stack([generator.get_state().numpy() for generator in generators])


def turn_to(generators: Sequence[torch.Generator], streams: NDArray[np.uint8]) -> None:
    """Brings random streams to where they were."""
    for generator, state in zip(generators, streams, strict=True):
        generator.set_state(torch.from_numpy(state.copy()))
