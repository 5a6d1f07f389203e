"""Shapes of peaks, and what an instrument adds: baseline, photon counts, white noise."""

from __future__ import annotations

import numpy as np
from numpy.polynomial import legendre
from numpy.random import Generator

from spectune.synthesis.dials import Scene
from spectune.synthesis.patterns import Dials, Shape
from spectune.synthesis.stream import Real, Whole, spans

HALF = float(np.sqrt(2 * np.log(2)))
"""Half-width at half-height of a Gaussian, in standard deviations."""

REACH: dict[Shape, float] = {"gaussian": 6.0, "asymmetric": 12.0, "lorentz": 60.0, "pseudo_voigt": 60.0}
"""Standard deviations after which a peak ends: below 4e-4 of its height for the wings of a Lorentzian."""


def profile(away: Real, width: Real, dials: Dials) -> Real:
    """Height of a peak of area 1 at a distance from its position, both in points.

    Args:
        away: distance, positive to the right.
        width: standard deviation of the Gaussian with the same half-width.
        dials: shape with its Lorentzian share or asymmetry.
    """
    match dials.shape:
        case "gaussian":
            return _gaussian(away, width)
        case "lorentz":
            return _lorentzian(away, width)
        case "pseudo_voigt":
            return dials.lorentz * _lorentzian(away, width) + (1 - dials.lorentz) * _gaussian(away, width)
        case "asymmetric":
            # Both sides meet at the top; their mean width is the width, so the area stays 1.
            side = width * (1 + dials.asymmetry * np.sign(away))
            return _gaussian(away, side) * side / width


def _gaussian(away: Real, width: Real) -> Real:
    return np.asarray(np.exp(-0.5 * (away / width) ** 2) / (width * np.sqrt(2 * np.pi)))


def _lorentzian(away: Real, width: Real) -> Real:
    half = HALF * width
    return np.asarray(half / (np.pi * (away**2 + half**2)))


def rendered(scene: Scene, rows: int, points: int, dials: Dials) -> Real:
    """Sums of the peaks of a scene with its baselines, (rows, points)."""
    first = np.ceil(scene.positions - REACH[dials.shape] * scene.widths).astype(np.int64)
    last = np.floor(scene.positions + REACH[dials.shape] * scene.widths).astype(np.int64)
    first, last = np.maximum(first, 0), np.minimum(last, points - 1)
    counts = np.maximum(last - first + 1, 0)
    place = spans(first, counts)
    peak: Whole = np.repeat(np.arange(counts.size), counts)
    values = scene.heights[peak] * profile(place - scene.positions[peak], scene.widths[peak], dials)
    flat = np.bincount(scene.row[peak] * points + place, values, minlength=rows * points)
    x: Real = flat.astype(np.float64, copy=False).reshape(rows, points)
    return x + _baselines(scene.baseline, x.max(axis=1), points) if dials.baseline else x


def _baselines(drawn: Real, tops: Real, points: int) -> Real:
    """Smooth curves from 0 to a share of the highest point, (rows, points)."""
    curves = np.asarray(legendre.legval(np.linspace(-1, 1, points), drawn[:, :5].T))
    curves -= curves.min(axis=1, keepdims=True)
    return np.asarray(curves * (drawn[:, 5] * tops / curves.max(axis=1))[:, None])


def measured(x: Real, dials: Dials, photons: Generator, noise: Generator) -> Real:
    """Spectra with photon counts and white noise, both relative to the highest point of each, (rows, points)."""
    tops = x.max(axis=1, keepdims=True)
    if dials.counts:
        scale = np.divide(dials.counts, tops, out=np.zeros_like(tops), where=tops > 0)
        x = np.divide(photons.poisson(x * scale), scale, out=np.zeros_like(x), where=scale > 0)
    return x + dials.noise * tops * noise.standard_normal(x.shape) if dials.noise else x
