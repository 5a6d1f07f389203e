"""What looks wrong in a table of spectra, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from spectune.spectra.axis import Axis
from spectune.spectra.table import Table

FAR = 7.0
"""Robust standard deviations beyond which a spectrum is called far from the rest."""

_FIT_ROWS = 2000
_COMPONENTS = 10

Matrix = NDArray[np.floating]


def oddities(table: Table, names: NDArray[np.str_]) -> tuple[str, ...]:
    """Sentences on the axis, constant points, flat and clipped spectra, spikes and outliers.

    Args:
        table: spectra.
        names: a name for every row, for the sentences.
    """
    return (
        *_axis(table.axis),
        *_constant_points(table),
        *_flat_rows(table.x, names),
        *_clipped(table.x, names),
        *_spikes(table, names),
        *_level(table.x, names),
        *_far(table.x, names),
    )


def far_spectra(x: Matrix) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows far inside the space of the main components (Hotelling's T2), and rows far from it (Q).

    Cube roots of both distances are nearly normal (Wilson and Hilferty), so a row is far where
    its cube root lies more than ``FAR`` robust deviations above the median.
    """
    varying = np.asarray(x[:, x.std(axis=0) > 0], dtype=np.float64)
    none = np.empty(0, dtype=np.intp)
    if len(x) < 20 or varying.shape[1] < 3:
        return none, none
    fitted = PCA(min(_COMPONENTS, len(x) // 4, varying.shape[1] - 1), svd_solver="randomized", random_state=0)
    fitted.fit(varying[:: -(-len(x) // _FIT_ROWS)])
    scores = fitted.transform(varying)
    spread = np.median(np.abs(scores), axis=0) * 1.4826
    inside = ((scores / np.where(spread > 0, spread, 1.0)) ** 2).sum(axis=1)
    outside = ((varying - fitted.inverse_transform(scores)) ** 2).sum(axis=1)
    return _above(inside), _above(outside)


def _above(squares: NDArray[np.float64]) -> NDArray[np.intp]:
    roots = np.cbrt(squares)
    centred = roots - np.median(roots)
    spread = 1.4826 * np.median(np.abs(centred))
    far = np.flatnonzero(centred > FAR * spread) if spread > 0 else np.empty(0, dtype=np.intp)
    return np.asarray(far[np.argsort(-centred[far])], dtype=np.intp)


def _axis(axis: Axis) -> Iterator[str]:
    steps = np.diff(axis.positions)
    usual = float(np.median(steps))
    for k in np.flatnonzero(steps > 5 * usual)[:3]:
        yield (
            f"the axis jumps from {axis.values[k]:g} to {axis.values[k + 1]:g}, {steps[k] / usual:.0f} times the "
            f"usual step: a gap, or a mistyped wavelength"
        )
    if steps.max() <= 5 * usual and steps.max() > 1.2 * steps.min():
        yield f"the axis is uneven: steps from {steps.min():.4g} to {steps.max():.4g}"


def _constant_points(table: Table) -> Iterator[str]:
    if len(table) < 2:
        return
    same = np.ptp(table.x, axis=0) == 0
    if same.any():
        where = ", ".join(_spans(same, table.axis)[:3])
        yield f"{int(same.sum())} point(s) have the same value in all spectra ({where}) and carry nothing"


def _spans(chosen: NDArray[np.bool_], axis: Axis) -> list[str]:
    """Runs of chosen points as ranges of the axis."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]])))
    pairs = edges.reshape(-1, 2)
    return [
        f"{axis.values[a]:g}" if b - a == 1 else f"{axis.values[a]:g} to {axis.values[b - 1]:g}"
        for a, b in pairs.tolist()
    ]


def _flat_rows(x: Matrix, names: NDArray[np.str_]) -> Iterator[str]:
    flat = np.flatnonzero(np.ptp(x, axis=1) == 0)
    if flat.size:
        yield f"{_count(flat)} without any structure, a flat line: {_some(names[flat])}; leave them out"


def _clipped(x: Matrix, names: NDArray[np.str_]) -> Iterator[str]:
    for edge, word in ((x.max(), "upper"), (x.min(), "lower")):
        at_edge = x == edge
        long = (at_edge[:, :-2] & at_edge[:, 1:-1] & at_edge[:, 2:]).any(axis=1) & (np.ptp(x, axis=1) > 0)
        varying = at_edge[:, np.ptp(x, axis=0) > 0].any(axis=1)
        rows = np.flatnonzero(long & varying)
        if rows.size:
            yield f"{_count(rows)} at the {word} limit {edge:g} over several points (clipped?): {_some(names[rows])}"


def _spikes(table: Table, names: NDArray[np.str_]) -> Iterator[str]:
    """Single points that stand out from both neighbours by a third of the spectrum's range."""
    x = table.x
    if x.shape[1] < 20:
        return
    height = np.minimum(x[:, 1:-1] - x[:, :-2], x[:, 1:-1] - x[:, 2:])
    spiked = height > 0.33 * np.ptp(x, axis=1, keepdims=True)
    rows = np.flatnonzero(spiked.any(axis=1))
    if rows.size:
        point = int(np.argmax(spiked[rows[0]])) + 1
        yield (
            f"{_count(rows)} with a spike of one point, a cosmic ray or a damaged number: {_some(names[rows])} "
            f"(the first at {table.axis.values[point]:g})"
        )


def _level(x: Matrix, names: NDArray[np.str_]) -> Iterator[str]:
    """Spectra whose mean lies more than five standard deviations from the others."""
    means = x.mean(axis=1, dtype=np.float64)
    away = np.abs(means - means.mean())
    rows = np.flatnonzero(away > 5 * means.std()) if len(x) >= 20 else np.empty(0, dtype=np.intp)
    if rows.size:
        yield f"{_count(rows)} far above or below the rest in level: {_some(names[rows[np.argsort(-away[rows])]])}"


def _far(x: Matrix, names: NDArray[np.str_]) -> Iterator[str]:
    inside, outside = far_spectra(x)
    if inside.size:
        yield f"{_count(inside)} far from the rest (Hotelling's T2 of a PCA): {_some(names[inside])}"
    fresh = outside[~np.isin(outside, inside)]
    if fresh.size:
        yield f"{_count(fresh)} with a shape unlike the rest (Q residual of a PCA): {_some(names[fresh])}"


def _count(rows: NDArray[np.intp]) -> str:
    return "1 spectrum" if rows.size == 1 else f"{rows.size} spectra"


def _some(names: NDArray[np.str_]) -> str:
    shown = ", ".join(names[:5].tolist())
    return f"{shown}, ..." if names.size > 5 else shown
