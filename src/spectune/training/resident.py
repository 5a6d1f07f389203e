"""The engine for GPUs: everything stays on the device, and a step is one captured graph.

A step of a small network is a hundred short kernels, and launching them one by one takes longer
than they do. So many members take a step together, the step is captured once as a CUDA graph, and
an epoch is a row of replays: orders, rates and counts go to the device before it, losses come
back after it, and nothing is read on the host between.

This module was written where there was no GPU. On the processor the same steps are taken directly,
and tests hold them to ``eager``; capture and replay (``_captured``) have not been run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.errors import RunError, notice
from spectune.networks.precision import Precision
from spectune.networks.recipe import Schedule
from spectune.spectra.spectra import Rows
from spectune.training.checkpoint import State, numbers, stack_of, weights_of
from spectune.training.eager import AT_ONCE, gathered, losses, padded, penalties
from spectune.training.material import Errors, Material
from spectune.training.members import Stack, Training, forward
from spectune.training.optimisers import step_together
from spectune.training.scaling import InputScaling
from spectune.training.seats import held_on, moved, seated

Products = Precision | Literal["tf32"]
"""Of the factors of products while training; ``tf32`` keeps 11 bits of float32's 24, ``bf16`` 8."""

FULL = 0.75
"""A stack shrinks when no larger part of its seats is taken: every size needs a graph of its own."""

WARM_UP = 3
"""Steps before a capture, in which libraries find their ways and take their memory."""


class Resident:
    """Members on a device. One that is no longer asked for is masked, and leaves when the stack shrinks.

    Args:
        stack: the members.
        material: what they are trained on.
        schedule: how.
        device: where.
        precision: of products while training; outputs are always made in float32.
        capture: whether steps are captured and replayed; if None, where there is CUDA.

    Raises:
        RunError: signals that do not fit the device, or steps that do not.
    """

    def __init__(
        self,
        stack: Stack,
        material: Material,
        schedule: Schedule,
        device: torch.device,
        precision: Products = "float32",
        capture: bool | None = None,
    ) -> None:
        self._material, self._device, self._precision = material, device, precision
        self._capture = device.type == "cuda" if capture is None else capture
        self._table = held_on(material.table, device, _room(device))
        self._inputs = InputScaling(material.inputs.factor.to(device), material.inputs.offset.to(device))
        self._best = moved(stack, device)
        self._seats = seated(stack, material, schedule, device)
        self._present = list(range(stack.members))
        self._advance: Callable[[], None] | None = None

    def epoch(self, members: Sequence[int], rates: NDArray[np.float64]) -> Errors:
        """See ``Engine.epoch``."""
        self._shrink(list(members))
        if self._advance is None:
            self._advance = self._captured() if self._capture else self._step
        orders = [self._material.shuffled(member) for member in members]
        places = self._places(members)
        with _current(self._device):
            for _ in range(self._seats.fill(places, orders, rates)):
                self._advance()
        sums = self._seats.sums.cpu().numpy()[places]
        return np.asarray(sums / [order.size for order in orders])

    def outputs(self, members: Sequence[int], rows: Sequence[Rows], best: bool = False) -> list[NDArray[np.float64]]:
        """See ``Engine.outputs``."""
        chosen = torch.as_tensor(list(members), device=self._device)
        stack = self._best.take(chosen) if best else self._present_weights(members)
        inputs = self._inputs.take(chosen)
        index, counts = padded(rows)
        with torch.no_grad(), self._device, _products("float32"):
            parts = torch.split(index.to(self._device), AT_ONCE, 1)
            made = [forward(stack, inputs.apply(gathered(self._table, part))) for part in parts]
        every = torch.cat(made, dim=1).double().cpu().numpy()
        return [every[place, :count] for place, count in enumerate(counts)]

    def penalties(self, members: Sequence[int]) -> Errors:
        """See ``Engine.penalties``."""
        pulls = [self._material.penalties[member] for member in members]
        return penalties(self._present_weights(members).kernels, pulls)

    def keep(self, members: Sequence[int]) -> None:
        """See ``Engine.keep``."""
        if not members:
            return
        chosen, now, kept = (
            torch.as_tensor(list(members), device=self._device),
            self._present_weights(members),
            self._best,
        )
        for old, new in ((kept.kernels, now.kernels), (kept.others, now.others), (kept.moments, now.moments)):
            old.index_copy_(0, chosen, new)

    def best(self) -> Stack:
        """See ``Engine.best``; on the processor."""
        return moved(self._best, torch.device("cpu"))

    def state(self) -> State:
        """See ``Engine.state``; masked members keep their seats."""
        seats = self._seats
        kernels, others = (tuple(numbers(row) for row in one.rows) for one in seats.memories)
        return State(
            np.asarray(self._present),
            weights_of(seats.stack),
            kernels,
            others,
            seats.taken.cpu().numpy().copy(),
            weights_of(self._best),
        )

    def resume(self, state: State) -> None:
        """See ``Engine.resume``."""
        self._best = moved(stack_of(self._best, state.best), self._device)
        self._present = state.members.tolist()
        self._seats = self._seats.take(self._present).with_state(state)

    def _places(self, members: Sequence[int]) -> list[int]:
        return [self._present.index(member) for member in members]

    def _present_weights(self, members: Sequence[int]) -> Stack:
        return self._seats.stack.take(torch.as_tensor(self._places(members), device=self._device))

    def _shrink(self, members: list[int]) -> None:
        if len(members) <= FULL * len(self._present):
            self._seats = self._seats.take(self._places(members))
            self._present, self._advance = members, None

    def _step(self) -> None:
        """One update of all members that have rows in this turn.

        It reads and writes tensors of the seats only, asks the host nothing, and changes no member
        without rows: so it can be captured, and replayed while members stop.
        """
        seats, stack = self._seats, self._seats.stack
        with self._device, _products(self._precision):
            index, counts, rates = (
                one.index_select(1, seats.turn).squeeze(1) for one in (seats.orders, seats.counts, seats.rates)
            )
            training = Training(counts, False, seats.keys, seats.taken, seats.drops)
            signal = seats.inputs.apply(gathered(self._table, index))
            with _halves(self._precision, self._device):
                made = forward(stack, signal, training)
            each = losses(made, seats.wanted.gather(1, index), training, seats.weights)
            parts = (stack.kernels, stack.others)
            gradients = torch.autograd.grad(each.sum(), parts, materialize_grads=True)
            busy, penalties = counts > 0, (seats.penalties, torch.zeros_like(seats.penalties))
            for part, gradient, remembered, penalty in zip(parts, gradients, seats.memories, penalties, strict=True):
                step_together(part, gradient, remembered, rates, penalty, busy)
            seats.sums.add_(torch.where(busy, each.detach().double() * counts, 0.0))
            seats.taken.add_(busy)
            seats.turn.add_(1)

    def _captured(self) -> Callable[[], None]:
        """The step as one launch: warmed up on a stream of its own and captured, as torch's manual describes.

        The steps of the warm-up find everyone masked, and a capture computes nothing, so nobody is changed.
        """
        try:
            graph, here, aside = torch.cuda.CUDAGraph(), torch.cuda.current_stream(self._device), _stream(self._device)
            with torch.cuda.device(self._device), torch.cuda.stream(here):  # a capture that fails does not come back
                aside.wait_stream(here)
                with torch.cuda.stream(aside):
                    for _ in range(WARM_UP):
                        self._seats.rest()
                        self._step()
                here.wait_stream(aside)
                with torch.cuda.graph(graph):
                    self._step()
                return graph.replay
        except torch.OutOfMemoryError:
            raise RunError(
                f"a step of {len(self._present)} members does not fit the memory of the GPU; "
                "try a smaller batch, or fewer members at once"
            ) from None
        except RuntimeError as error:
            notice(
                f"the training step could not be captured as a CUDA graph and is launched kernel by kernel, "
                f"which gives the same and takes longer: {error}"
            )
            return self._step


def _room(device: torch.device) -> float:
    """Bytes that are free on a device."""
    return float(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else float("inf")


def _stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # of torch


def _current(device: torch.device) -> AbstractContextManager[None]:
    """CUDA launches on the device that is current, not on that of the tensors."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


@contextmanager
def _products(precision: Products) -> Iterator[None]:
    """CUDA's products of float32 factors keep all their bits unless tf32 is asked for, whatever was set before."""
    setting = torch.backends.cuda.matmul
    before = setting.fp32_precision
    setting.fp32_precision = "tf32" if precision == "tf32" else "ieee"
    try:
        yield
    finally:
        setting.fp32_precision = before


@contextmanager
def _halves(precision: Products, device: torch.device) -> Iterator[None]:
    """Products of bfloat16 factors, if asked for; weights and all that is no product stay in float32."""
    if precision != "bf16":
        yield
        return
    with torch.autocast(device.type, torch.bfloat16, cache_enabled=False):
        yield
