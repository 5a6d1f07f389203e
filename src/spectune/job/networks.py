"""Second part of the job: search, train the best again, and judge networks as models."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from spectune.assessment.intervals import error_value
from spectune.assessment.outcome import CNN, DENSE, Judged
from spectune.errors import DataError, SettingError
from spectune.files.runs import Run, load_begun, load_trials, save_begun, save_trial
from spectune.job.data import Prepared
from spectune.networks.layers import Act, Conv, Layers
from spectune.networks.recipe import Recipe
from spectune.networks.space import Choice, Fixed, IntRange, Space, Value
from spectune.progress import Progress
from spectune.spectra.folds import Fold, refit_fold
from spectune.training.crew import Completed, Fitter
from spectune.training.fit import Fitted, predict
from spectune.tuning.memory import Copy, to_nobody
from spectune.tuning.plan import Plan
from spectune.tuning.pool import Pool
from spectune.tuning.record import Trial
from spectune.tuning.replicates import (
    FRESH,
    Candidate,
    chosen_by,
    convolutional,
    replicate,
    top,
    with_convolution,
    without_convolution,
)
from spectune.tuning.study import (
    Coordinator,
    Known,
    checked,
    draw_recipe,
    finished,
    member_seeds,
    open_study,
    search,
)

RANKS = {DENSE: 4, CNN: 5}

PLAIN_FRONT: Layers = (Conv(8, kernel=9, stride=2), Act("swish"))
"""The convolution put before the best network when the search found none worth keeping."""


@dataclass(frozen=True, eq=False)
class Networks:
    """What the search led to.

    Attributes:
        best: the recipe to keep, trained with fresh seeds.
        rival: the same with, or without, convolution.
        others: errors of the other top recipes by recipe id.
        seconds: spent on the search and on replicates.
    """

    best: Candidate
    rival: Candidate
    others: dict[str, tuple[float, ...]]
    seconds: float


def plan(work: Prepared) -> Plan:
    """The search plan of the settings.

    Raises:
        SettingError: a first rung in epochs where neither settings nor space say how many there are, or
            the accuracy of a target that has no classes.
    """
    settings = work.settings
    if settings.objective == "accuracy" and work.problem.task.regression:
        raise SettingError(
            f"objective accuracy needs classes, and {work.problem.task.target!r} is a number; choose error or overfit"
        )
    return Plan(
        settings.trials,
        settings.seed if settings.search_seed is None else settings.search_seed,
        settings.sampler,
        settings.pruner,
        settings.epochs if settings.epochs or settings.least is None else longest(work.space),
        settings.objective,
        settings.overfit,
        settings.startup,
        settings.least,
        settings.reduction,
    )


def longest(space: Space) -> int | None:
    """Epochs of the longest training that a space asks for; None where it does not count in epochs."""
    match space.find("epochs"):
        case Fixed(int(epochs)) | IntRange(high=epochs):
            return epochs
        case Choice(options):
            return max((option for option in options if isinstance(option, int)), default=None)
    return None


def searched(
    work: Prepared, run: Run, pool: Pool, how: Plan | None = None, copy: Copy = to_nobody
) -> Generator[Progress, None, tuple[Trial, ...]]:
    """All trials of the search, old and new; each is kept as soon as it ends.

    Args:
        work: what the search is about.
        run: its folder.
        pool: that trains.
        how: plan of the search, where it is not that of the settings.
        copy: told of every trial in the study.

    Raises:
        RunError: a record of a trial is damaged.
    """
    known, told = Known(load_trials(run.folder), load_begun(run.folder)), how or plan(work)
    study = open_study(told, work.space, work.problem.task, known, copy)
    trials = list(known.trials)
    begun, before = 0.0, len(finished(study))
    coordinator = Coordinator(study, work.problem, work.space, told)
    for trial in search(coordinator, pool, partial(save_begun, run)):
        save_trial(run, trial)
        trials.append(trial)
        if trial.state == "rejected":
            continue
        ended, total = sum(one.state != "rejected" for one in trials), work.settings.trials
        begun = begun or time.monotonic() - trial.seconds  # workers that had to start first tell nothing of the rest
        others = len(coordinator.under_way) - 1
        values = [one.minimised for one in trials if one.minimised is not None]
        best = min(values) if values else None
        left = time_left(time.monotonic() - begun, ended - before, total - ended, others)
        busy = min(others + 1, total - ended) if pool.room > 1 else 0
        yield Progress("search", ended, total, _sentence(trial), best, left, busy)
    return tuple(sorted(trials, key=lambda trial: trial.number))


def time_left(seconds: float, ended: int, more: int, under_way: int) -> float:
    """Seconds until ``more`` trials have ended, if those under way, which are among them, are half done on average.

    >>> time_left(60, 6, 30, 0), time_left(60, 4, 26, 4)
    (300.0, 240.0)
    """
    return seconds / max(ended + under_way / 2, 1) * max(more - under_way / 2, 0)


def chosen(work: Prepared, trials: Sequence[Trial], fitter: Fitter) -> Generator[Progress, None, Networks]:
    """The best recipe by fresh seeds, and the same network with or without convolution.

    Raises:
        DataError: no trial is complete, so there is nothing to choose from.
    """
    begun = time.monotonic()
    tops = chosen_by(plan(work), trials, work.settings.top)
    if not tops:
        raise DataError(
            "every trial diverged or was pruned; check the target for extreme values, or allow more --trials"
        )
    fresh = max(work.settings.replicates, 1)
    total = fresh * (len(tops) + 1)
    candidates: list[Candidate] = []
    for place, trial in enumerate(tops):
        recipe = draw_recipe(work.space, work.problem.task, trial.values, work.settings.epochs)
        made = yield from _replicated(work, recipe, trial.values, fitter, place, total)
        candidates.append(made)
    best = min(candidates, key=lambda one: one.minimised)
    rival = yield from _replicated(work, _counterpart(work, best, trials), best.values, fitter, len(tops), total)
    others = {one.recipe.id: one.errors for one in candidates}
    return Networks(best, rival, others, time.monotonic() - begun + sum(trial.seconds for trial in trials))


def refitted(work: Prepared, best: Candidate, fitter: Fitter) -> Fitted:
    """Members trained on all calibration rows: on from the best weights at a lower rate, or anew.

    Going on, every member takes the rows that its fold held out to those it was trained on, and its own
    tuning rows choose the epoch again; anew, there is one per fold, and another eighth chooses for each. The
    last training of Passos & Mishra (2022) takes the tuning rows too, and is stopped by rows it is trained on.
    """
    calibration, settings, lower = work.spectra.calibration, work.settings, work.settings.refit_rate
    if lower:
        cuts = [_with_held_out(fold) for fold in work.folds] * (best.fitted.members // len(work.folds))
    else:
        cuts = [refit_fold(calibration, settings.seed + number) for number in range(len(work.folds))]
    schedule = replace(best.recipe.schedule, rate=(lower or 1.0) * best.recipe.schedule.rate)
    recipe, start = replace(best.recipe, schedule=schedule), best.fitted if lower else None
    seeds = member_seeds(settings.seed, FRESH - 1, len(cuts))
    reports = fitter(recipe, cuts, seeds, (), start)
    fitted = next(report.fitted for report in reports if isinstance(report, Completed))
    return replace(fitted, recipe=best.recipe)


def _with_held_out(fold: Fold) -> Fold:
    """The fold with the rows it held out among those that are trained on."""
    return Fold(np.sort(np.concatenate([fold.train, fold.scored])), fold.tuning, fold.scored[:0])


def judged(work: Prepared, candidate: Candidate, fitted: Fitted, seconds: float) -> Judged:
    """A network as a model beside others: outputs are means over its members."""
    spectra, problem = work.spectra, work.problem
    name = CNN if convolutional(candidate.recipe) else DENSE
    classes = len(problem.task.classes)
    errors = [error_value(candidate.validated[fold.scored], problem.y[fold.scored], classes) for fold in work.folds]
    return Judged(
        name=name,
        settings=f"{fitted.members} members of {fitted.parameters:,} weights",
        rank=RANKS[name],
        calibration=predict(fitted, spectra.calibration.x).mean(axis=0),
        validated=candidate.validated,
        test=predict(fitted, spectra.test.x).mean(axis=0),
        fold_errors=tuple(errors),
        seconds=seconds,
    )


def _replicated(
    work: Prepared, recipe: Recipe, values: Mapping[str, Value], fitter: Fitter, place: int, total: int
) -> Generator[Progress, None, Candidate]:
    fresh = max(work.settings.replicates, 1)
    streams = range(place * fresh, (place + 1) * fresh)
    begun = time.monotonic()
    again = replicate(recipe, values, fitter, work.problem, work.settings.seed, streams, plan(work))
    for number, candidate in again:
        pace = (time.monotonic() - begun) / number
        done = place * fresh + number
        sentence = f"recipe {recipe.id}, fresh seed {number}: {candidate.errors[-1]:.4g}"
        yield Progress("replicates", done, total, sentence, None, pace * (total - done))
    return candidate


def _counterpart(work: Prepared, best: Candidate, trials: Sequence[Trial]) -> Recipe:
    """Without its convolution; or, when it has none, with that of the best trial that had one."""
    if convolutional(best.recipe):
        return without_convolution(best.recipe)
    for trial in top(trials, len(trials)):
        recipe = draw_recipe(work.space, work.problem.task, trial.values, work.settings.epochs)
        if convolutional(recipe):
            return recipe
    made = with_convolution(best.recipe, PLAIN_FRONT)
    checked(made, work.problem.task.points)
    return made


def _sentence(trial: Trial) -> str:
    value = f"{trial.minimised:.4g}" if trial.minimised is not None else f"ended early at {trial.rungs[-1].mean:.4g}"
    return f"trial {trial.number}: {value} ({trial.seconds:.0f} s)"
