"""Where trials are trained: the coordinator gives orders and is asked at rungs, whoever does the work.

The coordinator alone owns the study. What trains knows one order at a time, needs nothing but the
order and the spectra, and gives back the same trial wherever and however often it runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from spectune.networks.recipe import Recipe
from spectune.training.crew import Fitter
from spectune.tuning.attempt import attempt
from spectune.tuning.plan import Plan
from spectune.tuning.record import Rung, Trial
from spectune.tuning.scoring import Problem

Clock = Callable[[], float]

Judge = Callable[[int, Rung], bool]
"""Whether the trial of a number ends at a rung."""


@dataclass(frozen=True)
class Order:
    """A trial to be trained.

    Attributes:
        begun: its number, values and seed; what a trial is before its training.
        recipe: that its values make.
        seeds: one for each fold.
    """

    begun: Trial
    recipe: Recipe
    seeds: tuple[int, ...]

    @property
    def number(self) -> int:
        """Of the trial."""
        return self.begun.number


class Pool(Protocol):
    """What trains."""

    @property
    def room(self) -> int:
        """Trials that may be under way at once, now; it may change while they are."""

    def submit(self, order: Order) -> None:
        """Begins a trial; returns at once, or nearly."""

    def wait(self, ends: Judge) -> Trial | None:
        """The next trial that has ended; None when there is more room than before.

        ``ends`` is asked, in this thread, at every rung that a trial reaches meanwhile. A trial that
        nothing could train comes back as rejected, with the reason.
        """


class Here:
    """Trains in this process, one trial at a time.

    Args:
        fitter: of the search.
        problem: target and folds.
        plan: of the search.
        clock: in seconds.
    """

    def __init__(self, fitter: Fitter, problem: Problem, plan: Plan, clock: Clock = time.monotonic) -> None:
        self._trained = partial(trained, fitter=fitter, problem=problem, plan=plan, clock=clock)
        self._order: Order | None = None

    @property
    def room(self) -> int:
        """One trial, which has all cores."""
        return 1

    def submit(self, order: Order) -> None:
        """Takes an order; the work is done when it is waited for."""
        self._order = order

    def wait(self, ends: Judge) -> Trial | None:
        """Trains the trial."""
        if self._order is None:
            raise AssertionError("nothing was ordered")
        order, self._order = self._order, None
        return self._trained(order, ends=partial(ends, order.number))


def trained(
    order: Order, fitter: Fitter, problem: Problem, plan: Plan, ends: Callable[[Rung], bool], clock: Clock
) -> Trial:
    """The trial of an order after its training, with the seconds that it took."""
    begun = clock()
    trial = attempt(order.begun, order.recipe, fitter, problem, order.seeds, plan, ends)
    return replace(trial, seconds=clock() - begun)
