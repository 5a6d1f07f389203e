"""How errors fall with the number of samples: a + b n^-c, fitted to a few sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Array = NDArray[np.float64]

SLOWEST, FASTEST = 0.05, 4.0
"""Bounds of the exponent."""

FEWEST = 4
"""Sizes without which three numbers are not fitted."""

SMALLEST = 1e-12
"""What counts as no error at all."""

_GRID = np.geomspace(SLOWEST, FASTEST, 40)


@dataclass(frozen=True)
class PowerLaw:
    """Error with n samples: ``floor + scale * n ** -exponent``; none of the three is negative."""

    floor: float
    scale: float
    exponent: float

    def at(self, samples: Array | float) -> Array:
        """Error with so many samples."""
        return np.asarray(self.floor + self.scale * np.power(samples, -self.exponent))


def power_law(samples: Array, errors: Array) -> PowerLaw:
    """The law of least relative squared deviations, with the exponent from 0.05 to 4.

    For a given exponent, floor and scale are a linear problem with non-negative unknowns; the exponent
    is searched on a grid and then between its best neighbours.

    Args:
        samples: at least ``FEWEST`` numbers of samples.
        errors: as many errors, not negative; those near zero count as a tenth of the largest.
    """
    middle = float(np.exp(np.log(samples).mean()))
    weights = 1 / np.maximum(errors, max(0.1 * float(errors.max()), SMALLEST))
    losses = [_linear(samples / middle, errors, weights, exponent)[2] for exponent in _GRID]
    best = int(np.argmin(losses))
    bounds = np.log(_GRID[[max(best - 1, 0), min(best + 1, _GRID.size - 1)]])

    def loss(logarithm: float) -> float:
        return _linear(samples / middle, errors, weights, float(np.exp(logarithm)))[2]

    found = minimize_scalar(loss, bounds=tuple(bounds), method="bounded", options={"xatol": 1e-7})
    exponent = float(np.exp(found.x)) if found.fun <= losses[best] else float(_GRID[best])
    floor, scale, _ = _linear(samples / middle, errors, weights, exponent)
    return PowerLaw(floor, scale * middle**exponent, exponent)


def _linear(relative: Array, errors: Array, weights: Array, exponent: float) -> tuple[float, float, float]:
    """Floor, scale and loss for one exponent; the better of the borders where the optimum is not allowed."""
    falling = relative**-exponent * weights
    aim = errors * weights
    matrix = np.array([[weights @ weights, weights @ falling], [weights @ falling, falling @ falling]])
    right = np.array([weights @ aim, falling @ aim])
    floor, scale = np.linalg.solve(matrix, right)
    if floor < 0:
        floor, scale = 0.0, right[1] / matrix[1, 1]
    elif scale <= 0:
        floor, scale = right[0] / matrix[0, 0], 0.0
    off = floor * weights + scale * falling - aim
    return float(floor), float(scale), float(off @ off)
