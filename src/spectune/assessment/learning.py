"""The learning curve of a run: error against the number of calibration samples, and what more would bring.

The network and PLS are trained on growing subsets of the rows outside each fold and scored on the
same held-out rows every time. The bootstrap resamples folds, and the subsets of a size within
them: what makes a fold hard cancels between sizes and between models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.intervals import Interval, tail
from spectune.assessment.powerlaw import FEWEST, PowerLaw, power_law
from spectune.spectra.spectra import Task

Array = NDArray[np.float64]

DRAWS = 1000
"""Resamples of folds and subsets."""

AHEAD = 2.0
"""How many times as many samples the fitted law is asked about."""


@dataclass(frozen=True)
class Point:
    """One subset of every fold, trained on and scored.

    Attributes:
        share: of the rows outside a fold.
        repeat: which of the random subsets of that size, from 0.
        rows: training and tuning rows together, mean over folds.
        groups: the same, in groups.
        errors: name of a model to its error in each fold: RMSE, or 1 - balanced accuracy.
    """

    share: float
    repeat: int
    rows: float
    groups: float
    errors: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, eq=False)
class Forecast:
    """What a law fitted to the mean over folds says, with 95 % intervals.

    Attributes:
        law: error against training rows.
        low: lower end at ``LearningCurve.grid``.
        high: upper end there.
        doubled: error with twice the rows of the largest size.
        gain: share of the error with the largest size that twice the rows would save.
        floor: share of the error with the largest size that no number of rows would save.
    """

    law: PowerLaw
    low: Array
    high: Array
    doubled: Interval
    gain: Interval
    floor: Interval


@dataclass(frozen=True, eq=False)
class Curve:
    """How one model learns: error of every fold, mean over subsets, (sizes, folds); no forecast from few sizes."""

    name: str
    folds: Array
    forecast: Forecast | None

    @property
    def errors(self) -> Array:
        """Mean over folds, (sizes,)."""
        return np.asarray(self.folds.mean(axis=1))


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """A finished learning curve.

    Attributes:
        task, source: what is predicted, and from which file.
        grouped: whether rows belong together.
        recipe: identity of the network's recipe.
        points: every subset of every size.
        rows: training rows of every size, (sizes,).
        groups: the same, in groups.
        curves: the simplest model, PLS and the network, in this order.
        lead: error of the network minus that of PLS at every size, with intervals.
        grid: numbers of rows at which laws are drawn, to twice the largest size.
        ahead: share of the resamples in which the laws put the network below PLS at twice the samples;
            None without laws.
    """

    task: Task
    source: str
    grouped: bool
    recipe: str
    points: tuple[Point, ...]
    rows: Array
    groups: Array
    curves: tuple[Curve, ...]
    lead: tuple[Interval, ...]
    grid: Array
    ahead: float | None

    @property
    def simplest(self) -> Curve:
        """The mean, or the majority class."""
        return self.curves[0]

    @property
    def rival(self) -> Curve:
        """PLS."""
        return self.curves[1]

    @property
    def network(self) -> Curve:
        """The network of the run's best recipe."""
        return self.curves[2]

    @property
    def best(self) -> Curve:
        """The better of network and PLS with all rows."""
        return min((self.rival, self.network), key=lambda curve: float(curve.errors[-1]))


def learned(
    task: Task, source: str, grouped: bool, recipe: str, points: Sequence[Point], seed: int, draws: int = DRAWS
) -> LearningCurve:
    """The learning curve that points make.

    Args:
        task: what is predicted.
        source: file of the spectra.
        grouped: whether rows belong together.
        recipe: identity of the network's recipe.
        points: every subset of every size; all name the same three models, the simplest, PLS and the network.
        seed: of the bootstrap.
        draws: of the bootstrap.
    """
    sizes = [[point for point in points if point.share == share] for share in sorted({one.share for one in points})]
    names = tuple(points[0].errors)
    rows = np.asarray([np.mean([point.rows for point in size]) for size in sizes])
    drawn = resampled(sizes, names, seed, draws)
    grid = np.geomspace(rows[0], AHEAD * rows[-1], 60)
    laws = {name: _laws(rows, drawn[name]) for name in names[1:]}
    lead = drawn[names[2]] - drawn[names[1]]
    means = {name: np.stack([_folds(size, name) for size in sizes]) for name in names}
    folds = means[names[0]].shape[1]
    return LearningCurve(
        task=task,
        source=source,
        grouped=grouped,
        recipe=recipe,
        points=tuple(points),
        rows=rows,
        groups=np.asarray([np.mean([point.groups for point in size]) for size in sizes]),
        curves=tuple(_curve(name, means[name], rows, laws.get(name, ()), grid) for name in names),
        lead=tuple(
            interval(float(one.mean() - other.mean()), column, folds)
            for one, other, column in zip(means[names[2]], means[names[1]], lead.T, strict=True)
        ),
        grid=grid,
        ahead=_ahead(laws[names[2]], laws[names[1]], AHEAD * float(rows[-1])),
    )


def resampled(sizes: Sequence[Sequence[Point]], names: Sequence[str], seed: int, draws: int) -> Mapping[str, Array]:
    """Mean error of every size when folds, and the subsets of a size, are drawn again: model to (draws, sizes).

    All models and sizes of a draw have the same folds; all models of a size the same subsets.
    """
    random = np.random.default_rng(seed)
    folds = len(sizes[0][0].errors[names[0]])
    found = {name: np.empty((draws, len(sizes))) for name in names}
    tables = [{name: np.asarray([point.errors[name] for point in size]) for name in names} for size in sizes]
    for draw in range(draws):
        chosen = random.integers(folds, size=folds)
        for place, table in enumerate(tables):
            repeats = random.integers(len(sizes[place]), size=len(sizes[place]))
            for name in names:
                found[name][draw, place] = table[name][np.ix_(repeats, chosen)].mean()
    return found


def interval(value: float, drawn: Array, folds: int) -> Interval:
    """A value with its 95 % interval from resamples of so few folds."""
    low, high = np.quantile(drawn, [tail(folds), 1 - tail(folds)])
    return Interval(value, float(low), float(high))


def _folds(size: Sequence[Point], name: str) -> Array:
    return np.asarray(np.mean([point.errors[name] for point in size], axis=0))


def _laws(rows: Array, drawn: Array) -> tuple[PowerLaw, ...]:
    """A law for every resample; none with too few sizes."""
    return tuple(power_law(rows, errors) for errors in drawn) if rows.size >= FEWEST else ()


def _curve(name: str, folds: Array, rows: Array, laws: Sequence[PowerLaw], grid: Array) -> Curve:
    if not laws:
        return Curve(name, folds, None)
    law, last = power_law(rows, folds.mean(axis=1)), float(rows[-1])
    share = tail(folds.shape[1])
    low, high = np.quantile([one.at(grid) for one in laws], [share, 1 - share], axis=0)

    def spread(value: Callable[[PowerLaw], float]) -> Interval:
        return interval(value(law), np.asarray([value(one) for one in laws]), folds.shape[1])

    doubled = spread(lambda one: float(one.at(AHEAD * last)))
    return Curve(
        name,
        folds,
        Forecast(law, low, high, doubled, spread(lambda one: gain(one, last)), spread(lambda one: floor(one, last))),
    )


def gain(law: PowerLaw, rows: float) -> float:
    """Share of the error with so many rows that twice as many would save.

    >>> gain(PowerLaw(0.0, 1.0, 1.0), 100.0)
    0.5
    """
    here = float(law.at(rows))
    return 1 - float(law.at(AHEAD * rows)) / here if here > 0 else 0.0


def floor(law: PowerLaw, rows: float) -> float:
    """Share of the error with so many rows that no number of rows would save."""
    here = float(law.at(rows))
    return law.floor / here if here > 0 else 0.0


def _ahead(network: Sequence[PowerLaw], rival: Sequence[PowerLaw], rows: float) -> float | None:
    if not network:
        return None
    return float(np.mean([one.at(rows) < other.at(rows) for one, other in zip(network, rival, strict=True)]))
