"""What a search knows of its trials, and how it comes to know again what it knew before it was stopped.

The trials of a run folder are the truth. From them a study in memory is told everything anew, each trial
by the same calls as when it was trained: reported at its rungs, looked at by the pruner, ended. So a
search that goes on has the state of one that was never stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from spectune.networks.space import Choice, Fixed, FloatRange, IntRange, Range, Space, Value
from spectune.tuning.objective import both
from spectune.tuning.record import Rung, Trial

NAME = "spectune"
"""The name of the study in memory is fixed: Hyperband derives a trial's bracket from it."""

ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)

NUMBER, SECONDS = "trial", "seconds"
"""Under which a study notes a trial's number, and how many seconds it took."""

Copy = Callable[[FrozenTrial], None]
"""What else is told of a trial that has ended."""


def to_nobody(_: object) -> None:
    """Nobody else is told."""


class Memory(InMemoryStorage):
    """Optuna's storage in memory, which hands on every trial when it ends."""

    def __init__(self, copy: Copy) -> None:
        super().__init__()
        self.copy = copy

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Ends or begins a trial; one that ends is handed on."""
        changed = super().set_trial_state_values(trial_id, state, values)
        if state in ENDED:
            self.copy(self.get_trial(trial_id))
        return changed


Steps = Callable[[Trial, Rung], int]
"""The step at which a trial was compared at a rung."""


def recall(study: optuna.Study, trials: Sequence[Trial], begun: Sequence[Trial], space: Space, steps: Steps) -> None:
    """Tells a new study of trials that have ended, and of those that had begun.

    A trial that had begun is asked for first, with its own number and values. A number that nothing is
    known of is left out as a failure: it is never trained, and keeps the numbers of those after it.

    Args:
        study: without trials; its storage is in memory.
        trials: that have ended.
        begun: whose training had begun, and perhaps has ended since.
        space: they were drawn from.
        steps: under which number a rung was reported.
    """
    ended = {trial.number: trial for trial in trials}
    waiting = {trial.number: trial for trial in begun if trial.number not in ended}
    for number in range(max((*ended, *waiting), default=-1) + 1):
        if number in ended:
            retold(study, ended[number], space, steps)
        elif number in waiting:
            study.enqueue_trial(dict(waiting[number].values))
        else:
            study.add_trial(create_trial(state=TrialState.FAIL))


def retold(study: optuna.Study, trial: Trial, space: Space, steps: Steps) -> None:
    """Tells a study of one trial as when it was trained."""
    ranges = {name: distribution(space.range(name)) for name in trial.values}
    drawn = {name: kind for name, kind in ranges.items() if kind is not None}
    values = {name: trial.values[name] for name in drawn}
    asked = _running(study, values, drawn)
    if len(study.directions) == 1:
        for rung in compared(trial):
            asked.report(rung.compared, step=steps(trial, rung))
            asked.should_prune()
    tell(study, asked, trial)


def tell(study: optuna.Study, asked: optuna.Trial, trial: Trial) -> None:
    """Ends a trial in its study, with notes for those who read a copy."""
    for name, note in notes(trial).items():
        asked.set_user_attr(name, note)
    match trial.state:
        case "complete":
            study.tell(asked, both(trial) if trial.objective is None else trial.objective)
        case "pruned":
            study.tell(asked, state=TrialState.PRUNED)
        case "rejected":
            study.tell(asked, state=TrialState.FAIL)


def notes(trial: Trial) -> Mapping[str, Any]:
    """What a study notes of a trial beside its values and reports."""
    made = {"recipe": trial.recipe_id, "parameters": trial.parameters} if trial.recipe_id else {}
    why = {"reason": trial.reason} if trial.reason else {}
    return {NUMBER: trial.number, SECONDS: trial.seconds, **made, **why}


def compared(trial: Trial) -> tuple[Rung, ...]:
    """The rungs at which a trial was compared: of one that was trained to its end, all but the end."""
    return trial.rungs[:-1] if trial.state == "complete" or trial.reason else trial.rungs


def distribution(drawn_from: Range) -> BaseDistribution | None:
    """Optuna's word for a range; None for what is not drawn."""
    match drawn_from:
        case Fixed():
            return None
        case Choice(options):
            return CategoricalDistribution(options)
        case IntRange(low, high, step, log):
            return IntDistribution(low, high, log, step)
        case FloatRange(low, high, step, log):
            return FloatDistribution(low, high, log, step)


def _running(study: optuna.Study, values: Mapping[str, Value], drawn: Mapping[str, BaseDistribution]) -> optuna.Trial:
    """A trial under way with these values, which may lie outside their ranges, as starts of a space may."""
    begun = create_trial(state=TrialState.RUNNING)
    told: dict[str, Any] = {**values}
    begun.params, begun.distributions = told, {**drawn}
    storage = study._storage
    return optuna.Trial(study, storage.create_new_trial(study._study_id, template_trial=begun))
