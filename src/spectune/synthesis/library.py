"""Configurations from a user's own library: a table of reference peaks, or one spectrum per substance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks, peak_widths

from spectune.errors import DataError, SettingError
from spectune.spectra.axis import Axis
from spectune.spectra.table import Table, as_text
from spectune.synthesis.patterns import Law, Pattern, PatternConfig, grid_for

FWHM = 2 * float(np.sqrt(2 * np.log(2)))
"""Full width at half-maximum of a Gaussian, in standard deviations."""

SHIFT = 0.25
"""How far peaks move unless said otherwise, as a share of the mean full width at half-maximum."""

SHIFTS, WIDTHS = (0.0, 1e6), (0.05 * FWHM, 1e4 * FWHM)
"""Shifts and full widths that a law can have, in points."""


@dataclass(frozen=True)
class ReferencePeak:
    """A peak of a substance: position in the unit of the axis, height in any unit, and where it was read."""

    substance: str
    position: float
    height: float
    place: str = field(default="", compare=False)


def from_peaks(peaks: Iterable[ReferencePeak], axis: Axis, law: Law | None = None) -> PatternConfig:
    """Classes from reference peaks, in the order in which substances first come.

    A peak goes to the nearest point; peaks of a substance that share a point add. Heights are shares
    of the highest peak of the substance.

    >>> axis = Axis(tuple(float(value) for value in range(100, 201)), "cm-1")
    >>> from_peaks([ReferencePeak("quartz", 128.2, 5), ReferencePeak("quartz", 196, 10)], axis).spectra["quartz"]
    Pattern(positions=(28, 96), heights=(0.5, 1.0))

    Raises:
        DataError: no peak, one outside the axis or without a positive height.
    """
    found: dict[str, dict[int, float]] = {}
    for peak in peaks:
        heights = found.setdefault(peak.substance, {})
        point = _point(peak, axis)
        heights[point] = heights.get(point, 0.0) + peak.height
    if not found:
        raise DataError("expected at least one reference peak, got none")
    return _config({substance: sorted(heights.items()) for substance, heights in found.items()}, axis, law or Law())


def from_spectra(table: Table, substance: str, prominence: float = 0.05, law: Law | None = None) -> PatternConfig:
    """Classes from measured reference spectra, one row per substance.

    Peaks are the maxima that stand out by at least ``prominence`` of the range of their spectrum; that by
    which they stand out is their height, so a smooth background does not count. Without a ``law``
    the widths drawn are those between the quartiles of the widths found.

    Args:
        table: spectra, one row per substance, with peaks that point up.
        substance: column with the names.
        prominence: share of the range of a spectrum.
        law: variation of the spectra.

    Raises:
        DataError: no such column, a substance without a name, with several rows, or without a peak.
    """
    names = as_text(table.column(substance)).tolist()
    _check_names(names, substance)
    found: dict[str, list[tuple[int, float]]] = {}
    widths: list[float] = []
    for name, row in zip(names, table.x.astype(np.float64), strict=True):
        points, heights = _found(row, prominence)
        if not points.size:
            raise DataError(f"no peak of {name!r} stands out by {prominence:g} of the range; use a lower prominence")
        found[name] = list(zip(points.tolist(), heights.tolist(), strict=True))
        widths += (peak_widths(row, points)[0] / FWHM).tolist()
    low, high = np.round(np.maximum(np.quantile(widths, (0.25, 0.75)), 0.2), 3).tolist()
    return _config(found, table.axis, law or Law(width=(low, high), test_width=low))


def in_units(
    config: PatternConfig, shift: float | None = None, fwhm: tuple[float, float] | None = None
) -> PatternConfig:
    """The configuration with shift and full widths at half-maximum said in the unit of its axis, by the mean step.

    Args:
        config: classes and law.
        shift: by how much peaks move at most; by default ``SHIFT`` of the mean width, but at least one point.
        fwhm: lowest and highest width; those of the law by default.

    Raises:
        SettingError: a shift or a width beyond what a law can have.
    """
    step, law = step_of(config), config.law
    if fwhm is not None:
        low, high = (_points("--fwhm", width, step, WIDTHS) / FWHM for width in fwhm)
        law = replace(law, width=(low, high), test_width=low)
    if shift is None:
        points = max(1, round(SHIFT * FWHM * sum(law.width) / 2))
    else:
        points = round(_points("--shift", shift, step, SHIFTS))
    law = replace(law, shift=points)
    return replace(config, law=law, grid=grid_for(law))


def step_of(config: PatternConfig) -> float:
    """Mean step of the axis, in its unit; 1 where points are only numbered."""
    return 1.0 if config.axis is None else float(np.diff(config.axis.positions).mean())


def _points(name: str, said: float, step: float, limits: tuple[float, float]) -> float:
    low, high = limits
    if not low <= said / step <= high:
        raise SettingError(
            f"{name} must be from {low * step:.3g} to {high * step:.3g} in the unit of the axis, got {said:g}"
        )
    return said / step


def _found(row: NDArray[np.float64], prominence: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    points, facts = find_peaks(row, prominence=max(prominence * np.ptp(row), np.finfo(float).tiny))
    return points, facts["prominences"]


def _point(peak: ReferencePeak, axis: Axis) -> int:
    positions = axis.positions
    half_step = float(np.diff(positions).mean()) / 2
    said = f"{peak.place}: {peak.substance!r}" if peak.place else repr(peak.substance)
    if not positions[0] - half_step <= peak.position <= positions[-1] + half_step:
        raise DataError(
            f"{said} has a peak at {peak.position:g}, outside the axis from {positions[0]:g} to "
            f"{positions[-1]:g}; widen the axis or leave the peak out"
        )
    if not 0 < peak.height < np.inf:
        raise DataError(
            f"{said} has a peak at {peak.position:g} of height {peak.height:g}; heights must be above 0 and finite"
        )
    return int(np.abs(positions - peak.position).argmin())


def _check_names(names: list[str], column: str) -> None:
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice:
        raise DataError(f"expected one spectrum per substance, but {twice!r} has several in column {column!r}")
    if "" in names:
        raise DataError(f"row {names.index('') + 1} has no substance in column {column!r}; name it or leave it out")


def _config(found: Mapping[str, list[tuple[int, float]]], axis: Axis, law: Law) -> PatternConfig:
    spectra = {name: _pattern(peaks) for name, peaks in found.items()}
    counts = [len(pattern.positions) for pattern in spectra.values()]
    numbered = axis.unit == "index" and axis.values == tuple(map(float, range(len(axis))))
    known = None if numbered else axis
    return PatternConfig(len(axis), spectra, 0, min(counts), max(counts), law=law, grid=grid_for(law), axis=known)


def _pattern(peaks: list[tuple[int, float]]) -> Pattern:
    """Heights as shares of the highest, to six digits; a peak that small is still there."""
    top = max(height for _, height in peaks)
    shares = tuple(max(round(height / top, 6), 1e-6) for _, height in peaks)
    return Pattern(tuple(point for point, _ in peaks), shares)
