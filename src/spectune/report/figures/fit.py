"""Figures of the fit: differences between models, predicted against measured, residuals, confusions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from spectune.assessment.outcome import Difference, Outcome, Part
from spectune.metrics import ClassScores, RegressionScores
from spectune.report import wording
from spectune.report.drawing import BLUE, CALIBRATION, GREY, INK, TEST, VALIDATED, evenly, known_ends, note, svg
from spectune.report.scored import classification, regression
from spectune.report.wording import ERROR_NAMES, PARTS, beside, number, shortened, with_unit
from spectune.spectra.spectra import Rows

Array = NDArray[np.float64]

BESIDE = 10
"""Classes up to which two confusion matrices stand beside one another."""

MOST_POINTS = 500
"""Points drawn in a panel; the largest errors are always among them."""

FEW = 10
"""Rows that make no histogram."""

DASHED = (0, (4, 3))
LETTER = 0.07
"""Inches of a digit in a cell."""

COLOURS: dict[Part, str] = {"calibration": CALIBRATION, "cross-validated": VALIDATED, "test": TEST}


def differences_picture(outcome: Outcome) -> str:
    """Error of the network minus that of every other model, with 95 % intervals."""
    found = outcome.verdict.differences
    parts = [part for part in PARTS if any(item.part == part for item in found)]
    others = [model.name for model in outcome.models if any(model.name == item.other for item in found)]

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(parts), squeeze=False, sharey=True)[0]
        for panel, part in zip(panels, parts, strict=True):
            _intervals(panel, [item for item in found if item.part == part], others)
            panel.set_title(f"{_error(outcome, part)}, network minus other")

    label = f"Difference of the error of the {outcome.network} and of every other model, with 95 % intervals"
    return svg(draw, "differences", label, 0.95 + 0.27 * len(others))


def predicted_picture(outcome: Outcome, name: str) -> str:
    """Predicted against measured with the 1:1 line and the fitted one, for calibration, held-out and test rows."""

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, 3, sharex=True, sharey=True)
        shown = np.concatenate([outcome.spectra.y, *(outcome.model(name).output(part) for part in PARTS)])
        margin = 0.04 * float(np.ptp(shown)) or 1.0
        limits = float(shown.min()) - margin, float(shown.max()) + margin
        for panel, part in zip(panels, PARTS, strict=True):
            panel.plot(limits, limits, color=GREY, lw=0.9, ls=DASHED, zorder=1)
            _predicted(panel, outcome, name, part)
            panel.set(xlim=limits, ylim=limits, aspect="equal")
            panel.xaxis.set_major_locator(MaxNLocator(5))
            panel.yaxis.set_major_locator(MaxNLocator(5))
            panel.set_xlabel(shortened(with_unit("measured", outcome.spectra.task.unit), 40))
        panels[0].set_ylabel(shortened(with_unit("predicted", outcome.spectra.task.unit), 40))

    return svg(draw, f"predicted-{_slug(outcome, name)}", f"Predicted against measured values, {name}", 3.6)


def residuals_picture(outcome: Outcome, name: str) -> str:
    """Errors of held-out and test rows against the measured value, and how they are spread."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        rmse = regression(outcome, name, "cross-validated").rmse
        for level in (-2 * rmse, 0.0, 2 * rmse):
            left.axhline(level, color=GREY, lw=0.8, ls="-" if level == 0 else DASHED, zorder=1)
        errors: dict[Part, Array] = {}
        for part in PARTS[1:]:
            measured = outcome.measured(part)
            error = outcome.model(name).output(part) - measured
            rows = thinned(error)
            errors[part] = error
            left.plot(measured[rows], error[rows], "o", ms=3.2, mew=0, alpha=0.7, color=COLOURS[part], label=part)
        edges = list(np.histogram_bin_edges(np.concatenate(list(errors.values())), bins=18))
        for part, error in errors.items():
            if error.size >= FEW:
                share = np.full(error.size, 1 / error.size)
                right.hist(
                    error, edges, weights=share, orientation="horizontal", histtype="step", lw=1.3, color=COLOURS[part]
                )
        right.set_xticks([])
        right.set_xlabel("share of rows")
        left.set_xlabel(shortened(with_unit("measured", outcome.spectra.task.unit), 60))
        left.set_ylabel(shortened(with_unit("predicted − measured", outcome.spectra.task.unit), 40))
        figure.legend(*left.get_legend_handles_labels(), loc="outside upper right", ncols=2, handletextpad=0.2)

    return svg(draw, f"residuals-{_slug(outcome, name)}", f"Residuals of {name} against measured values", 2.9)


def confusion_picture(outcome: Outcome, name: str) -> str:
    """How often each true class was called what, for held-out and test rows."""
    classes = len(outcome.spectra.task.classes)
    across, side = classes <= BESIDE, matrix_side(classes)
    parts: tuple[Part, ...] = ("cross-validated", "test") if len(outcome.spectra.test) else ("cross-validated",)

    def draw(figure: Figure) -> None:
        places = (1, len(parts)) if across else (len(parts), 1)
        for panel, part in zip(figure.subplots(*places, squeeze=False).ravel(), parts, strict=True):
            _confusion(panel, outcome, name, part)

    height = side if across else side * len(parts)
    return svg(draw, f"confusion-{_slug(outcome, name)}", f"Confusion matrices of {name}", height)


def matrix_side(classes: int) -> float:
    """Inches that a confusion matrix of so many classes is high."""
    return 1.5 + 0.33 * classes if classes <= BESIDE else 1.8 + 0.21 * classes


def matrix(panel: Axes, scores: ClassScores, classes: Sequence[str], part: str) -> None:
    """How often each true class was called what in a part of the rows."""
    counts = np.asarray(scores.confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    panel.imshow(share, cmap="Blues", vmin=0, vmax=1.25, interpolation="none", aspect="auto")
    names = [shortened(word, 20) for word in classes]
    room = 3.6 if len(names) <= BESIDE else 7.5
    crowded = len(str(counts.max())) * LETTER > room / len(counts)
    shown = np.round(100 * share).astype(int) if crowded else counts
    for true, called in np.argwhere(shown > 0):
        colour = "white" if share[true, called] > 0.6 else INK
        panel.text(called, true, f"{shown[true, called]}", ha="center", va="center", fontsize=8, color=colour)
    panel.set_xticks(np.arange(-0.5, len(counts)), minor=True)
    panel.set_yticks(np.arange(-0.5, len(counts)), minor=True)
    panel.grid(which="minor", color="white", lw=1)
    panel.tick_params(which="both", length=0)
    panel.spines[:].set_visible(False)
    upright = 0.075 * max(map(len, names)) > room / len(names)
    panel.set_xticks(range(len(names)), names, rotation=90 if upright else 0)
    panel.set_yticks(range(len(names)), names)
    panel.set(xlabel="predicted", ylabel="true")
    unit = ", % of the true class" if crowded else ""
    panel.set_title(f"{part}: balanced accuracy {wording.fixed(scores.balanced_accuracy, 3)}{unit}")


def scored_words(scores: RegressionScores, error: str, unit: str) -> str:
    """The scores of a panel, line by line; ``error`` is what its RMSE is called."""
    places = wording.places(scores.rmse)
    lines = (
        f"{error} {beside(number(scores.rmse), unit)}",
        f"R² {wording.fixed(scores.r2, 3)}",
        f"bias {wording.fixed(scores.bias, places)}",
        f"SEP {number(scores.sep)}",
        f"slope {wording.fixed(scores.slope, 3)}",
    )
    return "\n".join(lines)


def thinned(error: Array) -> Rows:
    """Rows to draw: all of them, or the largest errors and an even choice of the rest."""
    if error.size <= MOST_POINTS:
        return np.arange(error.size, dtype=np.intp)
    largest = np.argsort(-np.abs(error), kind="stable")[: MOST_POINTS // 5]
    return np.union1d(largest, evenly(error.size, MOST_POINTS - largest.size)).astype(np.intp)


def _intervals(panel: Axes, found: list[Difference], others: list[str]) -> None:
    low, high = _window(found)
    panel.axvline(0, color=GREY, lw=0.8)
    for item in found:
        place = others.index(item.other)
        colour = BLUE if item.clear else GREY
        ends = np.clip(known_ends(item), low, high).tolist()
        if ends[0] < ends[1]:
            panel.plot(ends, (place, place), color=colour, lw=2.0, solid_capstyle="butt")
        beyond = "<" if item.value < low else ">" if item.value > high else "o"
        at = min(max(item.value, low), high)
        panel.plot(at, place, beyond, color=colour, ms=6, mfc=colour if item.clear else "white", mew=1.4)
        panel.annotate(
            wording.difference(item), (1.03, place), xycoords=("axes fraction", "data"), va="center", fontsize=8
        )
    for words, side, shift in (("← network better", "right", -5), ("worse →", "left", 5)):
        panel.annotate(
            words, (0, 0), (shift, -26), ("data", "axes fraction"), "offset points", ha=side, fontsize=8, color=INK
        )
    pad = 0.08 * (high - low)
    panel.set(xlim=(low - pad, high + pad), ylim=(len(others) - 0.4, -0.6))
    panel.set_yticks(range(len(others)), [shortened(name, 32) for name in others])
    panel.tick_params(axis="y", length=0)


def _window(found: list[Difference]) -> tuple[float, float]:
    """Limits that hold zero and the differences of ordinary size; a hopeless model becomes an arrow."""
    usual = float(np.median([max(map(abs, known_ends(item))) for item in found]))
    held = [item for item in found if abs(item.value) <= 2.5 * usual] or found
    low = min(0.0, *(known_ends(item)[0] for item in held))
    high = max(0.0, *(known_ends(item)[1] for item in held))
    return (low, high) if low < high else (-1.0, 1.0)


def _predicted(panel: Axes, outcome: Outcome, name: str, part: Part) -> None:
    measured, output = outcome.measured(part), outcome.model(name).output(part)
    rows = thinned(output - measured)
    panel.set_title(f"{part}, {wording.counted(measured.size, 'row')}")
    if part == "test" and name == outcome.network:
        bars = outcome.spread[rows]
        panel.errorbar(measured[rows], output[rows], bars, fmt="none", ecolor=TEST, elinewidth=0.7, alpha=0.5)
    panel.plot(measured[rows], output[rows], "o", ms=3.4, mew=0, alpha=0.65, color=COLOURS[part], zorder=3)
    if measured.size:
        scores = regression(outcome, name, part)
        _line(panel, measured, output, scores.slope)
        note(panel, scored_words(scores, ERROR_NAMES[part], outcome.spectra.task.unit))


def _line(panel: Axes, measured: Array, output: Array, slope: float) -> None:
    """The straight line of least squares through the points, over the range of what was measured."""
    if np.isfinite(slope):
        ends = np.asarray([measured.min(), measured.max()])
        panel.plot(ends, output.mean() + slope * (ends - measured.mean()), color=INK, lw=1.1, zorder=4)


def _confusion(panel: Axes, outcome: Outcome, name: str, part: Part) -> None:
    matrix(panel, classification(outcome, name, part), outcome.spectra.task.classes, part)


def _error(outcome: Outcome, part: Part) -> str:
    if outcome.spectra.task.regression:
        return shortened(with_unit(ERROR_NAMES[part], outcome.spectra.task.unit), 30)
    return f"1 − balanced accuracy, {part}"


def _slug(outcome: Outcome, name: str) -> str:
    return str([model.name for model in outcome.models].index(name))
