"""Measured spectra beside generated ones: cut to a range, brought to one axis, with the labels of a configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from spectune.errors import DataError
from spectune.spectra.axis import Axis
from spectune.spectra.table import Table, as_text
from spectune.synthesis.patterns import Pattern, PatternConfig

FEWEST_POINTS = 10
"""Points of a range without which there is no peak to be found."""


TELLING_PEAKS, CLOSE = 3, 2e-6
"""Peaks by which a reference spectrum is known again, and how much their heights may differ."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Measured spectra that stand in for the generated test spectra.

    Attributes:
        substance: column with their names.
        x: spectra on the axis of a configuration, (rows, points), float32.
        labels: place of their class in the configuration, (rows,).
    """

    substance: str
    x: NDArray[np.float32]
    labels: NDArray[np.int64]


def between(table: Table, low: float, high: float) -> Table:
    """The spectra from ``low`` to ``high`` in the unit of their axis.

    Raises:
        DataError: too few points lie there.
    """
    positions = table.axis.positions
    inside = (positions >= low) & (positions <= high)
    if inside.sum() < FEWEST_POINTS:
        raise DataError(
            f"only {int(inside.sum())} points of {table.source or 'the spectra'} lie from {low:g} to {high:g}, at "
            f"least {FEWEST_POINTS} are needed; the axis goes from {positions[0]:g} to {positions[-1]:g} "
            f"{table.axis.unit}"
        )
    axis = Axis(tuple(positions[inside].tolist()), table.axis.unit)
    return replace(table, x=np.ascontiguousarray(table.x[:, inside]), axis=axis)


def measured(table: Table, substance: str, config: PatternConfig) -> Measured:
    """Measured spectra on the axis of a configuration, by linear interpolation where its points are others.

    Raises:
        DataError: no such column, a substance that the configuration lacks, an axis in another unit or
            one that does not reach as far, or a spectrum whose peaks are those the configuration was made from.
    """
    names = as_text(table.column(substance)).tolist()
    strange = sorted(set(names) - set(config.names))
    if strange:
        known = ", ".join(config.names[:8]) + (", ..." if len(config.names) > 8 else "")
        raise DataError(
            f"{table.source or 'the measured spectra'} has {strange[0]!r} in column {substance!r}, which is no class "
            f"of the configuration ({known}); leave such rows out"
        )
    x = table.x if config.axis is None else _on(table, config.axis)
    if x.shape[1] != config.datapoints:
        raise DataError(
            f"the measured spectra have {x.shape[1]} points and the configuration {config.datapoints} without an axis; "
            "make the configuration from spectra or peaks with an axis"
        )
    for place, (name, row) in enumerate(zip(names, x.astype(np.float64), strict=True)):
        if is_reference(row, config.spectra[name]):
            raise DataError(
                f"spectrum {place + 1} of {table.source or 'the measured spectra'} is the reference from which "
                f"{name!r} of the configuration was made, and no test; leave it out"
            )
    return Measured(substance, x, np.asarray([config.names.index(name) for name in names], dtype=np.int64))


def is_reference(row: NDArray[np.float64], pattern: Pattern) -> bool:
    """Whether a spectrum has exactly the peaks of a pattern, of which there are enough to be no coincidence."""
    if len(pattern.positions) < TELLING_PEAKS:
        return False
    places, facts = find_peaks(row, prominence=0)
    there = np.isin(places, pattern.positions)
    heights = facts["prominences"][there]
    if heights.size < len(pattern.positions):
        return False
    return bool(np.abs(heights / heights.max() - pattern.heights).max() <= CLOSE)


def _on(table: Table, axis: Axis) -> NDArray[np.float32]:
    ours, theirs = table.axis.positions, axis.positions
    if table.axis.unit != axis.unit:
        raise DataError(
            f"the axis of {table.source or 'the measured spectra'} is in {table.axis.unit} and that of the "
            f"configuration in {axis.unit}; bring both to one unit"
        )
    beyond = float(np.diff(theirs).mean()) / 2
    if ours[0] > theirs[0] + beyond or ours[-1] < theirs[-1] - beyond:
        raise DataError(
            f"the axis of {table.source or 'the measured spectra'} goes from {ours[0]:g} to {ours[-1]:g} {axis.unit}, "
            f"the configuration from {theirs[0]:g} to {theirs[-1]:g}; make the configuration for the range both have"
        )
    return np.stack([np.interp(theirs, ours, row) for row in table.x.astype(np.float64)]).astype(np.float32)
