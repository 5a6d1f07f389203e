"""What a search costs, said before it begins: trainings to be made, and how long they may take."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log

from spectune.files.settings import Settings
from spectune.networks.recipe import Recipe
from spectune.tuning.methods import STARTUP
from spectune.tuning.plan import Plan
from spectune.tuning.rungs import Ladder

MEDIAN_ENDS, MEDIAN_SAVES = 0.35, 0.8
"""Part of the trials after the first ten that the median ended in searches on soils, and of their epochs that it
saved."""


@dataclass(frozen=True)
class Outlook:
    """What pruning is expected to do to a search.

    Attributes:
        ended: part of its trials that is ended early.
        epochs: part of all epochs that is trained.
    """

    ended: float
    epochs: float


@dataclass(frozen=True)
class Price:
    """Trainings that are still to be made.

    Attributes:
        left, asked: trials that are left, of all.
        folds: networks of a trial.
        outlook: of the search.
        again: trainings of the best, with fresh seeds.
        refits: trainings on all calibration rows.
        epochs: of a network in the middle of the space.
        patient: whether it trains so many in any case, and does not end when it no longer gets better.
    """

    left: int
    asked: int
    folds: int
    outlook: Outlook
    again: int
    refits: int
    epochs: int
    patient: bool = True

    @property
    def search(self) -> float:
        """Epochs of whole trials that the search will train."""
        return self.left * self.outlook.epochs * self.epochs

    @property
    def after(self) -> float:
        """Epochs of all folds that are trained after the search."""
        return (self.again + self.refits) * float(self.epochs)

    @property
    def words(self) -> str:
        """What is to be made.

        >>> Price(50, 50, 5, Outlook(0.6, 0.5), 12, 0, 300).words
        '50 trials of 5 networks each, about 30 of them ended early, then 12 trainings of the best'
        """
        return f"{self._trials}, then {self._trainings}" if self.left else f"all trials are there, so {self._trainings}"

    @property
    def _trials(self) -> str:
        of = f" of {self.asked}" if self.left < self.asked else ""
        ended = round(self.left * self.outlook.ended)
        early = f", about {ended} of them ended early" if ended else ""
        return f"{self.left}{of} trials{' are left,' if of else ''} of {self.folds} networks each{early}"

    @property
    def _trainings(self) -> str:
        return f"{self.again} trainings of the best" + (f" and {self.refits} on all rows" if self.refits else "")


def price(settings: Settings, plan: Plan, done: int, middle: Recipe) -> Price:
    """The price of a job of which ``done`` trials have ended; ``middle`` is a network in the middle of its space."""
    again = (min(settings.top, settings.trials) + 1) * max(settings.replicates, 1)
    left = max(settings.trials - done, 0)
    refits = 2 * settings.refit * (max(settings.replicates, 1) if settings.refit_rate else 1)
    schedule = middle.schedule
    ahead = outlook(plan)
    return Price(left, settings.trials, settings.folds, ahead, again, refits, schedule.epochs, not schedule.patience)


def outlook(plan: Plan) -> Outlook:
    """What a pruner does to trials that are all equally good; those of a real search are somewhat like that.

    >>> outlook(Plan(trials=50)), outlook(Plan(pruner="none"))
    (Outlook(ended=0.65, epochs=0.49), Outlook(ended=0.0, epochs=1.0))
    """
    match plan.pruner:
        case "none":
            return Outlook(0.0, 1.0)
        case "median":
            ended = MEDIAN_ENDS * max(1 - STARTUP / plan.trials, 0)
            return Outlook(ended, 1 - MEDIAN_SAVES * ended)
        case "hyperband":
            return _hyperband(plan.trials, plan.ladder)


def _hyperband(trials: int, ladder: Ladder) -> Outlook:
    brackets = floor(log(ladder.whole / ladder.least, ladder.reduction) + 1e-9) + 1
    sizes = [ceil(brackets * ladder.reduction**rungs / (rungs + 1)) for rungs in reversed(range(brackets))]
    complete = parts = 0.0
    for bracket, size in enumerate(sizes):
        going, before = trials * size / sum(sizes), 0
        for rung in ladder.rungs[bracket:]:
            parts += going * (rung - before)
            going, before = _promoted(going, ladder.reduction), rung
        parts += going * (ladder.whole - before)
        complete += going
    return Outlook(round(1 - complete / trials, 2), round(parts / ladder.whole / trials, 2))


def _promoted(arriving: float, reduction: int) -> float:
    """How many of those that arrive at a rung one after another are among the best there so far, and go on."""
    shares = [max(number // reduction, 1) / number for number in range(1, ceil(arriving) + 1)]
    return sum(shares) * arriving / max(len(shares), 1)


def roughly(seconds: float) -> str:
    """A time that is only guessed, in words.

    >>> [roughly(seconds) for seconds in (3, 42, 200, 1000, 8000, 90000)]
    ['a few seconds', 'about 40 s', 'about 3 min', 'about 15 min', 'about 2 h', 'about 25 h']
    """
    if seconds < 10:
        return "a few seconds"
    if seconds < 95:
        return f"about {round(seconds / 10) * 10} s"
    if (minutes := round(seconds / 60)) < 90:
        return f"about {minutes if minutes < 10 else round(minutes / 5) * 5} min"
    return f"about {round(seconds / 1800) / 2:g} h" if seconds < 36000 else f"about {round(seconds / 3600)} h"
