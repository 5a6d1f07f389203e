"""Figures of an explanation: spectra coloured by what matters, effects with signs, coefficients beside PLS."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from spectune.assessment.pls_weights import PlsWeights
from spectune.explanation.attribution import Attribution, Method
from spectune.explanation.explaining import ALL_ROWS, Explanation
from spectune.report.drawing import BLUE, GREEN, GREY, INK, PALE, VERMILLION, evenly, spectral, svg
from spectune.report.wording import shortened
from spectune.spectra.axis import Axis

Array = NDArray[np.float64]

HEAT = LinearSegmentedColormap.from_list("heat", ["#C9CDD2", "#E6B84F", "#D55E00", "#7A0C2E"])
"""From what does not matter, grey, to what matters most."""

LEVELS = 12
"""Shades of a coloured spectrum: neighbouring points of one shade are one line."""

MOST_POINTS, MOST_CELLS = 600, 150
MOST_EFFECTS, MOST_PANELS = 8, 6
NETWORK, PLS = BLUE, VERMILLION


def maps_picture(found: Explanation) -> str:
    """Mean spectrum of every case, coloured by how much each point matters; a panel for every method."""
    methods = found.methods
    wide = 3 if len(methods) > 4 else 2
    down = -(-len(methods) // wide)
    height = 0.6 + down * (0.75 + 0.5 * len(found.cases))

    def draw(figure: Figure) -> None:
        panels = figure.subplots(down, wide, squeeze=False, sharex=True).ravel()
        for panel, method in zip(panels, methods, strict=False):
            _coloured(panel, found, found.of(method))
            panel.set_title(method)
        for panel in panels[len(methods) :]:
            panel.set_axis_off()
        for panel in panels[max(0, len(methods) - wide) : len(methods)]:
            panel.tick_params(labelbottom=True)
            panel.set_xlabel(found.axis.label)
        _legend(figure, list(panels))

    return svg(draw, "maps", "Mean spectra, coloured by how much each point matters, by method", height)


def effects_picture(found: Explanation, method: Method) -> str:
    """Effect of every point with its sign, a panel for every case, with the spread over members."""
    shown = found.of(method)[:MOST_EFFECTS]
    down = -(-len(shown) // 2)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(down, 2, squeeze=False, sharex=True, sharey=found.task.regression).ravel()
        for panel, one in zip(panels, shown, strict=False):
            _band(panel, found.axis, one.mean, one.spread, NETWORK)
            panel.set_title(shortened(one.case, 50))
            panel.set_ylabel(_effect_unit(found))
        for panel in panels[len(shown) :]:
            panel.set_axis_off()
        for panel in panels[max(0, len(shown) - 2) : len(shown)]:
            panel.tick_params(labelbottom=True)
            panel.set_xlabel(found.axis.label)

    return svg(draw, "effects", f"Effect of every point by {method}, with spread over members", 0.5 + 1.75 * down)


def coefficients_picture(found: Explanation, pls: PlsWeights) -> str:
    """Regression coefficients of the network and of PLS on the raw spectrum, one row for every case or class."""
    shown = coefficient_cases(found)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(shown), 2, squeeze=False, sharex=True)
        for (left, right), one in zip(panels, shown, strict=True):
            _band(left, found.axis, one.mean, one.spread, NETWORK, one.over_rows)
            _band(right, found.axis, pls.coefficients[one.output], None, PLS, pls.over_rows[one.output])
            name = "" if found.task.regression else f": {shortened(one.case, 28)}"
            left.set_title(f"network{name}")
            right.set_title(f"{'PLS' if found.task.regression else 'PLS-DA'}{name}")
            left.set_ylabel(_slope_unit(found))
            right.set_ylabel(_slope_unit(found) if found.task.regression else "indicator per unit of signal")
        for panel in panels[-1]:
            panel.set_xlabel(found.axis.label)

    return svg(draw, "coefficients", "Coefficients of network and PLS on the raw spectrum", 0.5 + 1.75 * len(shown))


def importance_beside_picture(found: Explanation, pls: PlsWeights, method: Method) -> str:
    """Variable importance of PLS over the strength of the network's attributions."""

    def draw(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True)
        upper.fill_between(found.axis.positions, 0, found.overall(method), color=NETWORK, alpha=0.75, lw=0)
        upper.set_ylabel("part of the largest")
        upper.set_title(f"network: {method}, mean over the cases")
        lower.fill_between(found.axis.positions, 0, pls.importance, color=PLS, alpha=0.7, lw=0)
        lower.axhline(1, color=INK, lw=0.8, ls=(0, (4, 3)))
        lower.set_ylabel("VIP")
        lower.set_title("PLS: variable importance in projection; the dashed line is the average")
        spectral(lower, found.axis)
        for panel in (upper, lower):
            panel.set_ylim(bottom=0)

    return svg(draw, "importance-beside", "What matters to the network over what matters to PLS", 3.6)


def blocks_picture(found: Explanation, method: Method) -> str:
    """How much every point of every channel matters, mean over the cases, as rows of a heat map."""
    stretches = np.array_split(np.arange(len(found.axis)), min(len(found.axis), MOST_CELLS))
    heat = np.stack([block_strengths(found, method)[:, part].mean(axis=1) for part in stretches], axis=1)
    edges = _edges(np.asarray([found.axis.positions[part].mean() for part in stretches]))

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        places = np.arange(len(heat) + 1) - 0.5
        axes.pcolormesh(edges, places, heat / (heat.max() or 1.0), cmap=HEAT, vmin=0, vmax=1)
        axes.hlines(places[1:-1], edges[0], edges[-1], color="white", lw=2)
        axes.set_yticks(range(len(heat)), [shortened(words, 24) for words in found.blocks])
        axes.tick_params(axis="y", length=0)
        axes.spines[["left", "bottom"]].set_visible(False)
        spectral(axes, found.axis)
        axes.invert_yaxis()
        _legend(figure, [axes])

    return svg(draw, "blocks", "How much every point of every channel matters", 0.8 + 0.3 * len(found.blocks))


def sanity_picture(found: Explanation) -> str:
    """Likeness of every method's maps to another member's and to those of fresh weights."""
    methods = found.methods
    looks = (("another member", GREEN, "D"), ("last layer fresh", GREY, "o"), ("all layers fresh", VERMILLION, "o"))

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.axvspan(0.5, 1, color=PALE, alpha=0.5, lw=0)
        for row, method in enumerate(methods):
            known = {one.beside: one for one in found.survival(method)}
            for shift, (beside, colour, marker) in zip((-0.22, 0, 0.22), looks, strict=True):
                one = next((known[name] for name in known if name == beside), None)
                if one is None or not one.correlations:
                    continue
                axes.errorbar(one.mean, row + shift, xerr=one.spread, color=colour, fmt=marker, ms=5.5, elinewidth=1.2)
        for beside, colour, marker in looks:
            axes.plot([], [], marker, color=colour, label=beside)
        axes.axvline(0, color=GREY, lw=0.6)
        axes.set_yticks(range(len(methods)), methods)
        axes.set_ylim(len(methods) - 0.5, -0.5)
        axes.set_xlim(min(-0.1, axes.get_xlim()[0]), 1.02)
        axes.set_xlabel("rank correlation with the trained network's maps")
        figure.legend(loc="outside upper right", ncols=3, handletextpad=0.2)

    return svg(draw, "sanity", "Likeness of maps to those of fresh weights", 0.9 + 0.42 * len(methods))


def block_strengths(found: Explanation, method: Method) -> Array:
    """Strength of a method by channel, mean over members and cases, (blocks, points)."""
    return np.asarray(np.mean([one.strengths.mean(axis=0) for one in found.of(method)], axis=0))


def coefficient_cases(found: Explanation) -> tuple[Attribution, ...]:
    """Coefficients that are compared with those of PLS: over all rows, or of the first classes."""
    every = found.of("regression coefficients")
    whole = tuple(one for one in every if one.case == ALL_ROWS)
    return whole or every[:MOST_PANELS]


def _coloured(panel: Axes, found: Explanation, told: Sequence[Attribution]) -> None:
    """Spectra one above the other, the first on top."""
    for place, (case, one) in enumerate(zip(found.cases, told, strict=True)):
        foot = float(len(told) - 1 - place)
        line = foot + 0.7 * (case.spectrum - case.spectrum.min()) / (np.ptp(case.spectrum) or 1.0)
        panel.add_collection(_heat_line(found.axis.positions, line, one.importance))
        panel.text(
            *(0.01, foot + 0.74),
            shortened(case.name, 30),
            transform=panel.get_yaxis_transform(),
            fontsize=7.5,
            color=INK,
        )
    panel.set_ylim(-0.1, len(told))
    panel.set_yticks([])
    panel.spines["left"].set_visible(False)
    spectral(panel, found.axis, label=False)


def _heat_line(positions: Array, line: Array, strength: Array) -> LineCollection:
    """A curve in shades; of many points the strongest of every stretch is kept."""
    stretches = np.array_split(np.arange(line.size), min(line.size, MOST_POINTS))
    at = np.asarray([part[strength[part].argmax()] for part in stretches])
    shades = np.minimum((strength[at] * LEVELS).astype(int), LEVELS - 1)
    turns = [0, *(np.flatnonzero(np.diff(shades)) + 1).tolist(), at.size]
    pieces = [np.column_stack([positions[at[a : b + 1]], line[at[a : b + 1]]]) for a, b in pairwise(turns)]
    colours = [HEAT((shades[first] + 0.5) / LEVELS) for first in turns[:-1]]
    widths = [1.2 + 1.8 * shades[first] / LEVELS for first in turns[:-1]]
    return LineCollection(pieces, colors=colours, linewidths=widths, capstyle="round")


def _band(panel: Axes, axis: Axis, mean: Array, spread: Array | None, colour: str, wide: Array | None = None) -> None:
    at = evenly(mean.size, MOST_POINTS)
    positions = axis.positions[at]
    if wide is not None and wide.any():
        panel.fill_between(positions, (mean - wide)[at], (mean + wide)[at], color=GREY, alpha=0.3, lw=0)
    if spread is not None:
        panel.fill_between(positions, (mean - spread)[at], (mean + spread)[at], color=colour, alpha=0.25, lw=0)
    panel.axhline(0, color=INK, lw=0.6)
    panel.plot(positions, mean[at], color=colour, lw=1.2)
    spectral(panel, axis, label=False)


def _edges(positions: Array) -> Array:
    middle = (positions[1:] + positions[:-1]) / 2
    return np.concatenate([positions[:1], middle, positions[-1:]])


def _legend(figure: Figure, panels: list[Axes]) -> None:
    shades = figure.colorbar(ScalarMappable(cmap=HEAT), ax=panels, fraction=0.02, pad=0.01, aspect=30)
    shades.set_ticks([0, 1], labels=["nothing", "most"])
    shades.outline.set_visible(False)


def _effect_unit(found: Explanation) -> str:
    return shortened(found.task.unit or "effect", 20) if found.task.regression else "logit"


def _slope_unit(found: Explanation) -> str:
    return f"{_effect_unit(found)} per unit of signal"
