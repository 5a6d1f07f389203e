"""All complete trials over all their hyperparameters at once, as parallel coordinates.

Every hyperparameter is a line of its own, one below the other, with its whole name: a trial comes
in at the top at its error and runs down through its values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from spectune.networks.space import Space
from spectune.report.drawing import GREY, INK, PALE, VERMILLION, evenly, svg
from spectune.report.figures.contours import LOW
from spectune.report.figures.scales import Numbers, Scale, Words, place, scales, ticks
from spectune.report.figures.search import ceiling
from spectune.report.wording import shortened
from spectune.tuning.record import Trial

MOST_ROWS = 14
MOST_LINES = 300
BEST = 5
"""Trials of lowest error that are drawn thick."""

WITHOUT = 1.1
"""Where a line passes a hyperparameter that its trial does without."""

_INCHES = 6.2
_PITCH = 0.44

Array = NDArray[np.float64]


def parallel_picture(trials: Sequence[Trial], names: Sequence[str], space: Space | None, error: str) -> str:
    """A line for every complete trial through its error and its values of the first named hyperparameters."""
    complete = drawn(trials)
    found = scales(complete, ordered(complete, list(names)[:MOST_ROWS]), space)
    errors = np.asarray([trial.value for trial in complete], dtype=float)
    top = ceiling(complete)
    height = Numbers(float(errors.min()), top)
    rows: dict[str, Scale] = {error: height, **found}
    heads = [place(height, min(float(each), top)) for each in errors]
    paths = [_path(head, trial, rank, found) for rank, (head, trial) in enumerate(zip(heads, complete, strict=True))]
    norm = Normalize(height.low, top)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        _lines(axes, paths, errors, norm)
        for row, (name, axis) in enumerate(rows.items()):
            _row(axes, row, axis, name == error)
        _without(axes, paths, len(rows))
        axes.set_yticks(range(len(rows)), [shortened(name, 36) for name in rows])
        axes.get_yticklabels()[0].set_fontweight("bold")
        axes.set(xlim=(-0.03, 1.16), ylim=(len(rows) - 0.4, -0.5), xticks=[])
        axes.tick_params(axis="y", length=0)
        axes.spines[:].set_visible(False)
        extend = "max" if errors.max() > top else "neither"
        bar = figure.colorbar(ScalarMappable(norm, LOW), ax=axes, pad=0.01, aspect=40, extend=extend)
        bar.set_label(shortened(error, 40))

    return svg(draw, "parallel", "Complete trials over all their hyperparameters", 0.5 + _PITCH * len(rows))


def ordered(trials: Sequence[Trial], names: Sequence[str]) -> list[str]:
    """Hyperparameters that all trials have in the order given, then the others by name: parts of a block together."""
    shared = [name for name in names if all(name in trial.values for trial in trials)]
    return shared + sorted(set(names) - set(shared))


def drawn(trials: Sequence[Trial]) -> list[Trial]:
    """Complete trials, best first; of many the best and an even choice of the others."""
    complete = [trial for trial in trials if trial.value is not None and np.isfinite(trial.value)]
    ranked = sorted(complete, key=lambda trial: trial.value or 0.0)
    kept = np.union1d(np.arange(min(BEST, len(ranked))), evenly(len(ranked), MOST_LINES))
    return [ranked[int(rank)] for rank in kept]


def _path(head: float, trial: Trial, rank: int, found: Mapping[str, Scale]) -> Array:
    """Where a trial crosses every row: first at its error, then at its values; a little beside those of a choice."""
    at = [head]
    for name, axis in found.items():
        beside = (rank % 9 - 4) * min(0.006, 0.06 / len(axis.options)) if isinstance(axis, Words) else 0.0
        at.append(place(axis, trial.values[name]) + beside if name in trial.values else WITHOUT)
    return np.asarray(at)


def _lines(axes: Axes, paths: Sequence[Array], errors: Array, norm: Normalize) -> None:
    """Lines from the worst to the best, so that the best lie on top."""
    colours = mpl.colormaps[LOW]
    for rank in reversed(range(len(paths))):
        colour = VERMILLION if rank == 0 else colours(norm(min(float(errors[rank]), float(norm.vmax or 1.0))))
        width, strength = (2.4, 1.0) if rank == 0 else (1.8, 1.0) if rank < BEST else (0.7, 0.5)
        down = np.arange(paths[rank].size)
        axes.plot(paths[rank], down, color=colour, lw=width, alpha=strength, solid_joinstyle="round", zorder=2)


def _row(axes: Axes, row: int, axis: Scale, first: bool) -> None:
    """The axis of one hyperparameter with its labels just below."""
    axes.plot((0, 1), (row, row), color=INK if first else GREY, lw=1.0, zorder=3)
    for at, words in ticks(axis, _INCHES):
        axes.plot((at, at), (row - 0.07, row + 0.07), color=INK, lw=0.8, zorder=3)
        box = {"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8}
        axes.annotate(
            words, (at, row), (0, -4), textcoords="offset points", ha="center", va="top", fontsize=8, bbox=box, zorder=4
        )


def _without(axes: Axes, paths: Sequence[Array], rows: int) -> None:
    """The column of trials that do without a hyperparameter, if there are any."""
    passed = np.any(np.asarray(paths) == WITHOUT, axis=0) if paths else np.zeros(rows, dtype=bool)
    for row in np.flatnonzero(passed):
        axes.plot(WITHOUT, row, "o", ms=7, mfc="white", mec=GREY, mew=1.0, zorder=4)
    if passed.any():
        axes.axvline(WITHOUT, color=PALE, lw=0.8, zorder=1)
        axes.text(WITHOUT, -0.35, "not used", ha="center", va="bottom", fontsize=8)
