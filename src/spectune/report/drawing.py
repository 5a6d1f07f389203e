"""How figures are drawn: matplotlib's object interface in, a small and always equal SVG out.

Text stays text, every identifier starts with the figure's name, and nothing depends on the day,
the machine or the reader's matplotlibrc.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from xml.sax.saxutils import quoteattr

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from spectune.assessment.intervals import Interval
from spectune.assessment.outcome import Difference
from spectune.report.wording import plain
from spectune.spectra.axis import Axis, Unit
from spectune.spectra.spectra import Rows

Draw = Callable[[Figure], None]
Line = NDArray[np.floating[Any]]

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, PALE, INK = "#8A8A8A", "#D9D9D9", "#222222"
SEVERAL = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, GREY)
"""Okabe & Ito's colours, which people with any colour vision can tell apart."""

CALIBRATION, VALIDATED, TEST = SKY, BLUE, VERMILLION
"""A part of the rows has the same colour in all figures."""

WIDTH = 9.6
"""Inches of a figure that fills the page."""

DESCENDING: frozenset[Unit] = frozenset({"cm-1", "ppm"})
"""Units that spectroscopists draw from high to low."""

MOST_VERTICES = 500
"""Points of a drawn spectrum."""

_FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_STYLE: dict[Any, Any] = {
    "figure.constrained_layout.h_pad": 0.05,
    "figure.constrained_layout.w_pad": 0.06,
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": "#555555",
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.0,
    "axes.titleweight": "bold",
    "axes.formatter.useoffset": False,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "lines.solid_capstyle": "round",
    "path.simplify_threshold": 0.25,
    "svg.fonttype": "none",
    "xtick.color": "#555555",
    "xtick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.color": "#555555",
    "ytick.labelcolor": INK,
    "ytick.major.width": 0.6,
}


def svg(draw: Draw, name: str, label: str, height: float, width: float = WIDTH) -> str:
    """The figure that ``draw`` draws, as a standalone SVG of ``width`` x ``height`` inches.

    ``name`` (letters and hyphens) starts every identifier; ``label`` is what a screen reader says.
    """
    with _style(name):
        text = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        _drawn(draw, width, height).savefig(text, format="svg", metadata=nothing)
    return _tidy(text.getvalue(), name, label)


def png(draw: Draw, height: float, width: float = WIDTH) -> bytes:
    """The figure that ``draw`` draws, as a PNG of 150 dots per inch."""
    with _style("png"):
        picture = io.BytesIO()
        _drawn(draw, width, height).savefig(picture, format="png", dpi=150, metadata={"Software": None})
    return picture.getvalue()


def spectral(axes: Axes, axis: Axis, label: bool = True) -> None:
    """Limits, direction and label of a spectrum's axis: wavenumbers and shifts descend."""
    low, high = axis.positions[0], axis.positions[-1]
    axes.set_xlim(*((high, low) if axis.unit in DESCENDING else (low, high)))
    if label:
        axes.set_xlabel(axis.label)


def known_ends(found: Interval | Difference) -> tuple[float, float]:
    """The ends of an interval; the value itself where there is none."""
    return (found.low, found.high) if np.isfinite(found.high) else (found.value, found.value)


def evenly(count: int, most: int) -> Rows:
    """At most ``most`` of ``count`` rows, evenly spaced, the first and the last among them."""
    if count <= most:
        return np.arange(count, dtype=np.intp)
    return np.unique(np.linspace(0, count - 1, most).round().astype(np.intp))


def outline(positions: Line, line: Line, most: int = MOST_VERTICES) -> tuple[Line, Line]:
    """A curve of at most ``most`` points: lowest and highest value of every stretch.

    Narrow peaks keep their height, and a spectrum of 2000 points costs no more than one of 500.
    """
    if line.size <= most:
        return positions, line
    stretches = np.array_split(np.arange(line.size), most // 2)
    kept = np.unique([[part[line[part].argmin()], part[line[part].argmax()]] for part in stretches])
    return positions[kept], line[kept]


def logarithmic(axes: Axes, which: str) -> None:
    """A logarithmic axis, ``"x"`` or ``"y"``, labelled with plain numbers, few and never crowded."""
    scale, line = (axes.set_xscale, axes.xaxis) if which == "x" else (axes.set_yscale, axes.yaxis)
    scale("log")
    low, high = sorted(axes.get_xlim() if which == "x" else axes.get_ylim())
    decades = np.log10(high / low)
    subs = (1.0,) if decades > 2.5 else (1.0, 3.0) if decades > 1.2 else (1.0, 2.0, 5.0)
    if decades > 0.6:
        line.set_major_locator(LogLocator(subs=subs, numticks=12))
    else:
        line.set_major_locator(MaxNLocator(4))
    line.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
    line.set_minor_formatter(NullFormatter())


def note(axes: Axes, text: str, place: tuple[float, float] = (0.03, 0.97)) -> None:
    """A few words in the upper left corner of a panel (``place`` in parts of the panel)."""
    axes.text(*place, text, transform=axes.transAxes, va="top", ha="left", fontsize=8.0, color=INK)


def _drawn(draw: Draw, width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    draw(figure)
    return figure


@contextmanager
def _style(name: str) -> Iterator[None]:
    """Matplotlib's own defaults with our style, for as long as one figure is made."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE | {"svg.hashsalt": name})
        yield


def _tidy(text: str, name: str, label: str) -> str:
    """The same picture without prologue, metadata and unused identifiers, with short coordinates."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<defs>\s*</defs>", "", text, flags=re.DOTALL)
    used = dict.fromkeys(re.findall(r'(?:url\(#|href="#)([^")]+)', text))
    names = {old: f"{name}-{number}" for number, old in enumerate(used, start=1)}
    text = re.sub(r"<[^>]*>", lambda tag: _tidy_tag(tag[0], names), text)
    text = re.sub(r">\s+<", "><", text)
    text = re.sub(r'<use [^>]*?( style="[^"]*")/>(?:<use [^>]*?\1/>)+', _shared, text)
    opening = (
        f'<svg role="img" aria-label={quoteattr(label)} font-family="{_FONTS}" '
        'style="stroke-linejoin:round;stroke-linecap:butt" '
    )
    return text.replace("<svg ", opening, 1)


def _tidy_tag(tag: str, names: Mapping[str, str]) -> str:
    tag = re.sub(r' id="([^"]+)"', lambda found: f' id="{names[found[1]]}"' if found[1] in names else "", tag)
    tag = re.sub(r'(url\(#|href="#)([^")]+)', lambda found: found[1] + names[found[2]], tag)
    tag = re.sub(r"font-family: [^;\"]*;?\s?", "", tag)
    tag = re.sub(r"font: ((?:bold )?)([0-9.]+px) [^;\"]*", _font, tag)
    tag = re.sub(r' transform="rotate\(-0[^"]*"', "", tag)
    return re.sub(r' (?:d|x|y|transform)="[^"]+"', _short, tag)


def _font(found: re.Match[str]) -> str:
    weight = "font-weight: bold; " if found[1] else ""
    return f"{weight}font-size: {found[2]}"


def _shared(found: re.Match[str]) -> str:
    """Markers of one look, which they take from their group."""
    return f"<g{found[1]}>{found[0].replace(found[1], '')}</g>"


def _short(found: re.Match[str]) -> str:
    """Two decimals are a fiftieth of a pixel; matrices keep theirs."""
    if "matrix" in found[0] or "scale" in found[0]:
        return found[0]
    rounded = re.sub(r"-?\d+\.\d{3,}", lambda digits: f"{float(digits[0]):.2f}".rstrip("0").rstrip("."), found[0])
    return re.sub(r"\s*([MLCQz])\s*", r"\1", rounded)
