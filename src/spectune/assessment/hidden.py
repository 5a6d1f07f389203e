"""What a network makes of a spectrum just before its answer: the outputs of its last hidden layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.training.fit import Fitted
from spectune.training.members import Stack, forward, slots

ROWS = 256
"""Spectra that go through the network at once."""


def hidden(fitted: Fitted, prepared: NDArray[np.float32]) -> NDArray[np.float32]:
    """Outputs of the layer before the last, (members, rows, units), for prepared spectra (rows, L, C)."""
    body = without_answer(fitted.stack)
    table = torch.as_tensor(prepared).to(body.kernels.dtype)
    with torch.no_grad():
        parts = [forward(body, fitted.inputs.apply(part)) for part in torch.split(table, ROWS)]
    made: NDArray[Any] = torch.cat(parts, dim=1).flatten(2).numpy()
    return made.astype(np.float32)


def without_answer(stack: Stack) -> Stack:
    """The same networks without their last layer."""
    layers = stack.layers[:-1]
    kept = slots(layers, stack.shape)
    kernels = sum(slot.size for slot in kept if slot.penalised)
    others = sum(slot.size for slot in kept if not slot.penalised)
    return Stack(layers, stack.shape, stack.kernels[:, :kernels], stack.others[:, :others], stack.moments)
