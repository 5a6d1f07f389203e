"""The search: one coordinator asks and tells a study, all folds of a trial train together.

The sampler is made anew for every trial from the seed and the trial's number, so a search that
was stopped and continued draws what an uninterrupted one draws. A trial that was running when the
search stopped is forgotten and asked for again: it has the same number, values and seed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState

from spectune.errors import SettingError, ShapeError
from spectune.networks.families import FAMILIES, Family
from spectune.networks.layers import parameters
from spectune.networks.recipe import Recipe
from spectune.networks.space import GivenDraw, Space, Value
from spectune.spectra.channels import prepared_shape
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.crew import Completed, Fitter, Reached
from spectune.tuning.draws import TrialDraw
from spectune.tuning.memory import NAME, Memory, ended, kept_in
from spectune.tuning.methods import FACTOR, LEAST, RESOURCE, Pruner, Sampler, pruner, sampler
from spectune.tuning.record import Rung, Trial
from spectune.tuning.scoring import Problem, error, validated

MOST_REJECTED = 200

Clock = Callable[[], float]


@dataclass(frozen=True)
class Plan:
    """How a search is made; ``epochs`` is an upper limit that overrides the space's."""

    trials: int = 50
    seed: int = 0
    sampler: Sampler = "tpe"
    pruner: Pruner = "hyperband"
    epochs: int | None = None


def open_study(path: Path | None, plan: Plan) -> optuna.Study:
    """A study that keeps the trials that end in a SQLite file (nowhere without a path); continued if it exists."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    kept = None if path is None else kept_in(path)
    study = optuna.create_study(
        storage=InMemoryStorage() if kept is None else Memory(kept),
        study_name=NAME,
        pruner=pruner(plan.pruner),
        sampler=sampler(plan.sampler, plan.seed, 0),
    )
    study.add_trials([] if kept is None else ended(kept))
    return study


def finished(study: optuna.Study) -> set[int]:
    """Numbers of trials that ran to an end, complete or pruned."""
    return {trial.number for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))}


def search(
    study: optuna.Study, fitter: Fitter, problem: Problem, space: Space, plan: Plan, clock: Clock = time.monotonic
) -> Iterator[Trial]:
    """Yields each trial when it ends, until ``plan.trials`` have ended; rejected ones do not count.

    A trial is told to the study only after the consumer has come back for more, so what the
    consumer keeps and what the study counts cannot differ by more than the trial in between.

    Raises:
        SettingError: a space in which networks are impossible nearly always.
    """
    for start in space.starts[len(study.get_trials(deepcopy=False)) :]:
        study.enqueue_trial(dict(start))
    rejected = 0
    while len(finished(study)) < plan.trials:
        study.sampler = sampler(plan.sampler, plan.seed, _asked(study))
        asked = study.ask()
        trial = _run(asked, fitter, problem, space, plan, clock)
        yield trial
        _tell(study, asked, trial)
        rejected = rejected + 1 if trial.state == "rejected" else 0
        if rejected >= MOST_REJECTED:
            raise SettingError(
                f"{MOST_REJECTED} draws in a row from space {space.name or space.family!r} gave impossible "
                f"networks for spectra of {problem.task.points} points, the last because {trial.reason}; "
                f"narrow its ranges"
            )


def draw_recipe(space: Space, task: Task, values: Mapping[str, Value], epochs: int | None = None) -> Recipe:
    """The recipe that a trial's values make: replay without a study."""
    return capped(family(space)(GivenDraw(values), task), epochs)


def capped(recipe: Recipe, epochs: int | None) -> Recipe:
    """The recipe with no more than ``epochs`` epochs."""
    if epochs is None or recipe.schedule.epochs <= epochs:
        return recipe
    schedule = replace(recipe.schedule, epochs=epochs, warmup=min(recipe.schedule.warmup, epochs // 10))
    return replace(recipe, schedule=schedule)


def family(space: Space) -> Family:
    """The family a space belongs to.

    Raises:
        SettingError: a family that does not exist.
    """
    if space.family not in FAMILIES:
        raise SettingError(f"there is no family {space.family!r}; families are: {', '.join(FAMILIES)}")
    return FAMILIES[space.family]


def checked(recipe: Recipe, points: int) -> int:
    """Parameters of a recipe's network for spectra of ``points`` points.

    Raises:
        ShapeError, SettingError: a network that cannot be built; torch has not been touched.
    """
    return parameters(recipe.layers, prepared_shape(recipe.channels, recipe.layout, points))


def member_seeds(seed: int, stream: int, members: int) -> list[int]:
    """Seeds of the members of one fit, independent of each other and of other streams.

    >>> member_seeds(0, 7, 5)[:2] == member_seeds(0, 7, 2)
    True
    """
    states = [np.random.SeedSequence((seed, stream, member)).generate_state(1, np.uint64) for member in range(members)]
    return [int(state[0] >> 1) for state in states]


def _run(asked: optuna.Trial, fitter: Fitter, problem: Problem, space: Space, plan: Plan, clock: Clock) -> Trial:
    """Draws, checks and trains one trial."""
    begun = clock()
    stream = asked.number
    draw = TrialDraw(space, asked)
    try:
        recipe = capped(family(space)(draw, problem.task), plan.epochs)
        size = checked(recipe, problem.task.points)
    except (ShapeError, SettingError) as error:
        begin = Trial(asked.number, "rejected", draw.drawn, seed=stream, reason=str(error), repairs=tuple(draw.repairs))
        return replace(begin, seconds=clock() - begun)
    seeds = member_seeds(plan.seed, stream, len(problem.folds))
    rungs, done = _train(asked, fitter, recipe, problem.folds, seeds)
    begin = Trial(asked.number, "pruned", draw.drawn, recipe.id, rungs=rungs, parameters=size, seed=stream)
    return replace(_ended(begin, done, problem), repairs=tuple(draw.repairs), seconds=clock() - begun)


def _train(
    asked: optuna.Trial, fitter: Fitter, recipe: Recipe, folds: Sequence[Fold], seeds: Sequence[int]
) -> tuple[tuple[Rung, ...], Completed | None]:
    """Rungs reached, and the completed fit unless it was pruned."""
    rungs: list[Rung] = []
    done: Completed | None = None
    epochs = recipe.schedule.epochs
    fitting = fitter(recipe, folds, seeds, rung_epochs(epochs))
    for report in fitting:
        match report:
            case Reached(epoch, scored):
                rungs.append(Rung(epoch, _plain(scored)))
                asked.report(rungs[-1].mean, step=_resource(epoch, epochs))
                if asked.should_prune():
                    fitting.close()
            case Completed():
                done = report
                rungs.append(Rung(done.training.shape[1], _plain(done.scored)))
    return tuple(rungs), done


def _ended(trial: Trial, done: Completed | None, problem: Problem) -> Trial:
    """The trial with what a completed fit adds; one that diverged counts as pruned."""
    if done is None:
        return trial
    if not np.isfinite(done.scored).all():
        return replace(trial, reason="the training diverged in at least one fold")
    return replace(
        trial,
        state="complete",
        value=float(done.scored.mean()),
        pooled=error(validated(done.held_out, problem), problem.y, problem.task),
        tuning_curves=tuple(_plain(curve) for curve in done.tuning),
        training_curves=tuple(_plain(curve) for curve in done.training),
        best_epochs=tuple(int(epoch) for epoch in done.best_epochs),
    )


def _tell(study: optuna.Study, asked: optuna.Trial, trial: Trial) -> None:
    match trial.state:
        case "complete":
            study.tell(asked, trial.value)
        case "pruned":
            study.tell(asked, state=TrialState.PRUNED)
        case "rejected":
            study.tell(asked, state=TrialState.FAIL)


def rung_epochs(epochs: int) -> tuple[int, ...]:
    """Epochs at which trials are compared before their end, each once.

    >>> rung_epochs(270), rung_epochs(4)
    ((30, 90), (1,))
    """
    shares = (LEAST, LEAST * FACTOR)
    return tuple(sorted({max(epochs * share // RESOURCE, 1) for share in shares if epochs > 1}))


def _resource(epoch: int, epochs: int) -> int:
    """The rung of an epoch, in 27ths."""
    return LEAST if epoch <= max(epochs * LEAST // RESOURCE, 1) else LEAST * FACTOR


def _plain(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, ...]:
    """Five significant digits are enough for a curve and keep the files small."""
    return tuple(float(f"{value:.5g}") for value in values)


def _asked(study: optuna.Study) -> int:
    """How many trials have been asked for: the number of the next one unless some wait in the queue."""
    return sum(trial.state != TrialState.WAITING for trial in study.get_trials(deepcopy=False))
