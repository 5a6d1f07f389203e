"""Figures of a nested validation: what was promised, what was kept, and the optimism between them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spectune.assessment.nested import Nested, Optimism, Unseen
from spectune.metrics import class_scores, regression_scores
from spectune.report import wording
from spectune.report.drawing import BLUE, GREY, INK, PALE, SEVERAL, VERMILLION, note, svg
from spectune.report.figures.fit import thinned
from spectune.report.wording import beside, fixed, number, shortened, with_unit


def promises_picture(found: Nested) -> str:
    """Inner and outer error of every model in every outer fold, and the optimism with its interval."""
    models = found.models[1:]

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        for place, model in enumerate(models):
            _promise(left, model, place)
            _optimism(right, model.optimism, place)
        left.set_yticks(range(len(models)), [shortened(model.name, 32) for model in models])
        left.set_ylim(len(models) - 0.5, -0.5)
        left.set_xlabel(error_name(found))
        left.set_title("inner (hollow) and outer (filled) error")
        right.set_title("optimism: outer minus inner")
        right.axvline(0, color=GREY, lw=0.8, zorder=1)
        for panel in (left, right):
            panel.tick_params(axis="y", length=0)
            panel.grid(axis="y", color=PALE, lw=0.6)
            panel.set_axisbelow(True)
            panel.xaxis.set_major_locator(MaxNLocator(5))

    return svg(draw, "promises", "Inner and outer error of every model by outer fold", 1.1 + 0.42 * len(models))


def unseen_picture(found: Nested, names: tuple[str, ...]) -> str:
    """Predicted against measured of every row by models that never saw it; a colour for each outer fold."""
    spectra = found.spectra

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(names), sharex=True, sharey=True, squeeze=False)[0]
        shown = np.concatenate([spectra.y, *(found.model(name).output for name in names)])
        margin = 0.04 * float(np.ptp(shown)) or 1.0
        limits = float(shown.min()) - margin, float(shown.max()) + margin
        for panel, name in zip(panels, names, strict=True):
            panel.plot(limits, limits, color=GREY, lw=0.8, zorder=1)
            _points(panel, found, found.model(name))
            panel.set(xlim=limits, ylim=limits, aspect="equal", title=shortened(name, 40))
            panel.xaxis.set_major_locator(MaxNLocator(5))
            panel.yaxis.set_major_locator(MaxNLocator(5))
            panel.set_xlabel(shortened(with_unit("measured", spectra.task.unit), 40))
        panels[0].set_ylabel(shortened(with_unit("predicted", spectra.task.unit), 40))
        if found.outer <= len(SEVERAL):
            figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=found.outer)

    return svg(draw, "unseen", "Predicted against measured values of rows no model had seen", 4.2)


def confusions_picture(found: Nested, names: tuple[str, ...]) -> str:
    """Share of each true class that was called what, on rows that no model had seen."""
    classes = found.spectra.task.classes

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(names), sharex=True, sharey=True, squeeze=False)[0]
        for panel, name in zip(panels, names, strict=True):
            called = found.model(name).output.argmax(axis=1)
            counts = np.asarray(class_scores(found.spectra.y, called, len(classes)).confusion)
            _confusion(panel, counts)
            panel.set_title(shortened(name, 40))
            panel.set_xticks(range(len(classes)), [shortened(one, 14) for one in classes], rotation=90)
            panel.set_xlabel("predicted")
        panels[0].set_yticks(range(len(classes)), [shortened(one, 20) for one in classes])
        panels[0].set_ylabel("true")

    return svg(draw, "unseen", "Confusion matrices of rows no model had seen", 1.9 + 0.3 * len(classes))


def differences_picture(found: Nested) -> str:
    """Error of the network minus that of every other model on all unseen rows, with 95 % intervals."""
    gaps = found.verdict.differences[1:] or found.verdict.differences

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.axvline(0, color=GREY, lw=0.8)
        for place, gap in enumerate(gaps):
            colour = BLUE if gap.clear else GREY
            axes.plot((gap.low, gap.high), (place, place), color=colour, lw=2.0)
            axes.plot(gap.value, place, "o", color=colour, mfc=colour if gap.clear else "white", ms=6, mew=1.4)
            words = wording.difference(gap)
            axes.annotate(words, (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=8)
        axes.set_yticks(range(len(gaps)), [shortened(gap.other, 32) for gap in gaps])
        axes.set_ylim(len(gaps) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(f"{error_name(found)}: network minus other (left of zero: the network is better)")

    label = "Difference of the error of the network and of every other model"
    return svg(draw, "differences", label, 0.95 + 0.3 * len(gaps))


def error_name(found: Nested) -> str:
    """What errors are called, with their unit."""
    task = found.spectra.task
    return "1 − balanced accuracy" if task.classes else shortened(with_unit("RMSE", task.unit), 30)


def _promise(panel: Axes, model: Unseen, place: int) -> None:
    """A line from inner to outer for every outer fold, and one for their means."""
    shifts = np.linspace(-0.22, 0.22, len(model.inner))
    for inner, outer, shift in zip(model.inner, model.outer, shifts, strict=True):
        panel.plot((inner, outer), (place + shift, place + shift), color=PALE, lw=1.2, zorder=2)
        panel.plot(inner, place + shift, "o", ms=3.6, mfc="white", mec=BLUE, mew=0.9, zorder=3)
        panel.plot(outer, place + shift, "o", ms=3.6, color=VERMILLION, mew=0, zorder=3)
    for mean, colour in ((float(np.mean(model.inner)), BLUE), (float(np.mean(model.outer)), VERMILLION)):
        panel.plot((mean, mean), (place - 0.34, place + 0.34), color=colour, lw=1.6, zorder=4)


def _optimism(panel: Axes, found: Optimism, place: int) -> None:
    colour = VERMILLION if found.clear else GREY
    panel.plot((found.low, found.high), (place, place), color=colour, lw=2.0)
    panel.plot(found.value, place, "o", color=colour, mfc=colour if found.clear else "white", ms=6, mew=1.4)


def _points(panel: Axes, found: Nested, model: Unseen) -> None:
    measured = found.spectra.y
    rows = thinned(model.output - measured)
    for fold in range(found.outer):
        own = rows[found.fold_of[rows] == fold]
        colour = SEVERAL[fold] if found.outer <= len(SEVERAL) else BLUE
        name = f"outer fold {fold + 1}"
        panel.plot(measured[own], model.output[own], "o", ms=3.4, mew=0, alpha=0.65, color=colour, label=name)
    error = beside(number(model.error), found.spectra.task.unit)
    note(panel, f"RMSE {error}\nR² {fixed(regression_scores(measured, model.output).r2, 3)}")


def _confusion(panel: Axes, counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> None:
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    panel.imshow(share, cmap="Blues", vmin=0, vmax=1.25, interpolation="none", aspect="auto")
    for true, called in np.argwhere(counts > 0):
        colour = "white" if share[true, called] > 0.6 else INK
        panel.text(called, true, f"{counts[true, called]}", ha="center", va="center", fontsize=8, color=colour)
    panel.tick_params(which="both", length=0)
    panel.spines[:].set_visible(False)
