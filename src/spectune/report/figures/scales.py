"""How the values of a hyperparameter lie along an axis from 0 to 1, as the search draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from spectune.networks.space import Choice, Fixed, FloatRange, IntRange, Range, Space, Value
from spectune.report.wording import plain, shortened, valued
from spectune.tuning.record import Trial
from spectune.tuning.shares import Importance

WIDE = 50
"""Ratio of the largest to the smallest value above which an axis of unknown range is logarithmic."""

LETTER = 0.085
"""Inches that a letter of a tick label needs, with what keeps it from its neighbour."""


@dataclass(frozen=True)
class Numbers:
    """Numbers from ``low`` to ``high``, ``log`` or evenly, ``whole`` or not, in steps of ``step`` where it is not 0."""

    low: float
    high: float
    log: bool = False
    whole: bool = False
    step: float = 0.0


@dataclass(frozen=True)
class Words:
    """A choice, its options side by side; ``ordered`` if they are numbers, which ascend."""

    options: tuple[Value, ...]
    ordered: bool = False


Scale = Numbers | Words
Values = Mapping[str, Value]
Tick = tuple[float, str]


def scale(values: Sequence[Value], drawn_from: Range | None = None) -> Scale:
    """The axis for some values of one hyperparameter, as wide as the range they are drawn from.

    Without a range, numbers that span more than a factor of ``WIDE`` get a logarithmic axis.
    """
    numbers = [float(value) for value in values if not isinstance(value, (bool, str))]
    whole = all(value.is_integer() for value in numbers)
    match drawn_from:
        case IntRange(low, high, step, log) | FloatRange(low, high, step, log) if len(numbers) == len(values):
            return Numbers(min(low, *numbers), max(high, *numbers), log, whole, 0.0 if log else step or 0.0)
        case Choice(options):
            return _words([*options, *values])
        case None | Fixed() if numbers and len(numbers) == len(values):
            low, high = min(numbers), max(numbers)
            return Numbers(low, high, low > 0 and high / low > WIDE, whole)
        case _:
            return _words(values)


def scales(trials: Sequence[Trial], names: Sequence[str], space: Space | None) -> dict[str, Scale]:
    """The axis of every named hyperparameter."""
    return {
        name: scale(
            [trial.values[name] for trial in trials if name in trial.values], space.find(name) if space else None
        )
        for name in names
    }


def varied(trials: Sequence[Trial], importance: Importance | None = None) -> tuple[str, ...]:
    """Hyperparameters with more than one value among the trials; the most important first, where that is known."""
    seen: dict[str, set[Value | None]] = {}
    for trial in trials:
        for name, value in trial.values.items():
            seen.setdefault(name, set()).add(value)
    ranked = [share.name for share in importance.shares] if importance else []
    places = {name: place for place, name in enumerate(ranked)}
    names = [name for name, values in seen.items() if len(values) > 1]
    return tuple(sorted(names, key=lambda name: places.get(name, len(places))))


def place(axis: Scale, value: Value) -> float:
    """Where a value lies, from 0 to 1.

    >>> place(Numbers(0.001, 0.1, log=True), 0.01), place(Words(("elu", "relu", "swish")), "relu")
    (0.5, 0.5)
    """
    match axis:
        case Words(options):
            return (options.index(value) + 0.5) / len(options)
        case Numbers(low, high, log):
            ends = np.log([low, high, float(value)]) if log else np.asarray([low, high, float(value)])
            return float((ends[2] - ends[0]) / (ends[1] - ends[0])) if high > low else 0.5


def ticks(axis: Scale, inches: float) -> tuple[Tick, ...]:
    """Places and labels that fit side by side on an axis of this length."""
    match axis:
        case Words(options):
            room = max(3, int(inches / len(options) / LETTER))
            return tuple((place(axis, option), shortened(valued(option), room)) for option in options)
        case Numbers(low, high, log, whole, step):
            most = max(2, int(inches / 0.7))
            values = _decades(low, high, most) if log and low < high else []
            if step and (high - low) / step < most:
                values = np.arange(low, high + 1e-6 * step, step).tolist()
            values = values if len(values) > 1 else _even(low, high, most, whole)
            return tuple((place(axis, value), plain(value)) for value in values)


def label_axis(panel: Axes, which: str, axis: Scale, inches: float) -> None:
    """Ticks and limits of a panel drawn from 0 to 1; ``which`` is ``"x"`` or ``"y"``."""
    found = ticks(axis, inches)
    line = panel.xaxis if which == "x" else panel.yaxis
    line.set_ticks([at for at, _ in found], [words for _, words in found], fontsize=8)
    (panel.set_xlim if which == "x" else panel.set_ylim)(-0.04, 1.04)


def _words(values: Sequence[Value]) -> Words:
    """Options in their order, numbers ascending."""
    options = tuple(dict.fromkeys(values))
    numbers = [value for value in options if not isinstance(value, (bool, str))]
    return Words(tuple(sorted(numbers)), ordered=True) if len(numbers) == len(options) else Words(options)


def _even(low: float, high: float, most: int, whole: bool) -> list[float]:
    found = MaxNLocator(most, integer=whole, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    slack = 1e-9 * max(abs(low), abs(high))
    return [float(value) for value in found if low - slack <= value <= high + slack]


def _decades(low: float, high: float, most: int) -> list[float]:
    """Round numbers of a logarithmic axis: the finest of three choices that is not too many."""
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for parts in ((1, 2, 5), (1, 3), (1,)):
        found = sorted(float(part * power) for power in powers for part in parts)
        inside = [value for value in found if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(inside) <= most:
            return inside
    return inside[:: -(-len(inside) // most)]
