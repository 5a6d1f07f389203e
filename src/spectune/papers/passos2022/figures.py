"""Figures of the published procedure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from spectune.metrics import class_scores, each_class
from spectune.networks.space import Space
from spectune.papers.passos2022.procedure import Sets, Stage
from spectune.papers.passos2022.published import Search
from spectune.report.drawing import BLUE, GREY, INK, SEVERAL, VERMILLION, logarithmic, note, svg
from spectune.report.figures.classes import classes_picture
from spectune.report.figures.fit import matrix, matrix_side
from spectune.report.figures.search import slices_picture
from spectune.report.scored import Told
from spectune.report.wording import fixed
from spectune.spectra.spectra import Rows
from spectune.tuning.record import Trial


def search_picture(search: Search, objective: str) -> str:
    """Objective by trial, and what pruning looked at against the objective of the trials that ran to the end."""
    complete = [trial for trial in search.trials if trial.minimised is not None]

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.4, 1))
        numbers = [trial.number for trial in complete]
        values = np.asarray([trial.minimised for trial in complete], dtype=np.float64)
        left.plot(numbers, values, "o", color=BLUE, ms=4, alpha=0.8, mew=0, label="ran to the end")
        pruned = [trial.number for trial in search.trials if trial.state == "pruned"]
        left.plot(pruned, [0.02] * len(pruned), "|", color=GREY, transform=left.get_xaxis_transform(), label="pruned")
        left.step(numbers, np.minimum.accumulate(values), where="post", color=INK, lw=1, label="best so far")
        left.plot(search.winner.number, search.winner.minimised, "*", color=VERMILLION, ms=11, label="winner")
        left.set_xlabel("trial")
        left.set_ylabel(objective)
        left.legend()
        _agreement(right, complete)

    return svg(draw, "published-search", "Objective by trial, and against what pruning looked at", 3.4)


def agreement(trials: Sequence[Trial]) -> float | None:
    """Rank correlation of the value at the first rung with the objective at the end; None with fewer than five."""
    pairs = _pairs(trials)
    return float(spearmanr(*zip(*pairs, strict=True)).statistic) if len(pairs) > 4 else None


def stages_picture(base: Stage, checkpoint: Stage, last: Stage, regression: bool) -> str:
    """Loss by epoch in calibration and tuning rows, with the learning rate below, a column for every training.

    Of a number the loss is the squared error: that of the tuning rows is kept as its root. The last training
    has calibration and tuning rows on either side.
    """
    stages = (base, checkpoint, last)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(2, len(stages), sharex="col", height_ratios=(2.4, 1), squeeze=False)
        for column, stage in enumerate(stages):
            above, below = panels[0][column], panels[1][column]
            epochs = np.arange(1, stage.training.size + 1)
            names = ("both, in the epoch", "both, after it") if stage is last else ("calibration", "tuning")
            above.plot(epochs, stage.training, color=BLUE, lw=1, label=names[0])
            above.plot(epochs, stage.tuning**2 if regression else stage.tuning, color=VERMILLION, lw=1, label=names[1])
            above.axvline(stage.best_epoch, color=GREY, lw=0.8, ls=":", label="weights kept")
            below.plot(epochs, stage.rates, color=INK, lw=1)
            above.set_title(f"{stage.name}:\ncalibration + tuning" if stage is last else f"{stage.name}\n")
            below.set_xlabel("epoch")
            for axes in (above, below):
                logarithmic(axes, "y")
        panels[0][0].set_ylabel("squared error" if regression else "log-loss")
        panels[1][0].set_ylabel("learning rate")
        panels[0][0].legend()
        panels[0][2].legend()

    return svg(draw, "published-stages", "Loss and learning rate by epoch", 3.9)


def slices_of(search: Search, names: Sequence[str], space: Space) -> str:
    """Objective of the trials that ran to their end against hyperparameters, as the notebooks draw it."""
    complete = [replace(trial, value=trial.minimised) for trial in search.trials if trial.minimised is not None]
    return slices_picture(complete, names, space, "objective")


def matrix_picture(stage: Stage, rows: Sets) -> str:
    """How often each true class of the test rows was called what by a network."""
    classes = rows.task.classes
    found = class_scores(rows.y[rows.test], stage.output[rows.test].argmax(axis=1), len(classes))
    side = matrix_side(len(classes))

    def draw(figure: Figure) -> None:
        matrix(figure.subplots(), found, classes, "test")

    return svg(draw, "published-confusion", f"Confusion matrix of the test rows, {stage.name}", side)


def by_class_picture(stage: Stage, rows: Sets, groups: Rows) -> str:
    """F1 and sensitivity of every class in the test rows; ``groups`` of all rows say which are one sample."""
    classes, y = rows.task.classes, rows.y[rows.test]
    found = class_scores(y, stage.output[rows.test].argmax(axis=1), len(classes))
    samples = tuple(int(np.unique(groups[rows.test][y == label]).size) for label in range(len(classes)))
    return classes_picture(classes, {"test": Told(each_class(found.confusion), samples)})


def fit_picture(stage: Stage, rows: Sets, unit: str) -> str:
    """Predicted against measured of the last network, in all three roles."""

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, 3, sharex=True, sharey=True)
        for panel, (name, chosen), colour in zip(panels, rows.roles.items(), SEVERAL, strict=False):
            measured, predicted = rows.y[chosen], stage.output[chosen]
            panel.plot(measured, predicted, ".", color=colour, ms=3, alpha=0.4, mew=0)
            ends = np.asarray([rows.y.min(), rows.y.max()])
            panel.plot(ends, ends, color=INK, lw=0.8)
            if np.ptp(measured) > 0:
                panel.plot(ends, np.polyval(np.polyfit(measured, predicted, 1), ends), color=colour, lw=1.2, ls="--")
            panel.set_title(name)
            panel.set_xlabel(f"measured{f' ({unit})' if unit else ''}")
        panels[0].set_ylabel("predicted")

    return svg(draw, "published-fit", "Predicted against measured in calibration, tuning and test rows", 3.4)


def _agreement(axes: Axes, complete: Sequence[Trial]) -> None:
    pairs = _pairs(complete)
    axes.plot([first for first, _ in pairs], [end for _, end in pairs], "o", color=BLUE, ms=4, alpha=0.8, mew=0)
    axes.set_xlabel("watched at the first rung, as pruning saw it")
    found = agreement(complete)
    if found is not None:
        note(axes, f"Spearman {fixed(found, 2)}")


def _pairs(trials: Sequence[Trial]) -> list[tuple[float, float]]:
    """What was compared at the first rung, and the objective at the end, of trials that have both."""
    return [
        (trial.rungs[0].compared, trial.minimised)
        for trial in trials
        if trial.minimised is not None and len(trial.rungs) > 1
    ]
