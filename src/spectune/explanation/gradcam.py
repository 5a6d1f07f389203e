"""Gradient-weighted class activation maps along the axis: the published form, and one that carries the class.

Passos & Mishra (2022) weight each filter's activation by the mean gradient of the predicted
class's probability; for a number the same form is made with the output instead. With their single
filter that weight is one number per spectrum, which the scaling to [0, 1] removes: the map is the
positive part of plus or minus the activation, whatever the answer. Here the gradient stays where it
was taken: gradient x activation at every position.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import savgol_filter
from torch import Tensor

from spectune.errors import ModelError
from spectune.explanation.module import Network
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
    Residual,
    Shape,
    out_shape,
    shapes,
    window,
)
from spectune.training.members import Stack, forward, moment_channels, slots

Array = NDArray[np.float64]


def published_gradcam(network: Network, signal: Array, lengths: tuple[int, ...]) -> Array:
    """The map of Passos & Mishra (2022) as they made it, for the class each row is given; (rows, L).

    A is the convolution's output after its activation, S the softmax probability of the predicted
    class or, of a number, the network's output on the scale that is trained, w the mean over
    positions of dS/dA, h = sum over filters of A w. Then h is set to zero at the published border
    positions, smoothed (Savitzky-Golay, window 3, order 1), cut below zero and scaled to [0, 1] per
    row. Rows where h is nowhere above zero have no map: theirs divides zero by zero, and is NaN.

    Args:
        network: one member, whose only convolution stands first and keeps the number of points.
        signal: prepared spectra, (rows, L, C).
        lengths: columns of each block along the signal.

    Raises:
        ModelError: a network for which the published form says nothing.
    """
    _check_published(network)
    activation, outputs = _split(network, signal)
    chosen = outputs[:, 0] if network.fitted.task.regression else torch.softmax(outputs, dim=1).amax(dim=1)
    weights = _gradient(chosen, activation).mean(dim=2, keepdim=True)
    raw = (activation * weights).sum(dim=3)[0].detach().numpy()
    raw[:, borders(lengths)] = 0.0
    return _scaled(np.maximum(savgol_filter(raw, 3, 1, axis=1), 0))


def gradient_activation(network: Network, signal: Array, output: int) -> Array:
    """Gradient x activation at every position of the last convolution, summed over filters; (rows, L).

    The gradient is that of the output itself: a number in its unit, or a class's logit. Values are
    brought from the convolution's positions to the signal's columns by linear interpolation
    between the centres of the positions' receptive fields, and divided by the columns to a position.

    Args:
        network: one member.
        signal: prepared spectra, (rows, L, C).
        output: number of the class, 0 for a numeric target.

    Raises:
        ModelError: a network without convolution.
    """
    stack = network.fitted.stack
    activation, outputs = _split(network, signal)
    gradient = _gradient(network.told(outputs[None])[:, output], activation)
    values = (gradient * activation).sum(dim=3)[0].detach().numpy()
    centres = receptive_centres(stack.layers[: front(stack.layers)], stack.shape)
    at = np.arange(stack.shape[1])
    share = centres.size / at.size
    return share * np.stack([np.interp(at, centres, row) for row in values])


def front(layers: Layers) -> int:
    """How many layers lead to the output of the last convolution, its normalisation and activation included.

    >>> front((Conv(1, 5), Act("elu"), Flatten(), Dense(1)))
    2

    Raises:
        ModelError: no layer holds a convolution.
    """
    holding = [place for place, layer in enumerate(layers) if _convolves(layer)]
    if not holding:
        raise ModelError(
            "a class activation map needs a network with a convolution, this one has none; "
            "ask for integrated gradients, occlusion or coefficients"
        )
    end = holding[-1] + 1
    while end < len(layers) and isinstance(layers[end], BatchNorm | Act):
        end += 1
    return end


def receptive_centres(layers: Layers, shape: Shape) -> Array:
    """Middle of what each position after ``layers`` sees, in columns of the signal; (positions,).

    >>> receptive_centres((Conv(1, 3, stride=2), MaxPool(2, 2)), (1, 8)).tolist()
    [2.0, 6.0]
    """
    return _centres(layers, shape, np.arange(shape[1], dtype=np.float64))


def borders(lengths: tuple[int, ...]) -> list[int]:
    """Positions that the published form sets to zero: starts of all blocks, ends of the first and the last.

    >>> borders((200,) * 6)
    [0, 199, 200, 400, 600, 800, 1000, 1199]
    """
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    return sorted({*starts, lengths[0] - 1, sum(lengths) - 1})


def _check_published(network: Network) -> None:
    stack = network.fitted.stack
    first, *rest = stack.layers
    kept = isinstance(first, Conv) and out_shape((first,), stack.shape)[1] == stack.shape[1]
    if not kept or any(_convolves(layer) for layer in rest):
        raise ModelError(
            "grad-CAM as published needs a network whose only convolution stands first and keeps the number of "
            "points, and this one is built otherwise"
        )


def _split(network: Network, signal: Array) -> tuple[Tensor, Tensor]:
    """Output of the front (1, B, L', filters), and that of the network (B, outputs) as a function of it."""
    stack = network.fitted.stack
    before, after = _parted(stack, front(stack.layers))
    with torch.no_grad():
        activation = forward(before, network.standardised(torch.as_tensor(signal).to(stack.kernels.dtype)))
    activation.requires_grad_(True)
    return activation, forward(after, activation)[0]


def _gradient(answers: Tensor, activation: Tensor) -> Tensor:
    return torch.autograd.grad(answers.sum(), activation)[0]


def _scaled(values: Array) -> Array:
    """Rows from 0 to 1; a row of one value only is NaN, as published."""
    low, high = values.min(axis=1, keepdims=True), values.max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.asarray((values - low) / (high - low))


def _parted(stack: Stack, place: int) -> tuple[Stack, Stack]:
    """The network up to a layer, and the rest of it."""
    layers, shape = stack.layers, stack.shape
    every = slots(layers[:place], shape)
    kernels = sum(slot.size for slot in every if slot.penalised)
    others = sum(slot.size for slot in every if not slot.penalised)
    moments = 2 * sum(moment_channels(layers[:place], shape))
    cuts = ((stack.kernels, kernels), (stack.others, others), (stack.moments, moments))
    before = [part[:, :cut] for part, cut in cuts]
    after = [part[:, cut:] for part, cut in cuts]
    return (
        Stack(layers[:place], shape, *before),
        Stack(layers[place:], out_shape(layers[:place], shape), *after),
    )


def _convolves(layer: Layer) -> bool:
    match layer:
        case Conv():
            return True
        case Residual(body, shortcut):
            return any(_convolves(inner) for inner in (*body, *shortcut))
        case Branches(paths):
            return any(_convolves(inner) for path in paths for inner in path)
        case _:
            return False


def _centres(layers: Layers, shape: Shape, at: Array) -> Array:
    for layer, before in zip(layers, (shape, *shapes(layers, shape)), strict=False):
        at = _centres_after(layer, before, at)
    return at


def _centres_after(layer: Layer, shape: Shape, at: Array) -> Array:
    match layer:
        case Conv(_, size, stride, padding) | MaxPool(size, stride, padding) | AveragePool(size, stride, padding):
            after, left, _ = window(shape[1], size, stride, padding)
            middle = np.arange(after) * stride - left + (size - 1) / 2
            return np.asarray(np.interp(middle, np.arange(shape[1]), at))
        case Residual(body, _):
            return _centres(body, shape, at)
        case Branches(paths):
            return np.asarray(np.mean([_centres(path, shape, at) for path in paths], axis=0))
        case BatchNorm() | Act() | Dropout() | Dense() | Flatten():
            return at
