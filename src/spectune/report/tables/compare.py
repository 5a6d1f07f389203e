"""Tables of a comparison: what every arm did, how fast it was against each other one, and how far apart they ended."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations

import numpy as np

from spectune.report.tables.grid import Grid
from spectune.report.wording import NOT_AVAILABLE, duration, error_name, fixed, number, places
from spectune.tuning.compare import Comparison, Gap, SpeedUp, gap, speed_up


def arms_grid(comparison: Comparison) -> Grid:
    """What every arm tried, spent and found; trials by how they ended are summed over seeds."""
    head = ("arm", "seeds", "trials each", "complete", "pruned", "rejected", "time each", "best: mean", "SD", "lowest")
    return Grid(head, tuple((arm, *_arm(comparison, arm)) for arm in comparison.arms))


def speed_grid(comparison: Comparison) -> Grid:
    """How many times less each arm needs to be as good as each other one became."""
    pairs = list(permutations(comparison.arms, 2))
    rows = []
    for one, other in pairs:
        both = [speed_up(comparison.of(one), comparison.of(other), budget) for budget in ("trials", "time")]
        rows.append((f"{one} against {other}", f"{both[0].reached} of {len(both[0].paces)}", *map(speed_words, both)))
    return Grid(("arms", "pairs of seeds as good", "speed-up in trials", "speed-up in time"), tuple(rows))


def gaps_grid(comparison: Comparison) -> Grid:
    """Mean differences between the arms with their standard errors, after as many trials and after as much time."""
    rows = []
    for one, other in combinations(comparison.arms, 2):
        both = [gap(comparison.of(one), comparison.of(other), budget) for budget in ("trials", "time")]
        cells = [cell for found in both for cell in (gap_words(found), _wins(found), _chance(found))]
        rows.append((f"{one} minus {other}", *cells))
    names = ("difference", "lower in", "chance")
    groups = (("", 1), ("after as many trials", 3), ("after as much time", 3))
    return Grid((f"{error_name(comparison.task)}", *names, *names), tuple(rows), groups=groups)


def savings_grid(comparison: Comparison) -> Grid:
    """What ending trials early saves over as many trials, and what it costs."""
    rows = [
        (f"{found.arm} against {found.plain}", share(found.time), share(found.epochs), gap_words(found.loss))
        for found in comparison.savings
    ]
    return Grid(("arms", "time saved", "epochs saved", "difference of the best"), tuple(rows))


def speed_words(found: SpeedUp) -> str:
    """A median speed-up and its range; ``<`` where it is only known what did not suffice.

    >>> from spectune.tuning.compare import Pace
    >>> speed_words(SpeedUp("a", "b", "trials", (Pace(30, 10, 80), Pace(40, 20, 80), Pace(20, None, 80))))
    '2.0 (<0.25 to 3.0)'
    """
    if not found.paces:
        return NOT_AVAILABLE
    low, high = found.middle
    middle = ratio(high) if low == high else f"<{ratio(high)}"
    least = min(pace.bounds[1] for pace in found.paces)
    first, last = f"{'<' if found.reached < len(found.paces) else ''}{ratio(least)}", ratio(found.extremes[1])
    return f"{middle} ({first} to {last})"


def gap_words(found: Gap) -> str:
    """A mean difference and its standard error, to two digits of the error.

    >>> gap_words(Gap("a", "b", "trials", (-1.0, -1.2, -0.8)))
    '−1.00 ± 0.12'
    """
    if not found.differences:
        return NOT_AVAILABLE
    if not found.error > 0:
        return number(found.mean)
    shown = places(found.error, 2)
    return f"{fixed(found.mean, shown)} ± {fixed(found.error, shown)}"


def share(shares: Sequence[float]) -> str:
    """A mean share with its range, in per cent.

    >>> share((0.25, 0.35))
    '30 % (25 to 35)'
    """
    if not shares:
        return NOT_AVAILABLE
    low, high = (fixed(100 * value, 0) for value in (min(shares), max(shares)))
    mean = f"{fixed(100 * float(np.mean(shares)), 0)} %"
    return mean if low == high else f"{mean} ({low} to {high})"


def ratio(value: float) -> str:
    """A ratio of two digits.

    >>> ratio(3.06), ratio(12.3), ratio(0.25)
    ('3.1', '12', '0.25')
    """
    return number(value, 2)


def _arm(comparison: Comparison, arm: str) -> tuple[str, ...]:
    courses = comparison.of(arm)
    finals = np.array([one.final for one in courses if np.isfinite(one.final)])
    trials = sorted({one.trials for one in courses})
    spread = number(float(finals.std(ddof=1)), 2) if finals.size > 1 else NOT_AVAILABLE
    return (
        str(len(courses)),
        " to ".join(str(count) for count in dict.fromkeys((trials[0], trials[-1]))),
        str(sum(one.complete for one in courses)),
        str(sum(one.pruned for one in courses)),
        str(sum(one.rejected for one in courses)),
        duration(float(np.mean([one.elapsed[-1] if one.elapsed else 0.0 for one in courses]))),
        number(float(finals.mean())) if finals.size else NOT_AVAILABLE,
        spread,
        number(float(finals.min())) if finals.size else NOT_AVAILABLE,
    )


def _wins(found: Gap) -> str:
    return f"{found.wins} of {len(found.differences)}"


def _chance(found: Gap) -> str:
    return number(found.chance, 2)
