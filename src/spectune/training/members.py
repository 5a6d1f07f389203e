"""K networks of one architecture, side by side.

The layer records say what is computed; a ``Stack`` holds the numbers. All trainable numbers of a
member lie in two flat rows: ``kernels`` (those that an L2 penalty pulls on) and ``others``
(biases, scales, kernels without a penalty). A stack of one is the ordinary network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import count

import torch
from torch import Tensor
from torch.nn import functional

from spectune.networks.layers import (
    Act,
    Activation,
    AveragePool,
    BatchNorm,
    Branches,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Layer,
    Layers,
    MaxPool,
    Residual,
    Shape,
    shapes,
)
from spectune.training import kernels as computed
from spectune.training.dropout import drop_key, masked


@dataclass(frozen=True)
class Slot:
    """One array of weights: its shape, if L2 pulls on it, and its fans if it is a kernel, else where it starts."""

    shape: tuple[int, ...]
    penalised: bool
    fan_in: int = 0
    fan_out: int = 0
    start: float = 0.0

    @property
    def size(self) -> int:
        """How many numbers."""
        return int(torch.Size(self.shape).numel())


@dataclass(frozen=True, eq=False)
class Stack:
    """K networks that are trained or applied at once.

    Attributes:
        layers, shape: the architecture and the (channels, points) it receives.
        kernels: (K, numbers that L2 pulls on).
        others: (K, other trainable numbers).
        moments: (K, running means and variances of batch normalisation).
    """

    layers: Layers
    shape: Shape
    kernels: Tensor
    others: Tensor
    moments: Tensor

    @property
    def members(self) -> int:
        """K."""
        return int(self.kernels.shape[0])

    def take(self, members: Tensor) -> Stack:
        """The chosen members (numbers or mask), as a copy that is trained by itself."""
        chosen = [part.detach()[members].clone() for part in (self.kernels, self.others, self.moments)]
        return Stack(self.layers, self.shape, *chosen)


@dataclass(frozen=True, eq=False)
class Training:
    """What a forward pass needs to know while training.

    Attributes:
        counts: how many rows of the batch are real, (K,); the rest is padding.
        whole: whether all rows of all members are known to be real.
        keys, steps: of each member's dropout, (K,), see ``dropout``.
        drops: (K, dropout layers) rates, float32.
    """

    counts: Tensor
    whole: bool
    keys: Tensor
    steps: Tensor
    drops: Tensor

    def real(self, rows: int) -> Tensor:
        """Which of ``rows`` rows of each member are no padding, (K, rows)."""
        return torch.arange(rows, device=self.counts.device) < self.counts[:, None]

    def dropped(self, signal: Tensor, layer: int) -> Tensor:
        """The signal after the dropout layer of this number."""
        return masked(signal, self._words[:, layer], self.drops[:, layer])

    @cached_property
    def _words(self) -> Tensor:
        """Keys of all dropout layers in this step, (K, layers)."""
        layers = torch.arange(self.drops.shape[1], device=self.keys.device)
        return drop_key(self.keys[:, None], self.steps[:, None], layers)


@cache
def slots(layers: Layers, shape: Shape) -> tuple[Slot, ...]:
    """Arrays of weights of one member, in the order of the signal."""
    made: list[Slot] = []
    for layer, (channels, points) in zip(layers, (shape, *shapes(layers, shape)), strict=False):
        match layer:
            case Conv(filters, kernel):
                fans = kernel * channels, kernel * filters
                made += [Slot((kernel, channels, filters), True, *fans), Slot((filters,), False)]
            case Dense(units, penalised):
                made += [Slot((channels, units), penalised, channels, units), Slot((units,), False)]
            case BatchNorm():
                made += [Slot((channels,), False, start=1.0), Slot((channels,), False)]
            case Residual(body, shortcut):
                made += [*slots(body, (channels, points)), *slots(shortcut, (channels, points))]
            case Branches(paths):
                made += [slot for path in paths for slot in slots(path, (channels, points))]
            case MaxPool() | AveragePool() | Act() | Dropout() | Flatten():
                pass
    return tuple(made)


@cache
def moment_channels(layers: Layers, shape: Shape) -> tuple[int, ...]:
    """Channels of every batch normalisation, in the order of the signal."""
    made: list[int] = []
    for layer, before in zip(layers, (shape, *shapes(layers, shape)), strict=False):
        match layer:
            case BatchNorm():
                made.append(before[0])
            case Residual(body, shortcut):
                made += [*moment_channels(body, before), *moment_channels(shortcut, before)]
            case Branches(paths):
                made += [count for path in paths for count in moment_channels(path, before)]
            case _:
                pass
    return tuple(made)


@cache
def drop_rates(layers: Layers) -> tuple[float, ...]:
    """Rate of every dropout layer, in the order of the signal."""
    made: list[float] = []
    for layer in layers:
        match layer:
            case Dropout(rate):
                made.append(rate)
            case Residual(body, shortcut):
                made += [*drop_rates(body), *drop_rates(shortcut)]
            case Branches(paths):
                made += [rate for path in paths for rate in drop_rates(path)]
            case _:
                pass
    return tuple(made)


def forward(stack: Stack, signal: Tensor, training: Training | None = None) -> Tensor:
    """Outputs of all members, (K, B, outputs).

    Args:
        stack: the members.
        signal: (K, B, L, C), standardised.
        training: given while training: batch statistics and dropout are on, and the running
            moments of batch normalisation are updated in place.
    """
    weights = _weights(stack)
    sizes = [2 * count for count in moment_channels(stack.layers, stack.shape)]
    moments = iter(torch.split(stack.moments, sizes, dim=1))
    return _run(stack.layers, signal, _Walk(weights, moments, count(), training))


def _weights(stack: Stack) -> Iterator[Tensor]:
    """Views of the flat rows in the order of the signal, (K, *slot shape)."""
    every = slots(stack.layers, stack.shape)
    flat = {
        True: iter(torch.split(stack.kernels, [slot.size for slot in every if slot.penalised], dim=1)),
        False: iter(torch.split(stack.others, [slot.size for slot in every if not slot.penalised], dim=1)),
    }
    for slot in every:
        yield next(flat[slot.penalised]).view(stack.members, *slot.shape)


@dataclass(frozen=True, eq=False)
class _Walk:
    """What layers take from, in the order of the signal."""

    weights: Iterator[Tensor]
    moments: Iterator[Tensor]
    drops: Iterator[int]
    training: Training | None


def _run(layers: Layers, signal: Tensor, walk: _Walk) -> Tensor:
    for layer, following in zip(layers, (*layers[1:], None), strict=False):
        signal = _apply(layer, signal, walk, isinstance(following, BatchNorm))
    return signal


def _apply(layer: Layer, signal: Tensor, walk: _Walk, normalised: bool) -> Tensor:
    """The signal after a layer; a bias that is ``normalised`` away has no gradient, rather than rounding errors."""
    match layer:
        case Conv(_, _, stride, padding):
            kernel, bias = next(walk.weights), next(walk.weights)
            return computed.convolve(signal, kernel, bias.detach() if normalised else bias, stride, padding)
        case Dense():
            kernel, bias = next(walk.weights), next(walk.weights)
            made = computed.dense(signal, kernel, bias.detach() if normalised else bias)
            return made.to(kernel.dtype)  # autocast leaves bfloat16, and only products are meant to have it
        case BatchNorm(momentum, eps):
            scale, shift, moments = next(walk.weights), next(walk.weights), next(walk.moments)
            return _batch_norm(signal, scale, shift, moments, momentum, eps, walk.training)
        case Act(name, slope):
            return activate(signal, name, slope)
        case Dropout():
            number = next(walk.drops)
            return signal if walk.training is None else walk.training.dropped(signal, number)
        case MaxPool(size, stride, padding):
            return computed.max_pool(signal, size, stride, padding)
        case AveragePool(size, stride, padding):
            return computed.average_pool(signal, size, stride, padding)
        case Flatten():
            return signal.reshape(signal.shape[0], signal.shape[1], -1)
        case Residual(body, shortcut):
            made = _run(body, signal, walk)
            return made + _run(shortcut, signal, walk)
        case Branches(paths):
            return torch.cat([_run(path, signal, walk) for path in paths], dim=-1)


def activate(signal: Tensor, name: Activation, slope: float = 0.3) -> Tensor:
    """An activation function with Keras's constants; ``slope`` is that of a leaky ReLU below zero."""
    match name:
        case "linear":
            return signal
        case "relu":
            return functional.relu(signal)
        case "leaky_relu":
            return functional.leaky_relu(signal, slope)
        case "elu":
            return functional.elu(signal)
        case "selu":
            return functional.selu(signal)
        case "swish":
            return functional.silu(signal)
        case "tanh":
            return torch.tanh(signal)


def _batch_norm(
    signal: Tensor,
    scale: Tensor,
    shift: Tensor,
    moments: Tensor,
    momentum: float,
    eps: float,
    training: Training | None,
) -> Tensor:
    """Keras's batch normalisation per member: biased variance, padded rows left out."""
    wide = (signal.shape[0], *(1 for _ in signal.shape[1:-1]), signal.shape[-1])
    if training is None:
        mean, variance = moments.chunk(2, dim=1)
    else:
        mean, variance = _batch_moments(signal, training)
        busy = training.counts[:, None] > 0
        now = torch.cat([mean, variance], dim=1).detach()
        moments.copy_(torch.where(busy, momentum * moments + (1 - momentum) * now, moments))
    factor = scale * torch.rsqrt(variance + eps)
    return signal * factor.view(wide) + (shift - mean * factor).view(wide)


def _batch_moments(signal: Tensor, training: Training) -> tuple[Tensor, Tensor]:
    """Mean and biased variance over the real rows (and points) of each member, (K, C)."""
    over = tuple(range(1, signal.dim() - 1))
    if training.whole:
        variance, mean = torch.var_mean(signal, dim=over, correction=0)
        return mean, variance
    real = training.real(signal.shape[1])
    weight = real.to(signal.dtype).view(*real.shape, *(1 for _ in signal.shape[2:]))
    cells = (real.sum(1).clamp(min=1) * signal.shape[2 : signal.dim() - 1].numel()).to(signal.dtype)[:, None]
    mean = (signal * weight).sum(dim=over) / cells
    centre = mean.view(mean.shape[0], *(1 for _ in over), mean.shape[1])
    return mean, ((signal - centre).square() * weight).sum(dim=over) / cells
