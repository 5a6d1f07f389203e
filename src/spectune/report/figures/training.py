"""Figures of training: the top recipes with fresh seeds, and learning curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spectune.assessment.outcome import Outcome
from spectune.report.drawing import BLUE, INK, PALE, SEVERAL, VERMILLION, logarithmic, svg
from spectune.report.wording import error_name, shortened
from spectune.tuning.record import Trial


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


def curves_picture(trial: Trial, error: str) -> str:
    """Training loss and tuning error of one trial by epoch, a line a fold; a dot marks the kept epoch."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        _curves(left, trial.training_curves, trial.best_epochs)
        _curves(right, trial.tuning_curves, trial.best_epochs)
        left.set_title("training loss")
        right.set_title("error on the tuning rows")
        right.set_ylabel(shortened(error, 40))
        if len(trial.tuning_curves) <= len(SEVERAL):
            figure.legend(*right.get_legend_handles_labels(), loc="outside upper right", ncols=len(SEVERAL))

    return svg(draw, "curves", f"Learning curves of trial {trial.number} by fold", 3.0)


def _curves(axes: Axes, curves: Sequence[Sequence[float]], kept: Sequence[int]) -> None:
    for fold, curve in enumerate(curves):
        colour = SEVERAL[fold] if len(curves) <= len(SEVERAL) else BLUE
        axes.plot(np.arange(1, len(curve) + 1), curve, color=colour, lw=0.9, alpha=0.85, label=f"fold {fold + 1}")
        if fold < len(kept) and 1 <= kept[fold] <= len(curve):
            axes.plot(kept[fold], curve[kept[fold] - 1], "o", mfc="white", mec=colour, ms=5, mew=1.3, zorder=4)
    if all(min(curve, default=0.0) > 0 for curve in curves) and curves:
        logarithmic(axes, "y")
    axes.set_xlabel("epoch")


def _once(words: str, first: bool) -> str:
    return words if first else "_" + words


def _trial_of(outcome: Outcome, recipe: str) -> str:
    number = next((trial.number for trial in outcome.trials if trial.recipe_id == recipe), None)
    return recipe[:6] if number is None else f"of trial {number}"
