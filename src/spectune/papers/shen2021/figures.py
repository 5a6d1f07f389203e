"""Figure 4 of the paper: which values were tried, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spectune.networks.space import Value
from spectune.report.drawing import BLUE, GREY, VERMILLION, svg
from spectune.report.wording import shortened
from spectune.tuning.record import Trial

SHOWN = {
    "optimiser": "optimiser",
    "batch": "batch size (rows)",
    "epochs": "epochs (upper limit)",
    "conv.blocks": "Conv-blocks",
}
COLOURS = (BLUE, VERMILLION, GREY)
BINS = 8


def values_picture(searches: Mapping[str, Sequence[Trial]], error: str) -> str:
    """Above how often each search tried a value, below the error of its trials; ``error`` names it.

    ``searches``: trials of all seeds of each search method, by its name.
    """

    def draw(figure: Figure) -> None:
        panels = figure.subplots(2, len(SHOWN), sharex="col", sharey="row", height_ratios=(1, 2))
        top = _ceiling(searches)
        for column, (name, words) in enumerate(SHOWN.items()):
            labels = _labels(searches, name)
            for place, (search, trials) in enumerate(searches.items()):
                tried = [trial for trial in trials if name in trial.values and trial.value is not None]
                _column(panels[:, column], tried, name, labels, (place, len(searches)), search, top)
            panels[1, column].set_xlabel(words)
            if labels:
                panels[1, column].set_xticks(range(len(labels)), labels)
        panels[0, 0].set_ylabel("share of trials")
        panels[1, 0].set_ylabel(shortened(error, 40))
        figure.legend(*panels[1, 0].get_legend_handles_labels(), loc="outside upper right", ncols=4)

    return svg(draw, "values", "How often each search tried the values of four hyperparameters, and their errors", 4.2)


def _column(
    panels: Sequence[Axes],
    trials: Sequence[Trial],
    name: str,
    labels: Sequence[str],
    place: tuple[int, int],
    search: str,
    top: float,
) -> None:
    """One search in the two panels of one hyperparameter."""
    number, count = place
    colour = COLOURS[number % len(COLOURS)]
    at = np.asarray(
        [labels.index(str(trial.values[name])) if labels else _number(trial.values[name]) for trial in trials]
    )
    if not at.size:
        return
    edges = np.arange(-0.5, len(labels)) if labels else np.linspace(at.min(), at.max(), BINS + 1)
    share = np.histogram(at, edges)[0] / at.size
    width = np.diff(edges) / (count + 0.5)
    panels[0].bar(edges[:-1] + width * (number + 0.75), share, width=width, color=colour)
    nudge = 0.5 * (number - (count - 1) / 2) if labels else 0.0
    errors = np.minimum([trial.value or 0.0 for trial in trials], top)
    panels[1].plot(at + nudge / count, errors, ".", color=colour, ms=4, mew=0, alpha=0.7, label=search)


def _labels(searches: Mapping[str, Sequence[Trial]], name: str) -> list[str]:
    """Names of the values where they are words or few; none for numbers of a range."""
    found = {trial.values[name] for trials in searches.values() for trial in trials if name in trial.values}
    if len(found) > 5 and not any(isinstance(value, str) for value in found):
        return []
    return [str(value) for value in sorted(found, key=str)]


def _number(value: Value) -> float:
    return float(value)


def _ceiling(searches: Mapping[str, Sequence[Trial]]) -> float:
    """Largest error drawn at its place: three quarters of the trials lie below it, or more."""
    errors = [trial.value for trials in searches.values() for trial in trials if trial.value is not None]
    return float(min(np.max(errors), 1.5 * np.quantile(errors, 0.75))) if errors else 1.0
