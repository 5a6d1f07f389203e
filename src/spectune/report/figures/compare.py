"""Figures of a comparison: best so far by trial and by time, and where every search ended."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spectune.report.drawing import BLUE, GREEN, GREY, INK, ORANGE, PALE, PURPLE, SKY, VERMILLION, logarithmic, svg
from spectune.report.wording import error_name, shortened
from spectune.tuning.compare import Comparison
from spectune.tuning.courses import Band, Budget, Course, Line, band, grid

COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, GREY, INK)
"""Colours of the arms, in their order."""

WIDE = 4.0
"""Ratio of the highest to the lowest error from which the axis is logarithmic."""

LONG_TIMES = ((2 * 3600.0, 3600.0, "h"), (2 * 60.0, 60.0, "min"), (0.0, 1.0, "s"))
"""From how many seconds on, time is drawn in units of how many seconds, called what."""


def courses_picture(comparison: Comparison) -> str:
    """Best so far by trial (left) and by time (right): median and range over seeds, a dot where a search ended."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        _panel(left, comparison, "trials", 1.0)
        seconds, unit = _time_unit(comparison)
        _panel(right, comparison, "time", seconds)
        left.set_xlabel("trial (rejected ones not counted)")
        right.set_xlabel(f"time ({unit}, of all trials)")
        left.set_ylabel(shortened(f"lowest {error_name(comparison.task)} so far", 40))
        _limits(left, comparison)
        figure.legend(*left.get_legend_handles_labels(), loc="outside upper right", ncols=4, handletextpad=0.5)

    return svg(draw, "courses", "Lowest error so far of every search method, by trial and by time", 3.5)


def finals_picture(comparison: Comparison) -> str:
    """Lowest error of every search, an arm a line, equal seeds joined; a bar marks the mean of an arm."""
    arms = comparison.arms

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for seed in range(comparison.seeds):
            _joined(axes, [_final(comparison, arm, seed) for arm in arms])
        for place, arm in enumerate(arms):
            finals = [one.final for one in comparison.of(arm) if np.isfinite(one.final)]
            axes.plot(finals, [place] * len(finals), "o", color=_colour(place), ms=6, mew=0, alpha=0.8)
            if finals:
                axes.plot(float(np.mean(finals)), place, "|", color=INK, ms=16, mew=1.6)
        axes.set_yticks(range(len(arms)), arms)
        axes.set_ylim(len(arms) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", color=PALE, lw=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel(shortened(f"lowest {error_name(comparison.task)} of a search", 60))

    return svg(draw, "finals", "Lowest error of every search, by search method", 0.9 + 0.36 * len(arms))


def _panel(axes: Axes, comparison: Comparison, budget: Budget, unit: float) -> None:
    spent = grid(comparison.courses, budget)
    for place, arm in enumerate(comparison.arms):
        courses = [one for one in comparison.of(arm) if one.trials]
        if courses:
            last = max(float(one.spent(budget)[-1]) for one in courses)
            shown = spent[spent <= last]
            _band(axes, shown / unit, band(courses, budget, shown), _colour(place), arm)
            _ends(axes, courses, budget, unit, _colour(place))


def _band(axes: Axes, spent: Line, found: Band, colour: str, arm: str) -> None:
    """The range over seeds begins where every seed, the median where half of them, have a complete trial."""
    all_known = np.isfinite(found.high)
    axes.fill_between(
        spent, found.low, np.where(all_known, found.high, np.nan), step="post", color=colour, alpha=0.16, lw=0
    )
    middle = np.where(np.isfinite(found.middle), found.middle, np.nan)
    axes.step(spent, middle, where="post", color=colour, lw=1.5, label=arm)


def _ends(axes: Axes, courses: Sequence[Course], budget: Budget, unit: float, colour: str) -> None:
    ended = [(float(one.spent(budget)[-1]) / unit, one.final) for one in courses if np.isfinite(one.final)]
    for x, error in ended:
        axes.plot(x, error, "o", color=colour, mec="white", mew=0.7, ms=5, zorder=4)


def _joined(axes: Axes, finals: Sequence[float]) -> None:
    """One seed over all arms."""
    for (place, one), (_, other) in pairwise(enumerate(finals)):
        if np.isfinite(one) and np.isfinite(other):
            axes.plot([one, other], [place, place + 1], color=GREY, lw=0.7, alpha=0.6, zorder=1)


def _final(comparison: Comparison, arm: str, seed: int) -> float:
    return next((one.final for one in comparison.of(arm) if one.seed == seed), np.inf)


def _limits(axes: Axes, comparison: Comparison) -> None:
    """A logarithmic axis where the errors demand it."""
    errors = np.concatenate([one.errors for one in comparison.courses])
    known = errors[np.isfinite(errors)]
    if known.size and known.min() > 0 and known.max() / known.min() > WIDE:
        logarithmic(axes, "y")


def _time_unit(comparison: Comparison) -> tuple[float, str]:
    last = max((one.elapsed[-1] for one in comparison.courses if one.elapsed), default=0.0)
    return next((seconds, unit) for least, seconds, unit in LONG_TIMES if last >= least)


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]
