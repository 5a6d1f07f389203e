"""Tables of an explanation: where the network looks, how methods and PLS agree, and every point as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.pls_weights import PlsWeights
from spectune.explanation.attribution import Attribution, Method
from spectune.explanation.explaining import ALL_ROWS, Explanation
from spectune.explanation.sanity import rank_correlation, tells
from spectune.files.tables import Cell, Columns
from spectune.report.figures.explanation import block_strengths, coefficient_cases
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import fixed, number
from spectune.spectra.axis import Axis

Array = NDArray[np.float64]

HALF = 0.5
"""A region is where the strength is at least this part of its largest value."""


@dataclass(frozen=True)
class Region:
    """A stretch of the axis that matters, its strongest position and its share of all strength."""

    low: float
    high: float
    strongest: float
    share: float

    def words(self, axis: Axis) -> str:
        """The stretch with its unit."""
        unit = {"index": "", "cm-1": " cm⁻¹", "2theta": "°"}.get(axis.unit, f" {axis.unit}")
        if self.low == self.high:
            return f"{self.low:g}{unit}"
        first, last = (self.high, self.low) if axis.unit in ("cm-1", "ppm") else (self.low, self.high)
        return f"{first:.5g}–{last:.5g}{unit}"


def regions(axis: Axis, strength: Array, most: int = 4) -> tuple[Region, ...]:
    """Stretches of at least half of the largest strength, (points,), the one of largest share first.

    >>> [one.strongest for one in regions(Axis((1.0, 2.0, 3.0, 4.0)), np.array([1.0, 0.2, 0.6, 0.9]))]
    [4.0, 1.0]
    """
    inside = np.concatenate([[False], strength >= HALF * strength.max(), [False]])
    turns = np.flatnonzero(np.diff(inside.astype(int)))
    total, at = float(strength.sum()) or 1.0, axis.positions
    found = [
        Region(
            float(at[first]),
            float(at[end - 1]),
            float(at[first + int(strength[first:end].argmax())]),
            float(strength[first:end].sum()) / total,
        )
        for first, end in zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True)
    ]
    return tuple(sorted(found, key=lambda region: -region.share)[:most])


def regions_grid(found: Explanation) -> Grid:
    """The strongest regions of every case by every method."""
    rows = [
        (case.name, *(_regions_words(found, found.of(method)[place]) for method in found.methods))
        for place, case in enumerate(found.cases)
    ]
    return Grid(("case", *found.methods), tuple(rows), words=1 + len(found.methods))


def survivals_grid(found: Explanation) -> Grid:
    """Likeness of every method's maps to another member's and to those of fresh weights."""
    cells = [
        [f"{fixed(one.mean, 2)} ± {fixed(one.spread, 2)}" for one in found.survival(method)] for method in found.methods
    ]
    judged = tuple(tells(found.survival(method)) for method in found.methods)
    rows = tuple(
        (method, said, *numbers)
        for (method, said), numbers in zip(zip(found.methods, judged, strict=True), cells, strict=True)
    )
    return Grid(("method", "its maps tell of", "another member", "last layer fresh", "all layers fresh"), rows, words=2)


def beside_grid(found: Explanation, pls: PlsWeights) -> Grid:
    """Rank correlation of absolute coefficients of network and PLS, and of VIP with every method."""
    rows = [
        (f"coefficients, {one.case}", "PLS coefficients", fixed(likeness(one.mean, pls.coefficients[one.output]), 2))
        for one in coefficient_cases(found)
    ]
    rows += [
        (f"{method}, mean over the cases", "VIP", fixed(likeness(found.overall(method), pls.importance), 2))
        for method in found.methods
    ]
    return Grid(("of the network", "of PLS", "rank correlation"), tuple(rows), words=2)


def blocks_grid(found: Explanation, method: Method) -> Grid:
    """Share of every channel in all strength, and where it is strongest."""
    strengths = block_strengths(found, method)
    shares = strengths.sum(axis=1) / (strengths.sum() or 1.0)
    told = [
        [f"{fixed(100 * float(share), 0)} %", number(float(found.axis.positions[row.argmax()]), 4)]
        for share, row in zip(shares, strengths, strict=True)
    ]
    return Grid(("channel", "share of the strength", f"strongest at {found.axis.label}"), columns(found.blocks, told))


def likeness(one: Array, other: Array) -> float:
    """Spearman's rank correlation of absolute values."""
    return float(rank_correlation(np.abs(one)[None], np.abs(other)[None])[0])


def explanation_table(found: Explanation, pls: PlsWeights | None) -> Columns:
    """A row for every point of every method and case, channels added up, and of the coefficients and VIP of PLS.

    ``mean`` has its sign, ``spread`` is the deviation over members, ``strength`` the mean absolute value over rows and
    members, and ``gross`` the same if channels were not let to cancel.
    """
    rows = [row for one in found.attributions for row in _attribution_rows(found, one)]
    rows += () if pls is None else _pls_rows(found, pls)
    names = ("axis", "method", "class", "mean", "spread", "strength", "gross")
    return Columns(names, tuple(zip(*rows, strict=True)))


def _attribution_rows(found: Explanation, one: Attribution) -> Iterator[tuple[Cell, ...]]:
    return _rows(found, one.method, one.case, one.mean, one.spread, one.strength, one.gross)


def _pls_rows(found: Explanation, pls: PlsWeights) -> Iterator[tuple[Cell, ...]]:
    nothing = np.full(len(found.axis), np.nan)
    for name, weights in zip(found.task.classes or (ALL_ROWS,), pls.coefficients, strict=True):
        yield from _rows(found, "PLS coefficients", name, weights, nothing, np.abs(weights), np.abs(weights))
    yield from _rows(found, "PLS VIP", "all", pls.importance, nothing, pls.importance, pls.importance)


def _rows(found: Explanation, method: str, case: str, *values: Array) -> Iterator[tuple[Cell, ...]]:
    for position, *told in zip(found.axis.values, *(one.tolist() for one in values), strict=True):
        yield position, method, case, *(float(f"{value:.6g}") for value in told)


def _regions_words(found: Explanation, one: Attribution) -> str:
    return ", ".join(region.words(found.axis) for region in regions(found.axis, one.importance, most=2))
