"""Peaks to spectra as published, painting only the points near a peak.

A spectrum is a row of zeros with the heights assigned at their points, smoothed by SciPy's
Gaussian filter (cut at four standard deviations, zeros beyond the ends). Two spectra in a hundred
points differ from zero, so the filter is run only where peaks touch; a peak that stands alone is
its height times the filter's own kernel. The result is the same to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import csr_array

from spectune.synthesis.stream import Peaks, Real, Whole, spans

CUT = 4.0
"""Standard deviations after which the kernel ends."""


@dataclass(frozen=True, eq=False)
class _Strip:
    """Runs of peaks that touch, in order of row and position; a lone peak is a run of one.

    Attributes:
        rows, widths, reach: row, standard deviation and radius of the kernel of every run, (runs,).
        starts, lengths: first point (may lie below 0) and number of points, (runs,).
        counts: peaks of every run, (runs,).
        positions, heights: of all peaks, run by run.
    """

    rows: Whole
    widths: Real
    reach: Whole
    starts: Whole
    lengths: Whole
    counts: Whole
    positions: Whole
    heights: Real


def painted_plainly(peaks: Peaks, points: int) -> Real:
    """Spectra by filtering whole rows, (rows, points): the definition."""
    x = np.zeros((len(peaks), points))
    ends = np.cumsum(peaks.counts)
    for row, (end, count) in enumerate(zip(ends.tolist(), peaks.counts.tolist(), strict=True)):
        x[row, peaks.positions[end - count : end]] = peaks.heights[end - count : end]
        x[row] = gaussian_filter1d(x[row], peaks.widths[row], mode="constant", truncate=CUT)
    return x


def painted(peaks: Peaks, points: int, dtype: type[np.floating] = np.float32) -> csr_array:
    """Spectra as a sparse matrix, (rows, points); computed in float64, stored as ``dtype``."""
    strip = _strip(peaks, points)
    places = spans(strip.starts, strip.lengths)
    values = _values(strip)
    rows = np.repeat(strip.rows, strip.lengths)
    inside = (places >= 0) & (places < points)
    if not inside.all():
        rows, places, values = rows[inside], places[inside], values[inside]
    index = np.zeros(len(peaks) + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=len(peaks)), out=index[1:])
    small = np.int32 if max(points, index[-1]) < 2**31 else np.int64
    return csr_array((values.astype(dtype), places.astype(small), index.astype(small)), shape=(len(peaks), points))


def _strip(peaks: Peaks, points: int) -> _Strip:
    row = np.repeat(np.arange(len(peaks)), peaks.counts)
    order, place = _last_of_equals(row * points + peaks.positions)
    order, place = order[peaks.heights[order] > 0], place[peaks.heights[order] > 0]
    row, position = np.divmod(place, points)
    reach = (CUT * peaks.widths + 0.5).astype(np.int64)
    first = np.ones(row.size, dtype=np.bool_)
    first[1:] = (np.diff(row) > 0) | (np.diff(position) > 2 * reach[row[1:]])
    begin = np.flatnonzero(first)
    end = np.append(begin[1:], row.size) - 1 if begin.size else begin
    rows = row[begin]
    starts = position[begin] - reach[rows]
    lengths = position[end] + reach[rows] + 1 - starts
    counts = end - begin + 1
    return _Strip(rows, peaks.widths[rows], reach[rows], starts, lengths, counts, position, peaks.heights[order])


def _last_of_equals(keys: Whole) -> tuple[NDArray[np.intp], Whole]:
    """Ascending keys with their places; of equal ones only the last, which overwrote the others."""
    order = np.argsort(keys, kind="stable")
    ascending = keys[order]
    last = np.append(np.diff(ascending) > 0, np.ones(min(1, keys.size), dtype=np.bool_))
    return order[last], ascending[last]


def _values(strip: _Strip) -> Real:
    values = np.empty(int(strip.lengths.sum()))
    offsets = np.cumsum(strip.lengths) - strip.lengths
    first = np.cumsum(strip.counts) - strip.counts
    alone = strip.counts == 1
    for reach in np.unique(strip.reach[alone]).tolist():
        runs = np.flatnonzero(alone & (strip.reach == reach))
        kernels = _kernels(strip.widths[runs], reach)
        kernels *= strip.heights[first[runs], None]
        values[offsets[runs, None] + np.arange(2 * reach + 1)] = kernels
    for run in np.flatnonzero(~alone).tolist():
        chosen = slice(first[run], first[run] + strip.counts[run])
        signal = np.zeros(strip.lengths[run])
        signal[strip.positions[chosen] - strip.starts[run]] = strip.heights[chosen]
        smooth = gaussian_filter1d(signal, strip.widths[run], mode="constant", truncate=CUT)
        values[offsets[run] : offsets[run] + signal.size] = smooth
    return values


def _kernels(widths: Real, reach: int) -> Real:
    """SciPy's kernels of one radius, (widths, points)."""
    squares = np.arange(-reach, reach + 1) ** 2
    shapes = np.exp((-0.5 / (widths * widths))[:, None] * squares)
    return np.asarray(shapes / shapes.sum(axis=1, keepdims=True))
