"""One member in torch's own layers, for a graph: the layouts and operations that ONNX has words for.

``training/members.py`` says what is computed; this is faster to run and leaner with a long signal,
and cannot be trained. Signals are (B, C, L), and (B, F) after flattening.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from spectune.export.preparing import Work, in_turn
from spectune.networks.layers import (
    Act,
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
    Padding,
    Residual,
    Shape,
    shapes,
    window,
)
from spectune.training.fit import Fitted
from spectune.training.members import Stack, activate, moment_channels, slots


def network(fitted: Fitted) -> Work:
    """Prepared spectra (B, C, L) to the raw outputs (B, outputs) of a single fitted member."""
    factor, offset = (part[0, 0].T.contiguous() for part in (fitted.inputs.factor, fitted.inputs.offset))
    stack = fitted.stack
    whole = _layers(stack.layers, stack.shape, _Numbers(_weights(stack), _moments(stack)))
    return lambda signal: whole(torch.addcmul(offset, signal, factor))


@dataclass(frozen=True, eq=False)
class _Numbers:
    """What layers take from, in the order of the signal."""

    weights: Iterator[Tensor]
    moments: Iterator[Tensor]


def _layers(layers: Layers, shape: Shape, numbers: _Numbers) -> Work:
    befores = (shape, *shapes(layers, shape))
    return in_turn([_layer(layer, before, numbers) for layer, before in zip(layers, befores, strict=False)])


def _layer(layer: Layer, shape: Shape, numbers: _Numbers) -> Work:
    """What a layer does to signals of ``shape``."""
    points = shape[1]
    match layer:
        case Conv(_, size, stride, padding):
            return _convolution(numbers, stride, _sides(points, size, stride, padding))
        case Dense():
            kernel, bias = next(numbers.weights).T.contiguous(), next(numbers.weights)
            return lambda signal: functional.linear(signal, kernel, bias)
        case BatchNorm(_, eps):
            return _normalisation(numbers, eps)
        case Act(name, slope):
            return lambda signal: activate(signal, name, slope)
        case Dropout():
            return lambda signal: signal
        case MaxPool(size, stride, padding):
            sides = _sides(points, size, stride, padding)
            return lambda signal: functional.max_pool1d(_padded(signal, sides, -torch.inf), size, stride)
        case AveragePool(size, stride, padding):
            return _average(points, size, stride, _sides(points, size, stride, padding))
        case Flatten():
            return lambda signal: signal.transpose(1, 2).flatten(1) if signal.dim() == 3 else signal
        case Residual(body, shortcut):
            long, short = _layers(body, shape, numbers), _layers(shortcut, shape, numbers)
            return lambda signal: long(signal) + short(signal)
        case Branches(paths):
            works = [_layers(path, shape, numbers) for path in paths]
            return lambda signal: torch.cat([work(signal) for work in works], dim=1)


def _convolution(numbers: _Numbers, stride: int, sides: tuple[int, int]) -> Work:
    kernel, bias = next(numbers.weights).permute(2, 1, 0).contiguous(), next(numbers.weights)
    return lambda signal: functional.conv1d(_padded(signal, sides, 0.0), kernel, bias, stride)


def _normalisation(numbers: _Numbers, eps: float) -> Work:
    """Batch normalisation by running moments: a factor and a shift of each channel."""
    scale, middle, moments = next(numbers.weights), next(numbers.weights), next(numbers.moments)
    mean, variance = moments.double().chunk(2)
    exact = scale.double() * torch.rsqrt(variance + eps)
    factor, shift = exact.to(scale.dtype), (middle.double() - mean * exact).to(scale.dtype)
    wide = factor[:, None], shift[:, None]

    def work(signal: Tensor) -> Tensor:
        by, to = wide if signal.dim() == 3 else (factor, shift)
        return signal * by + to

    return work


def _average(points: int, size: int, stride: int, sides: tuple[int, int]) -> Work:
    """Mean of each window; padded cells do not count."""

    def padded_too(signal: Tensor) -> Tensor:
        return functional.avg_pool1d(_padded(signal, sides, 0.0), size, stride)

    share = padded_too(torch.ones(1, 1, points))
    return lambda signal: padded_too(signal) / share if any(sides) else padded_too(signal)


def _weights(stack: Stack) -> Iterator[Tensor]:
    """Arrays of weights of the only member, in the order of the signal."""
    rows = {True: stack.kernels.detach()[0], False: stack.others.detach()[0]}
    taken = {True: 0, False: 0}
    for slot in slots(stack.layers, stack.shape):
        first = taken[slot.penalised]
        taken[slot.penalised] += slot.size
        yield rows[slot.penalised][first : first + slot.size].view(slot.shape)


def _moments(stack: Stack) -> Iterator[Tensor]:
    """Running means and variances of every batch normalisation of the only member, (2 * C,)."""
    sizes = [2 * count for count in moment_channels(stack.layers, stack.shape)]
    return iter(torch.split(stack.moments.detach()[0], sizes))


def _sides(points: int, size: int, stride: int, padding: Padding) -> tuple[int, int]:
    _, left, right = window(points, size, stride, padding)
    return left, right


def _padded(signal: Tensor, sides: tuple[int, int], fill: float) -> Tensor:
    return functional.pad(signal, sides, value=fill) if any(sides) else signal
