"""Hyperparameters of trials as columns of numbers, on the scale on which a search draws them.

Log ranges as logarithms; whole numbers and steps with half a step beyond each end, so that every
value has the same width; a choice as one column per option, 1 for the option taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectune.errors import SettingError
from spectune.networks.space import Choice, Fixed, FloatRange, GivenDraw, IntRange, Range, Space, Value
from spectune.tuning.fanova import Array, Encoded
from spectune.tuning.record import Trial


def searched(trials: Sequence[Trial], space: Space) -> tuple[str, ...]:
    """Names of the hyperparameters that trials have and that could have had another value, in order.

    Raises:
        SettingError: a hyperparameter the space does not know.
    """
    names = sorted({name for trial in trials for name in trial.values})
    return tuple(name for name in names if not _single(space.range(name)))


def encoded(trials: Sequence[Trial], space: Space, names: Sequence[str], random: np.random.Generator) -> Encoded:
    """The named hyperparameters of all trials as numbers.

    Where a trial does without one, it gets that of another trial, drawn at random: a fixed value in
    its place would tell a forest which trials do without, and that is the doing of another
    hyperparameter. A start outside its range counts as at its end.

    Raises:
        SettingError: a value that the space cannot have drawn.
    """
    blocks = [
        _block(name, _filled([trial.values.get(name) for trial in trials], random), space.range(name)) for name in names
    ]
    ends = np.cumsum([len(bounds) for _, bounds in blocks])
    return Encoded(
        np.hstack([x for x, _ in blocks]),
        np.vstack([bounds for _, bounds in blocks]),
        tuple(tuple(range(end - len(bounds), end)) for end, (_, bounds) in zip(ends.tolist(), blocks, strict=True)),
    )


def nearest(value: Value, chosen: Range) -> Value:
    """The value of the range nearest to ``value``: a start may lie outside, or between the steps.

    >>> nearest(8, IntRange(2, 7, 2)), nearest(0.3, FloatRange(0, 1)), nearest("a", Choice(("a", "b")))
    (6, 0.3, 'a')
    """
    match chosen:
        case Choice() | Fixed():
            return value
        case IntRange(low, high, step):
            return low + step * min(max(round((int(value) - low) / step), 0), _steps(low, high, step))
        case FloatRange(low, high, step):
            inside = min(max(float(value), low), high)
            return inside if step is None else low + step * min(round((inside - low) / step), _steps(low, high, step))


def _single(chosen: Range) -> bool:
    match chosen:
        case Fixed():
            return True
        case Choice(options):
            return len(options) == 1
        case IntRange(low, high, step) | FloatRange(low, high, step):
            return low == high if step is None else _steps(low, high, step) == 0


def _steps(low: float, high: float, step: float) -> int:
    """How many steps lead from ``low`` up to ``high``."""
    return int((high - low) / step + 1e-9)


def _filled(values: Sequence[Value | None], random: np.random.Generator) -> list[Value]:
    present = [value for value in values if value is not None]
    return [present[random.integers(len(present))] if value is None else value for value in values]


def _block(name: str, values: Sequence[Value], chosen: Range) -> tuple[Array, Array]:
    """Columns of one hyperparameter (rows, columns) and their bounds (columns, 2)."""
    match chosen:
        case Choice(options):
            return _options(name, values, options)
        case Fixed(value):
            return _options(name, values, (value,))
        case IntRange(low, high, step, log):
            return _numbers(name, values, (low - step / 2, low + (_steps(low, high, step) + 0.5) * step), log)
        case FloatRange(low, high, step, log):
            if step is None:
                return _numbers(name, values, (low, high), log)
            return _numbers(name, values, (low - step / 2, low + (_steps(low, high, step) + 0.5) * step), log=False)


def _options(name: str, values: Sequence[Value], options: tuple[Value, ...]) -> tuple[Array, Array]:
    strange = [value for value in values if value not in options]
    if strange:
        raise SettingError(
            f"{name} is {strange[0]!r} in a trial, but the space offers {', '.join(map(repr, options))}; "
            f"give the space that the search drew from"
        )
    return np.eye(len(options))[[options.index(value) for value in values]], np.tile((0.0, 1.0), (len(options), 1))


def _numbers(name: str, values: Sequence[Value], ends: tuple[float, float], log: bool) -> tuple[Array, Array]:
    column = np.clip([GivenDraw({name: value}).float(name) for value in values], *ends)[:, None]
    bounds = np.asarray([ends])
    return (np.log(column), np.log(bounds)) if log else (column, bounds)
