"""What learning-rate range tests say of a recipe, as values and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spectune.networks.recipe import Recipe
from spectune.spectra.spectra import Task
from spectune.training.range_test import MARGIN, RangeTest

BY_EYE: Mapping[bool, tuple[float, float]] = {True: (1e-6, 2.5e-3), False: (1e-7, 2.5e-3)}
"""Smallest and largest rate that Passos & Mishra (2022) read from their curves: for numbers, and for classes."""

BOUNDS = (1e-5, 0.1)
"""A search looks for no smaller and no larger rate, whatever a range test says."""

APART = 5.0
"""Suggestions of members that lie further apart than this factor are called so."""


@dataclass(frozen=True, eq=False)
class LrRange:
    """The range test of one recipe.

    Attributes:
        recipe: what was tested; ``origin`` says in words where it comes from.
        task: what it predicts.
        rows: training rows of a member, the fewest.
        test: losses and suggestions.
        published: the same by the procedure of Passos & Mishra (2022); None when not asked for.
        family: of the space the recipe comes from, where known.
        source: name of the data.
    """

    recipe: Recipe
    task: Task
    rows: int
    test: RangeTest
    published: RangeTest | None = None
    origin: str = ""
    family: str = ""
    source: str = ""

    @property
    def by_eye(self) -> tuple[float, float] | None:
        """What Passos & Mishra (2022) chose on their data, where the recipe is of their family."""
        return BY_EYE[self.task.regression] if self.family.startswith("passos") else None


@dataclass(frozen=True)
class Suggestion:
    """What a range test with one batch size says; ``highs`` of the members that have one."""

    batch: int
    low: float
    high: float
    highs: tuple[float, ...]


@dataclass(frozen=True)
class Narrowing:
    """The range of learning rates that a search is given, and why; ``origin`` says of which recipe."""

    low: float
    high: float
    suggestions: tuple[Suggestion, ...]
    origin: str = ""


def suggestion(batch: int, test: RangeTest) -> Suggestion:
    """The numbers of a range test, to three digits: they are not better known."""
    highs = test.highs[np.isfinite(test.highs)]
    return Suggestion(batch, short(test.low), short(test.high), tuple(short(high) for high in highs))


def narrowing(suggestions: tuple[Suggestion, ...], origin: str = "") -> Narrowing:
    """From a tenth of the lowest suggestion to the highest, within ``BOUNDS``.

    >>> found = narrowing((Suggestion(32, 1e-4, 4e-3, ()), Suggestion(128, 1e-4, 9e-3, ())))
    >>> found.low, found.high
    (0.0004, 0.009)
    """
    low, high = BOUNDS
    tops = [min(max(one.high, MARGIN * low), high) for one in suggestions]
    return Narrowing(short(min(tops) / MARGIN), short(max(tops)), suggestions, origin)


def headline(found: LrRange) -> str:
    """The answer in one sentence."""
    test = found.test
    if not test.low < test.high:
        return f"The test finds no clear range; a schedule should not go beyond a learning rate of {rate(test.high)}."
    return (
        f"Learning rates from {rate(test.low)} to {rate(test.high)} train this network; "
        f"take {rate(test.high)} as the largest of a schedule."
    )


def reasons(found: LrRange) -> tuple[str, ...]:
    """What stands behind the answer, one sentence each."""
    test, own = found.test, found.recipe.schedule.rate
    return (
        f"The loss begins to fall at {rate(test.low)}, and the last rate at which the network still does better than a "
        f"constant answer is {rate(MARGIN * test.high)}; a tenth of that is suggested.",
        agreement(test),
        f"The recipe's own learning rate, {rate(own)}, lies {place(own, test)} the range that a search would be given, "
        f"{rate(test.high / MARGIN)} to {rate(test.high)}.",
    )


def agreement(test: RangeTest) -> str:
    """How far the members agree, in one sentence."""
    highs = test.highs[np.isfinite(test.highs)]
    least, most = float(highs.min()), float(highs.max())
    if highs.size == 1:
        return "One member alone says so; more seeds would show how far members agree."
    told = f"By member the suggestion lies between {rate(least)} and {rate(most)} ({highs.size} members)"
    return f"{told}: they disagree, so take it with care." if most > APART * least else f"{told}."


def place(value: float, test: RangeTest) -> str:
    """Where a learning rate lies: ``below``, ``inside`` or ``above`` the range that a search would be given."""
    if value < test.high / MARGIN:
        return "below"
    return "inside" if value <= test.high else "above"


def narrowed_words(found: Narrowing) -> str:
    """What a search was given, for a log line and for the facts of a run."""
    told = ", ".join(f"{rate(one.high)} at batches of {one.batch}" for one in found.suggestions)
    return (
        f"searched from {rate(found.low)} to {rate(found.high)}: range tests of {found.origin or 'the space'} suggest "
        f"at most {told}"
    )


def winner_words(value: float, test: RangeTest) -> str:
    """How the rate of the winner stands to its own range test."""
    highs = test.highs[np.isfinite(test.highs)]
    members = f"{rate(float(highs.min()))} to {rate(float(highs.max()))} by member"
    return (
        f"{rate(value)}; its own range test suggests at most {rate(test.high)} ({members}): it lies "
        f"{place(value, test)} the range from a tenth of that"
    )


def rate(value: float) -> str:
    """A learning rate to two digits.

    >>> rate(0.00123), rate(1.04e-5), rate(0.25)
    ('0.0012', '1e-5', '0.25')
    """
    return f"{value:.2g}".replace("e-0", "e-")


def short(value: float) -> float:
    """A number to three significant digits."""
    return float(f"{value:.3g}")
