"""Row-wise preprocessing: each step looks at one spectrum only, so it cannot leak.

The arithmetic comes from SciPy, in float64 whatever the input. Steps that would have to be
fitted on other rows (column standardisation, MSC reference) are not here: they live inside the
network, per member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from spectune.errors import DataError, SettingError

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Absorbance:
    """Apparent absorbance log10(1/R) of a reflectance or transmittance in (0, 1]."""

    kind: Literal["absorbance"] = "absorbance"


@dataclass(frozen=True)
class Reflectance:
    """Reflectance 10^-A of an absorbance A, the inverse of ``Absorbance``; any number has one."""

    kind: Literal["reflectance"] = "reflectance"


@dataclass(frozen=True)
class SNV:
    """Standard normal variate: each spectrum to mean 0 and (population) deviation 1."""

    kind: Literal["snv"] = "snv"


@dataclass(frozen=True)
class Maximum:
    """Each spectrum divided by its largest value; one without a value above zero stays as it is."""

    kind: Literal["maximum"] = "maximum"


@dataclass(frozen=True)
class Detrend:
    """Subtract the least-squares polynomial of ``degree`` over the points.

    Barnes, Dhanoa & Lister (1989) use degree 2 together with SNV.
    """

    degree: int = 2
    kind: Literal["detrend"] = "detrend"


@dataclass(frozen=True)
class SavGol:
    """Savitzky-Golay smoothing (``derivative=0``) or derivative, edges by polynomial fit.

    Window and order as in Passos & Mishra (2022): 13 and 2. Derivatives are per point, not per
    unit of the axis. A window longer than the spectrum shrinks to the longest odd one that fits.
    """

    window: int = 13
    order: int = 2
    derivative: int = 0
    kind: Literal["savgol"] = "savgol"

    def __post_init__(self) -> None:
        if self.window % 2 == 0 or not self.derivative <= self.order < self.window:
            raise SettingError(
                f"a Savitzky-Golay window must be odd and longer than its order, and the order at least "
                f"the derivative; got window {self.window}, order {self.order}, derivative {self.derivative}"
            )


@dataclass(frozen=True)
class Bin:
    """Mean of every ``width`` neighbouring points; an incomplete last bin is averaged as it is."""

    width: int = 2
    kind: Literal["bin"] = "bin"


@dataclass(frozen=True)
class Decimate:
    """Every ``width``-th point, the first one included: the first point of every bin of ``Bin``."""

    width: int = 2
    kind: Literal["decimate"] = "decimate"


Step = Absorbance | Reflectance | SNV | Maximum | Detrend | SavGol | Bin | Decimate


def apply(steps: Sequence[Step], x: NDArray[np.floating]) -> Matrix:
    """Spectra after the steps, one after the other; (rows, points) float64.

    >>> apply([SNV()], np.array([[1.0, 2.0, 3.0]])).round(3)
    array([[-1.225,  0.   ,  1.225]])

    Raises:
        DataError: absorbance of a value that is not above zero.
    """
    signal = np.asarray(x, dtype=np.float64)
    for step in steps:
        signal = _apply(step, signal)
    return signal


def points_after(steps: Sequence[Step], points: int) -> int:
    """How many points a spectrum of ``points`` has after the steps."""
    for step in steps:
        if isinstance(step, Bin | Decimate):
            points = -(-points // step.width)
    return points


def polynomials(degree: int, points: int) -> Matrix:
    """Orthonormal polynomials up to ``degree`` over the points, (points, degree + 1); no more than there are points."""
    places = np.linspace(-1.0, 1.0, points)
    basis, _ = np.linalg.qr(np.vander(places, min(degree, points - 1) + 1))
    return np.asarray(basis)


def _apply(step: Step, x: Matrix) -> Matrix:
    match step:
        case Absorbance():
            return _absorbance(x)
        case Reflectance():
            with np.errstate(over="ignore"):
                return np.asarray(10.0**-x)
        case SNV():
            return _snv(x)
        case Maximum():
            most = x.max(axis=1, keepdims=True)
            return np.asarray(x / np.where(most > 0, most, 1.0))
        case Detrend(degree):
            return _detrend(x, degree)
        case SavGol(window, order, derivative):
            return _savgol(x, window, order, derivative)
        case Bin(width):
            edges = np.arange(0, x.shape[1], width)
            sizes = np.diff(np.append(edges, x.shape[1]))
            return np.asarray(np.add.reduceat(x, edges, axis=1) / sizes)
        case Decimate(width):
            return np.ascontiguousarray(x[:, ::width])


def _absorbance(x: Matrix) -> Matrix:
    if (x <= 0).any():
        row, point = np.argwhere(x <= 0)[0]
        raise DataError(
            f"absorbance log10(1/R) needs values above zero, but spectrum {row + 1} has "
            f"{x[row, point]:g} at point {point + 1}; is the signal already absorbance?"
        )
    return np.asarray(-np.log10(x))


def _snv(x: Matrix) -> Matrix:
    centred = x - x.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    return np.asarray(centred / np.where(spread > 0, spread, 1.0))


def _detrend(x: Matrix, degree: int) -> Matrix:
    basis = polynomials(degree, x.shape[1])
    return np.asarray(x - (x @ basis) @ basis.T)


def _savgol(x: Matrix, window: int, order: int, derivative: int) -> Matrix:
    points = x.shape[1]
    fits = min(window, points - 1 + points % 2)
    if fits <= order:
        raise SettingError(
            f"a Savitzky-Golay filter of order {order} needs more than {order + 1} points, these spectra have {points}"
        )
    return np.asarray(savgol_filter(x, fits, order, deriv=derivative, axis=1, mode="interp"))
