"""One trial: its folds train together, are looked at on the way, and what came of it goes on record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spectune.networks.recipe import Recipe
from spectune.training.crew import Completed, Fitter, Reached
from spectune.tuning.objective import overfit
from spectune.tuning.plan import Judge, Plan
from spectune.tuning.record import Rung, Trial
from spectune.tuning.rungs import rung_epochs
from spectune.tuning.scoring import Problem, pooled, wrong

Ends = Callable[[Rung], bool]
"""Whether a trial ends at a rung."""


def attempt(
    begun: Trial, recipe: Recipe, fitter: Fitter, problem: Problem, seeds: Sequence[int], plan: Plan, ends: Ends
) -> Trial:
    """The trial ``begun`` after its training: complete, or pruned where ``ends`` said so or it diverged.

    Args:
        begun: number, values and seed of the trial.
        recipe: that its values make.
        fitter: of the search.
        problem: target and folds.
        seeds: one for each fold.
        plan: of the search.
        ends: asked at every rung.
    """
    rungs: list[Rung] = []
    done: Completed | None = None
    fitting = fitter(recipe, problem.folds, seeds, rung_epochs(recipe.schedule.epochs, plan.ladder))
    for report in fitting:
        match report:
            case Reached():
                rungs.append(_rung(report, plan.judge))
                if ends(rungs[-1]):
                    fitting.close()
            case Completed():
                done = report
                rungs.append(Rung(done.training.shape[1], _plain(done.scored)))
    return _ended(replace(begun, state="pruned", recipe_id=recipe.id, rungs=tuple(rungs)), done, problem, plan)


def _rung(report: Reached, judge: Judge) -> Rung:
    return Rung(report.epoch, _plain(report.scored), _plain(report.watched) if judge == "watched" else ())


def _ended(trial: Trial, done: Completed | None, problem: Problem, plan: Plan) -> Trial:
    """The trial with what a completed fit adds; one that diverged counts as pruned."""
    if done is None:
        return trial
    if not (np.isfinite([done.scored, done.calibrated]).all() and (done.best_epochs > 0).all()):
        return replace(trial, reason="the training diverged in at least one fold")
    return replace(
        trial,
        state="complete",
        value=float(done.scored.mean()),
        pooled=pooled(done.held_out, problem),
        tuning_curves=tuple(_plain(curve) for curve in done.tuning),
        training_curves=tuple(_plain(curve) for curve in done.training),
        best_epochs=tuple(int(epoch) for epoch in done.best_epochs),
        calibrated=_plain(done.calibrated),
        penalties=_plain(done.penalty),
        objective=None if plan.objective == "pareto" else minimised(done, problem, plan),
    )


def minimised(done: Completed, problem: Problem, plan: Plan) -> float:
    """What decides between completed fits: what the search minimises; the error, where that is two numbers."""
    match plan.objective:
        case "error" | "pareto":
            return float(done.scored.mean())
        case "overfit":
            return overfit(done.scored, done.calibrated, plan.overfit, problem.task.regression)
        case "accuracy":
            return wrong(done.held_out, problem)


def _plain(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, ...]:
    """Five significant digits are enough for a curve and keep the files small."""
    return tuple(float(f"{value:.5g}") for value in values)
