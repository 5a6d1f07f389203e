"""The top recipes again, with fresh seeds, before one is called best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from spectune.networks.layers import Conv, Flatten, Layers
from spectune.networks.recipe import Recipe
from spectune.networks.space import Value
from spectune.training.crew import Completed, Fitter
from spectune.training.fit import Fitted, join
from spectune.tuning.attempt import minimised
from spectune.tuning.objective import weighted
from spectune.tuning.plan import USUAL, Plan
from spectune.tuning.record import Trial
from spectune.tuning.scoring import Array, Problem, validated
from spectune.tuning.study import member_seeds

FRESH = 1_000_000
"""Random streams from here on belong to replicates; trials have those below."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A recipe that was trained again.

    Attributes:
        recipe, values: the recipe and the hyperparameters that made it.
        errors: mean over folds of the scored error, one per fresh seed.
        fitted: members of all seeds and folds.
        validated: output for every calibration row, mean over the seeds' members that held it out.
        objectives: what decides between candidates, one per fresh seed: the error, with its over-fit term
            where the search minimised that.
    """

    recipe: Recipe
    values: Mapping[str, Value]
    errors: tuple[float, ...]
    fitted: Fitted
    validated: Array
    objectives: tuple[float, ...]

    @property
    def error(self) -> float:
        """Mean of the scored error over fresh seeds."""
        return float(np.mean(self.errors))

    @property
    def minimised(self) -> float:
        """Mean of the objective over fresh seeds: what decides between candidates."""
        return float(np.mean(self.objectives))


def top(trials: Sequence[Trial], count: int) -> list[Trial]:
    """The best distinct recipes among complete trials by what the search minimised, best first."""
    known = [(trial.minimised, trial.number, trial) for trial in trials if trial.minimised is not None]
    return _distinct([trial for *_, trial in sorted(known, key=lambda one: one[:2])], count)


def chosen_by(plan: Plan, trials: Sequence[Trial], count: int) -> list[Trial]:
    """Distinct recipes that are worth training again, at most ``count``.

    Where the search minimised two numbers they are the choices of the weights, the smallest weight
    of the over-fit term first; else the best.
    """
    return _distinct(weighted(trials), count) if plan.objective == "pareto" else top(trials, count)


def replicate(
    recipe: Recipe,
    values: Mapping[str, Value],
    fitter: Fitter,
    problem: Problem,
    seed: int,
    streams: Sequence[int],
    plan: Plan = USUAL,
) -> Iterator[tuple[int, Candidate]]:
    """Trains a recipe once per random stream; yields after each, with what is known so far."""
    fits: list[Completed] = []
    for number, stream in enumerate(streams, start=1):
        seeds = member_seeds(seed, FRESH + stream, len(problem.folds))
        fits += [report for report in fitter(recipe, problem.folds, seeds, ()) if isinstance(report, Completed)]
        errors = tuple(float(fit.scored.mean()) for fit in fits)
        held_out = [output for fit in fits for output in fit.held_out]
        objectives = tuple(minimised(fit, problem, plan) for fit in fits)
        fitted = join([fit.fitted for fit in fits])
        yield number, Candidate(recipe, values, errors, fitted, validated(held_out, problem), objectives)


def convolutional(recipe: Recipe) -> bool:
    """Whether a recipe's network has a convolution in front."""
    return any(isinstance(layer, Conv) for layer in _front(recipe.layers))


def without_convolution(recipe: Recipe) -> Recipe:
    """The same network from ``Flatten`` on: what the convolution has to be better than."""
    return replace(recipe, layers=recipe.layers[len(_front(recipe.layers)) :])


def with_convolution(recipe: Recipe, front: Layers) -> Recipe:
    """The same network behind a convolution."""
    return replace(recipe, layers=(*front, *without_convolution(recipe).layers))


def _distinct(trials: Sequence[Trial], count: int) -> list[Trial]:
    """The first trial of every recipe."""
    chosen: dict[str, Trial] = {}
    for trial in trials:
        chosen.setdefault(trial.recipe_id, trial)
    return list(chosen.values())[:count]


def _front(layers: Layers) -> Layers:
    place = next((place for place, layer in enumerate(layers) if isinstance(layer, Flatten)), 0)
    return layers[:place]
