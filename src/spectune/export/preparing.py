"""Channels in torch: what ``spectra/steps.py`` does with SciPy, for a graph that stands alone.

Everything is computed in float64, as there: in float32 the SNV of a spectrum on a high baseline, and a
Savitzky-Golay derivative of one, lose half of their digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectune.spectra.channels import Channels, Layout
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
    polynomials,
)

Work = Callable[[Tensor], Tensor]
"""What becomes of a signal whose rows come first."""

BLOCK = 64
"""Filtered points that are computed by one product: fewer need more products, more need longer ones."""


def preparing(channels: Channels, layout: Layout, points: int) -> Work:
    """Raw spectra (B, points) to what a network receives, (B, C, L) float32; as ``spectra.channels.prepare``.

    A value that has no absorbance becomes NaN.
    """
    views = [in_turn(_steps(channel, points)) for channel in channels]

    def work(x: Tensor) -> Tensor:
        made = [view(x.double()) for view in views]
        return (torch.cat(made, dim=1)[:, None] if layout == "concatenate" else torch.stack(made, dim=1)).float()

    return work


def in_turn(works: Sequence[Work]) -> Work:
    """One after the other."""

    def work(x: Tensor) -> Tensor:
        for one in works:
            x = one(x)
        return x

    return work


def _steps(channel: Sequence[Step], points: int) -> list[Work]:
    return [_step(step, points_after(channel[:place], points)) for place, step in enumerate(channel)]


def _step(step: Step, points: int) -> Work:
    match step:
        case Absorbance():
            return lambda x: torch.where(x > 0, -torch.log10(x), torch.nan)
        case Reflectance():
            return lambda x: torch.pow(10.0, -x)
        case SNV():
            return _snv
        case Maximum():
            return _by_maximum
        case Detrend(degree):
            basis = torch.as_tensor(polynomials(degree, points))
            return lambda x: x - (x @ basis) @ basis.T
        case SavGol():
            return _filter(step, points)
        case Bin(width):
            return lambda x: _binned(x, width, points)
        case Decimate(width):
            return lambda x: x[:, ::width]


def _snv(x: Tensor) -> Tensor:
    centred = x - x.mean(dim=1, keepdim=True)
    spread = centred.square().mean(dim=1, keepdim=True).sqrt()
    return centred / torch.where(spread > 0, spread, 1.0)


def _by_maximum(x: Tensor) -> Tensor:
    most = x.amax(dim=1, keepdim=True)
    return x / torch.where(most > 0, most, 1.0)


def _binned(x: Tensor, width: int, points: int) -> Tensor:
    whole = points // width * width
    rest = [x[:, whole:].mean(dim=1, keepdim=True)] if whole < points else []
    full = [x[:, :whole].reshape(-1, whole // width, width).mean(dim=2)] if whole else []
    return torch.cat([*full, *rest], dim=1)


def _filter(step: SavGol, points: int) -> Work:
    """A Savitzky-Golay filter: blocks of points by one banded matrix, either end by a matrix of its own.

    What SciPy makes of the unit vectors of one window holds the coefficients of all three.
    """
    window = min(step.window, points - 1 + points % 2)
    half, inner = window // 2, points - window + 1
    made = apply([step], np.eye(window))
    block = min(BLOCK, inner)
    middle = torch.as_tensor(_banded(made[:, half], block))
    ends = torch.as_tensor(made[:, :half].copy()), torch.as_tensor(made[:, window - half :].copy())
    starts = np.arange(0, inner, block)[:, None]
    places = torch.as_tensor(np.minimum(starts + np.arange(len(middle)), points - 1).ravel())

    def work(x: Tensor) -> Tensor:
        pieces = x.index_select(1, places).reshape(-1, len(starts), len(middle))
        between = (pieces @ middle).flatten(1)[:, :inner]
        return torch.cat([x[:, :window] @ ends[0], between, x[:, -window:] @ ends[1]], dim=1)

    return work


def _banded(coefficients: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    """(block + window - 1, block): column t holds the coefficients, shifted down by t."""
    window = coefficients.size
    matrix = np.zeros((block + window - 1, block))
    for place in range(block):
        matrix[place : place + window, place] = coefficients
    return matrix
