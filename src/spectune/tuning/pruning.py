"""What pruning throws away: a sample of pruned trials, trained to their end after all.

A re-run trial has the values and seeds it had in the search, so that its training is the same one, gone
on with.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import spearmanr

from spectune.errors import RunError
from spectune.metrics import score_interval
from spectune.networks.space import Space
from spectune.training.crew import Fitter
from spectune.tuning.attempt import attempt
from spectune.tuning.plan import Plan
from spectune.tuning.pool import Clock
from spectune.tuning.record import Trial
from spectune.tuning.scoring import Problem
from spectune.tuning.study import draw_recipe, member_seeds

FEWEST = 3
"""Trials below which a rank correlation says nothing."""


@dataclass(frozen=True)
class Ending:
    """A trial that was trained to its end.

    Attributes:
        number: of the trial.
        pruned: whether the search had ended it at a rung.
        rungs: what was compared at each rung before the end that it reached.
        final: what the search minimises; None when it diverged.
    """

    number: int
    pruned: bool
    rungs: tuple[float, ...]
    final: float | None


@dataclass(frozen=True)
class Share:
    """So many of the re-run trials."""

    count: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 % score interval of the share (Wilson 1927); from 0 to 1 where none was run again.

        >>> tuple(round(limit, 3) for limit in Share(1, 10).interval)
        (0.018, 0.404)
        """
        return score_interval(self.count / self.of if self.of else 0.0, self.of)


@dataclass(frozen=True)
class Tie:
    """How far a rung tells the end: Spearman's rank correlation over trials that reached both, if enough did."""

    trials: int
    correlation: float | None


@dataclass(frozen=True)
class Regret:
    """What the pruned trials of a search would have come to.

    Attributes:
        pruned: trials that the search ended at a rung.
        parts: part of a whole training done at each rung.
        endings: all complete trials, and the sample of pruned ones, by number.
    """

    pruned: int
    parts: tuple[float, ...]
    endings: tuple[Ending, ...]

    @property
    def complete(self) -> tuple[float, ...]:
        """What the complete trials of the search came to."""
        return tuple(one.final for one in self.endings if not one.pruned and one.final is not None)

    @property
    def again(self) -> tuple[Ending, ...]:
        """The pruned trials that were trained again."""
        return tuple(one for one in self.endings if one.pruned)

    @property
    def best(self) -> float:
        """The best complete trial."""
        return min(self.complete)

    @property
    def median(self) -> float:
        """The median complete trial."""
        return float(np.median(self.complete))

    def below(self, limit: float) -> Share:
        """Re-run trials that are better than ``limit``; one that diverged is not."""
        better = [one for one in self.again if one.final is not None and one.final < limit]
        return Share(len(better), len(self.again))

    @property
    def ties(self) -> tuple[Tie, ...]:
        """Of every rung."""
        return tuple(_tie(self.endings, place) for place in range(len(self.parts)))


def sample(trials: Sequence[Trial], count: int, seed: int) -> tuple[Trial, ...]:
    """``count`` of the trials that were ended at a rung, at random; a smaller sample is part of a larger one."""
    pruned = ended_at_rungs(trials)
    order = np.random.default_rng(seed).permutation(len(pruned))[:count]
    return tuple(pruned[place] for place in order)


def ended_at_rungs(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Trials that a rung ended, by number; those that diverged ended by themselves."""
    pruned = [trial for trial in trials if trial.state == "pruned" and not trial.reason]
    return tuple(sorted(pruned, key=lambda trial: trial.number))


def rerun(
    trial: Trial, fitter: Fitter, problem: Problem, space: Space, plan: Plan, clock: Clock = time.monotonic
) -> Trial:
    """The record of a pruned trial, had no rung ended it.

    Raises:
        RunError: its values make another recipe than they did.
    """
    begun = clock()
    recipe = draw_recipe(space, problem.task, trial.values, plan.epochs)
    if recipe.id != trial.recipe_id:
        raise RunError(
            f"the values of trial {trial.number} make recipe {recipe.id} and made {trial.recipe_id}: data, space or "
            "spectune have changed since; repeat the run in another folder"
        )
    seeds = member_seeds(plan.seed, trial.seed, len(problem.folds))
    ended = attempt(replace(trial, rungs=()), recipe, fitter, problem, seeds, plan, lambda _: False)
    return replace(ended, seconds=clock() - begun)


def regret(trials: Sequence[Trial], again: Sequence[Trial], plan: Plan) -> Regret:
    """What became of the trials of a search, with those ``again`` that were trained to their end after it."""
    endings = [_ending(trial, False) for trial in trials if trial.state == "complete"]
    endings += [_ending(trial, True) for trial in again]
    ladder = plan.ladder
    parts = tuple(part / ladder.whole for part in ladder.rungs)
    ordered = tuple(sorted(endings, key=lambda one: one.number))
    return Regret(len(ended_at_rungs(trials)), parts, ordered)


def _ending(trial: Trial, pruned: bool) -> Ending:
    return Ending(trial.number, pruned, tuple(rung.compared for rung in trial.rungs[:-1]), trial.minimised)


def _tie(endings: Sequence[Ending], place: int) -> Tie:
    pairs = [(one.rungs[place], one.final) for one in endings if len(one.rungs) > place and one.final is not None]
    at, final = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if len(pairs) < FEWEST or len(set(at)) == 1 or len(set(final)) == 1:
        return Tie(len(pairs), None)
    return Tie(len(pairs), float(spearmanr(at, final).statistic))
