"""Figures of the benchmark: accuracies beside the published ones, confused classes, curves of the loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from spectune.papers.schuetzke2023.benchmark import Benchmark
from spectune.papers.schuetzke2023.reported import BEST
from spectune.papers.schuetzke2023.scores import by_name, confused
from spectune.papers.schuetzke2023.training import Run
from spectune.report.drawing import BLUE, GREEN, GREY, INK, PALE, VERMILLION, logarithmic, svg
from spectune.report.wording import plain, shortened

COLOURS = {"linear": BLUE, "relu": VERMILLION, "": GREEN}
WORDS = {"linear": "dense layers linear", "relu": "dense layers ReLU", "": "no hidden dense layer"}
MOST_PAIRS = 16
"""Pairs of classes that a figure has room for."""

FEWEST_COLUMNS = 9
"""Columns a figure of pairs has room for; where there are fewer, the rest of its width stays free."""


def accuracy_picture(found: Benchmark) -> str:
    """Accuracy of every seed by network, published runs hollow below, and what any classifier could reach."""
    runs = by_name(found.runs)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, each in enumerate(runs.values()):
            ours = [100 * float(np.mean(run.answers == found.truth)) for run in each]
            theirs = [100 * share for share in found.reported(each[0])]
            _dots(axes, ours, place - 0.12, COLOURS[each[0].activation], True)
            _dots(axes, theirs, place + 0.26, GREY, False)
        for share, style in zip(_ceilings(found), ((0, (4, 2)), (0, (1, 1.5))), strict=False):
            axes.axvline(100 * share, color=INK, lw=0.9, ls=style, zorder=1)
        _names(axes, list(runs))
        axes.set_xlabel("test spectra that are right (%)")
        figure.legend(handles=_handles(found), loc="outside upper right", ncols=4, handletextpad=0.4)

    label = "Accuracy on the test spectra by network and seed, with published runs"
    return svg(draw, "accuracy", label, 1.2 + 0.36 * len(runs))


def pairs_picture(found: Benchmark) -> str:
    """How often classes were taken for each other, a seed, by network; published best runs beside."""
    runs = by_name(found.runs)
    counts = {name: confused(each, found.truth) for name, each in runs.items()}
    pairs = hardest(counts, found)
    ours = np.asarray([[counts[name][pair] / len(runs[name]) for name in runs] for pair in pairs])
    names = [named(found, pair) for pair in pairs]
    theirs = np.asarray([[BEST[name].get(pair, 0) for name in BEST] for pair in names])
    beside = found.published == "benchmark"

    def draw(figure: Figure) -> None:
        wide = [len(runs), len(BEST)] if beside else [len(runs)]
        free = max(0, FEWEST_COLUMNS - sum(wide))
        ratios = [*wide, free] if free else wide
        panels = figure.subplots(1, len(ratios), sharey=True, squeeze=False, width_ratios=ratios)[0]
        for panel in panels[len(wide) :]:
            panel.set_axis_off()
        _matrix(panels[0], ours, list(runs), "here, mean of seeds")
        panels[0].set_yticks(range(len(names)), [shortened(f"{one} – {other}", 30) for one, other in names])
        if beside:
            _matrix(panels[1], theirs, list(BEST), "published, best run")

    label = "Wrong test spectra by pair of classes and network"
    return svg(draw, "pairs", label, 1.6 + 0.26 * len(pairs))


def hardest(counts: Mapping[str, Counter[tuple[int, int]]], found: Benchmark) -> list[tuple[int, int]]:
    """Pairs that were confused most, over all runs; at most ``MOST_PAIRS``."""
    every = sum(counts.values(), start=Counter[tuple[int, int]]())
    return [pair for pair, _ in sorted(every.items(), key=lambda item: (-item[1], item[0]))[:MOST_PAIRS]]


def named(found: Benchmark, pair: tuple[int, int]) -> tuple[str, str]:
    """Names of two classes."""
    one, other = pair
    return found.plan.config.names[one], found.plan.config.names[other]


def curves_picture(found: Benchmark) -> str:
    """Validation loss of every seed by epoch; a dot where the weights that were used come from."""
    runs = by_name(found.runs)
    across = min(4, len(runs))
    down = -(-len(runs) // across)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
        for panel, (name, each) in zip(panels.flat, runs.items(), strict=False):
            for run in each:
                _curve(panel, run)
            panel.set_title(shortened(name, 28))
        for panel in panels.flat[len(runs) :]:
            panel.set_axis_off()
        if all(np.isfinite(run.tuning).all() and (run.tuning > 0).all() for run in found.runs):
            logarithmic(panels[0, 0], "y")
        for panel in panels[-1]:
            panel.set_xlabel("epoch")
            panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        for panel in panels[:, 0]:
            panel.set_ylabel("validation loss")

    return svg(draw, "curves", "Validation loss by epoch, network and seed", 0.8 + 1.7 * down)


def _dots(axes: Axes, values: Sequence[float], place: float, colour: str, filled: bool) -> None:
    """Dots side by side where they would hide each other."""
    away = [0.06 * list(values[:number]).count(value) for number, value in enumerate(values)]
    at = place + np.asarray(away)
    face = colour if filled else "white"
    axes.plot(values, at, "o", ms=5.0 if filled else 4.2, mec=colour, mfc=face, mew=1.1, alpha=0.85, zorder=3)


def _names(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [shortened(name, 28) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color=PALE, lw=0.6)
    axes.set_axisbelow(True)


def _handles(found: Benchmark) -> list[Line2D]:
    present = dict.fromkeys(run.activation for run in found.runs)
    made = [Line2D([], [], marker="o", ls="", color=COLOURS[one], label=WORDS[one]) for one in present]
    if any(found.reported(run) for run in found.runs):
        made.append(Line2D([], [], marker="o", ls="", color=GREY, mfc="white", label="published"))
    if _ceilings(found):
        knows = "knows the law, guesses ties" if len(_ceilings(found)) > 1 else "knows the law"
        made.append(Line2D([], [], color=INK, lw=0.9, ls=(0, (4, 2)), label=knows))
    return made


def _ceilings(found: Benchmark) -> tuple[float, ...]:
    """Accuracies of a classifier that knows the law: with ties guessed, and with all right."""
    return () if found.reference is None else found.reference.lines


def _matrix(axes: Axes, counts: NDArray[np.float64], names: Sequence[str], title: str) -> None:
    """Counts as numbers on a ground that darkens with them."""
    top = max(float(counts.max()), 1.0) if counts.size else 1.0
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(counts) - 0.5, -0.5), title=title)
    for row, column in zip(*np.nonzero(counts), strict=True):
        share = float(counts[row, column]) / top
        axes.barh(row, 1, height=1, left=column - 0.5, color=BLUE, alpha=0.1 + 0.7 * share, lw=0)
        axes.text(column, row, plain(float(counts[row, column])), ha="center", va="center", fontsize=7.5)
    axes.set_xticks(range(len(names)), [shortened(name, 18) for name in names], rotation=60, ha="right")
    axes.tick_params(length=0)


def _curve(axes: Axes, run: Run) -> None:
    epochs, colour = np.arange(1, run.tuning.size + 1), COLOURS[run.activation]
    axes.plot(epochs, run.tuning, color=colour, lw=0.9, alpha=0.7)
    if run.best_epoch:
        axes.plot(run.best_epoch, run.tuning[run.best_epoch - 1], "o", ms=3.2, color=colour)
