"""What intervals from the new rows of an adaptation would hold, had the way been chosen on the same rows.

    python benchmarks/adapted_intervals.py

Simulated: a target, predictions that miss it, and new samples of one row each, cross-validated as ``spectune adapt``
does. The way with the lowest error is taken, intervals are made of its held-out residuals as those of a run
are, and tried on 200 fresh samples. Once the ways are those of a model that is off by a line (as it is, bias, slope and
bias, a network learnt anew that is a little worse); once they are six equally good networks, the most there is
to gain by choosing. ``docs/adapting.md`` has the figures.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.adaptation import FEW
from spectune.assessment.conformal import ends, regression_interval

Array = NDArray[np.float64]
Ways = tuple[list[Array], list[Array]]
"""Of every way: what it says of the new rows while they are held out, and of fresh ones."""

ROUNDS, FRESH = 600, 200


def off_by_a_line(y: Array, new: int, fold: NDArray[np.intp], draw: np.random.Generator) -> Ways:
    """A model that is off by a line, corrected in no way, by one number, and by two; and a network learnt anew."""
    said, anew = 0.9 * y + 0.5 + draw.normal(size=y.size), y + draw.normal(0, 1.1, y.size)
    held, fresh = [said[:new], anew[:new]], [said[new:], anew[new:]]
    for degree in (0, 1):
        parts = np.empty(new)
        for one in np.unique(fold):
            kept = fold != one
            parts[~kept] = corrected(said[:new][kept], y[:new][kept], degree)(said[:new][~kept])
        held.append(parts)
        fresh.append(corrected(said[:new], y[:new], degree)(said[new:]))
    return held, fresh


def equally_good(y: Array, new: int, fold: NDArray[np.intp], draw: np.random.Generator) -> Ways:
    """Six networks whose errors are of one size and have nothing to do with each other."""
    said = [y + draw.normal(size=y.size) for _ in range(6)]
    return [one[:new] for one in said], [one[new:] for one in said]


def corrected(said: Array, y: Array, degree: int) -> Callable[[Array], Array]:
    """A correction by one number, or by a line that rises."""
    slope, _ = np.polyfit(said, y, 1)
    line = np.poly1d(np.polyfit(said, y, 1)) if degree and slope > 0 else np.poly1d([1.0, float(np.mean(y - said))])
    return lambda values: np.asarray(line(values))


def held_by(ways: Callable[..., Ways], new: int, draw: np.random.Generator) -> tuple[float, float]:
    """The level that is promised, and the part of fresh samples that intervals hold."""
    y = draw.normal(10, 3, new + FRESH)
    fold = np.arange(new) if new < FEW else draw.permutation(np.arange(new) % 5)
    held, fresh = ways(y, new, fold, draw)
    best = int(np.argmin([np.mean((one - y[:new]) ** 2) for one in held]))
    made = regression_interval(y[:new], held[best][None], np.arange(new))
    low, high = ends(made, fresh[best][None])
    return made.level, float(np.mean((low <= y[new:]) & (y[new:] <= high)))


def main() -> None:
    """A line for every number of new samples."""
    print("| new samples | promised | one of four ways | one of six equally good |")
    print("|---|---|---|---|")
    for new in (4, 6, 9, 12, 20, 40, 100):
        draw = np.random.default_rng(new)
        found = [[held_by(ways, new, draw) for _ in range(ROUNDS)] for ways in (off_by_a_line, equally_good)]
        promised = found[0][0][0]
        parts = " | ".join(f"{100 * np.mean([part for _, part in one]):.0f} %" for one in found)
        print(f"| {new} | {100 * promised:.0f} % | {parts} |")


if __name__ == "__main__":
    main()
