"""What came of the runs, in numbers: how many were right, how sure that is, and which networks differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import median_low

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit
from scipy.stats import binomtest

from spectune.metrics import score_interval
from spectune.papers.schuetzke2023.training import Run
from spectune.synthesis.neighbours import Parting

Labels = NDArray[np.int64]
LIKELY = 0.05
"""Chance above which a difference may as well be none."""


@dataclass(frozen=True)
class Tally:
    """Test spectra that were right, seed by seed.

    Attributes:
        right: one count a seed.
        rows: test spectra.
    """

    right: tuple[int, ...]
    rows: int

    @property
    def median(self) -> int:
        """Of the seeds; with an even number of them the lower one of the middle two."""
        return median_low(self.right)

    @property
    def mean(self) -> float:
        """Mean accuracy."""
        return float(np.mean(self.right)) / self.rows

    @property
    def spread(self) -> float:
        """Standard deviation of the accuracy over seeds; not known from one."""
        return float(np.std(self.right, ddof=1)) / self.rows if len(self.right) > 1 else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the median seed's accuracy, if test spectra are a sample."""
        return wilson(self.median, self.rows)


@dataclass(frozen=True)
class Contest:
    """Two networks on the same test spectra, over the seeds that both have.

    Attributes:
        one, other: their names.
        difference: mean accuracy of ``one`` minus that of ``other``.
        ahead, behind: classes of which ``one`` has more, or fewer, spectra right.
        chance: how often the difference would be as far from zero if every class could as well have gone the
            other way.
        corrected: the same, for all contests of a page together (Holm, 1979).
        only: spectra that only the majority of ``one``'s seeds has right, and only that of ``other``'s.
        mcnemar: exact chance that they part so unevenly, if spectra were independent.
    """

    one: str
    other: str
    difference: float
    ahead: int
    behind: int
    chance: float
    corrected: float
    only: tuple[int, int]
    mcnemar: float

    @property
    def clear(self) -> bool:
        """Whether the two can be told apart."""
        return self.corrected <= LIKELY


def by_name(runs: Sequence[Run]) -> Mapping[str, tuple[Run, ...]]:
    """Runs of every network, by seed."""
    return {name: tuple(run for run in runs if run.name == name) for name in dict.fromkeys(run.name for run in runs)}


def tally(runs: Sequence[Run], truth: Labels, labels: NDArray[np.intp] | None = None) -> Tally:
    """Test spectra that were right, of all classes or of those with the given numbers."""
    rows = np.ones(truth.size, dtype=np.bool_) if labels is None else np.isin(truth, labels)
    return Tally(tuple(int((run.answers == truth)[rows].sum()) for run in runs), int(rows.sum()))


def by_mode(runs: Sequence[Run], truth: Labels, modes: Mapping[Parting, NDArray[np.intp]]) -> Mapping[Parting, Tally]:
    """The same for every failure mode."""
    return {mode: tally(runs, truth, labels) for mode, labels in modes.items()}


def wilson(right: int, rows: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson, 1927).

    Newcombe (1998, table I) gives 0.2553 to 0.3662 for 81 of 263:

    >>> tuple(round(limit, 4) for limit in wilson(81, 263))
    (0.2553, 0.3662)
    """
    return score_interval(right / rows, rows)


def confused(runs: Sequence[Run], truth: Labels) -> Counter[tuple[int, int]]:
    """How often two classes were taken for each other, either way, over all runs."""
    found: Counter[tuple[int, int]] = Counter()
    for run in runs:
        wrong = run.answers != truth
        pairs = np.sort(np.column_stack((truth[wrong], run.answers[wrong])), axis=1)
        found.update((int(one), int(other)) for one, other in pairs)
    return found


def majority(runs: Sequence[Run]) -> Labels:
    """What most seeds say of every test spectrum; of classes named as often, the first."""
    answers = np.stack([run.answers for run in runs])
    votes = (answers[:, :, None] == np.unique(answers)).sum(axis=0)
    return np.asarray(np.unique(answers)[votes.argmax(axis=1)])


def contests(runs: Mapping[str, Sequence[Run]], truth: Labels) -> tuple[Contest, ...]:
    """All pairs of networks that have seeds in common, the clearest first.

    The class is the unit that chance may turn round: its test spectra come from one grid and one
    pattern, stand or fall together, and are no independent trials, as McNemar's test on spectra
    takes them to be. Five seeds alone, flipped, could never come below 1/16.
    """
    pairs = [(one, other) for one, other in combinations(runs, 2) if shared(runs[one], runs[other])]
    found = [contest(one, other, shared(runs[one], runs[other]), truth) for one, other in pairs]
    ordered = sorted(found, key=lambda contest: contest.chance)
    return corrected(ordered)


def flips(differences: Sequence[int]) -> float:
    """Chance of a sum as far from zero when signs are random (two-sided, all signs counted).

    >>> flips([1, 2, 1]), flips([3, -3]), flips([])
    (0.25, 1.0, 1.0)
    """
    sums = np.ones(1)
    for size in (abs(value) for value in differences if value):
        nothing = np.zeros(2 * size)
        sums = (np.concatenate((sums, nothing)) + np.concatenate((nothing, sums))) / 2
    reached = np.abs(np.arange(sums.size) - sums.size // 2)
    return float(min(1.0, sums[reached >= abs(sum(differences))].sum()))


def shared(ones: Sequence[Run], others: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Runs of both networks, seed by seed."""
    return [(one, other) for one in ones for other in others if one.seed == other.seed]


def gains(pairs: Sequence[tuple[Run, Run]], truth: Labels) -> tuple[float, ...]:
    """Accuracy of one side minus that of the other, pair by pair."""
    return tuple(float(np.mean(one.answers == truth) - np.mean(other.answers == truth)) for one, other in pairs)


def student(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of the mean of at least two values (Student, 1908).

    His paper's hours of sleep gained by one drug over another, in ten patients:

    >>> hours = 1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4
    >>> tuple(round(limit, 3) for limit in student(hours))
    (0.7, 2.46)
    """
    half = float(stdtrit(len(values) - 1, 0.975) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return float(np.mean(values)) - half, float(np.mean(values)) + half


def contest(one: str, other: str, pairs: Sequence[tuple[Run, Run]], truth: Labels) -> Contest:
    """What runs of one side have right beside runs of the other, pair by pair; at least one pair."""
    ones, others = zip(*pairs, strict=True)
    gain = sum((left.answers == truth).astype(np.int64) - (right.answers == truth) for left, right in pairs)
    by_class = np.bincount(truth, weights=gain).astype(np.int64)
    mine, theirs = (majority(side) == truth for side in (ones, others))
    only = int((mine & ~theirs).sum()), int((theirs & ~mine).sum())
    chance = flips(by_class.tolist())
    mcnemar = float(binomtest(only[0], sum(only)).pvalue) if sum(only) else 1.0
    difference = float(np.sum(gain)) / (truth.size * len(pairs))
    ahead, behind = int((by_class > 0).sum()), int((by_class < 0).sum())
    return Contest(one, other, difference, ahead, behind, chance, chance, only, mcnemar)


def corrected(ordered: Sequence[Contest]) -> tuple[Contest, ...]:
    """Contests by rising chance, each with what is left of it when all are looked at."""
    so_far, made = 0.0, []
    for place, contest in enumerate(ordered):
        so_far = max(so_far, min(1.0, (len(ordered) - place) * contest.chance))
        made.append(replace(contest, corrected=so_far))
    return tuple(made)
