"""Figures of the data: spectra, targets, roles of rows, and what the channels make of a spectrum."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from spectune.assessment.outcome import Outcome
from spectune.report.drawing import CALIBRATION, INK, MOST_VERTICES, PALE, TEST, Line, evenly, outline, spectral, svg
from spectune.report.wording import beside, number, shortened, with_unit
from spectune.spectra.channels import Channel, Channels, format_channel, prepare
from spectune.spectra.spectra import Rows, Spectra
from spectune.spectra.steps import Bin, Decimate, apply

MOST_CALIBRATION, MOST_TEST = 40, 20
"""Spectra drawn of each role; more only darken the picture."""

MOST_ROWS = 1200


def spectra_picture(spectra: Spectra) -> str:
    """Calibration and test spectra, their means and the deviation of the calibration rows."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        calibration, test = spectra.calibration.x, spectra.test.x
        positions = spectra.axis.positions
        _lines(axes, "calibration", positions, calibration[evenly(len(calibration), MOST_CALIBRATION)], CALIBRATION)
        _lines(axes, "test", positions, test[evenly(len(test), MOST_TEST)], TEST)
        mean, spread = calibration.mean(axis=0), calibration.std(axis=0)
        at = evenly(positions.size, MOST_VERTICES)
        low, high = (mean - spread)[at], (mean + spread)[at]
        axes.fill_between(positions[at], low, high, color=INK, alpha=0.12, lw=0, label="mean ± deviation, calibration")
        axes.plot(*outline(positions, mean), color=INK, lw=1.4)
        if test.size:
            axes.plot(*outline(positions, test.mean(axis=0)), color=TEST, lw=1.4, ls=(0, (4, 2)), label="mean, test")
        spectral(axes, spectra.axis)
        axes.set_ylabel("signal" if spectra.signal == "unknown" else spectra.signal)
        axes.margins(y=0.04)
        figure.legend(loc="outside upper right", ncols=4)

    return svg(draw, "spectra", f"Spectra of the calibration and test rows against {spectra.axis.label}", 3.5)


def target_picture(spectra: Spectra) -> str:
    """How often a target's values, or classes, occur in calibration and test rows."""
    if spectra.task.regression:
        return svg(lambda figure: _histogram(figure, spectra), "target", "Histogram of the target by role", 2.5)
    height = 0.9 + 0.2 * len(spectra.task.classes) + 0.3
    return svg(lambda figure: _bars(figure, spectra), "target", "Rows of each class by role", height)


def folds_picture(outcome: Outcome) -> str:
    """Which rows are held out in which fold, in the order of the file."""
    spectra = outcome.spectra
    roles = _roles(outcome)
    count = roles.shape[0]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        colours = ListedColormap([PALE, CALIBRATION, TEST])
        axes.imshow(
            roles[:, evenly(roles.shape[1], MOST_ROWS)],
            cmap=colours,
            vmin=0,
            vmax=2,
            aspect="auto",
            interpolation="none",
            extent=(0.5, len(spectra) + 0.5, count + 0.5, 0.5),
        )
        axes.hlines(np.arange(1.5, count), 0.5, len(spectra) + 0.5, color="white", lw=2.5)
        axes.set_yticks(range(1, count + 1), [f"fold {fold + 1}" for fold in range(count)])
        axes.tick_params(axis="y", length=0)
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.set_xlabel("row, in the order of the file")
        named = (("fitted on", PALE), ("held out: scores this fold", CALIBRATION), ("test: opened once", TEST))
        for words, colour in named:
            axes.plot([], [], "s", color=colour, label=words)
        figure.legend(loc="outside upper right", ncols=3, handletextpad=0.2)

    return svg(draw, "folds", "Role of every row in every fold", 0.9 + 0.22 * count)


def views_picture(spectra: Spectra, channels: Channels) -> str:
    """What channels make of three spectra: low, middle and high target, or three classes."""
    rows = example_rows(spectra)
    down = -(-len(channels) // 3)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(down, min(3, len(channels)), squeeze=False).ravel()
        for panel, channel in zip(panels, channels, strict=False):
            _channel(panel, channel, spectra, rows)
        for panel in panels[len(channels) :]:
            panel.set_axis_off()
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)

    return svg(draw, "channels", "The first channels of three example spectra", 0.5 + 1.9 * down)


def example_rows(spectra: Spectra) -> Rows:
    """Rows whose target is nearest to its 10th, 50th and 90th percentile (or three classes)."""
    if spectra.task.regression:
        wanted = np.percentile(spectra.y, [10, 50, 90])
        return np.asarray([np.abs(spectra.y - value).argmin() for value in wanted], dtype=np.intp)
    return np.unique(spectra.y, return_index=True)[1][:3].astype(np.intp)


def _lines(axes: Axes, words: str, positions: Line, x: NDArray[np.float32], colour: str) -> None:
    for line in x:
        axes.plot(*outline(positions, line), color=colour, lw=0.5, alpha=0.5)
    if x.size:
        axes.plot([], [], color=colour, lw=1.0, label=words)


def _histogram(figure: Figure, spectra: Spectra) -> None:
    axes = figure.add_subplot()
    calibration, test = spectra.calibration.y, spectra.test.y
    edges = np.histogram_bin_edges(spectra.y, bins=min(30, max(8, int(len(spectra) ** 0.5))))
    both = [(calibration, CALIBRATION, f"calibration, {calibration.size}"), (test, TEST, f"test, {test.size}")]
    values, colours, words = zip(*both, strict=True)
    axes.hist(values, bins=list(edges), color=colours, label=words, rwidth=0.9)
    axes.set_xlabel(shortened(with_unit(spectra.task.target, spectra.task.unit), 80))
    axes.set_ylabel("rows")
    figure.legend(loc="outside upper right", ncols=2)


def _bars(figure: Figure, spectra: Spectra) -> None:
    axes = figure.add_subplot()
    names = [shortened(name, 40) for name in spectra.task.classes]
    places = np.arange(len(names))
    for shift, part, colour, words in (
        (-0.2, spectra.calibration, CALIBRATION, "calibration"),
        (0.2, spectra.test, TEST, "test"),
    ):
        counts = np.bincount(part.y.astype(int), minlength=len(names))
        axes.barh(places + shift, counts, height=0.38, color=colour, label=f"{words}, {len(part)}")
    axes.set_yticks(places, names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("rows")
    figure.legend(loc="outside upper right", ncols=2)


def _roles(outcome: Outcome) -> Rows:
    """0 fitted on, 1 held out, 2 test: (folds, rows)."""
    folds = int(outcome.fold_of.max()) + 1
    roles = np.full((folds, len(outcome.spectra)), 2, dtype=np.intp)
    held_out = outcome.fold_of[None, :] == np.arange(folds)[:, None]
    roles[:, outcome.spectra.roles == "cal"] = held_out
    return roles


def _channel(panel: Axes, channel: Channel, spectra: Spectra, rows: Rows) -> None:
    thinned = [step for step in channel if isinstance(step, Bin | Decimate)]
    positions = apply(thinned, spectra.axis.positions[None, :])[0]
    view = prepare(spectra.x[rows], (channel,), "channels")[:, :, 0]
    for line, row, colour in zip(view, rows, ("#9ECAE1", "#4292C6", "#084594"), strict=False):
        panel.plot(*outline(positions, line), lw=1.0, color=colour, label=_example(spectra, int(row)))
    panel.set_title(shortened(format_channel(channel), 34), fontsize=8.5)
    spectral(panel, spectra.axis)
    panel.tick_params(labelsize=8)


def _example(spectra: Spectra, row: int) -> str:
    if spectra.task.regression:
        return f"{shortened(spectra.task.target, 24)} = {beside(number(spectra.y[row]), spectra.task.unit)}"
    return shortened(spectra.task.classes[int(spectra.y[row])], 30)
