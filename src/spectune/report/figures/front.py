"""The trials of a search for two numbers, and those of them to which no other is superior in both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from spectune.assessment.outcome import Outcome
from spectune.report.drawing import BLUE, INK, VERMILLION, svg
from spectune.report.figures.search import ceiling_of
from spectune.report.scored import best_trial
from spectune.report.wording import error_name, shortened, with_unit
from spectune.tuning.objective import both, front, measured, weighted
from spectune.tuning.record import Trial

Array = NDArray[np.float64]


def front_picture(outcome: Outcome) -> str:
    """Error of every complete trial against its distance from the error on training rows, with the front as stairs."""
    best = front(outcome.trials)
    points, ends = _places(measured(outcome.trials)), _places(best)
    tops = np.maximum([ceiling_of(column.tolist()) for column in points.T], ends.max(axis=0))

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        _points(axes, points, tops)
        _stairs(axes, ends, tops)
        _chosen(axes, outcome, best)
        axes.set_xlabel(shortened(error_name(outcome.spectra.task), 60))
        axes.set_ylabel(with_unit("distance", outcome.spectra.task.unit))
        marks, words = axes.get_legend_handles_labels()
        figure.legend(marks, words, loc="outside upper left", ncols=5, handletextpad=0.4)

    return svg(draw, "front", "Error of the trials against its distance from the error on training rows", 3.3)


def _places(trials: Sequence[Trial]) -> Array:
    return np.asarray([both(trial) for trial in trials])


def _points(axes: Axes, points: Array, tops: Array) -> None:
    beyond = (points > tops).any(axis=1)
    for marker, which, label in (("o", ~beyond, "complete"), ("^", beyond, "")):
        x, y = np.minimum(points[which], tops).T
        axes.plot(x, y, marker, mec=BLUE, mfc="white", ms=4.2, mew=0.9, ls="", label=label)


def _stairs(axes: Axes, ends: Array, tops: Array) -> None:
    """The front: below and left of it nothing was found."""
    errors, distances = ends.T
    axes.step(
        [errors[0], *errors, tops[0]], [tops[1], *distances, distances[-1]],
        where="post", color=INK, lw=1.1, label="front",
    )  # fmt: skip
    axes.plot(errors, distances, "o", color=BLUE, ms=5, mew=0, ls="")


def _chosen(axes: Axes, outcome: Outcome, best: Sequence[Trial]) -> None:
    """A ring round what was trained again, a star for what is kept, the number of what some weight chooses."""
    again = _places([trial for trial in best if trial.recipe_id in outcome.replicates]).reshape(-1, 2)
    axes.plot(*again.T, "o", mfc="none", mec=INK, ms=9, mew=0.9, ls="", label="trained again")
    kept = best_trial(outcome)
    if kept is not None and kept.calibrated:
        axes.plot(*both(kept), "*", mfc=VERMILLION, mec="white", ms=12, mew=0.8, label="kept", ls="")
    for trial in {trial.number: trial for trial in weighted(outcome.trials)}.values():
        axes.annotate(str(trial.number), both(trial), (5, 5), textcoords="offset points", fontsize=7.5)
