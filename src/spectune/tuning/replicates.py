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
    """

    recipe: Recipe
    values: Mapping[str, Value]
    errors: tuple[float, ...]
    fitted: Fitted
    validated: Array

    @property
    def error(self) -> float:
        """Mean over fresh seeds: what decides between candidates."""
        return float(np.mean(self.errors))


def top(trials: Sequence[Trial], count: int) -> list[Trial]:
    """The best distinct recipes among complete trials, best first."""
    chosen: dict[str, Trial] = {}
    complete = [trial for trial in trials if trial.value is not None]
    for trial in sorted(complete, key=lambda trial: (trial.value, trial.number)):
        chosen.setdefault(trial.recipe_id, trial)
    return list(chosen.values())[:count]


def replicate(
    recipe: Recipe, values: Mapping[str, Value], fitter: Fitter, problem: Problem, seed: int, streams: Sequence[int]
) -> Iterator[tuple[int, Candidate]]:
    """Trains a recipe once per random stream; yields after each, with what is known so far."""
    fits: list[Completed] = []
    for number, stream in enumerate(streams, start=1):
        seeds = member_seeds(seed, FRESH + stream, len(problem.folds))
        fits += [report for report in fitter(recipe, problem.folds, seeds, ()) if isinstance(report, Completed)]
        errors = tuple(float(fit.scored.mean()) for fit in fits)
        held_out = [output for fit in fits for output in fit.held_out]
        yield number, Candidate(recipe, values, errors, join([f.fitted for f in fits]), validated(held_out, problem))


def convolutional(recipe: Recipe) -> bool:
    """Whether a recipe's network has a convolution in front."""
    return any(isinstance(layer, Conv) for layer in _front(recipe.layers))


def without_convolution(recipe: Recipe) -> Recipe:
    """The same network from ``Flatten`` on: what the convolution has to be better than."""
    return replace(recipe, layers=recipe.layers[len(_front(recipe.layers)) :])


def with_convolution(recipe: Recipe, front: Layers) -> Recipe:
    """The same network behind a convolution."""
    return replace(recipe, layers=(*front, *without_convolution(recipe).layers))


def _front(layers: Layers) -> Layers:
    place = next((place for place, layer in enumerate(layers) if isinstance(layer, Flatten)), 0)
    return layers[:place]
