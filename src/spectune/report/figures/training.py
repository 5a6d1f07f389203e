"""Figures of training: the top recipes with fresh seeds, and learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spectune.assessment.outcome import Outcome
from spectune.report.drawing import BLUE, INK, PALE, SEVERAL, VERMILLION, logarithmic, svg
from spectune.report.wording import error_name, plain, shortened
from spectune.tuning.record import Trial

FEW = 3
"""Learning rates that are labelled one by one."""


def replicates_picture(outcome: Outcome) -> str:
    """Errors of the top recipes with fresh seeds, beside the error the search saw."""
    ranked = sorted(outcome.replicates.items(), key=lambda item: float(np.mean(item[1])))

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, (recipe, errors) in enumerate(ranked):
            first = place == 0
            axes.plot(
                errors, [place] * len(errors), "o", color=BLUE, ms=6, mew=0, alpha=0.7, label=_once("seed", first)
            )
            mean = float(np.mean(errors))
            axes.plot(mean, place, "|", color=INK, ms=15, mew=1.6, label=_once("mean of seeds", first))
            seen = [trial.value for trial in outcome.trials if trial.recipe_id == recipe and trial.value is not None]
            axes.plot(
                seen[:1],
                [place] * len(seen[:1]),
                "D",
                color=VERMILLION,
                mfc="white",
                ms=5.5,
                label=_once("search", first),
            )
        axes.set_yticks(range(len(ranked)), [f"recipe {_trial_of(outcome, recipe)}" for recipe, _ in ranked])
        axes.set_ylim(len(ranked) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", color=PALE, lw=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel(shortened(f"mean of fold errors: {error_name(outcome.spectra.task)}", 60))
        figure.legend(loc="outside upper right", ncols=3, handletextpad=0.4)

    return svg(draw, "replicates", "Errors of the top recipes with fresh seeds", 0.95 + 0.3 * len(ranked))


def curves_picture(trial: Trial, error: str, rates: Sequence[Sequence[float]] = ()) -> str:
    """Training loss and tuning error of one trial by epoch, a line a fold; a dot marks the kept epoch.

    ``rates``, one curve a fold, stand below on a logarithmic axis of their own; none where they do not change.
    """
    last = [epochs(curve) for curve in trial.tuning_curves]

    def draw(figure: Figure) -> None:
        left, right, below = _panels(figure, bool(rates))
        _curves(left, trial.training_curves, last, trial.best_epochs)
        _curves(right, trial.tuning_curves, last, trial.best_epochs)
        left.set_title("training loss")
        right.set_title("error on the tuning rows")
        right.set_ylabel(shortened(error, 40))
        if below:
            _curves(below, rates, last, ())
            _levels(below, rates)
            right.set_xlabel("")
            right.tick_params(axis="x", labelbottom=False)
        if len(trial.tuning_curves) <= len(SEVERAL):
            figure.legend(*right.get_legend_handles_labels(), loc="outside upper right", ncols=len(SEVERAL))

    return svg(draw, "curves", f"Learning curves of trial {trial.number} by fold", 3.6 if rates else 3.0)


def epochs(curve: Sequence[float]) -> int:
    """Epochs that a member trained: one that stopped before the others keeps its last value.

    >>> epochs([0.5, 0.4, 0.45, 0.45, 0.45])
    3
    """
    changes = [epoch for epoch, (one, other) in enumerate(pairwise(curve), start=2) if one != other]
    return changes[-1] if changes else min(1, len(curve))


def _panels(figure: Figure, below: bool) -> tuple[Axes, Axes, Axes | None]:
    if not below:
        left, right = figure.subplots(1, 2)
        return left, right, None
    grid = figure.add_gridspec(2, 2, height_ratios=(2.6, 1))
    right = figure.add_subplot(grid[0, 1])
    return figure.add_subplot(grid[:, 0]), right, figure.add_subplot(grid[1, 1], sharex=right)


def _curves(axes: Axes, curves: Sequence[Sequence[float]], last: Sequence[int], kept: Sequence[int]) -> None:
    shown = [np.asarray(curve)[:end] for curve, end in zip(curves, last, strict=True)]
    for fold, curve in enumerate(shown):
        colour = SEVERAL[fold] if len(curves) <= len(SEVERAL) else BLUE
        axes.plot(np.arange(1, curve.size + 1), curve, color=colour, lw=0.9, alpha=0.85, label=f"fold {fold + 1}")
        if fold < len(kept) and 1 <= kept[fold] <= curve.size:
            axes.plot(kept[fold], curve[kept[fold] - 1], "o", mfc="white", mec=colour, ms=5, mew=1.3, zorder=4)
    if shown and all(curve.min(initial=np.inf) > 0 for curve in shown):
        logarithmic(axes, "y")
    axes.set_xlabel("epoch")


def _levels(axes: Axes, rates: Sequence[Sequence[float]]) -> None:
    """Few levels of a rate are labelled themselves."""
    found = sorted({rate for curve in rates for rate in curve})
    if len(found) <= FEW:
        axes.set_yticks(found, [plain(rate) for rate in found])
    axes.set_ylabel("learning rate")


def _once(words: str, first: bool) -> str:
    return words if first else "_" + words


def _trial_of(outcome: Outcome, recipe: str) -> str:
    number = next((trial.number for trial in outcome.trials if trial.recipe_id == recipe), None)
    return recipe[:6] if number is None else f"of trial {number}"
