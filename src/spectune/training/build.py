"""From layer records to K networks with starting weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from spectune.networks.layers import Layers, Shape
from spectune.networks.recipe import Start
from spectune.training.members import Slot, Stack, moment_channels, slots

TRUNCATED = 0.87962566103423978
"""Standard deviation of a unit normal cut at two deviations: Keras divides by it."""


def build(layers: Layers, shape: Shape, members: int = 1, seed: int = 0) -> Stack:
    """K members that train at once, each from a random stream of its own.

    >>> from spectune.networks.layers import Conv, Dense, Flatten
    >>> stack = build((Conv(55, kernel=5, stride=4), Flatten(), Dense(1)), (4, 210), members=10)
    >>> tuple(stack.kernels.shape), tuple(stack.others.shape)
    ((10, 4015), (10, 56))

    Raises:
        ShapeError: layers that do not fit the signal.
    """
    return begin(layers, shape, [torch.Generator().manual_seed(seed + member) for member in range(members)])


def begin(
    layers: Layers,
    shape: Shape,
    streams: Sequence[torch.Generator],
    dtype: torch.dtype = torch.float32,
    gain: float = 1.0,
    start: Start = "he_normal",
) -> Stack:
    """One member per random stream; kernels drawn as ``start`` says, biases zero.

    Args:
        layers: the architecture.
        shape: (channels, points) of the signal it receives.
        streams: each member draws its weights from its own stream, so they do not depend on
            how many others are built beside it.
        dtype: of all weights.
        gain: factor on the starting kernels.
        start: ``he_normal``, truncated at two deviations, or ``glorot_uniform``.

    Raises:
        ShapeError: layers that do not fit the signal.
    """
    every = slots(layers, shape)
    members = [[_started(slot, stream, start, gain) for slot in every] for stream in streams]
    kernels, others = (
        torch.stack([_flat(member, every, penalised) for member in members]).to(dtype) for penalised in (True, False)
    )
    return Stack(layers, shape, kernels, others, _first_moments(layers, shape, len(streams), dtype))


def _started(slot: Slot, stream: torch.Generator, start: Start, gain: float) -> Tensor:
    """First numbers of a slot; a member draws the same uniform ones from its stream whatever the start."""
    if not slot.fan_in:
        return torch.full((slot.size,), slot.start)
    uniform = torch.rand(slot.size, generator=stream, dtype=torch.float64) * 2 - 1
    match start:
        case "he_normal":
            return gain * torch.mul(_truncated_normal(uniform), (2.0 / slot.fan_in) ** 0.5 / TRUNCATED)
        case "glorot_uniform":
            return gain * torch.mul(uniform, (6.0 / (slot.fan_in + slot.fan_out)) ** 0.5)


def _truncated_normal(uniform: Tensor) -> Tensor:
    """Unit normal numbers between -2 and 2 from uniform ones between -1 and 1, by the inverse of the distribution."""
    edge = 0.9544997361036416  # probability within two deviations
    return torch.mul(torch.erfinv(uniform * edge), 2**0.5)


def _flat(member: list[Tensor], every: Sequence[Slot], penalised: bool) -> Tensor:
    parts = [part for part, slot in zip(member, every, strict=True) if slot.penalised == penalised]
    return torch.cat([part.double() for part in parts]) if parts else torch.empty(0, dtype=torch.float64)


def _first_moments(layers: Layers, shape: Shape, members: int, dtype: torch.dtype) -> Tensor:
    """Running means 0 and variances 1."""
    one = [torch.cat([torch.zeros(count), torch.ones(count)]) for count in moment_channels(layers, shape)]
    flat = torch.cat(one) if one else torch.empty(0)
    return flat.to(dtype).repeat(members, 1)
