"""Figures of the search: its history, and its trials by value of a hyperparameter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spectune.assessment.outcome import Outcome
from spectune.networks.space import Value
from spectune.report.drawing import BLUE, GREEN, GREY, INK, ORANGE, logarithmic, svg
from spectune.report.scored import looked_at
from spectune.report.wording import error_name, shortened
from spectune.tuning.record import State, Trial
from spectune.tuning.shares import Importance

MOST_SLICES = 4
_STYLES: dict[State, tuple[str, str, str]] = {
    "complete": ("o", BLUE, BLUE),
    "pruned": ("o", ORANGE, "white"),
    "rejected": ("x", GREY, GREY),
}
"""Marker, edge and face of a trial in each state."""


def history_picture(outcome: Outcome) -> str:
    """Left the error of every trial and the best so far, right its error at every rung."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.6, 1))
        top = _ceiling(outcome.trials)
        _trials(left, outcome.trials, top)
        _rival(left, outcome, top)
        _rungs(right, outcome.trials, top)
        left.set_ylabel(shortened(error_name(outcome.spectra.task), 40))
        rival = [float(np.mean(outcome.model(name).fold_errors or (top,))) for name in _comparable(outcome)]
        low = min([*_reached(outcome.trials), *rival], default=0.0)
        height = (top - low) or 0.1 * abs(top) or 1.0
        left.set_ylim(low - 0.08 * height, top + 0.06 * height)
        figure.legend(*left.get_legend_handles_labels(), loc="outside upper right", ncols=5, handletextpad=0.4)

    return svg(draw, "history", "Error of every trial of the search, and the best so far", 3.1)


def _comparable(outcome: Outcome) -> tuple[str, ...]:
    """The rival, where the search and the models are judged by the same error (not for classes)."""
    return looked_at(outcome)[1:] if outcome.spectra.task.regression else ()


def slices_picture(outcome: Outcome, importance: Importance) -> str:
    """Error against the most important hyperparameters, one panel each."""
    ranked = [share.name for share in importance.shares]
    names = [name for name in ranked if any(name in trial.values for trial in outcome.trials)][:MOST_SLICES]
    down = max(1, -(-len(names) // 2))

    def draw(figure: Figure) -> None:
        panels = figure.subplots(down, 2, sharey=True, squeeze=False).ravel()
        top = _ceiling(outcome.trials)
        for panel, name in zip(panels, names, strict=False):
            _slice(panel, name, [trial for trial in outcome.trials if name in trial.values], top)
        for panel in panels[::2]:
            panel.set_ylabel(shortened(error_name(outcome.spectra.task), 40))
        for panel in panels[len(names) :]:
            panel.set_axis_off()

    return svg(draw, "slices", "Error of the trials against the most important hyperparameters", 0.2 + 2.1 * down)


def _trials(axes: Axes, trials: Sequence[Trial], top: float) -> None:
    best = np.fmin.accumulate([np.inf if trial.value is None else trial.value for trial in trials] or [np.inf])
    axes.step(
        np.arange(best.size), np.where(best <= top, best, np.nan), where="post", color=INK, lw=1.1, label="best so far"
    )
    for state in ("complete", "pruned"):
        shown = [(trial.number, _error(trial)) for trial in trials if trial.state == state]
        _points(axes, state, [number for number, _ in shown], [error for _, error in shown], top)
    rejected = [trial.number for trial in trials if trial.state == "rejected"]
    marker, edge, _ = _STYLES["rejected"]
    if rejected:
        axes.plot(
            rejected,
            [0.015] * len(rejected),
            marker,
            color=edge,
            ms=4,
            label="rejected",
            transform=axes.get_xaxis_transform(),
        )
    axes.set_xlabel("trial")


def _rival(axes: Axes, outcome: Outcome, top: float) -> None:
    """The mean fold error of the network's rival, which stood on the same folds."""
    for name in _comparable(outcome):
        errors = outcome.model(name).fold_errors
        if errors and np.mean(errors) <= top:
            axes.axhline(float(np.mean(errors)), color=GREEN, lw=1.1, ls=(0, (4, 2)), label=f"{name}, same folds")


def _rungs(axes: Axes, trials: Sequence[Trial], top: float) -> None:
    for trial in (trial for trial in trials if trial.rungs):
        epochs = [rung.epoch for rung in trial.rungs]
        means = [min(rung.mean, top) for rung in trial.rungs]
        colour = _STYLES[trial.state][1]
        axes.plot(epochs, means, color=colour, lw=0.7, alpha=0.5)
        axes.plot(epochs[-1], means[-1], "o", color=colour, ms=3, mew=0, alpha=0.8)
    logarithmic(axes, "x")
    rungs = sorted({rung.epoch for trial in trials for rung in trial.rungs})
    if 1 < len(rungs) <= 6:
        axes.set_xticks(rungs, [str(epoch) for epoch in rungs])
    axes.set_xlabel("epochs at a rung")


def _slice(panel: Axes, name: str, trials: Sequence[Trial], top: float) -> None:
    values = [trial.values[name] for trial in trials]
    places, labels = _places(values)
    for state in ("pruned", "complete"):
        chosen = [i for i, trial in enumerate(trials) if trial.state == state]
        _points(panel, state, [places[i] for i in chosen], [_error(trials[i]) for i in chosen], top)
    if labels:
        crowded = len(labels) > 6
        words = [shortened(label, 18 if len(labels) > 4 else 24) for label in labels]
        panel.set_xticks(range(len(labels)), words, rotation=90 if crowded else 0, fontsize=7.5)
        panel.set_xlim(-0.6, len(labels) - 0.4)
    elif min(places) > 0 and max(places) / min(places) > 50:
        logarithmic(panel, "x")
    panel.set_title(shortened(name, 28))


def _places(values: Sequence[Value]) -> tuple[list[float], list[str]]:
    """Positions of values, and the names of the positions where the values are not numbers."""
    if not any(isinstance(value, (bool, str)) for value in values):
        return [float(value) for value in values], []
    words = sorted({str(value) for value in values})
    return [words.index(str(value)) + 0.12 * (place % 5 - 2) for place, value in enumerate(values)], words


def _points(axes: Axes, state: State, x: Sequence[float], errors: Sequence[float], top: float) -> None:
    marker, edge, face = _STYLES[state]
    above = np.asarray(errors) > top
    at = np.asarray(x, dtype=float)
    shown = np.minimum(np.asarray(errors, dtype=float), top)
    axes.plot(at[~above], shown[~above], marker, mec=edge, mfc=face, ms=4.2, mew=0.9, alpha=0.85, ls="", label=state)
    axes.plot(at[above], shown[above], "^", mec=edge, mfc=face, ms=4.2, mew=0.9, ls="")


def _error(trial: Trial) -> float:
    """Final error, or the one at the last rung of a pruned trial."""
    if trial.value is not None:
        return trial.value
    return trial.rungs[-1].mean if trial.rungs else float("nan")


def _reached(trials: Sequence[Trial]) -> list[float]:
    return [error for error in map(_error, trials) if np.isfinite(error)]


def _ceiling(trials: Sequence[Trial]) -> float:
    """Largest error drawn at its place; worse trials stand at the ceiling as triangles."""
    errors = _reached(trials) or [1.0]
    best, middle = min(errors), float(np.median(errors))
    return min(max(errors), max(2.5 * middle - best, best * 1.2))
