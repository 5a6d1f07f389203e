"""Figures of a learning curve: error against training rows, and the network's lead by size."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from spectune.assessment.learning import Curve, LearningCurve
from spectune.report.drawing import BLUE, GREY, PALE, VERMILLION, logarithmic, svg
from spectune.report.wording import plain, shortened, with_unit

RIVAL, NETWORK = VERMILLION, BLUE


def learning_picture(found: LearningCurve) -> str:
    """Error of network and PLS against training rows, both axes logarithmic; laws dashed beyond the data."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        errors = found.simplest.errors
        axes.plot(found.rows, errors, color=GREY, lw=1.0, ls=(0, (1, 2)), label=found.simplest.name)
        for curve, colour, shift in ((found.rival, RIVAL, 0.985), (found.network, NETWORK, 1.015)):
            _curve(axes, found, curve, colour, shift)
        axes.axvline(float(found.rows[-1]), color=PALE, lw=1.0, zorder=0)
        if all((curve.folds > 0).all() for curve in found.curves[1:]):
            logarithmic(axes, "y")
        _sizes(axes, found)
        axes.set_ylabel(error_name(found))
        axes.set_xlabel("training rows, tuning rows among them")
        figure.legend(loc="outside upper right", ncols=3, handletextpad=0.5)

    return svg(draw, "learning", "Error against the number of training rows, with fitted laws", 4.2)


def lead_picture(found: LearningCurve) -> str:
    """Error of the network minus that of PLS at every size, with 95 % intervals."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.axhline(0, color=GREY, lw=0.8)
        for rows, gap in zip(found.rows, found.lead, strict=True):
            clear = gap.low > 0 or gap.high < 0
            colour = BLUE if clear else GREY
            axes.plot((rows, rows), (gap.low, gap.high), color=colour, lw=2.0)
            axes.plot(rows, gap.value, "o", color=colour, mfc=colour if clear else "white", ms=6, mew=1.4)
        _sizes(axes, found, beyond=False)
        axes.set_xlabel("training rows, tuning rows among them")
        axes.set_ylabel(f"{found.network.name} minus {found.rival.name}")
        axes.set_title(f"{error_name(found)}: below zero the network is better")

    return svg(draw, "lead", "Error of the network minus that of PLS by number of training rows", 2.9)


def error_name(found: LearningCurve) -> str:
    """What errors are called, with their unit."""
    return "1 − balanced accuracy" if found.task.classes else shortened(with_unit("RMSE", found.task.unit), 30)


def _curve(axes: Axes, found: LearningCurve, curve: Curve, colour: str, shift: float) -> None:
    """A dot for every fold, a larger one for their mean, and the law with its band."""
    for column in curve.folds.T:
        axes.plot(found.rows * shift, column, "o", ms=3.2, mew=0, alpha=0.4, color=colour, zorder=3)
    axes.plot(found.rows * shift, curve.errors, "o", ms=6.5, mec=colour, mfc="white", mew=1.6, zorder=5)
    told = curve.forecast
    if told is None:
        axes.plot(found.rows * shift, curve.errors, color=colour, lw=1.4, label=curve.name, zorder=4)
        return
    inside = found.grid <= found.rows[-1]
    beyond = found.grid >= found.grid[inside][-1]
    line = told.law.at(found.grid)
    axes.fill_between(found.grid, np.maximum(told.low, 1e-12), told.high, color=colour, alpha=0.12, lw=0, zorder=1)
    axes.plot(found.grid[inside], line[inside], color=colour, lw=1.4, label=curve.name, zorder=4)
    axes.plot(found.grid[beyond], line[beyond], color=colour, lw=1.4, ls=(0, (4, 3)), zorder=4)


def _sizes(axes: Axes, found: LearningCurve, beyond: bool = True) -> None:
    """A logarithmic axis of rows with a tick at every size, and at twice the largest."""
    axes.set_xscale("log")
    last = float(found.grid[-1]) if beyond else float(found.rows[-1])
    ticks = [*found.rows.tolist(), *([last] if beyond else [])]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(round(value))))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(float(found.rows[0]) / 1.08, last * 1.08)
