"""Figures of an adaptation: errors of the rivals, predictions before and after, error against new samples."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from spectune.assessment.adaptation import AS_IS, Adapted, Rows
from spectune.assessment.intervals import Interval
from spectune.assessment.outcome import Output
from spectune.report.drawing import GREY, SEVERAL, TEST, VALIDATED, known_ends, logarithmic, note, svg
from spectune.report.wording import number, plain, shortened, with_unit

WIDE = 4.0
"""Ratio of the largest to the smallest error from which their axis is logarithmic."""


def rivals_picture(found: Adapted) -> str:
    """Cross-validated and test error of every rival with 95 % intervals; what to use is printed bold."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, standing in enumerate(found.standings):
            _bar(axes, standing.validated, place - 0.14, VALIDATED, "" if place else "cross-validated")
            if standing.tested is not None:
                _bar(axes, standing.tested, place + 0.14, TEST, "" if place else "test")
        names = [standing.name for standing in found.standings]
        axes.set_yticks(range(len(names)), names)
        axes.get_yticklabels()[names.index(found.use)].set_fontweight("bold")
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        values = [standing.validated.value for standing in found.standings]
        if 0 < WIDE * min(values) < max(values):
            logarithmic(axes, "x")
        axes.set_xlabel(error_name(found))
        figure.legend(loc="outside upper right", ncols=2, handletextpad=0.4)

    return svg(draw, "rivals", "Error of every way to go on, with intervals", 0.9 + 0.38 * len(found.standings))


def before_after_picture(found: Adapted) -> str:
    """Predicted against measured values by the model as it is, and by what to use."""
    names = [AS_IS, found.use] if found.use != AS_IS else [AS_IS]
    count = found.calibration.measured.size

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(names), sharex=True, sharey=True, squeeze=False)[0]
        for panel, name in zip(panels, names, strict=True):
            rival = found.rival(name)
            _points(panel, found.calibration, rival.validated[:count], VALIDATED, "held out, first repeat")
            if found.test.measured.size:
                _points(panel, found.test, rival.test, TEST, "test")
            panel.axline((float(found.calibration.measured.mean()),) * 2, slope=1, color=GREY, lw=0.9, ls=(0, (4, 3)))
            panel.set_title(name)
            standing = found.standing(name)
            note(panel, f"RMSECV {number(standing.validated.value)}{_tested(standing.tested)}")
            panel.set_xlabel(shortened(with_unit("measured", found.task.unit), 40))
        panels[0].set_ylabel(shortened(with_unit("predicted", found.task.unit), 40))
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, handletextpad=0.2)

    return svg(draw, "before-after", "Predicted against measured values before and after", 3.6)


def curve_picture(found: Adapted) -> str:
    """Error against the number of new groups, with 95 % intervals."""
    sizes = np.asarray([size.groups for size in found.curve])

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, name in enumerate(found.curve[0].errors):
            errors = [size.errors[name] for size in found.curve]
            colour, shift = SEVERAL[place], 0.97 + 0.02 * place
            ends = [known_ends(error) for error in errors]
            low = [max(error.value - low, 0.0) for error, (low, _) in zip(errors, ends, strict=True)]
            high = [max(high - error.value, 0.0) for error, (_, high) in zip(errors, ends, strict=True)]
            values = [error.value for error in errors]
            axes.errorbar(sizes * shift, values, (low, high), color=colour, lw=1.4, marker="o", ms=4.5, label=name)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(sizes.tolist()))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(round(value))))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        values = [error.value for size in found.curve for error in size.errors.values()]
        if 0 < WIDE * min(values) < max(values):
            logarithmic(axes, "y")
        axes.set_xlabel(f"new {'groups' if found.grouped else 'samples'} to learn from")
        axes.set_ylabel(error_name(found))
        figure.legend(loc="outside upper right", ncols=2, handletextpad=0.4)

    return svg(draw, "new-samples", "Error against the number of new samples", 3.6)


def error_name(found: Adapted) -> str:
    """What errors are called, with their unit."""
    return "1 − balanced accuracy" if found.task.classes else shortened(with_unit("RMSE", found.task.unit), 30)


def _bar(axes: Axes, found: Interval, place: float, colour: str, label: str) -> None:
    low, high = known_ends(found)
    axes.plot((max(low, 0.0), high), (place, place), color=colour, lw=2.0, solid_capstyle="butt")
    axes.plot(found.value, place, "o", color=colour, ms=6, label=label or "_")


def _points(panel: Axes, rows: Rows, output: Output, colour: str, label: str) -> None:
    panel.plot(rows.measured, output, "o", ms=3.6, mew=0, alpha=0.7, color=colour, label=label, zorder=3)


def _tested(found: Interval | None) -> str:
    return "" if found is None else f"\nRMSEP {number(found.value)}"
