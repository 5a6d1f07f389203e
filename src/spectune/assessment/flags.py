"""Which spectra a model does not know, in words.

Six numbers say how strange a spectrum is (``strangeness``). What is usual comes from the calibration
rows, each compared with those of the other folds. All six share one limit, so that all of them together,
and not each by itself, rarely ring on spectra like those of the calibration. Besides, a flat line, a
clipped top and a prediction far outside the calibrated range are flagged.

A flag says that a prediction stands on no experience. Without a flag it may still be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.conformal import weighted_shares
from spectune.assessment.hidden import hidden
from spectune.assessment.strangeness import (
    AMPLITUDE,
    HIDDEN,
    LEVEL,
    SPIKE,
    T2,
    Q,
    Reference,
    outputs_before,
    reference,
    strangeness,
)
from spectune.spectra.axis import Axis
from spectune.spectra.marks import amplitudes, flat, heights, levels, plateaus
from spectune.spectra.spectra import Rows, Spectra
from spectune.training.fit import Fitted

Array = NDArray[np.float64]
Signal = NDArray[np.float32]
Words = tuple[str, ...]

ALARMS = 0.015
"""Share of calibration rows, or of groups, that all flags together may ring on."""

MOST_ROWS = 2000
"""Calibration rows, about, that a domain is made from at most."""

FEW_GROUPS = 100
"""Groups below which no whole ones are left out of it."""

MARGIN = 0.1
"""How far beyond the calibrated range a prediction may go, as a part of that range; further where
more than ``ALARMS`` of the calibration rows went further while they were held out."""

AT_ONCE = 1000
"""Spectra that are looked at together."""

PLATEAU = 4
"""Equal values in a row at the top or the bottom of a spectrum that are no clipping yet."""

_LEAST_WIDTH = 0.1

_WORDS = {
    Q: "unlike the calibration spectra (Q {} times the limit)",
    T2: "far out among the calibration spectra (T2 {} times the limit)",
    HIDDEN: "strange to the network (distance {} times the limit)",
}


@dataclass(frozen=True, eq=False)
class Domain:
    """Spectra that a model knows.

    Attributes:
        held: what strangeness is taken against.
        usual, reach: of the cube roots of the six numbers the median, and from there to the 95th
            percentile, (6,), over calibration rows; cube roots of squared distances are nearly normal.
        limit: so many times ``reach`` beyond ``usual`` a number is flagged.
        plateau: equal values in a row that are no clipping.
        calibrated: lowest and highest calibration target; none for classes.
        room: how far beyond these a prediction may go.
        rows, groups: calibration rows and groups it was made from.
        alarms: share of these rows that are flagged, each by what the other folds know.
    """

    held: Reference
    usual: Array
    reach: Array
    limit: float
    plateau: int
    calibrated: tuple[float, float] | None
    room: float
    rows: int
    groups: int
    alarms: float

    @property
    def limits(self) -> Array:
        """Limit of each of the six numbers, (6,)."""
        return np.asarray((self.usual + self.limit * self.reach) ** 3)


def domain(fitted: Fitted, calibration: Spectra, fold_of: Rows, validated: Array, folds: int) -> Domain:
    """The spectra that a model knows, from its calibration rows.

    Args:
        fitted: the members.
        calibration: rows they were calibrated on.
        fold_of: number of the fold that held each row out, (rows,).
        validated: outputs for each row while it was held out.
        folds: members to a seed, in the order of the folds; 0 where every member saw every row, and then
            there is no distance inside the network.
    """
    chosen = some_rows(calibration, MOST_ROWS)
    spectra, fold = calibration.rows(chosen), fold_of[chosen]
    prepared, before = outputs_before(fitted, spectra.x, folds > 0)
    numbers = np.zeros((len(spectra), SPIKE + 1))
    for number in np.unique(fold):
        rest, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        own = () if before is None else tuple(range(int(number), len(before), folds))
        seen = () if before is None else tuple(before[member][rest] for member in own)
        known = reference(spectra.rows(rest), prepared[rest], seen)
        outputs = None if before is None else before[list(own)][:, held]
        numbers[held] = strangeness(known, spectra.x[held], prepared[held], outputs)
    everything = () if before is None else tuple(one[fold != k % folds] for k, one in enumerate(before))
    return _limited(reference(spectra, prepared, everything), numbers, spectra, validated[chosen])


def some_rows(spectra: Spectra, most: int) -> Rows:
    """Row numbers, some ``most`` at most: of whole groups, evenly chosen, or evenly of each where there are few."""
    every, (names, own) = -(-len(spectra) // most), np.unique(spectra.groups, return_inverse=True)
    if names.size >= FEW_GROUPS:
        return np.flatnonzero(own % every == 0)
    within = np.zeros(len(spectra), dtype=np.intp)
    for group in range(names.size):
        within[own == group] = np.arange(np.count_nonzero(own == group))
    return np.flatnonzero(within % every == 0)


def flags(
    known: Domain, fitted: Fitted, axis: Axis, x: Signal, prepared: Signal, predicted: Array
) -> tuple[Words, ...]:
    """What is strange about each spectrum, in words; none for a spectrum like those of the calibration.

    Args:
        known: what the model knows.
        fitted: its members.
        axis: positions of the points.
        x: raw spectra, (rows, points), all finite.
        prepared: the same as the network receives them, (rows, L, C).
        predicted: mean over members, (rows,) or (rows, classes).
    """
    found: list[Words] = [("a flat line",)] * len(x)
    good = np.flatnonzero(~flat(x))
    for part in np.split(good, range(AT_ONCE, good.size, AT_ONCE)) if good.size else ():
        numbers = _numbers(known, fitted, x[part], prepared[part])
        told = zip(part, numbers, _looks(known, x[part]), predicted[part], strict=True)
        for row, strange, look, value in told:
            found[row] = (*_strange(known, strange, look, axis), *_clipped(known, look), *_beyond(known, value))
    return tuple(found)


def _numbers(known: Domain, fitted: Fitted, x: Signal, prepared: Signal) -> Array:
    """How strange spectra are, (rows, 6)."""
    before = hidden(fitted, prepared) if known.held.hidden else None
    return strangeness(known.held, x, prepared, before)


@dataclass(frozen=True)
class _Look:
    """Of one raw spectrum: mean, deviation, number of its most prominent point, longest plateau."""

    level: float
    amplitude: float
    spike: int
    plateau: int


def _looks(known: Domain, x: Signal) -> Iterator[_Look]:
    spikes = (heights(x) / known.held.heights).argmax(axis=1) + 1 if x.shape[1] > 2 else np.zeros(len(x), dtype=int)
    for row in zip(levels(x), amplitudes(x), spikes, plateaus(x), strict=True):
        yield _Look(*row)


def _strange(known: Domain, numbers: Array, look: _Look, axis: Axis) -> Words:
    """Words for the numbers beyond their limits, the strangest first."""
    times = numbers / known.limits
    order = sorted(np.flatnonzero(times > 1).tolist(), key=lambda place: -times[place])
    held = known.held
    told = {
        **{place: words.format(f"{times[place]:.1f}") for place, words in _WORDS.items()},
        LEVEL: f"level {look.level:.3g}, usual is {held.level:.3g}",
        AMPLITUDE: f"amplitude {look.amplitude / held.amplitude:.2g} times the usual",
        SPIKE: f"a spike at {axis.values[look.spike]:g}",
    }
    return tuple(told[place] for place in order)


def _clipped(known: Domain, look: _Look) -> Words:
    clipped = look.plateau > known.plateau
    return (f"clipped, {look.plateau} equal values in a row at its limit",) if clipped else ()


def _beyond(known: Domain, predicted: Array) -> Words:
    if known.calibrated is None or _overshoot(known.calibrated, predicted) <= known.room:
        return ()
    low, high = known.calibrated
    return (f"predicted {float(predicted):.4g}, calibrated from {low:.4g} to {high:.4g}",)


def _overshoot(calibrated: tuple[float, float], predicted: Array) -> Array:
    """How far predictions lie beyond a range, 0 inside it."""
    low, high = calibrated
    return np.maximum(np.maximum(low - predicted, predicted - high), 0.0)


def _limited(held: Reference, numbers: Array, spectra: Spectra, validated: Array) -> Domain:
    """With the lowest limits at which few enough of the calibration rows are flagged."""
    roots, (shares, groups) = np.cbrt(numbers), weighted_shares(spectra.groups)
    usual = np.median(roots, axis=0)
    reach = np.maximum(np.quantile(roots, 0.95, axis=0) - usual, _LEAST_WIDTH * usual)
    worst = ((roots - usual) / reach).max(axis=1)
    limit = _limit(worst, shares, groups)
    plateau = max(PLATEAU, 2 * int((plateaus(spectra.x) * ~flat(spectra.x)).max()))
    calibrated, over = None, np.zeros(len(spectra))
    if spectra.task.regression:
        calibrated = (float(spectra.y.min()), float(spectra.y.max()))
        over = _overshoot(calibrated, validated)
    room = max(MARGIN * float(np.ptp(spectra.y)), _limit(over, shares, groups))
    alarms = float(np.mean((worst > limit) | (over > room)))
    return Domain(held, usual, reach, limit, plateau, calibrated, room, len(spectra), groups, alarms)


def _limit(worst: Array, shares: Array, groups: int) -> float:
    """The quantile that leaves ``ALARMS`` above it, or the largest where groups are too few for one."""
    order = np.argsort(worst)
    place = int(np.searchsorted(np.cumsum(shares[order]), (1 - ALARMS) * (groups + 1) - 1e-9))
    return float(worst[order][min(place, worst.size - 1)])
