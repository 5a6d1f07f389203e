"""Back from the columns a network receives to the points of the spectrum.

A *block* is one channel, end to end along the axis or side by side: its columns belong to the
same points. Amounts (what an attribution adds up) are shared among the points of a bin. Gradients
are pulled back exactly: linear steps by their own matrix, the others by autograd.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectune.spectra.channels import Channel, Channels, Layout
from spectune.spectra.steps import (
    SNV,
    Absorbance,
    Bin,
    Decimate,
    Detrend,
    Maximum,
    Reflectance,
    SavGol,
    Step,
    apply,
    points_after,
)

Array = NDArray[np.float64]
Places = NDArray[np.intp]

CHUNK = 256
"""Unit spectra that are sent through a linear step at once."""


def owners(channel: Channel, points: int) -> Places:
    """Of every point the column of the channel it goes into, (points,).

    >>> owners((Bin(2),), 5).tolist()
    [0, 0, 1, 1, 2]
    """
    column = np.arange(points, dtype=np.intp)
    for step in channel:
        if isinstance(step, Bin | Decimate):
            column //= step.width
    return column


def columns(channels: Channels, layout: Layout, points: int) -> Places:
    """Of every point of every block the column of the signal it goes into, (blocks, points)."""
    made = np.stack([owners(channel, points) for channel in channels])
    if layout == "concatenate":
        lengths = [points_after(channel, points) for channel in channels]
        made += np.cumsum([0, *lengths[:-1]])[:, None]
    return made


def blocks(values: Array, channels: Channels, layout: Layout, points: int) -> list[Array]:
    """Values of the signal's columns, (rows, L, C), block by block: (rows, columns) each."""
    if layout == "channels":
        return list(np.moveaxis(values, 2, 0))
    ends = np.cumsum([points_after(channel, points) for channel in channels])
    return list(np.split(values[:, :, 0], ends[:-1], axis=1))


def folded(values: Array, channels: Channels, layout: Layout, points: int) -> Array:
    """Amounts on the signal's columns, (rows, L, C), on the points of the axis: (rows, blocks, points).

    The amount of a bin is shared among its points, so that sums stay what they are.

    >>> folded(np.array([[[4.0], [1.0]]]), ((Bin(2),),), "channels", 3).tolist()
    [[[2.0, 2.0, 1.0]]]
    """
    made = []
    for block, channel in zip(blocks(values, channels, layout, points), channels, strict=True):
        owner = owners(channel, points)
        made.append(block[:, owner] / np.bincount(owner)[owner])
    return np.stack(made, axis=1)


def pulled(gradient: Array, channels: Channels, layout: Layout, x: Array) -> Array:
    """A gradient by the signal's columns as the gradient by the raw spectrum, block by block.

    Args:
        gradient: at the spectra ``x``, (rows, L, C).
        channels: what was made of them.
        layout: side by side or end to end.
        x: raw spectra, (rows, points).

    Returns:
        (rows, blocks, points); their sum over blocks is the gradient by the raw spectrum.
    """
    parts = zip(blocks(gradient, channels, layout, x.shape[1]), channels, strict=True)
    return np.stack([pulled_channel(part, channel, x) for part, channel in parts], axis=1)


def pulled_channel(gradient: Array, channel: Channel, x: Array) -> Array:
    """A gradient by one channel, (rows, columns), as one by the raw spectra ``x`` (rows, points)."""
    before = [np.asarray(x, dtype=np.float64)]
    for step in channel[:-1]:
        before.append(apply([step], before[-1]))
    for step, spectra in reversed(list(zip(channel, before, strict=False))):
        gradient = _pulled_step(step, spectra, gradient)
    return gradient


def _pulled_step(step: Step, x: Array, gradient: Array) -> Array:
    match step:
        case SavGol() | Detrend() | Bin() | Decimate():
            return _transposed(step, x.shape[1], gradient)
        case Absorbance():
            return _by_autograd(lambda spectra: -torch.log10(spectra), x, gradient)
        case Reflectance():
            return _by_autograd(lambda spectra: 10.0**-spectra, x, gradient)
        case SNV():
            return _by_autograd(_snv, x, gradient)
        case Maximum():
            return _by_autograd(_maximum, x, gradient)


def _transposed(step: Step, points: int, gradient: Array) -> Array:
    """The transpose of a linear step: it is what it makes of unit spectra, a part of them at a time."""
    made = np.empty((len(gradient), points))
    for first in range(0, points, CHUNK):
        last = min(first + CHUNK, points)
        made[:, first:last] = gradient @ apply([step], np.eye(last - first, points, first)).T
    return made


def _by_autograd(step: Callable[[Tensor], Tensor], x: Array, gradient: Array) -> Array:
    spectra = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    (made,) = torch.autograd.grad(step(spectra), spectra, torch.as_tensor(np.ascontiguousarray(gradient)))
    return np.asarray(made.numpy())


def _snv(spectra: Tensor) -> Tensor:
    centred = spectra - spectra.mean(dim=1, keepdim=True)
    square = centred.square().mean(dim=1, keepdim=True)
    return centred / torch.where(square > 0, square, 1.0).sqrt()


def _maximum(spectra: Tensor) -> Tensor:
    most = spectra.amax(dim=1, keepdim=True)
    return spectra / torch.where(most > 0, most, 1.0)
