"""Convex polygons, many at once: cut by half-planes, and their areas.

A polygon is a row of corners in order. Where it has fewer corners than the widest, its last one is
repeated; an empty one is a point.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]


def squares(count: int) -> Real:
    """Squares from -1 to 1, (count, 4, 2)."""
    return np.tile([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]], (count, 1, 1))


def areas(polygons: Real) -> Real:
    """Areas of polygons, (polygons,).

    >>> areas(squares(1)).tolist()
    [4.0]
    """
    # From the first corner, so that a small polygon far from 0 keeps its digits.
    x, y = np.moveaxis(polygons - polygons[:, :1], 2, 0)
    return np.asarray(np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2)


def cut(polygons: Real, normals: Real, limits: Real) -> Real:
    """The part of every polygon where ``normal * point <= limit`` (Sutherland & Hodgman, 1974).

    Args:
        polygons: convex, (polygons, corners, 2).
        normals: one for every polygon, (polygons, 2); with 0 and 0 all or nothing is kept.
        limits: (polygons,).

    >>> areas(cut(squares(1), np.array([[1.0, 1.0]]), np.array([0.0]))).tolist()
    [2.0]
    """
    over = np.einsum("pcd,pd->pc", polygons, normals) - limits[:, None]
    following, over_next = np.roll(polygons, -1, axis=1), np.roll(over, -1, axis=1)
    crosses = (over <= 0) != (over_next <= 0)
    share = np.divide(over, over - over_next, out=np.zeros_like(over), where=crosses)
    crossings = polygons + share[..., None] * (following - polygons)
    count, corners = over.shape
    found = np.stack([polygons, crossings], axis=2).reshape(count, 2 * corners, 2)
    kept = np.stack([over <= 0, crosses], axis=2).reshape(count, 2 * corners)
    return _packed(found, kept)


def _packed(found: Real, kept: NDArray[np.bool_]) -> Real:
    """The kept points of every row first, the last of them repeated."""
    counts = kept.sum(axis=1)
    order = np.argsort(~kept, axis=1, kind="stable")
    places = np.minimum(np.arange(max(1, counts.max(initial=1))), np.maximum(counts - 1, 0)[:, None])
    return np.take_along_axis(found, np.take_along_axis(order, places, axis=1)[..., None], axis=1)
