"""How certain errors and their differences are: paired bootstrap, whole groups resampled.

Rows that belong together (replicates of one sample) are drawn together. What is resampled are
small tallies per group from which the error of any draw follows by a sum, so two thousand draws
take milliseconds. Intervals hold for the rows at hand and the models as fitted; they do not
contain the spread that another calibration set would bring.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from spectune.assessment.outcome import Difference, Judged, Output, Part

Array = NDArray[np.float64]
Numbers = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]

LEVEL = 0.95
"""Coverage that intervals aim at."""

_CELLS = 4_000_000


@dataclass(frozen=True)
class Interval:
    """A value with the ends of its 95 % interval, in the same unit."""

    value: float
    low: float
    high: float


def error(
    model: Judged, measured: Numbers, groups: Numbers, part: Part, classes: int, seed: int, draws: int = 2000
) -> Interval:
    """Error of one model on one part of the rows with its 95 % interval.

    RMSE, or 1 - balanced accuracy when ``classes`` is not 0; ``measured`` and ``groups`` (rows,).
    """
    return output_error(model.output(part), measured, groups, classes, seed, draws)


def output_error(
    output: Output, measured: Numbers, groups: Numbers, classes: int, seed: int, draws: int = 2000
) -> Interval:
    """Error of one output on any rows, with its 95 % interval; otherwise as ``error``."""
    return _interval([tallies(output, measured, groups, classes)], classes, seed, draws)


def difference(
    one: Judged,
    other: Judged,
    measured: Numbers,
    groups: Numbers,
    part: Part,
    classes: int,
    seed: int,
    draws: int = 2000,
) -> Difference:
    """Error of ``one`` minus error of ``other`` on the same rows, with its 95 % interval.

    Both are drawn together, so what makes a row hard for both of them cancels.
    """
    outputs = (one.output(part), other.output(part))
    found = paired(outputs, measured, groups, classes, seed, draws)
    return Difference(one.name, other.name, part, found.value, found.low, found.high)


def paired(
    outputs: tuple[Output, Output], measured: Numbers, groups: Numbers, classes: int, seed: int, draws: int = 2000
) -> Interval:
    """Error of the first output minus error of the second on any rows, with its 95 % interval."""
    return _interval([tallies(output, measured, groups, classes) for output in outputs], classes, seed, draws)


def error_value(output: Output, measured: Numbers, classes: int) -> float:
    """RMSE of values (rows,), or 1 - balanced accuracy of class probabilities (rows, classes)."""
    return float(_error_of(tallies(output, measured, np.zeros(len(measured), dtype=int), classes)[0], classes))


def tallies(output: Output, measured: Numbers, groups: Numbers, classes: int) -> Array:
    """What each group adds to an error, (groups, tallies).

    Regression: sum of squared errors, and rows. Classes: rows of each class that are right, and
    rows of each class.
    """
    _, group = np.unique(groups, return_inverse=True)
    if not classes:
        return _sums(group, np.stack([(output - measured) ** 2, np.ones(len(output))], axis=1))
    truth = np.eye(classes)[measured.astype(int)]
    right = (output.argmax(axis=1) == measured)[:, None]
    return _sums(group, np.concatenate([truth * right, truth], axis=1))


def _sums(group: NDArray[np.intp], values: Array) -> Array:
    made = np.zeros((int(group.max()) + 1, values.shape[1]))
    np.add.at(made, group, values)
    return made


def _error_of(table: Array, classes: int) -> Array:
    """Error from summed tallies, (..., tallies) -> (...)."""
    if not classes:
        return np.asarray(np.sqrt(table[..., 0] / table[..., 1]))
    right, rows = table[..., :classes], table[..., classes:]
    recall = np.where(rows > 0, right / np.maximum(rows, 1), 0.0)
    return np.asarray(1 - recall.sum(axis=-1) / (rows > 0).sum(axis=-1))


def _interval(tables: list[Array], classes: int, seed: int, draws: int) -> Interval:
    """Interval of the error of one table, or of the first minus the second; one group alone bounds nothing."""
    groups, value = len(tables[0]), _first_minus_second([_error_of(table.sum(axis=0), classes) for table in tables])
    if groups < 2:
        return Interval(float(value), -np.inf, np.inf)
    drawn = np.concatenate(
        [
            _first_minus_second([_error_of(weights @ table, classes) for table in tables])
            for weights in _resamples(groups, seed, draws)
        ]
    )
    low, high = np.quantile(drawn, [tail(groups), 1 - tail(groups)])
    return Interval(float(value), float(low), float(high))


def _first_minus_second(errors: list[Array]) -> Array:
    return errors[0] if len(errors) == 1 else errors[0] - errors[1]


def tail(groups: int) -> float:
    """Share of the draws beyond each end.

    Percentiles of a bootstrap are too narrow in small sets; these are expanded as Student's t
    expands the normal interval (Hesterberg 2015, Am. Stat. 69, 371).
    """
    if groups < 2:
        return 0.0
    quantile = stdtrit(groups - 1, (1 - LEVEL) / 2)
    return float(ndtr(np.sqrt(groups / (groups - 1)) * quantile))


def _resamples(groups: int, seed: int, draws: int) -> Iterator[Array]:
    """How often each group is drawn, (some draws, groups), a manageable number of draws at a time."""
    rng = np.random.default_rng(seed)
    left = draws
    while left > 0:
        some = min(left, max(1, _CELLS // groups))
        yield rng.multinomial(groups, np.full(groups, 1 / groups), size=some).astype(np.float64)
        left -= some
