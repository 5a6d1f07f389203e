"""What a step on a device reads and writes: fixed memory that a captured graph can come back to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectune.errors import RunError
from spectune.networks.recipe import Schedule
from spectune.training.checkpoint import State, fresh, stack_of
from spectune.training.material import Material
from spectune.training.members import Stack
from spectune.training.optimisers import Memory, memory
from spectune.training.scaling import InputScaling
from spectune.training.signals import Held, OnTheWay, Signals

GIB = 1 << 30


@dataclass(frozen=True, eq=False)
class Seats:
    """K members on a device, each in a seat, and their next epoch of at most S steps of B rows.

    Attributes:
        stack: present weights, which have gradients.
        memories: of the update rule, for kernels and for the other weights.
        inputs, wanted, weights, penalties, drops, keys: as in ``Material``.
        taken: steps taken so far, (K,).
        orders: row numbers, (K, S, B); a masked seat has some of its own, so that nothing strange is read.
        counts: how many of them are real, (K, S); 0 where a member has no rows in a step.
        rates: learning rates, (K, S).
        turn: number of the next step, (1,).
        sums: loss of all rows of this epoch so far, (K,), float64.
    """

    stack: Stack
    memories: tuple[Memory, Memory]
    inputs: InputScaling
    wanted: Tensor
    weights: Tensor
    penalties: Tensor
    drops: Tensor
    keys: Tensor
    taken: Tensor
    orders: Tensor
    counts: Tensor
    rates: Tensor
    turn: Tensor
    sums: Tensor

    def take(self, places: list[int]) -> Seats:
        """The members in some seats, in seats of their own."""
        index = torch.as_tensor(places, device=self.keys.device)
        names = ("wanted", "weights", "penalties", "drops", "keys", "taken", "orders", "counts", "rates", "sums")
        return replace(
            self,
            stack=_free(self.stack.take(index)),
            memories=(self.memories[0].take(places), self.memories[1].take(places)),
            inputs=self.inputs.take(index),
            turn=self.turn.clone(),
            **{name: getattr(self, name)[index] for name in names},
        )

    def with_state(self, state: State) -> Seats:
        """The members in these seats as they were in a state of an engine, in its order."""
        device, taken = self.keys.device, torch.from_numpy(state.taken).to(self.keys.device)
        remembered = (state.kernels_remembered, state.others_remembered)
        kernels, others = (
            Memory(one.kind, tuple(fresh(row).to(device) for row in rows), taken.to(one.steps.dtype))
            for one, rows in zip(self.memories, remembered, strict=True)
        )
        stack = _free(moved(stack_of(self.stack, state.present), device))
        return replace(self, stack=stack, memories=(kernels, others), taken=taken)

    def rest(self) -> None:
        """Clears the epoch: a step would change nobody."""
        for one in (self.counts, self.turn, self.sums):
            one.zero_()

    def fill(self, places: list[int], orders: Sequence[NDArray[np.int64]], rates: NDArray[np.float64]) -> int:
        """Writes an epoch of the members in some seats; the other seats are masked.

        Args:
            places: numbers of the seats.
            orders: row numbers of each member.
            rates: learning rates, (steps, members).

        Returns:
            Steps of the longest.
        """
        _, steps, batch = self.orders.shape
        sizes = np.asarray([order.size for order in orders])
        rows = np.stack([np.resize(order, steps * batch) for order in orders])
        counts = np.clip(sizes[:, None] - batch * np.arange(steps), 0, batch)
        paces = np.zeros((len(places), steps))
        paces[:, : len(rates)] = rates[:steps].T
        self.rest()
        seats = torch.as_tensor(places, device=self.keys.device)
        for target, values in ((self.orders, rows), (self.counts, counts), (self.rates, paces)):
            target.index_copy_(0, seats, torch.from_numpy(values).to(target.device).view(-1, *target.shape[1:]))
        return int(-(-sizes.max() // batch))


def seated(stack: Stack, material: Material, schedule: Schedule, device: torch.device) -> Seats:
    """All members of a stack in seats on a device; the stack itself stays as it is."""
    own = moved(stack, device)
    longest = max(rows.size for rows in material.train)
    batch = min(schedule.batch, longest)
    steps = -(-longest // batch)
    first = torch.as_tensor([int(rows[0]) for rows in material.train], device=device)
    shape = (stack.members, steps)
    return Seats(
        stack=_free(own),
        memories=(memory(schedule.optimiser, own.kernels), memory(schedule.optimiser, own.others)),
        inputs=InputScaling(material.inputs.factor.to(device), material.inputs.offset.to(device)),
        wanted=material.wanted.to(device),
        weights=material.weights.to(device),
        penalties=torch.tensor(material.penalties, dtype=torch.float64, device=device),
        drops=torch.from_numpy(material.drops).to(device),
        keys=torch.tensor(material.keys, device=device),
        taken=torch.zeros(stack.members, dtype=torch.long, device=device),
        orders=first[:, None, None].expand(*shape, batch).clone(),
        counts=torch.zeros(shape, dtype=torch.long, device=device),
        rates=torch.zeros(shape, dtype=torch.float64, device=device),
        turn=torch.zeros(1, dtype=torch.long, device=device),
        sums=torch.zeros(stack.members, dtype=torch.float64, device=device),
    )


def moved(stack: Stack, device: torch.device) -> Stack:
    """A copy of the members on a device."""
    parts = [part.detach().to(device, copy=True) for part in (stack.kernels, stack.others, stack.moments)]
    return Stack(stack.layers, stack.shape, *parts)


def held_on(table: Signals, device: torch.device, room: float) -> Held:
    """The signals of all rows on a device; those prepared on the way are prepared once and stay there.

    Raises:
        RunError: signals that need more than ``room`` bytes.
    """
    needed = 4.0 * np.prod(table.shape)
    if needed > room:
        raise RunError(
            f"the prepared spectra take {needed / GIB:.3g} GiB, and the GPU has {room / GIB:.3g} GiB free; "
            "take fewer channels or points, or train on the processor, which reads them row by row"
        )
    match table:
        case Held(tensor):
            return Held(tensor.to(device))
        case OnTheWay():
            whole = torch.empty(table.shape, device=device)
            for start, part in table.parts():
                whole[start : start + len(part)] = part.to(device)
            return Held(whole)
    raise TypeError(type(table).__name__)


def _free(stack: Stack) -> Stack:
    """The members, with gradients."""
    stack.kernels.requires_grad_()
    stack.others.requires_grad_()
    return stack
