"""The picture of ``spectune inspect``: what a table of spectra looks like before anything is fitted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.report.drawing import BLUE, INK, PALE, SEVERAL, Draw, evenly, outline, png, spectral, svg
from spectune.report.wording import counted, shortened
from spectune.spectra.spectra import Rows
from spectune.spectra.table import Column, Table, as_text, is_number, missing

MOST_LINES = 60
MOST_TARGETS = 6
MOST_BARS = 15


def spectra_picture(table: Table, target: str | None = None) -> str:
    """Spectra of a table, coloured by a column, over histograms of the columns that could be targets; SVG.

    Raises:
        DataError: no column of that name.
    """
    draw, height = _picture(table, target)
    return svg(draw, "inspect", f"Spectra and possible targets of {table.source or 'a table'}", height)


def write_picture(table: Table, path: Path, target: str | None = None) -> None:
    """The same picture in a file, SVG or PNG after the file's suffix.

    Raises:
        SettingError: another suffix.
        DataError: no column of that name.
    """
    match path.suffix.lower():
        case ".svg":
            path.write_text(spectra_picture(table, target), encoding="utf-8")
        case ".png":
            path.write_bytes(png(*_picture(table, target)))
        case suffix:
            raise SettingError(f"a picture is written as .svg or .png, not as {suffix or 'a file without suffix'!r}")


def candidates(table: Table) -> tuple[str, ...]:
    """Columns that could be a target, in the order of the file: numbers that vary, words that recur."""
    return tuple(name for name, column in table.columns.items() if _varies(column))


def _varies(column: Column) -> bool:
    if is_number(column):
        return np.unique(_known(column)).size > 1
    known = as_text(column)[~missing(column)]
    return 1 < np.unique(known).size <= min(MOST_BARS, known.size // 2)


def _picture(table: Table, target: str | None) -> tuple[Draw, float]:
    if target is not None:
        table.column(target)
    names = list(dict.fromkeys([*([target] if target else []), *candidates(table)]))[:MOST_TARGETS]
    down = -(-len(names) // 3)

    def draw(figure: Figure) -> None:
        grid = figure.add_gridspec(1 + down, 3, height_ratios=[3.4, *[1.8] * down])
        _spectra(figure, figure.add_subplot(grid[0, :]), table, target)
        for place, name in enumerate(names):
            panel = figure.add_subplot(grid[1 + place // 3, place % 3])
            _column(panel, name, table.column(name))

    return draw, 3.4 + 1.8 * down


def _spectra(figure: Figure, axes: Axes, table: Table, target: str | None) -> None:
    rows = evenly(len(table), MOST_LINES)
    colours: list[str] = [BLUE] * rows.size
    if target is not None:
        column = table.column(target)
        colour = _by_number if is_number(column) else _by_class
        colours = colour(figure, axes, target, column, rows)
    for row, line_colour in zip(rows, colours, strict=True):
        axes.plot(*outline(table.axis.positions, table.x[row]), color=line_colour, lw=0.6, alpha=0.7)
    shown = f", {rows.size} of them drawn" if rows.size < len(table) else ""
    if target is None:
        axes.plot(*outline(table.axis.positions, table.x.mean(axis=0)), color=INK, lw=1.4)
        shown += "; black: their mean"
    axes.set_title(f"{counted(len(table), 'spectrum', 'spectra')}{shown}")
    axes.set_ylabel("signal" if table.signal == "unknown" else table.signal)
    spectral(axes, table.axis)


def _by_number(figure: Figure, axes: Axes, target: str, column: Column, rows: Rows) -> list[str]:
    known = _known(column)
    low, high = np.percentile(known, [2, 98]) if known.size else (0.0, 1.0)
    mapping = ScalarMappable(Normalize(low, high), "viridis")
    figure.colorbar(mapping, ax=axes, label=shortened(target, 40), pad=0.01)
    values = column[rows].astype(float)
    return [PALE if np.isnan(value) else to_hex(tuple(mapping.to_rgba(value))) for value in values]


def _by_class(_: Figure, axes: Axes, target: str, column: Column, rows: Rows) -> list[str]:
    labels = as_text(column)
    names = [name for name in np.unique(labels) if name.strip()]
    if len(names) > len(SEVERAL):
        return [BLUE] * rows.size
    colours = dict(zip(names, SEVERAL, strict=False))
    for name, colour in colours.items():
        axes.plot([], [], color=colour, label=shortened(name, 24))
    axes.legend(loc="best", title=shortened(target, 24))
    return [colours.get(label, PALE) for label in labels[rows]]


def _column(panel: Axes, name: str, column: Column) -> None:
    absent = int(missing(column).sum())
    panel.set_title(shortened(name, 30) + (f", {absent} missing" if absent else ""))
    panel.tick_params(labelsize=7.5)
    if is_number(column):
        known = _known(column)
        panel.hist(known, bins=min(30, max(8, int(known.size**0.5))), color=BLUE, rwidth=0.92)
        panel.set_ylabel("rows", fontsize=7.5)
        return
    names, counts = np.unique(as_text(column)[~missing(column)], return_counts=True)
    most = np.argsort(-counts, kind="stable")[:MOST_BARS]
    panel.barh(range(most.size), counts[most], color=BLUE, height=0.7)
    panel.set_yticks(range(most.size), [shortened(str(names[k]), 22) for k in most])
    panel.set_ylim(most.size - 0.4, -0.6)
    panel.set_xlabel("rows", fontsize=7.5)


def _known(column: Column) -> NDArray[np.float64]:
    values = np.asarray(column, dtype=np.float64)
    return values[np.isfinite(values)]
