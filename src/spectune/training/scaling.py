"""Everything that is fitted on rows, inside the network and per member.

Column standardisation of the inputs and the transform and standardisation of the target come from
a member's own training rows; a scored row never reaches them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import boxcox, inv_boxcox
from scipy.stats import boxcox_normmax
from torch import Tensor

from spectune.errors import DataError
from spectune.networks.recipe import Transform
from spectune.spectra.spectra import Rows
from spectune.training.signals import Signals

Values = NDArray[np.float64]

MARGIN = 0.5
"""How far a transformed target may go beyond the training range, as a part of that range."""


@dataclass(frozen=True, eq=False)
class InputScaling:
    """Per member and column: signal * factor + offset has mean 0 and deviation 1; (K, 1, L, C)."""

    factor: Tensor
    offset: Tensor

    def take(self, members: Tensor) -> InputScaling:
        """Scaling of the chosen members."""
        return InputScaling(self.factor[members], self.offset[members])

    def of(self, dtype: torch.dtype) -> InputScaling:
        """The same in another precision."""
        return InputScaling(self.factor.to(dtype), self.offset.to(dtype))

    def apply(self, signal: Tensor) -> Tensor:
        """Standardised signal, (K, B, L, C); ``signal`` may be (B, L, C), the same for all."""
        return torch.addcmul(self.offset, signal, self.factor)


@dataclass(frozen=True)
class TargetScaling:
    """Transform and standardisation of the target of one member.

    ``constant`` is the median of the training targets for ``log`` (log(1 + y / median)) and the
    exponent for ``boxcox``. Outputs of a transformed target are kept within the training range
    and half of it beyond, since the inverse of a transform grows without bounds.
    """

    transform: Transform = "none"
    constant: float = 1.0
    mean: float = 0.0
    deviation: float = 1.0
    low: float = -np.inf
    high: float = np.inf

    def forward(self, y: Values) -> Values:
        """Target in its unit to the scale the network is trained on."""
        return (_transformed(y, self.transform, self.constant) - self.mean) / self.deviation

    def inverse(self, z: Values) -> Values:
        """Output of the network to the unit of the target."""
        inside = np.clip(z.astype(np.float64) * self.deviation + self.mean, self.low, self.high)
        return _restored(inside, self.transform, self.constant)


def input_scaling(table: Signals, rows: Sequence[Rows], dtype: torch.dtype = torch.float32) -> InputScaling:
    """Standardisation of the columns of a table of signals, one member for each set of rows.

    All rows are read once, a part at a time; sums are taken around the first row, in float64. A
    column that does not vary is only centred.
    """
    count, points, channels = table.shape
    members = [torch.zeros(count, dtype=torch.float64).index_fill_(0, torch.as_tensor(chosen), 1) for chosen in rows]
    pivot = table.take(torch.zeros(1, dtype=torch.long)).double().reshape(-1)
    sums = torch.zeros(2, len(rows), points * channels, dtype=torch.float64)
    for first, part in table.parts():
        off = part.double().reshape(len(part), -1) - pivot
        for power in sums:
            for total, member in zip(power, members, strict=True):  # one by one: none depends on the others
                total.addmv_(off.T, member[first : first + len(part)])
            off.square_()
    mean, square = sums / torch.stack([member.sum() for member in members])[:, None]
    deviation = (square - mean.square()).clamp_(min=0).sqrt()
    mean += pivot
    flat = deviation <= 1e-7 * (mean.abs() + deviation.amax(dim=1, keepdim=True))
    factor = torch.where(flat, 1.0, 1.0 / torch.where(flat, 1.0, deviation))
    shape = (len(rows), 1, points, channels)
    return InputScaling(factor.view(shape).to(dtype), (-mean * factor).view(shape).to(dtype))


def unscaled(table: Signals, rows: Sequence[Rows], dtype: torch.dtype = torch.float32) -> InputScaling:
    """The scaling that leaves a table of signals as it is; arguments as of ``input_scaling``.

    All rows are read once here too, so that one that cannot be prepared is named before any training.
    """
    read_once(table)
    factor = torch.ones(len(rows), 1, *table.shape[1:], dtype=dtype)
    return InputScaling(factor, torch.zeros_like(factor))


def read_once(table: Signals) -> None:
    """Reads all rows of a table of signals and does nothing with them.

    Raises:
        DataError: a row that cannot be prepared.
    """
    for _ in table.parts():
        pass


def target_scaling(y: Values, transform: Transform, scaled: bool = True) -> TargetScaling:
    """Scaling of a target from training values, (rows,); without ``scaled`` it stays in its own unit.

    Raises:
        DataError: a transform that needs positive values for a target that has others.
    """
    if not scaled:
        return TargetScaling()
    check_range(y, transform)
    constant = _constant(y, transform)
    z = _transformed(y, transform, constant)
    deviation = float(z.std()) or 1.0
    if transform == "none":
        return TargetScaling(mean=float(z.mean()), deviation=deviation)
    reach = MARGIN * float(z.max() - z.min())
    return TargetScaling(
        transform, constant, float(z.mean()), deviation, float(z.min()) - reach, float(z.max()) + reach
    )


def check_range(y: Values, transform: Transform) -> None:
    """Whether a transform takes all values of a target, (rows,).

    Raises:
        DataError: a transform that needs positive values for a target that has others.
    """
    needed = {"none": -np.inf, "sqrt": 0.0, "log": 0.0, "boxcox": np.nextafter(0, 1)}[transform]
    if y.min() < needed:
        raise DataError(f"the {transform} transform needs targets {'above' if needed else 'from'} 0, found {y.min():g}")


def _constant(y: Values, transform: Transform) -> float:
    match transform:
        case "log":
            return float(np.median(y)) or 1.0
        case "boxcox":
            return float(boxcox_normmax(y, method="mle"))
        case "none" | "sqrt":
            return 1.0


def _transformed(y: Values, transform: Transform, constant: float) -> Values:
    match transform:
        case "none":
            return y
        case "sqrt":
            return np.asarray(np.sqrt(np.maximum(y, 0)))
        case "log":
            return np.asarray(np.log1p(y / constant))
        case "boxcox":
            return np.asarray(boxcox(y, constant))


def _restored(z: Values, transform: Transform, constant: float) -> Values:
    match transform:
        case "none":
            return z
        case "sqrt":
            return np.asarray(np.maximum(z, 0) ** 2)
        case "log":
            return np.asarray(np.expm1(z) * constant)
        case "boxcox":
            edge = -1 / constant if constant else np.inf
            inside = np.maximum(z, edge + 1e-6) if constant > 0 else np.minimum(z, edge - 1e-6) if constant < 0 else z
            return np.asarray(inv_boxcox(inside, constant))
