"""Densities of spectra whose peaks share a part of their shifts.

A peak at ``r`` is found at ``r + common * u + stretch * (r - middle) * v + e``, with one ``u`` and ``v``
from -1 to 1 for the spectrum and an ``e`` of its own within ``jitter``, all evenly. A peak that is seen
leaves a strip of the square of ``u`` and ``v``, all peaks together a polygon, whose area is the integral
over both: exact, with no sampling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.synthesis.polygons import areas, cut, squares

Real = NDArray[np.float64]
Whole = NDArray[np.int64]

SQUARE = 4.0
"""Area of the square of the two shared numbers."""

MOST_WAYS = 1000
"""Ways to name the peaks of a spectrum that are looked at, in the mean."""

ROWS = 200
"""Spectra at once."""


@dataclass(frozen=True, eq=False)
class Read:
    """Spectra beside the peaks of a class.

    Attributes:
        visible: peaks that are seen, (rows, seen).
        away: distance of every one from every peak of the class, in points, (rows, seen, peaks).
        fits: density of its height as that of the peak, 0 where it cannot be, (rows, seen, peaks).
        gone: probability that a peak of the class is gone, (peaks,).
    """

    visible: NDArray[np.bool_]
    away: Real
    fits: Real
    gone: Real

    def parts(self) -> Iterator[Read]:
        """Some rows at a time."""
        for first in range(0, len(self.visible), ROWS):
            some = slice(first, first + ROWS)
            yield Read(self.visible[some], self.away[some], self.fits[some], self.gone)


@dataclass(frozen=True, eq=False)
class _Ways:
    """Ways to name peaks of spectra, as far as they are named.

    Attributes:
        row: spectrum, (ways,).
        used: peaks of the class that are taken, (ways, peaks).
        shared: polygons of the shared numbers that allow it, (ways, corners, 2).
        density: of heights and own shifts, (ways,).
    """

    row: Whole
    used: NDArray[np.bool_]
    shared: Real
    density: Real


def coupled(read: Read, slopes: Real, jitter: float) -> Real:
    """Density of every spectrum, summed over all ways to name its peaks, (rows,).

    Args:
        read: the spectra.
        slopes: points by which the shared numbers move every peak of the class, (peaks, 2).
        jitter: points by which a peak moves by itself at most, above 0.

    Raises:
        SettingError: peaks can be named in too many ways.
    """
    return np.concatenate([_summed(part, slopes, jitter) for part in read.parts()] or [np.zeros(0)])


def _summed(read: Read, slopes: Real, jitter: float) -> Real:
    rows, seen = read.visible.shape
    used = np.zeros((rows, len(slopes)), dtype=np.bool_)
    ways = _Ways(np.arange(rows), used, squares(rows), np.ones(rows))
    for peak in range(seen):
        ways = _named(ways, peak, read, slopes, jitter)
    vanished = np.where(ways.used, 1.0, read.gone).prod(axis=1)
    density = ways.density * vanished * areas(ways.shared) / SQUARE
    return np.asarray(np.bincount(ways.row, density, minlength=rows), dtype=np.float64)


def _named(ways: _Ways, peak: int, read: Read, slopes: Real, jitter: float) -> _Ways:
    """All ways with one more peak named; where it is not visible they stay."""
    there = read.visible[ways.row, peak]
    way, name = np.nonzero(there[:, None] & ~ways.used & (read.fits[ways.row, peak] > 0))
    if way.size > MOST_WAYS * ROWS:
        raise SettingError(
            f"the peaks of a spectrum can be named in more than {MOST_WAYS} ways in the mean, too many to sum; "
            f"use a smaller shift, common shift or stretch"
        )
    row, normals = ways.row[way], slopes[name]
    away, fits = read.away[row, peak, name], read.fits[row, peak, name]
    reached = np.einsum("wcd,wd->wc", ways.shared[way], normals)
    near = (reached.min(axis=1) <= away + jitter) & (reached.max(axis=1) >= away - jitter)
    way, name, row, normals, away, fits = (values[near] for values in (way, name, row, normals, away, fits))
    shared = cut(cut(ways.shared[way], normals, away + jitter), -normals, jitter - away)
    used = ways.used[way]
    used[np.arange(way.size), name] = True
    more = _Ways(row, used, shared, ways.density[way] * fits / (2 * jitter))
    return _joined(_chosen(ways, ~there), _chosen(more, areas(shared) > 0))


def _chosen(ways: _Ways, these: NDArray[np.bool_]) -> _Ways:
    return _Ways(ways.row[these], ways.used[these], ways.shared[these], ways.density[these])


def _joined(one: _Ways, other: _Ways) -> _Ways:
    corners = max(one.shared.shape[1], other.shared.shape[1])
    shared = [
        np.pad(ways.shared, ((0, 0), (0, corners - ways.shared.shape[1]), (0, 0)), mode="edge") for ways in (one, other)
    ]
    return _Ways(
        np.concatenate([one.row, other.row]),
        np.concatenate([one.used, other.used]),
        np.concatenate(shared),
        np.concatenate([one.density, other.density]),
    )
