"""How a search is made, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from spectune.errors import SettingError
from spectune.tuning.record import Objective
from spectune.tuning.rungs import NINTHS, Ladder

Sampler = Literal["tpe", "random"]
Pruner = Literal["hyperband", "median", "none"]
Judge = Literal["scored", "watched"]


@dataclass(frozen=True)
class Plan:
    """How a search is made.

    Attributes:
        trials: that are to end, complete or pruned.
        seed: of the sampler and of every training.
        sampler, pruner: how the next network is chosen, and hopeless ones are ended early.
        epochs: upper limit of epochs that overrides the space's.
        objective: what is minimised; see ``tuning.objective``.
        overfit: weight of the over-fit term, from 0 to 1, where the objective has one.
        startup: trials that are drawn at random before TPE begins, over the whole search.
        least: epochs before the first rung, of the ``epochs`` that it needs then; None: a ninth.
        reduction: how many times as many epochs from one rung to the next.
        judge: what is compared at a rung: the mean scored error, or, as published by Passos & Mishra
            (2022), what the training itself watches, at that very epoch.
        alike: whether all trials have the same random stream, so that equal values give equal trainings, as
            in Passos & Mishra (2022), and chance is one draw for the whole search.
        multivariate: whether TPE models hyperparameters that only some trials have jointly too, with
            those that occur together with them; otherwise only those that all trials have.
        per_bracket: whether TPE learns from trials of the same bracket of Hyperband only, and counts
            ``startup`` there, as for Passos & Mishra (2022), so that the random phase is longer than said;
            ``multivariate`` is then theirs too: hyperparameters that only some trials have are drawn one by one.

    Raises:
        SettingError: two numbers to minimise with a pruner, or rungs that do not fit the epochs.
    """

    trials: int = 50
    seed: int = 0
    sampler: Sampler = "tpe"
    pruner: Pruner = "hyperband"
    epochs: int | None = None
    objective: Objective = "error"
    overfit: float = 0.5
    startup: int = 10
    least: int | None = None
    reduction: int = 3
    judge: Judge = "scored"
    alike: bool = False
    multivariate: bool = False
    per_bracket: bool = False

    def __post_init__(self) -> None:
        if self.objective == "pareto" and self.pruner != "none":
            raise SettingError(two_numbers(self.pruner))
        if self.least is not None and self.epochs is None:
            raise SettingError(
                f"least = {self.least} counts epochs, and how many a whole training has is not said; set epochs too"
            )
        if self.least is not None and self.epochs is not None and self.least >= self.epochs:
            raise SettingError(too_late(self.least, self.epochs))

    @property
    def ladder(self) -> Ladder:
        """Where trials are compared."""
        if self.least is None or self.epochs is None:
            return Ladder(NINTHS.whole, NINTHS.least, self.reduction)
        return Ladder(self.epochs, self.least, self.reduction)

    @property
    def directions(self) -> tuple[Literal["minimize"], ...]:
        """One for each number that the search minimises."""
        return ("minimize", "minimize") if self.objective == "pareto" else ("minimize",)

    def stream(self, number: int) -> int:
        """The random stream of a trial's trainings."""
        return 0 if self.alike else number


USUAL = Plan()


def two_numbers(pruner: str) -> str:
    """Why two numbers go with no pruner, and what to do."""
    return f"objective pareto minimises two numbers, by which no pruner compares: set pruner to none, not {pruner}"


def too_late(least: int, epochs: int) -> str:
    """Why a first rung is none."""
    return f"least, the epochs before the first rung, must be below epochs, {epochs}; got {least}"
