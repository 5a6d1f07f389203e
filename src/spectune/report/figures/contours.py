"""The error over two hyperparameters at once, between the trials that were tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation
from numpy.typing import NDArray

from spectune.networks.space import Space, Value
from spectune.report.drawing import INK, VERMILLION, svg
from spectune.report.figures.scales import Numbers, Scale, Words, label_axis, place, scales
from spectune.report.figures.search import ceiling_of
from spectune.report.wording import shortened
from spectune.tuning.record import Trial

LEAST_POINTS, LEAST_VALUES = 8, 3
"""Different places, and different values along each axis, without which no surface is drawn."""

MOST_PAIRED = 3
"""Hyperparameters that are paired with one another: three make three panels."""

LEVELS = 9
LOW = "viridis"
"""Colours of errors: dark is low, which is good."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Surface:
    """Errors of complete trials over two hyperparameters.

    Attributes:
        names, axes: of the two.
        places: (points, 2) where trials lie along the axes, each place once, from 0 to 1.
        errors: (points,) mean error of the complete trials at each place.
    """

    names: tuple[str, str]
    axes: tuple[Scale, Scale]
    places: Array
    errors: Array


def surfaces(trials: Sequence[Trial], names: Sequence[str], space: Space | None) -> tuple[Surface, ...]:
    """Surfaces over pairs of the first named hyperparameters that have an order; those of too few points are left out.

    A hyperparameter that too few complete trials have, or of fewer than three values, is passed over.
    """
    complete = [trial for trial in trials if trial.value is not None and np.isfinite(trial.value)]
    found = scales(complete, names, space)
    fit = [name for name in names if _ordered(found[name]) and _fills(complete, name)][:MOST_PAIRED]
    made = [_surface(complete, pair, found) for pair in combinations(fit, 2)]
    return tuple(surface for surface in made if _covers(surface))


def contours_picture(surfaces: Sequence[Surface], error: str) -> str:
    """Each surface, interpolated linearly between the trials (dots), with the best of them (star)."""
    errors = np.concatenate([surface.errors for surface in surfaces])
    top = ceiling_of(errors.tolist())
    norm = Normalize(float(errors.min()), top)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(surfaces), squeeze=False)[0]
        for panel, surface in zip(panels, surfaces, strict=True):
            _panel(panel, surface, norm, 7.6 / len(surfaces))
        extend = "max" if errors.max() > top else "neither"
        bar = figure.colorbar(ScalarMappable(norm, LOW), ax=panels, pad=0.01, aspect=30, extend=extend)
        bar.set_label(shortened(error, 40))

    return svg(draw, "contours", "Error over pairs of hyperparameters", 3.1)


def _panel(panel: Axes, surface: Surface, norm: Normalize, inches: float) -> None:
    x, y = surface.places.T
    shown = np.clip(surface.errors, norm.vmin, norm.vmax)
    levels = np.linspace(float(norm.vmin or 0.0), float(norm.vmax or 1.0), LEVELS)
    if levels[0] < levels[-1]:
        panel.tricontourf(Triangulation(x, y), shown, levels, cmap=LOW, norm=norm)
    panel.plot(x, y, "o", ms=3, mfc="white", mec=INK, mew=0.6)
    best = int(surface.errors.argmin())
    panel.plot(x[best], y[best], "*", ms=12, mfc=VERMILLION, mec="white", mew=0.8)
    for which, axis, name, room in zip("xy", surface.axes, surface.names, (inches, 2.2), strict=True):
        label_axis(panel, which, axis, room)
        panel.set(**{f"{which}label": shortened(name, 36)})


def _surface(trials: Sequence[Trial], pair: tuple[str, str], found: Mapping[str, Scale]) -> Surface:
    """Mean error of every place at which both hyperparameters of a pair were tried."""
    axes = found[pair[0]], found[pair[1]]
    both = [trial for trial in trials if all(name in trial.values for name in pair)]
    at = [tuple(place(axis, trial.values[name]) for axis, name in zip(axes, pair, strict=True)) for trial in both]
    places, which = np.unique(np.asarray(at, dtype=float).reshape(-1, 2), axis=0, return_inverse=True)
    errors = np.asarray([trial.value for trial in both], dtype=float)
    return Surface(pair, axes, places, np.bincount(which, errors) / np.maximum(np.bincount(which), 1))


def _ordered(axis: Scale) -> bool:
    match axis:
        case Numbers(low, high):
            return low < high
        case Words(_, ordered):
            return ordered


def _fills(trials: Sequence[Trial], name: str) -> bool:
    values: list[Value] = [trial.values[name] for trial in trials if name in trial.values]
    return len(values) >= LEAST_POINTS and len(set(values)) >= LEAST_VALUES


def _covers(surface: Surface) -> bool:
    """Whether there are enough places, and not all of them on one line."""
    if len(surface.places) < LEAST_POINTS:
        return False
    away = surface.places - surface.places.mean(axis=0)
    return bool(np.linalg.svd(away, compute_uv=False)[-1] > 1e-3)
