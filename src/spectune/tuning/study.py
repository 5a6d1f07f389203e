"""The search: one coordinator asks and tells a study, all folds of a trial train together.

The sampler is made anew for every trial from the seed and the trial's number, so a search that
was stopped and continued draws what an uninterrupted one draws. A trial that was under way when the
search stopped is asked for again: it has the same number, values and seed.

Several trials may be under way at once, in a pool. Then what a trial learns from others depends on
which of them have ended, and so on time; each is still asked for, and told, exactly once.

At a rung trials are compared by the scored error, without penalty and without over-fit term: of a
network that is half trained that is what is known. Only a plan that judges by the watched value
compares what the training watches, whatever that contains.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import optuna
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from spectune.errors import SettingError, ShapeError
from spectune.networks.families import FAMILIES, Family
from spectune.networks.layers import parameters
from spectune.networks.recipe import Recipe
from spectune.networks.space import GivenDraw, Space, Value
from spectune.spectra.channels import prepared_shape
from spectune.spectra.spectra import Task
from spectune.tuning.draws import TrialDraw
from spectune.tuning.memory import NAME, Copy, Memory, recall, tell, to_nobody
from spectune.tuning.methods import pruner, sampler
from spectune.tuning.plan import Plan
from spectune.tuning.pool import Clock, Order, Pool
from spectune.tuning.record import Rung, Trial
from spectune.tuning.scoring import Problem

MOST_REJECTED = 200


@dataclass(frozen=True)
class Known:
    """What is known of a search that was begun before: trials that have ended, and those that had begun."""

    trials: tuple[Trial, ...] = ()
    begun: tuple[Trial, ...] = ()


NOTHING = Known()


def open_study(plan: Plan, space: Space, task: Task, known: Known = NOTHING, copy: Copy = to_nobody) -> optuna.Study:
    """A study that knows what is known, and hands a copy of every trial that ends to ``copy``.

    Those known before are handed on too, in their order.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=Memory(copy),
        study_name=NAME,
        pruner=pruner(plan),
        sampler=RandomSampler(plan.seed),
        directions=plan.directions,
    )

    def steps(trial: Trial, rung: Rung) -> int:
        return plan.ladder.part(rung.epoch, draw_recipe(space, task, trial.values, plan.epochs).schedule.epochs)

    recall(study, known.trials, known.begun, space, steps)
    for start in space.starts[len(study.get_trials(deepcopy=False)) :]:
        study.enqueue_trial(dict(start))
    return study


def finished(study: optuna.Study) -> set[int]:
    """Numbers of trials that ran to an end, complete or pruned."""
    return {trial.number for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))}


@dataclass(eq=False)
class Coordinator:
    """The one who asks and tells: a study, and the trials under way.

    Attributes:
        study: of the search.
        problem, space, plan: of the search.
        clock: in seconds.
        under_way: trials that were asked for and have not ended, by number.
        noted: those that ``note`` has told of.
    """

    study: optuna.Study
    problem: Problem
    space: Space
    plan: Plan
    clock: Clock = time.monotonic
    under_way: dict[int, tuple[optuna.Trial, Order]] = field(default_factory=dict)
    noted: set[int] = field(default_factory=set)

    @property
    def wanted(self) -> int:
        """How many more trials are to be asked for."""
        return self.plan.trials - len(finished(self.study)) - len(self.under_way)

    def ask(self) -> Order | Trial:
        """The next trial: an order, or, where its values make no network, a rejected trial that is told already."""
        done = len(finished(self.study))
        self.study.sampler = sampler(self.plan, _asked(self.study), done)
        asked = self.study.ask()
        made = self._drawn(asked)
        if isinstance(made, Order):
            self.under_way[asked.number] = asked, made
        else:
            tell(self.study, asked, made)
        return made

    def note(self, begins: Callable[[Trial], None]) -> None:
        """Tells of the trials under way where they are several: when cut off, they cannot be drawn again."""
        for number in self.under_way.keys() - self.noted if len(self.under_way) > 1 else ():
            begins(self.under_way[number][1].begun)
            self.noted.add(number)

    def ends(self, number: int, rung: Rung) -> bool:
        """Whether the study's pruner ends a trial at a rung; nothing is compared by two numbers."""
        if self.plan.objective == "pareto":
            return False
        asked, order = self.under_way[number]
        asked.report(rung.compared, step=self.plan.ladder.part(rung.epoch, order.recipe.schedule.epochs))
        return asked.should_prune()

    def told(self, trial: Trial) -> None:
        """A trial has ended."""
        asked, _ = self.under_way.pop(trial.number)
        tell(self.study, asked, trial)

    def _drawn(self, asked: optuna.Trial) -> Order | Trial:
        begun = self.clock()
        stream = self.plan.stream(asked.number)
        draw = TrialDraw(self.space, asked)
        try:
            recipe = capped(family(self.space)(draw, self.problem.task), self.plan.epochs)
            size = checked(recipe, self.problem.task.points)
        except (ShapeError, SettingError) as error:
            begin = Trial(asked.number, "rejected", draw.drawn, seed=stream, reason=str(error))
            return replace(begin, repairs=tuple(draw.repairs), seconds=self.clock() - begun)
        seeds = member_seeds(self.plan.seed, stream, len(self.problem.folds))
        begin = Trial(asked.number, "pruned", draw.drawn, parameters=size, seed=stream, repairs=tuple(draw.repairs))
        return Order(begin, recipe, tuple(seeds))


def search(coordinator: Coordinator, pool: Pool, begins: Callable[[Trial], None] = to_nobody) -> Iterator[Trial]:
    """Yields each trial when it ends, until as many have ended as the plan says; rejected ones do not count.

    A trial is told to the study only after the consumer has come back for more: what it keeps is never
    less than what the study knows.

    Args:
        coordinator: of the search.
        pool: that trains.
        begins: told of every trial under way before there is a second; what it keeps makes those that
            are cut off known to a search that goes on.

    Raises:
        SettingError: a space in which networks are impossible nearly always.
    """
    rejected = 0
    while coordinator.wanted > 0 or coordinator.under_way:
        while coordinator.wanted > 0 and len(coordinator.under_way) < pool.room:
            made = coordinator.ask()
            if isinstance(made, Order):
                rejected = 0
                coordinator.note(begins)
                pool.submit(made)
                continue
            yield made
            rejected += 1
            if rejected >= MOST_REJECTED:
                raise SettingError(_impossible(coordinator, made))
        ended = pool.wait(coordinator.ends)
        if ended is not None:
            yield ended
            coordinator.told(ended)


def _impossible(coordinator: Coordinator, last: Trial) -> str:
    space = coordinator.space
    return (
        f"{MOST_REJECTED} draws in a row from space {space.name or space.family!r} gave impossible "
        f"networks for spectra of {coordinator.problem.task.points} points, the last because {last.reason}; "
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


def _asked(study: optuna.Study) -> int:
    """How many trials have been asked for: the number of the next one unless some wait in the queue."""
    return sum(trial.state != TrialState.WAITING for trial in study.get_trials(deepcopy=False))
