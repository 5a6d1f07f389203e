"""The axis of a spectrum: ascending positions and their unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from spectune.errors import DataError

Unit = Literal["nm", "cm-1", "2theta", "ppm", "um", "index"]
UNITS: tuple[Unit, ...] = get_args(Unit)

LABELS: dict[Unit, str] = {
    "nm": "wavelength (nm)",
    "cm-1": "wavenumber (cm⁻¹)",
    "2theta": "2θ (°)",
    "ppm": "chemical shift (ppm)",
    "um": "wavelength (µm)",
    "index": "point",
}


@dataclass(frozen=True)
class Axis:
    """Positions of the points of a spectrum, strictly ascending, with their unit.

    >>> axis = Axis((1100.0, 1102.0, 1104.0), "nm")
    >>> len(axis), axis.label
    (3, 'wavelength (nm)')

    Raises:
        DataError: fewer than two points, a position that is not finite, or positions that
            do not ascend.
    """

    values: tuple[float, ...]
    unit: Unit = "index"

    def __post_init__(self) -> None:
        positions = np.asarray(self.values, dtype=float)
        if positions.size < 2:
            raise DataError(f"an axis needs at least 2 points, this one has {positions.size}")
        if not np.isfinite(positions).all():
            raise DataError("the axis holds a position that is not a finite number")
        steps = np.diff(positions)
        if not (steps > 0).all():
            at = int(np.argmin(steps > 0))
            raise DataError(
                f"the axis must ascend without repeats, but {positions[at + 1]:g} "
                f"follows {positions[at]:g} (points {at + 1} and {at + 2})"
            )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def positions(self) -> NDArray[np.float64]:
        """Positions as an array, (points,)."""
        return np.asarray(self.values, dtype=np.float64)

    @property
    def label(self) -> str:
        """Name and unit as drawn under a figure."""
        return LABELS[self.unit]

    def describe(self) -> str:
        """First to last position, step and unit in words.

        >>> Axis((1100.0, 1102.0, 1104.0), "nm").describe()
        '3 points, 1100 to 1104 nm, every 2'
        """
        positions = self.positions
        steps = np.diff(positions)
        even = np.allclose(steps, steps[0], rtol=0.02)
        spacing = f"every {steps.mean():.4g}" if even else f"{steps.min():.3g} to {steps.max():.3g} apart"
        unit = "" if self.unit == "index" else f" {self.unit}"
        return f"{len(self)} points, {positions[0]:g} to {positions[-1]:g}{unit}, {spacing}"


def same_axis(one: Axis, other: Axis) -> bool:
    """Whether two axes name the same positions in the same unit (to a thousandth of a step)."""
    if one.unit != other.unit or len(one) != len(other):
        return False
    step = float(np.diff(one.positions).min())
    return bool(np.allclose(one.positions, other.positions, rtol=0, atol=1e-3 * step))
