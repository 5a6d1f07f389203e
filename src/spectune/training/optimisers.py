"""Update rules over flat rows of weights, one member at a time.

A member has its own step count, learning rate and penalty, so what it does never depends on its
neighbours, and a member whose epoch has fewer steps simply misses a turn. Adam runs torch's fused
kernel (one pass over memory); the others are torch operations in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim.adam import adam

from spectune.networks.recipe import Optimiser

DECAYS: dict[Optimiser, int] = {"adam": 2, "rmsprop": 1, "adagrad": 1, "sgd": 0}
"""How many numbers each rule remembers per weight."""

EPS = 1e-7


@dataclass(frozen=True, eq=False)
class Memory:
    """What a rule remembers: (K, numbers) per remembered quantity, and steps taken per member."""

    kind: Optimiser
    rows: tuple[Tensor, ...]
    steps: tuple[Tensor, ...]

    def take(self, members: Sequence[int]) -> Memory:
        """Memory of the chosen members."""
        index = torch.as_tensor(members)
        return Memory(self.kind, tuple(row[index].clone() for row in self.rows), tuple(self.steps[m] for m in members))


def memory(kind: Optimiser, weights: Tensor) -> Memory:
    """An empty memory for weights (K, numbers)."""
    rows = tuple(torch.zeros_like(weights, requires_grad=False) for _ in range(DECAYS[kind]))
    return Memory(kind, rows, tuple(torch.zeros((), dtype=torch.float32) for _ in range(weights.shape[0])))


@torch.no_grad()
def step(
    weights: Tensor,
    gradients: Tensor,
    memory: Memory,
    rates: Sequence[float],
    penalties: Sequence[float],
    busy: Sequence[bool],
) -> None:
    """One update in place of every busy member; its ``penalty * weight`` is added to its gradient."""
    for member, (rate, penalty) in enumerate(zip(rates, penalties, strict=True)):
        if busy[member]:
            remembered = [row[member] for row in memory.rows]
            _step(memory.kind, weights[member], gradients[member], remembered, memory.steps[member], rate, penalty)


def _step(
    kind: Optimiser, weight: Tensor, gradient: Tensor, remembered: list[Tensor], steps: Tensor, rate: float, l2: float
) -> None:
    if kind == "adam":
        first, second = remembered
        adam(
            [weight], [gradient], [first], [second], [], [steps], fused=True, amsgrad=False,
            beta1=0.9, beta2=0.999, lr=rate, weight_decay=l2, eps=EPS, maximize=False,
        )  # fmt: skip
        return
    steps += 1
    pulled = gradient.add(weight, alpha=l2) if l2 else gradient
    match kind:
        case "rmsprop":
            (square,) = remembered
            square.mul_(0.9).addcmul_(pulled, pulled, value=0.1)
            weight.addcdiv_(pulled, square.sqrt().add_(EPS), value=-rate)
        case "adagrad":
            (total,) = remembered
            total.addcmul_(pulled, pulled)
            weight.addcdiv_(pulled, total.sqrt().add_(EPS), value=-rate)
        case "sgd":
            weight.sub_(pulled, alpha=rate)
