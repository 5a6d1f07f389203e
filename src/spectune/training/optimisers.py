"""Update rules over flat rows of weights.

A member has its own step count, learning rate and penalty, so what it does never depends on its
neighbours, and a member whose epoch has fewer steps simply misses a turn. ``step_together`` is
operations over the rows of all members that read nothing on the host, as a GPU wants them;
``step`` is the same for numbers at hand, with torch's fused kernel for Adam (one pass over memory).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim.adam import adam

from spectune.networks.recipe import Optimiser

DECAYS: dict[Optimiser, int] = {"adam": 2, "rmsprop": 1, "adagrad": 1, "sgd": 0, "keras_adam": 2}
"""How many numbers each rule remembers per weight."""

EPS = 1e-7


@dataclass(frozen=True, eq=False)
class Memory:
    """What a rule remembers: (K, numbers) per remembered quantity, and steps taken per member, (K,)."""

    kind: Optimiser
    rows: tuple[Tensor, ...]
    steps: Tensor

    def take(self, members: Sequence[int]) -> Memory:
        """Memory of the chosen members."""
        index = torch.as_tensor(members, device=self.steps.device)
        return Memory(self.kind, tuple(row[index] for row in self.rows), self.steps[index])


def memory(kind: Optimiser, weights: Tensor) -> Memory:
    """An empty memory for weights (K, numbers)."""
    rows = tuple(torch.zeros_like(weights, requires_grad=False) for _ in range(DECAYS[kind]))
    return Memory(kind, rows, torch.zeros(weights.shape[0], dtype=torch.float32, device=weights.device))


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
    if memory.kind != "adam":
        each, pulls = (torch.tensor(one, dtype=torch.float64) for one in (rates, penalties))
        step_together(weights, gradients, memory, each, pulls, torch.tensor(busy))
        return
    for member, (rate, penalty) in enumerate(zip(rates, penalties, strict=True)):
        if busy[member]:
            weight, gradient, steps, first, second = (
                one[member] for one in (weights, gradients, memory.steps, *memory.rows)
            )
            adam(
                [weight], [gradient], [first], [second], [], [steps], fused=True, amsgrad=False,
                beta1=0.9, beta2=0.999, lr=rate, weight_decay=penalty, eps=EPS, maximize=False,
            )  # fmt: skip


@torch.no_grad()
def step_together(
    weights: Tensor, gradients: Tensor, memory: Memory, rates: Tensor, penalties: Tensor, busy: Tensor
) -> None:
    """One update in place of all busy members at once.

    The others keep weights, memory and step count to the bit, whatever their gradients are.

    Args:
        weights: (K, numbers).
        gradients: (K, numbers), without the penalty.
        memory: of these weights.
        rates: of each member, (K,), float64.
        penalties: of each member, (K,), float64.
        busy: who takes the step, (K,).
    """
    memory.steps.add_(busy)
    pulled = torch.addcmul(gradients, weights, _column(penalties, weights))
    chosen = busy[:, None]
    for old, new in zip((weights, *memory.rows), _moved(weights, pulled, memory, rates), strict=True):
        torch.where(chosen, new, old, out=old)


def _moved(weights: Tensor, pulled: Tensor, memory: Memory, rates: Tensor) -> tuple[Tensor, ...]:
    """Weights after a step of all members, and what is remembered then."""
    match memory.kind:
        case "adam" | "keras_adam":
            first = memory.rows[0].lerp(pulled, 0.1)
            second = (memory.rows[1] * 0.999).addcmul_(pulled, pulled, value=0.001)
            taken = memory.steps.double()
            least = (1 - 0.999**taken).sqrt()  # in double precision: 1 - 0.999 has lost four digits in single
            pace = rates * least / (1 - 0.9**taken)
            divisor = second.sqrt().add_(EPS if memory.kind == "keras_adam" else _column(EPS * least, weights))
            return weights - (first * _column(pace, weights)).div_(divisor), first, second
        case "rmsprop":
            square = (memory.rows[0] * 0.9).addcmul_(pulled, pulled, value=0.1)
            return weights - (pulled * _column(rates, weights)).div_(square.sqrt().add_(EPS)), square
        case "adagrad":
            total = torch.addcmul(memory.rows[0], pulled, pulled)
            return weights - (pulled * _column(rates, weights)).div_(total.sqrt().add_(EPS)), total
        case "sgd":
            return (weights - pulled * _column(rates, weights),)


def _column(numbers: Tensor, weights: Tensor) -> Tensor:
    """Numbers of members, (K,), beside their weights, (K, 1)."""
    return numbers.to(weights.dtype)[:, None]
