"""What the network receives: spectra after their channels, before and after their columns are standardised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from spectune.report.drawing import INK, MOST_VERTICES, SEVERAL, evenly, outline, spectral, svg
from spectune.report.wording import shortened, with_unit
from spectune.spectra.axis import Axis
from spectune.spectra.channels import Channel, Channels, Layout, format_channel
from spectune.spectra.spectra import Rows, Spectra
from spectune.spectra.steps import Bin, Decimate, apply

MOST_BLOCKS = 6
MOST_ROWS = 24
"""Spectra that are drawn; all rows set the scale."""

CLASSES = (*SEVERAL, INK)
SHADES = "viridis"
_PART = 1024
"""Rows that are prepared at a time, so that a large set need not fit in memory twice."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Block:
    """What one channel makes of some spectra.

    Attributes:
        name: of the channel.
        positions: (points,) on the axis of the spectra.
        before: (rows, points) as the channel makes them.
        after: (rows, points) with every column brought to mean 0 and deviation 1 over the calibration rows.
    """

    name: str
    positions: Array
    before: Array
    after: Array


def blocks(spectra: Spectra, channels: Channels, rows: Rows) -> tuple[Block, ...]:
    """Chosen rows of calibration spectra as each channel makes them, with the scale of all rows."""
    return tuple(_block(spectra, channel, rows) for channel in channels)


def inputs_picture(spectra: Spectra, channels: Channels, layout: Layout, standardised: bool = True) -> str:
    """The network's input for some calibration spectra, coloured by their target; below, what it is standardised to.

    Blocks that stand end to end in the network stand end to end here, on one scale.
    """
    rows = spread_rows(spectra)
    made = blocks(spectra, channels[:MOST_BLOCKS], rows)
    colours = _colours(spectra, rows)
    down = 2 if standardised else 1

    def draw(figure: Figure) -> None:
        panels = figure.subplots(down, len(made), squeeze=False, sharex="col")
        for column, block in enumerate(made):
            panels[0, column].set_title(shortened(block.name, max(8, 90 // len(made))))
            for panel, lines in zip(panels[:, column], (block.before, block.after), strict=False):
                _block_panel(panel, block.positions, lines, colours, len(made))
            _under(panels[-1, column], spectra.axis, column == (len(made) - 1) // 2)
        for row, words in zip(panels, ("as the channels make it", "standardised"), strict=False):
            row[0].set_ylabel(words)
            if layout == "concatenate" or words == "standardised":
                _one_scale(row)
        if layout == "concatenate":
            _end_to_end(figure, panels)
        _key(figure, panels.ravel().tolist(), spectra)

    return svg(draw, "inputs", "What the network receives, before and after standardisation", 0.6 + 1.9 * down)


def spread_rows(spectra: Spectra) -> Rows:
    """Some rows, evenly chosen along the target; classes take turns."""
    if spectra.task.regression:
        order = np.argsort(spectra.y, kind="stable")
        return np.asarray(order[evenly(order.size, MOST_ROWS)], dtype=np.intp)
    turn = np.zeros(len(spectra), dtype=np.intp)
    for label in np.unique(spectra.y):
        own = np.flatnonzero(spectra.y == label)
        turn[own] = np.arange(own.size)
    return np.sort(np.lexsort((spectra.y, turn))[:MOST_ROWS])


def _block(spectra: Spectra, channel: Channel, rows: Rows) -> Block:
    mean, deviation = _moments(apply(channel, part) for part in _parts(spectra.x))
    before = np.asarray(apply(channel, spectra.x[rows]), dtype=np.float64)
    flat = deviation <= 1e-7 * (np.abs(mean) + deviation.max())
    after = (before - mean) / np.where(flat, 1.0, deviation)
    thinning = [step for step in channel if isinstance(step, Bin | Decimate)]
    positions = np.asarray(apply(thinning, spectra.axis.positions[None, :])[0], dtype=np.float64)
    return Block(format_channel(channel), positions, before, after)


def _parts(x: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    return (x[first : first + _PART] for first in range(0, len(x), _PART))


def _moments(parts: Iterator[NDArray[np.floating[Any]]]) -> tuple[Array, Array]:
    """Mean and deviation of every column, in sums around the first row."""
    count, pivot, total, square = 0, np.zeros(1), np.zeros(1), np.zeros(1)
    for part in parts:
        pivot = part[0].astype(np.float64) if not count else pivot
        off = part - pivot
        count, total, square = count + len(part), total + off.sum(axis=0), square + (off**2).sum(axis=0)
    mean = total / count
    return mean + pivot, np.sqrt(np.maximum(square / count - mean**2, 0))


def _block_panel(panel: Axes, positions: Array, lines: Array, colours: Sequence[Any], panels: int) -> None:
    for line, colour in zip(lines, colours, strict=True):
        panel.plot(*outline(positions, line, MOST_VERTICES // panels), color=colour, lw=0.7, alpha=0.8)
    panel.tick_params(labelsize=8)
    panel.locator_params(axis="y", nbins=5)


def _under(panel: Axes, axis: Axis, label: bool) -> None:
    spectral(panel, axis, label=False)
    panel.xaxis.set_major_locator(MaxNLocator(3, prune="both"))
    if label:
        panel.set_xlabel(axis.label)


def _one_scale(panels: Sequence[Axes]) -> None:
    limits = [limit for panel in panels for limit in panel.get_ylim()]
    for panel in panels:
        panel.set_ylim(min(limits), max(limits))
    for panel in panels[1:]:
        panel.tick_params(axis="y", labelleft=False)


def _end_to_end(figure: Figure, panels: NDArray[np.object_]) -> None:
    """Panels without a gap, an edge between blocks."""
    if engine := figure.get_layout_engine():
        engine.set(w_pad=0.0, wspace=0.0)  # type: ignore[call-arg]  # only known of the base class
    for panel in panels[:, 1:].ravel():
        panel.tick_params(axis="y", length=0)
        panel.spines["left"].set(color=INK, linewidth=1.0)


def _colours(spectra: Spectra, rows: Rows) -> list[Any]:
    y = spectra.y[rows]
    if 0 < len(spectra.task.classes) <= len(CLASSES):
        return [CLASSES[int(label)] for label in y]
    norm = _norm(spectra)
    return [mpl.colormaps[SHADES](norm(float(value))) for value in y]


def _norm(spectra: Spectra) -> Normalize:
    if spectra.task.regression:
        return Normalize(float(spectra.y.min()), float(spectra.y.max()))
    return Normalize(0, len(spectra.task.classes) - 1)


def _key(figure: Figure, panels: Sequence[Axes], spectra: Spectra) -> None:
    """What the colours mean: names of few classes, else a bar for numbers, or for classes in their order."""
    task = spectra.task
    if 0 < len(task.classes) <= len(CLASSES):
        for name, colour in zip(task.classes, CLASSES, strict=False):
            panels[0].plot([], [], color=colour, label=shortened(name, 20))
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=len(task.classes))
        return
    label = with_unit(task.target, task.unit) if task.regression else f"{task.target}, classes in their order"
    bar = figure.colorbar(ScalarMappable(_norm(spectra), SHADES), ax=panels, pad=0.01, aspect=40)
    bar.set_label(shortened(label, 40))
    if task.classes:
        bar.set_ticks([])
