"""Figures of the search: its history, and its trials by value of a hyperparameter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Literal, get_args

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from spectune.assessment.outcome import Outcome
from spectune.networks.space import Space
from spectune.report.drawing import BLUE, GREEN, GREY, INK, ORANGE, logarithmic, svg
from spectune.report.figures.scales import Scale, Words, label_axis, place, scales
from spectune.report.scored import looked_at
from spectune.report.wording import error_name, shortened
from spectune.tuning.record import State, Trial

Origin = Literal["given", "random", "sampler"]
"""Who chose a trial's values: the space that names them, chance, or the sampler after looking at earlier trials."""

MOST_SLICES = 6
ACROSS = 3
LATER = "viridis_r"
"""Colours of trials by their number: dark is late."""

_STYLES: dict[State, tuple[str, str]] = {
    "complete": (BLUE, BLUE),
    "pruned": (ORANGE, "white"),
    "rejected": (GREY, GREY),
}
"""Edge and face of a trial in each state."""

_SHAPES: dict[Origin, tuple[str, str]] = {
    "given": ("D", "named by the space"),
    "random": ("s", "drawn at random"),
    "sampler": ("o", "chosen by the sampler"),
}
_SAID_STARTUP = 10
"""Random trials of runs that were made before the setting ``startup`` was there."""


def history_picture(outcome: Outcome) -> str:
    """Left the error of every trial and the best so far, right its error at every rung."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.6, 1))
        top = ceiling(outcome.trials)
        _trials(left, outcome.trials, origins_of(outcome), top)
        _rival(left, outcome, top)
        _rungs(right, outcome.trials, top)
        left.set_ylabel(shortened(error_name(outcome.spectra.task), 40))
        rival = [float(np.mean(outcome.model(name).fold_errors or (top,))) for name in _comparable(outcome)]
        low = min([*_reached(outcome.trials), *rival], default=0.0)
        height = (top - low) or 0.1 * abs(top) or 1.0
        left.set_ylim(low - 0.08 * height, top + 0.06 * height)
        marks, words = left.get_legend_handles_labels()
        figure.legend(marks, words, loc="outside upper left", ncols=4 if len(words) > 6 else 6, handletextpad=0.4)

    return svg(draw, "history", "Error of every trial of the search, and the best so far", 3.5)


def slices_picture(trials: Sequence[Trial], names: Sequence[str], space: Space | None, error: str) -> str:
    """Error against each of the first named hyperparameters, one panel each, coloured by the number of the trial."""
    shown = list(names)[:MOST_SLICES]
    axes_of, top = scales(trials, shown, space), ceiling(trials)
    down = max(1, -(-len(shown) // ACROSS))

    def draw(figure: Figure) -> None:
        panels = figure.subplots(down, ACROSS, sharey=True, squeeze=False)
        number = Normalize(0, max((trial.number for trial in trials), default=0) or 1)
        for panel, name in zip(panels.ravel(), shown, strict=False):
            _slice(panel, [trial for trial in trials if name in trial.values], name, axes_of[name], (top, number))
            panel.set_title(shortened(name, 36))
        for panel in panels[:, 0]:
            panel.set_ylabel(shortened(error, 40))
        for panel in panels.ravel()[len(shown) :]:
            panel.set_axis_off()
        colours = next((points for panel in panels.ravel() for points in panel.collections), None)
        if colours:
            figure.colorbar(colours, ax=panels, label="trial", pad=0.01, aspect=30, ticks=MaxNLocator(integer=True))

    return svg(draw, "slices", "Error of the trials against the most important hyperparameters", 0.2 + 2.1 * down)


def origins_of(outcome: Outcome) -> tuple[Origin, ...]:
    """Who chose the values of each trial of a run."""
    starts = len(outcome.space.starts) if outcome.space else 0
    startup = 0 if outcome.settings.get("sampler") == "random" else outcome.settings.get("startup", _SAID_STARTUP)
    return origins(outcome.trials, int(startup), starts)


def origins(trials: Sequence[Trial], startup: int, starts: int = 0) -> tuple[Origin, ...]:
    """Who chose the values of each trial: the first ``starts`` are given, the sampler begins after ``startup`` ended.

    Under Hyperband a sampler looks at the trials of one bracket only, so later ones may be random too.
    """
    ended = np.cumsum([0, *(trial.state != "rejected" for trial in trials)])[:-1]
    return tuple(
        "given" if place < starts else "random" if before < startup else "sampler"
        for place, before in enumerate(ended.tolist())
    )


def ceiling(trials: Sequence[Trial]) -> float:
    """Largest error drawn at its place; worse trials stand at the ceiling as triangles."""
    return ceiling_of(_reached(trials) or [1.0])


def ceiling_of(errors: Sequence[float]) -> float:
    """The same for errors: those far beyond the usual do not press the others together."""
    best, middle = min(errors), float(np.median(errors))
    return min(max(errors), max(2.5 * middle - best, best * 1.2))


def reached(trial: Trial) -> float:
    """Final error, or the one at the last rung of a pruned trial."""
    if trial.value is not None:
        return trial.value
    return trial.rungs[-1].mean if trial.rungs else float("nan")


def _comparable(outcome: Outcome) -> tuple[str, ...]:
    """The rival, where the search and the models are judged by the same error (not for classes)."""
    return looked_at(outcome)[1:] if outcome.spectra.task.regression else ()


def _trials(axes: Axes, trials: Sequence[Trial], origin: Sequence[Origin], top: float) -> None:
    _incumbents(axes, trials, top)
    for state, who in product(get_args(State), get_args(Origin)):
        chosen = [trial for trial, own in zip(trials, origin, strict=True) if (trial.state, own) == (state, who)]
        if state == "rejected":
            at = [trial.number for trial in chosen]
            axes.plot(at, [0.015] * len(at), "x", color=GREY, ms=4, transform=axes.get_xaxis_transform())
        else:
            _points(axes, state, who, chosen, top)
    for state in get_args(State):
        if any(trial.state == state for trial in trials):
            edge, face = _STYLES[state]
            axes.plot([], [], "x" if state == "rejected" else "o", mec=edge, mfc=face, ms=4.2, ls="", label=state)
    for who in get_args(Origin) if len(set(origin)) > 1 else ():
        if who in origin:
            marker, words = _SHAPES[who]
            axes.plot([], [], marker, mec=INK, mfc="white", ms=4.2, mew=0.9, ls="", label=words)
    axes.set_xlabel("trial")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _incumbents(axes: Axes, trials: Sequence[Trial], top: float) -> None:
    """The error of the best trial so far, with a ring around every trial that was the best when it ended.

    The best is that whose objective is lowest.
    """
    objectives = np.asarray([np.inf if trial.minimised is None else trial.minimised for trial in trials])
    objectives = np.nan_to_num(objectives, nan=np.inf)
    before = np.minimum.accumulate(np.r_[np.inf, objectives])[:-1]
    new = [trial for trial, better in zip(trials, objectives < before, strict=True) if better]
    if not new:
        return
    at, errors = [trial.number for trial in new], np.asarray([trial.value for trial in new], dtype=float)
    drawn = np.where(errors <= top, errors, np.nan)
    axes.step([*at, trials[-1].number], [*drawn, drawn[-1]], where="post", color=INK, lw=1.1, label="best so far")
    axes.plot(at, drawn, "o", mfc="none", mec=INK, ms=8, mew=0.9, zorder=4)


def _points(axes: Axes, state: State, who: Origin, trials: Sequence[Trial], top: float) -> None:
    (edge, face), (marker, _) = _STYLES[state], _SHAPES[who]
    at, errors = np.asarray([trial.number for trial in trials]), np.asarray([reached(trial) for trial in trials])
    above = errors > top
    axes.plot(at[~above], errors[~above], marker, mec=edge, mfc=face, ms=4.2, mew=0.9, alpha=0.85, ls="")
    axes.plot(at[above], np.full(above.sum(), top), "^", mec=edge, mfc=face, ms=4.2, mew=0.9, ls="")


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
        colour = _STYLES[trial.state][0]
        axes.plot(epochs, means, color=colour, lw=0.7, alpha=0.5)
        axes.plot(epochs[-1], means[-1], "o", color=colour, ms=3, mew=0, alpha=0.8)
    logarithmic(axes, "x")
    rungs = sorted({rung.epoch for trial in trials for rung in trial.rungs})
    if 1 < len(rungs) <= 6:
        axes.set_xticks(rungs, [str(epoch) for epoch in rungs])
    axes.set_xlabel("epochs at a rung")


def _slice(panel: Axes, trials: Sequence[Trial], name: str, axis: Scale, look: tuple[float, Normalize]) -> None:
    """Pruned trials faintly at their last rung, complete ones by colour, each at its value."""
    (top, number), width = look, 2.6
    places = np.asarray([place(axis, trial.values[name]) for trial in trials])
    if isinstance(axis, Words):
        places += 0.12 * (np.arange(places.size) % 5 - 2) / len(axis.options)
    errors = np.asarray([reached(trial) for trial in trials])
    for marker, beyond in (("o", False), ("^", True)):
        pruned, complete = (_chosen(trials, state, (errors > top) == beyond) for state in ("pruned", "complete"))
        shown = np.minimum(errors, top)
        panel.plot(places[pruned], shown[pruned], marker, mec="#B0B0B0", mfc="none", ms=3.4, mew=0.7, ls="", zorder=1)
        colours = np.asarray([trials[i].number for i in complete])
        panel.scatter(
            places[complete],
            shown[complete],
            20,
            colours,
            marker=marker,
            cmap=LATER,
            norm=number,
            edgecolors=INK,
            lw=0.3,
        )
    label_axis(panel, "x", axis, width)


def _chosen(trials: Sequence[Trial], state: str, which: NDArray[np.bool_]) -> list[int]:
    return [i for i, trial in enumerate(trials) if trial.state == state and which[i]]


def _reached(trials: Sequence[Trial]) -> list[float]:
    return [error for error in map(reached, trials) if np.isfinite(error)]
