"""The figure of decision maps: what networks say over position and height of one peak."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from spectune.papers.schuetzke2023.benchmark import Benchmark
from spectune.papers.schuetzke2023.maps import Sweep, windows
from spectune.report.drawing import BLUE, GREEN, INK, ORANGE, PALE, PURPLE, SKY, svg
from spectune.report.wording import shortened

COLOURS = (SKY, ORANGE, GREEN, PURPLE, BLUE)


def map_picture(found: Benchmark, number: int) -> str:
    """One sweep as every network decides it; boxes: where training spectra of a class have the peak."""
    sweep = found.sweeps[number]
    colours = coloured(found, number)
    across = min(4, len(found.maps))
    down = -(-len(found.maps) // across)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
        for panel, made in zip(panels.flat, found.maps, strict=False):
            _decided(panel, sweep, made.said[number], colours)
            _boxes(panel, found, sweep)
            panel.set_title(shortened(made.name, 28))
        for panel in panels.flat[len(found.maps) :]:
            panel.set_axis_off()
        for panel in panels[-1]:
            panel.set_xlabel("position (points)")
        for panel in panels[:, 0]:
            panel.set_ylabel("height")
        handles = [Rectangle((0, 0), 1, 1, color=colour) for colour in colours.values()]
        names = [f"class {shortened(found.plan.config.names[label], 16)}" for label in colours]
        figure.legend(handles, names, loc="outside upper right", ncols=len(names))

    words = " and ".join(found.plan.config.names[label] for label in sweep.classes)
    label = f"Decisions over position and height of a peak between classes {words}"
    return svg(draw, f"map-{'ab'[number]}", label, 0.9 + 2.0 * down)


def coloured(found: Benchmark, number: int) -> Mapping[int, str]:
    """Colours of the classes that are said most; others stay pale."""
    counts = Counter(label for made in found.maps for label in made.said[number].ravel().tolist())
    often = [label for label, _ in counts.most_common() if label not in found.sweeps[number].classes]
    shown = [*found.sweeps[number].classes, *often][: len(COLOURS)]
    return dict(zip(shown, COLOURS, strict=False))


def _decided(axes: Axes, sweep: Sweep, said: NDArray[np.int64], colours: Mapping[int, str]) -> None:
    """Stretches of one decision, a row of them for every height; their edges cover the seams between rows."""
    edges, heights = _edges(sweep.positions), _edges(sweep.heights)
    for row, bottom, top in zip(said.tolist(), heights[:-1], heights[1:], strict=True):
        for label, cells in groupby(range(len(row)), key=row.__getitem__):
            places = list(cells)
            first, last = edges[places[0]], edges[places[-1] + 1]
            axes.broken_barh([(first, last - first)], (bottom, top - bottom), color=colours.get(label, PALE), lw=0.5)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(heights[0], heights[-1]))


def _boxes(axes: Axes, found: Benchmark, sweep: Sweep) -> None:
    """Where the peak may be in training, and where it is in the test."""
    config, law = found.plan.config, found.plan.config.law
    for label, position, height in windows(config, sweep):
        varies = law.variation if law.tops_vary or height != 1 else 0.0
        corner = (position - law.shift, height - varies)
        axes.add_patch(Rectangle(corner, max(2 * law.shift - 1, 0), 2 * varies, fill=False, ec=INK, lw=0.8))
        grid = config.grid_of(config.names[label])
        for moved, changed in grid.cells:
            change = 0 if height == 1 else grid.variation * changed
            axes.plot(position + grid.shift * moved, height + change, ".", ms=3, color=INK)


def _edges(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Edges half-way between values."""
    numbers = np.asarray(values, dtype=np.float64)
    half = np.diff(numbers) / 2
    return np.concatenate(([numbers[0] - half[0]], numbers[:-1] + half, [numbers[-1] + half[-1]]))
