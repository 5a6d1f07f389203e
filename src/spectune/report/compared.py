"""A comparison of search methods in words: which is better, by how much, and whether that is beyond chance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spectune.report.tables.compare import gap_words, ratio, share
from spectune.report.wording import beside, counted, error_name, number
from spectune.tuning.compare import LIKELY, Comparison, Gap, Saving, SpeedUp, gap, speed_up
from spectune.tuning.courses import Budget, best_after

FEWEST_SEEDS = next(count for count in range(1, 17) if 2.0 ** (1 - count) <= LIKELY)
"""Seeds that can show a difference at all: with fewer, chance alone puts all of them on one side too often."""

ALIKE = 1.05
"""Ratio below which two amounts are called about the same."""


def ranking(comparison: Comparison) -> tuple[tuple[str, float], ...]:
    """Arms with the mean of their best over seeds, lowest first, all after as many trials as the shortest made."""
    means = [(arm, _mean(comparison, arm)) for arm in comparison.arms]
    return tuple(sorted(means, key=lambda one: one[1]))


def shortest(comparison: Comparison) -> int:
    """Trials that every search has made."""
    return min(one.trials for one in comparison.courses)


def sentence(comparison: Comparison) -> str:
    """Which method is better, in one sentence.

    After as many trials: methods whose trials cost less are judged by time in the reasons.
    """
    (first, lowest), (second, next_to) = ranking(comparison)[:2]
    found = gap(comparison.of(first), comparison.of(second), "trials")
    means = _against(comparison, lowest, next_to)
    seeds = len(found.differences)
    after = f"after {counted(shortest(comparison), 'trial')} each"
    if not seeds:
        return f"{first} and {second} cannot be compared: in no seed have both a complete trial"
    if seeds < 2:
        return f"{first} is ahead of {second} {after} ({means}), but one seed cannot tell methods apart"
    mean = f"{means} in the mean of {seeds} seeds"
    if not any(found.differences):
        return f"{first} and {second} found equally good networks in every seed: {after} {mean}"
    if found.clear:
        return f"{first} finds better networks than {second}: {after} {mean}, which chance does not explain"
    if found.wins == seeds:
        return (
            f"{first} is ahead of {second} in all {seeds} seeds ({after} {mean}), "
            f"but so few seeds cannot rule out chance; {FEWEST_SEEDS} could"
        )
    return (
        f"{first} and {second} cannot be told apart: {after} {mean}, "
        f"and {first} is ahead in {found.wins} of {seeds} seeds"
    )


def reasons(comparison: Comparison) -> tuple[str, ...]:
    """What stands behind the sentence: speed, equal time, and what pruning saves."""
    (first, _), *others = ranking(comparison)
    against = (f"{_speed(comparison, first, other)} {_same_time(comparison, first, other)}" for other, _ in others)
    return (*against, *(_saved(comparison, found) for found in comparison.savings))


def needs(found: SpeedUp, what: str) -> str:
    """A speed-up in plain words; ``what`` is what is needed, with ``fewer`` or ``less``.

    >>> from spectune.tuning.compare import Pace
    >>> needs(SpeedUp("a", "b", "trials", (Pace(30, 10, 80),)), "fewer trials")
    '3.0 times fewer trials'
    >>> needs(SpeedUp("a", "b", "time", (Pace(30, None, 60),)), "less time")
    'more than 2.0 times as much time'
    """
    low, high = found.middle
    more = f"as {'many' if found.budget == 'trials' else 'much'} {what.split()[-1]}"
    if low == 0:
        return f"more than {ratio(1 / high)} times {more}" if high < 1 else f"at best {ratio(high)} times {what}"
    if 1 / ALIKE < low <= high < ALIKE:
        return f"about {more}"
    if low < 1 < high:
        return f"between {ratio(1 / low)} times {more} and {ratio(high)} times {what}"
    ends = (low, high) if low >= 1 else (1 / high, 1 / low)
    return f"{' to '.join(dict.fromkeys(map(ratio, ends)))} times {what if low >= 1 else more}"


def _speed(comparison: Comparison, first: str, other: str) -> str:
    trials, time = _speed_ups(comparison, first, other)
    if not trials.paces:
        return f"{other} has no complete trial, so there is nothing for {first} to reach."
    missed = len(trials.paces) - trials.reached
    reached = f"; it was not as good in {missed} of {len(trials.paces)} pairs of seeds" if missed else ""
    return (
        f"To be as good as {other} became, {first} needs {needs(trials, 'fewer trials')} and "
        f"{needs(time, 'less time')} (medians over {counted(len(trials.paces), 'pair')} of seeds){reached}."
    )


def _same_time(comparison: Comparison, first: str, other: str) -> str:
    found = gap(comparison.of(first), comparison.of(other), "time")
    unit = comparison.task.unit
    return f"After as much time, {first} minus {other} is {beside(gap_words(found), unit)}, {_certainty(found)}."


def _saved(comparison: Comparison, found: Saving) -> str:
    time, epochs = (share([1 - value for value in shares]) for shares in (found.time, found.epochs))
    return (
        f"Over as many trials, {found.arm} needs {time} of the time and {epochs} of the epochs that {found.plain} "
        f"needs; the difference of their best is {beside(gap_words(found.loss), comparison.task.unit)}, "
        f"{_certainty(found.loss)}."
    )


def _certainty(found: Gap) -> str:
    seeds = len(found.differences)
    if seeds < 2:
        return "from one seed, which shows nothing by itself"
    if found.clear:
        return f"which chance does not explain (lower in {found.wins} of {seeds} seeds)"
    return f"which these {seeds} seeds cannot tell from no difference (lower in {found.wins})"


def _speed_ups(comparison: Comparison, first: str, other: str) -> Iterator[SpeedUp]:
    budgets: tuple[Budget, ...] = ("trials", "time")
    return (speed_up(comparison.of(first), comparison.of(other), budget) for budget in budgets)


def _mean(comparison: Comparison, arm: str) -> float:
    """Infinite when a search of the arm has no complete trial by then."""
    spent = np.array([float(shortest(comparison))])
    return float(np.mean([best_after(one, "trials", spent)[0] for one in comparison.of(arm)]))


def _against(comparison: Comparison, one: float, other: float) -> str:
    name = error_name(comparison.task).partition(" (")[0]
    return f"{name} {number(one)} against {beside(number(other), comparison.task.unit)}"
