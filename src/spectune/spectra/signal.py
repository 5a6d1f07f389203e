"""What kind of signal a set of spectra is, judged from its values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectune.spectra.axis import Axis
from spectune.spectra.table import Signal

_WATER = ((1925.0, 1945.0, 1840.0, 2120.0), (1440.0, 1460.0, 1350.0, 1620.0))
"""Bands of water in the near infrared, nm: first and last point of the band, shoulder left and right."""


_ROWS = 500
"""Spectra whose shapes are looked at; more of them tell nothing new about the kind."""


@dataclass(frozen=True)
class SignalGuess:
    """A kind of signal and the reason to think so."""

    kind: Signal
    reason: str


def guess_signal(x: NDArray[np.floating], axis: Axis | None = None) -> SignalGuess:
    """The likeliest kind of signal of spectra ``x``, (rows, points).

    Values alone tell counts, percentages and high absorbances. Between 0 and 1 both
    reflectance and absorbance are possible; there the water bands at 1935 and 1450 nm decide,
    which stand upward in absorbance and downward in reflectance.

    >>> guess_signal(np.array([[120.0, 3400.0, 15.0]])).kind
    'intensity'
    """
    low, high = float(x.min()), float(x.max())
    x = x[:: -(-len(x) // _ROWS)]
    between = f"values from {low:.4g} to {high:.4g}"
    if _scaled(x):
        return SignalGuess("intensity", "every spectrum is scaled to begin at 0 and end at 1")
    if high > 400:
        return SignalGuess("intensity", f"{between}: counts")
    if low >= 0 and high > 20 and float(np.median(x)) > 3:
        percent = high <= 130
        kind: Signal = "reflectance" if percent else "unknown"
        return SignalGuess(kind, f"{between}: {'percent' if percent else 'neither a fraction, percent nor counts'}")
    if high > 1.6:
        return SignalGuess("absorbance" if high <= 12 else "unknown", between)
    band = _water_band(x, axis)
    if band:
        kind = "absorbance" if band > 0 else "reflectance"
        return SignalGuess(kind, f"{between}, and the bands of water point {'up' if band > 0 else 'down'}")
    if low < 0:
        return SignalGuess("absorbance", f"{between}: no reflectance is below zero")
    return SignalGuess("unknown", f"{between} fit reflectance as well as absorbance")


def _scaled(x: NDArray[np.floating]) -> bool:
    lows, highs = x.min(axis=1), x.max(axis=1)
    return len(x) > 1 and bool(np.allclose(lows, 0, atol=1e-6) and np.allclose(highs, highs[0], rtol=1e-6))


def _water_band(x: NDArray[np.floating], axis: Axis | None) -> int:
    """1 where the water bands of the mean spectrum point up, -1 where they point down, 0 if unclear."""
    if axis is None or axis.unit not in ("nm", "um", "cm-1"):
        return 0
    wavelengths, mean = _in_nm(axis), np.median(x, axis=0).astype(float)
    order = np.argsort(wavelengths)
    wavelengths, mean = wavelengths[order], mean[order]
    for start, stop, left, right in _WATER:
        if wavelengths[0] > left or wavelengths[-1] < right:
            continue
        places = np.linspace(start, stop, 5)
        shoulders = np.interp([left, right], wavelengths, mean)
        line = np.interp(places, [left, right], shoulders)
        height = float(np.mean(np.interp(places, wavelengths, mean) - line))
        if abs(height) > 0.01 * abs(shoulders).mean():
            return 1 if height > 0 else -1
    return 0


def _in_nm(axis: Axis) -> NDArray[np.float64]:
    match axis.unit:
        case "um":
            return axis.positions * 1e3
        case "cm-1":
            return np.asarray(1e7 / np.maximum(axis.positions, 1e-3))
        case _:
            return axis.positions
