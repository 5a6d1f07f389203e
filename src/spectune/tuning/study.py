"""The search: one coordinator asks and tells a study, all folds of a trial train together.

The sampler is made anew for every trial from the seed and the trial's number, so a search that
was stopped and continued draws what an uninterrupted one draws. A trial that was running when the
search stopped is forgotten and asked for again: it has the same number, values and seed.

At a rung trials are compared by the scored error, without penalty and without over-fit term: of a
network that is half trained that is what is known. Only a plan that judges by the watched value
compares what the training watches, whatever that contains.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

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
from spectune.spectra.spectra import Task
from spectune.training.crew import Fitter
from spectune.tuning.attempt import Ends, attempt
from spectune.tuning.draws import TrialDraw
from spectune.tuning.memory import NAME, Memory, ended, kept_in
from spectune.tuning.methods import pruner, sampler
from spectune.tuning.objective import both
from spectune.tuning.plan import Plan
from spectune.tuning.record import Rung, Trial
from spectune.tuning.scoring import Problem

MOST_REJECTED = 200

Clock = Callable[[], float]


def open_study(path: Path | None, plan: Plan) -> optuna.Study:
    """A study that keeps the trials that end in a SQLite file (nowhere without a path); continued if it exists."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    kept = None if path is None else kept_in(path, plan.directions)
    study = optuna.create_study(
        storage=InMemoryStorage() if kept is None else Memory(kept),
        study_name=NAME,
        pruner=pruner(plan),
        sampler=sampler(plan, 0, 0),
        directions=plan.directions,
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
    while (done := len(finished(study))) < plan.trials:
        study.sampler = sampler(plan, _asked(study), done)
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
    stream = plan.stream(asked.number)
    draw = TrialDraw(space, asked)
    try:
        recipe = capped(family(space)(draw, problem.task), plan.epochs)
        size = checked(recipe, problem.task.points)
    except (ShapeError, SettingError) as error:
        begin = Trial(asked.number, "rejected", draw.drawn, seed=stream, reason=str(error), repairs=tuple(draw.repairs))
        return replace(begin, seconds=clock() - begun)
    seeds = member_seeds(plan.seed, stream, len(problem.folds))
    begin = Trial(asked.number, "pruned", draw.drawn, parameters=size, seed=stream, repairs=tuple(draw.repairs))
    ends = _compared(asked, plan, recipe.schedule.epochs)
    return replace(attempt(begin, recipe, fitter, problem, seeds, plan, ends), seconds=clock() - begun)


def _compared(asked: optuna.Trial, plan: Plan, epochs: int) -> Ends:
    """Ends a trial of ``epochs`` epochs when the study's pruner says so; nothing is compared by two numbers."""

    def ends(rung: Rung) -> bool:
        if plan.objective == "pareto":
            return False
        asked.report(rung.compared, step=plan.ladder.part(rung.epoch, epochs))
        return asked.should_prune()

    return ends


def _tell(study: optuna.Study, asked: optuna.Trial, trial: Trial) -> None:
    match trial.state:
        case "complete":
            study.tell(asked, both(trial) if trial.objective is None else trial.objective)
        case "pruned":
            study.tell(asked, state=TrialState.PRUNED)
        case "rejected":
            study.tell(asked, state=TrialState.FAIL)


def _asked(study: optuna.Study) -> int:
    """How many trials have been asked for: the number of the next one unless some wait in the queue."""
    return sum(trial.state != TrialState.WAITING for trial in study.get_trials(deepcopy=False))
