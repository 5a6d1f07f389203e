"""Figure of a learning-rate range test: loss against rate, without and with the penalty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spectune.assessment.lr_range import LrRange
from spectune.report.drawing import BLUE, GREY, INK, VERMILLION, logarithmic, svg
from spectune.training.range_test import RangeTest

ABOVE = 4.0
"""The panel ends so many times above where the loss was at first: what breaks down leaves it."""


def lr_range_picture(found: LrRange) -> str:
    """Smoothed loss against learning rate: members thin, their median thick, a panel for every procedure."""
    tests = {"a batch at each rate": found.test}
    if found.published is not None:
        tests["as published: Keras's running mean of the epoch"] = found.published
    return _picture("lr-range", tests, found.by_eye or ())


def range_picture(test: RangeTest, by_eye: Sequence[float] = ()) -> str:
    """The same of one test alone; dotted lines at rates that were read ``by_eye``."""
    return _picture("range", {"": test}, by_eye)


def _picture(name: str, tests: Mapping[str, RangeTest], by_eye: Sequence[float]) -> str:
    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(tests), squeeze=False)[0]
        for panel, (title, test) in zip(panels, tests.items(), strict=True):
            _curves(panel, test)
            _choices(panel, test, by_eye)
            panel.set_xlabel("learning rate")
            if len(tests) > 1:
                panel.set_title(title)
        panels[0].set_ylabel("loss, smoothed")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=5, handletextpad=0.5)

    return svg(draw, name, "Smoothed loss against the learning rate, without and with the penalty", 3.7)


def _curves(axes: Axes, test: RangeTest) -> None:
    several = (("with the penalty", test.penalised, VERMILLION), ("without the penalty", test.smoothed, BLUE))
    for name, curves, colour in several:
        for curve in curves:
            axes.plot(test.rates, curve, color=colour, lw=0.6, alpha=0.35)
        axes.plot(test.rates, np.nanmedian(curves, axis=0), color=colour, lw=2.0, label=name)
    _limits(axes, test)
    for which in ("y", "x"):
        logarithmic(axes, which)


def _limits(axes: Axes, test: RangeTest) -> None:
    """From the lowest loss to some times the first; a loss of zero leaves the limits alone."""
    least, first = float(np.nanmin(test.smoothed)), float(np.nanmax(test.penalised[:, 0]))
    if 0 < least < np.inf and first < np.inf:
        axes.set_ylim(0.8 * least, ABOVE * first)
    axes.set_xlim(float(test.rates[0]), float(test.rates[-1]))


def _choices(axes: Axes, test: RangeTest, by_eye: Sequence[float]) -> None:
    """What the rule says, and what the paper's authors saw."""
    _line(axes, test.low, "begins to fall", "--", INK)
    _line(axes, test.high, "suggested", "-", INK)
    for rate in by_eye:
        _line(axes, rate, "Passos & Mishra (2022), by eye", ":", GREY)


def _line(axes: Axes, rate: float, name: str, style: str, colour: str) -> None:
    """A vertical line, named once a panel; left out where it lies beyond the rates."""
    low, high = axes.get_xlim()
    known = {line.get_label() for line in axes.lines}
    if low <= rate <= high:
        axes.axvline(rate, color=colour, ls=style, lw=1.2, label=f"_{name}" if name in known else name)
