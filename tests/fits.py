"""Trainings made up: what a search is told, without any training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spectune.networks.recipe import Recipe
from spectune.spectra.folds import Fold
from spectune.training.crew import Completed, Fitter, Fitting, Reached
from spectune.training.fit import Fitted


@dataclass(frozen=True)
class Story:
    """What a training comes to, the same in every fold.

    ``rungs`` are scored errors on the way, one for each rung, or ``scored`` at all of them; ``watched``
    likewise; ``best`` is the epoch whose weights are kept, 0 if there was none.
    """

    scored: float
    calibrated: float = 0.0
    rungs: tuple[float, ...] = ()
    watched: tuple[float, ...] = ()
    best: int = 1


def fitter_of(story: Callable[[Recipe], Story], reached: list[list[int]] | None = None) -> Fitter:
    """A fitter that tells the story of each recipe; ``reached`` gets the epochs that each training came to."""

    def fitting(
        recipe: Recipe,
        folds: Sequence[Fold],
        seeds: Sequence[int],
        rungs: Sequence[int],
        start: Fitted | None = None,
    ) -> Fitting:
        told, members = story(recipe), len(folds)
        seen: list[int] = []
        if reached is not None:
            reached.append(seen)
        for place, rung in enumerate(rungs):
            seen.append(rung)
            scored = told.rungs[place] if told.rungs else told.scored
            watched = told.watched[place] if told.watched else scored
            yield Reached(rung, np.full(members, scored), np.full(members, watched))
        seen.append(recipe.schedule.epochs)
        yield _completed(told, folds, recipe.schedule.epochs)

    return fitting


def _completed(told: Story, folds: Sequence[Fold], epochs: int) -> Completed:
    curves, each = np.ones((len(folds), epochs)), np.ones(len(folds))
    held_out = tuple(np.ones(fold.scored.size) for fold in folds)
    return Completed(
        None,  # type: ignore[arg-type]
        held_out,
        told.scored * each,
        curves,
        curves,
        np.full(len(folds), told.best),
        told.calibrated * each,
        0.01 * each,
        curves,
        curves,
    )
