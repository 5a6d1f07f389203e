"""Attributions that need no convolution: integrated gradients, occlusion, coefficients.

Integrated gradients (Sundararajan et al. 2017) and occlusion (Zeiler & Fergus 2014) are captum's
(Kokhlikyan et al. 2020); both compare a spectrum with the mean of the calibration rows, as it is
after preprocessing. Coefficients are the derivative of the output by the spectrum: what a
regression vector is to PLS.
"""

from __future__ import annotations

import warnings

import numpy as np
import torch
from captum.attr import IntegratedGradients, Occlusion
from numpy.typing import NDArray
from torch import Tensor

from spectune.explanation.folding import Places, pulled
from spectune.explanation.module import Network
from spectune.spectra.channels import Channels, Layout

Array = NDArray[np.float64]

STEPS = 64
"""Points of the Gauss-Legendre rule along the way from the mean spectrum."""

BATCH, NUMBERS = 512, 2**18
"""Evaluations at once: so many at most, and so many numbers of signal."""


def integrated_gradients(network: Network, signal: Array, background: Array, output: int, steps: int = STEPS) -> Array:
    """How much every column moves the output away from that for the background; (rows, L, C).

    A row's values add up to its output minus the background's (completeness), but for the error of
    the numerical rule, which grows with kinks such as those of ReLU.

    Args:
        network: one member, or several for the attribution of their mean.
        signal: prepared spectra, (rows, L, C).
        background: mean of the prepared calibration spectra, (L, C).
        output: number of the class, 0 for a numeric target.
        steps: of the rule.
    """
    x, mean = _tensor(network, signal), _tensor(network, background)[None]
    batch = max(len(signal), min(BATCH, NUMBERS // background.size))
    made = IntegratedGradients(network).attribute(x, mean, target=output, n_steps=steps, internal_batch_size=batch)
    return np.asarray(made.detach().numpy(), dtype=np.float64)


def occlusion(network: Network, signal: Array, background: Array, output: int, columns: Places, window: int) -> Array:
    """How much the output falls when a window of the spectrum is replaced by the mean's; (rows, points).

    The same points are hidden in all blocks at once, or the others would still tell what was there. Windows
    overlap by half; a point has the mean of those that cover it, in the output's unit per window.

    Args:
        network: one member, or several for the attribution of their mean.
        signal: prepared spectra, (rows, L, C).
        background: mean of the prepared calibration spectra, (L, C).
        output: number of the class, 0 for a numeric target.
        columns: of every point of every block its column, (blocks, points), as ``folding.columns`` says.
        window: points to be hidden together.
    """
    mean, points = _tensor(network, background), columns.shape[1]
    window = min(window, points)

    def seen(shown: Tensor, x: Tensor) -> Tensor:
        answers: Tensor = network(mean + _shown_columns(shown, columns, len(background)) * (x - mean))
        return answers

    whole = mean.new_ones(len(signal), points)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum asks for larger strides when windows do not end with the axis
        made = Occlusion(seen).attribute(
            whole,
            (window,),
            strides=(max(1, window // 2),),
            baselines=0.0,
            target=output,
            additional_forward_args=(_tensor(network, signal),),
        )
    return np.asarray(made.detach().numpy(), dtype=np.float64)


def input_gradient(network: Network, signal: Array, output: int) -> Array:
    """Derivative of the output by the prepared signal, (rows, L, C)."""
    x = _tensor(network, signal).requires_grad_(True)
    (made,) = torch.autograd.grad(network(x)[:, output].sum(), x)
    return np.asarray(made.numpy(), dtype=np.float64)


def raw_coefficients(
    network: Network, x: Array, signal: Array, channels: Channels, layout: Layout, output: int
) -> Array:
    """Derivative of the output by the raw spectrum, through the preprocessing; (rows, blocks, points).

    The sum over blocks is the derivative itself: in the target's unit (or in logits) per unit of signal.

    Args:
        network: one member, or several for the coefficients of their mean.
        x: raw spectra, (rows, points).
        signal: the same, prepared, (rows, L, C).
        channels: what was made of them.
        layout: side by side or end to end.
        output: number of the class, 0 for a numeric target.
    """
    return pulled(input_gradient(network, signal, output), channels, layout, x)


def _tensor(network: Network, values: Array) -> Tensor:
    return torch.tensor(values, dtype=network.fitted.stack.kernels.dtype)


def _shown_columns(shown: Tensor, columns: Places, length: int) -> Tensor:
    """Share of every column of the signal that is shown, (B, L, 1), from that of every point (B, points)."""
    ends_to_end = np.unique(columns[:, 0]).size == len(columns)
    places = torch.as_tensor(columns.ravel() if ends_to_end else columns[0])
    told = shown.repeat(1, places.numel() // shown.shape[1])
    nothing = shown.new_zeros(len(shown), length)
    counts = nothing[0].index_add(0, places, told.new_ones(places.numel()))
    return (nothing.index_add(1, places, told) / counts)[:, :, None]
