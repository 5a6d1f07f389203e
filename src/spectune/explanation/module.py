"""A fitted network as a torch module: what it says of a prepared signal, differentiable by that signal.

Numbers come in the target's own unit. Classes come as their log-probabilities minus the mean over
classes: logits with the freedom taken out that the softmax leaves them (adding the same to all
changes no answer), so that what is attributed to a class belongs to it and not to all alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spectune.spectra.channels import Channels, Layout
from spectune.spectra.steps import apply
from spectune.training.fit import Fitted
from spectune.training.members import Stack, forward
from spectune.training.scaling import TargetScaling

Array = NDArray[np.float64]


class Network(nn.Module):
    """Members of an ensemble in autograd, without dropout and with running moments.

    Attributes:
        fitted: the members, their weights in the precision asked for.
    """

    def __init__(self, fitted: Fitted, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.fitted = _cast(fitted, dtype)

    def forward(self, signal: Tensor) -> Tensor:
        """Mean answer of the members for prepared spectra (B, L, C); (B, 1) or (B, classes)."""
        return self.told(forward(self.fitted.stack, self.standardised(signal)))

    def standardised(self, signal: Tensor) -> Tensor:
        """What each member receives of a prepared signal (B, L, C); (K, B, L, C)."""
        return self.fitted.inputs.apply(signal)

    def told(self, outputs: Tensor) -> Tensor:
        """Mean answer from the outputs of the members' last layers, (K, B, outputs) to (B, outputs)."""
        if not self.fitted.task.regression:
            return (outputs - outputs.mean(dim=2, keepdim=True)).mean(dim=0)
        told = [restored(one, target) for one, target in zip(outputs, self.fitted.targets, strict=True)]
        return torch.stack(told).mean(dim=0)


def single(fitted: Fitted) -> Iterator[Fitted]:
    """Every member as an ensemble of its own."""
    for member in range(fitted.members):
        yield fitted.take([member])


def exact(x: NDArray[np.floating], channels: Channels, layout: Layout) -> Array:
    """As ``spectra.channels.prepare``, not rounded to float32; (rows, L, C)."""
    views = [apply(channel, x) for channel in channels]
    return np.concatenate(views, axis=1)[:, :, None] if layout == "concatenate" else np.stack(views, axis=2)


def restored(output: Tensor, target: TargetScaling) -> Tensor:
    """``TargetScaling.inverse`` in autograd; any shape."""
    inside = torch.clamp(output * target.deviation + target.mean, target.low, target.high)
    constant = target.constant
    match target.transform:
        case "none":
            return inside
        case "sqrt":
            return torch.clamp(inside, min=0).square()
        case "log":
            return torch.expm1(inside) * constant
        case "boxcox":
            if not constant:
                return torch.exp(inside)
            return torch.exp(torch.log1p(torch.clamp(constant * inside, min=-1 + 1e-6 * abs(constant))) / constant)


def _cast(fitted: Fitted, dtype: torch.dtype) -> Fitted:
    stack = fitted.stack
    weights = [part.detach().to(dtype) for part in (stack.kernels, stack.others, stack.moments)]
    return replace(fitted, stack=Stack(stack.layers, stack.shape, *weights), inputs=fitted.inputs.of(dtype))
