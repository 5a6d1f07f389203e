"""How K convolutions, poolings and dense layers are computed.

The contract: signals are (K, B, L, C), member first and channel last, after flattening (K, B, F);
weights carry a leading K. Which arithmetic is used is private to this module.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from spectune.networks.layers import Padding, window

WIDE = 32
"""Columns a matrix product should have at least to be worth its while."""


def convolve(signal: Tensor, kernel: Tensor, bias: Tensor, stride: int, padding: Padding) -> Tensor:
    """K convolutions over K signals.

    Neighbouring outputs are computed together as one product with a banded (Toeplitz) matrix:
    one filter alone would make a product with a single column, which wastes most of a core.
    With many filters the block is one output long, which is the usual im2col product.

    Args:
        signal: (K, B, L, C).
        kernel: (K, k, C, F).
        bias: (K, F).
        stride: points between neighbouring outputs.
        padding: ``same`` as in Keras, or ``valid``.

    Returns:
        (K, B, L', F).
    """
    members, rows, points, channels = signal.shape
    size, filters = kernel.shape[1], kernel.shape[3]
    after, left, right = window(points, size, stride, padding)
    block = max(1, min(after, WIDE // filters))
    blocks = -(-after // block)
    span = (block - 1) * stride + size
    needed = (blocks - 1) * block * stride + span
    padded = pad(signal, (0, 0, left, max(right, needed - points - left)))
    pieces = padded.unfold(2, span, block * stride)[:, :, :blocks]
    flat = pieces.transpose(3, 4).reshape(members, rows * blocks, span * channels)
    made = torch.bmm(flat, _banded(kernel, block, stride, span))
    made = made.view(members, rows, blocks * block, filters)[:, :, :after]
    return made + bias[:, None, None, :]


def _banded(kernel: Tensor, block: int, stride: int, span: int) -> Tensor:
    """(K, span * C, block * F): column block t holds the kernel, shifted down by t strides."""
    members, size, channels, filters = kernel.shape
    if block == 1:
        return kernel.reshape(members, size * channels, filters)
    nothing, here = kernel.new_zeros(members, 1, channels, filters), kernel.device
    rows = torch.arange(span, device=here)[:, None] - torch.arange(block, device=here)[None, :] * stride
    source = torch.where((rows >= 0) & (rows < size), rows, size).reshape(-1)
    shifted = torch.cat([kernel, nothing], dim=1).index_select(1, source)
    shifted = shifted.view(members, span, block, channels, filters).transpose(2, 3)
    return shifted.reshape(members, span * channels, block * filters)


def dense(signal: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """K dense layers: (K, B, F) by (K, F, U) plus (K, U)."""
    return torch.baddbmm(bias[:, None, :], signal, kernel)


def max_pool(signal: Tensor, size: int, stride: int, padding: Padding) -> Tensor:
    """Largest value of each window, (K, B, L, C) to (K, B, L', C)."""
    slices = _slices(signal, size, stride, padding, fill=float("-inf"))
    made = slices[0]
    for one in slices[1:]:
        made = torch.maximum(made, one)
    return made


def average_pool(signal: Tensor, size: int, stride: int, padding: Padding) -> Tensor:
    """Mean of each window; padded cells do not count."""
    slices = _slices(signal, size, stride, padding, fill=0.0)
    counts = _slices(signal.new_ones(1, 1, signal.shape[2], 1), size, stride, padding, fill=0.0)
    return torch.stack(slices).sum(0) / torch.stack(counts).sum(0)


def _slices(signal: Tensor, size: int, stride: int, padding: Padding, fill: float) -> list[Tensor]:
    """The first, second, ... cell of every window."""
    points = signal.shape[2]
    after, left, right = window(points, size, stride, padding)
    padded = pad(signal, (0, 0, left, right), value=fill) if left or right else signal
    return [padded[:, :, place : place + (after - 1) * stride + 1 : stride] for place in range(size)]
