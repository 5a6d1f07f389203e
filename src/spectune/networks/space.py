"""Ranges of hyperparameters, by name, and three ways to draw from them.

A family asks a draw for values by name (``draw.int("conv.1.kernel")``) and thereby defines the
tree: what is not asked for does not exist in that trial. The range is the one whose pattern
matches (``conv.*.kernel``); an exact name goes before a pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, Protocol

import numpy as np

from spectune.errors import SettingError

Value = bool | int | float | str


@dataclass(frozen=True)
class IntRange:
    """Whole numbers from ``low`` to ``high`` in steps, or evenly in the logarithm."""

    low: int
    high: int
    step: int = 1
    log: bool = False
    kind: Literal["int"] = "int"

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log)
        if self.step < 1 or (self.log and self.step != 1):
            raise SettingError(f"a step must be a whole number from 1, and 1 on a log scale; got {self.step}")


@dataclass(frozen=True)
class FloatRange:
    """Numbers from ``low`` to ``high``, evenly, in steps, or evenly in the logarithm."""

    low: float
    high: float
    step: float | None = None
    log: bool = False
    kind: Literal["float"] = "float"

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log)
        if self.step is not None and (self.log or not self.step > 0):
            raise SettingError(f"a step must be above 0 and not on a log scale; got {self.step}")


@dataclass(frozen=True)
class Choice:
    """One of several values."""

    options: tuple[Value, ...]
    kind: Literal["choice"] = "choice"

    def __post_init__(self) -> None:
        if not self.options:
            raise SettingError("a choice needs at least one option")


@dataclass(frozen=True)
class Fixed:
    """A value that is not searched."""

    value: Value
    kind: Literal["fixed"] = "fixed"


Range = IntRange | FloatRange | Choice | Fixed


@dataclass(frozen=True)
class Space:
    """A family of networks and the ranges of its hyperparameters.

    ``starts`` are values to try first, where known; what they leave out is drawn.

    >>> space = Space("shen", {"conv.*.kernel": IntRange(2, 10)})
    >>> space.range("conv.2.kernel").high
    10
    """

    family: str
    ranges: Mapping[str, Range] = field(default_factory=dict)
    name: str = ""
    starts: tuple[Mapping[str, Value], ...] = ()

    def find(self, name: str) -> Range | None:
        """The range of a hyperparameter, or None where no pattern matches the name."""
        if name in self.ranges:
            return self.ranges[name]
        return next((found for pattern, found in self.ranges.items() if fnmatchcase(name, pattern)), None)

    def range(self, name: str) -> Range:
        """The range of a hyperparameter.

        Raises:
            SettingError: no pattern of the space matches the name.
        """
        found = self.find(name)
        if found is not None:
            return found
        raise SettingError(
            f"the space {self.name or self.family!r} has no range for {name!r}, which family {self.family!r} asks for; "
            f'add a line such as "{name}" = {{ kind = "fixed", value = ... }}'
        )


class Draw(Protocol):
    """Where a family gets its values from, and where it says what it had to repair."""

    def int(self, name: str) -> int:
        """A whole number."""

    def float(self, name: str) -> float:
        """A number."""

    def text(self, name: str) -> str:
        """A word."""

    def flag(self, name: str) -> bool:
        """Yes or no."""

    def repaired(self, what: str) -> None:
        """Notes that values which make no network together were changed; ``what`` says how, without numbers."""


class Drawing:
    """A draw whose single source of values is ``value``: subclasses say where it comes from.

    ``repairs`` holds what the family had to change.
    """

    def __init__(self) -> None:
        self.repairs: list[str] = []

    def repaired(self, what: str) -> None:
        """Notes a repair."""
        self.repairs.append(what)

    def value(self, name: str) -> Value:
        """The value of a hyperparameter, of whatever type."""
        raise NotImplementedError

    def int(self, name: str) -> int:
        """A whole number."""
        got = self.value(name)
        if isinstance(got, bool) or not isinstance(got, (int, float)) or got != int(got):
            raise SettingError(f"{name} must be a whole number, got {got!r}")
        return int(got)

    def float(self, name: str) -> float:
        """A number."""
        got = self.value(name)
        if isinstance(got, (bool, str)):
            raise SettingError(f"{name} must be a number, got {got!r}")
        return float(got)

    def text(self, name: str) -> str:
        """A word."""
        return str(self.value(name))

    def flag(self, name: str) -> bool:
        """Yes or no."""
        got = self.value(name)
        if not isinstance(got, bool):
            raise SettingError(f"{name} must be true or false, got {got!r}")
        return got


class GivenDraw(Drawing):
    """Values from a mapping: replay of a trial, or a network written by hand."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        super().__init__()
        self.values = values

    def value(self, name: str) -> Value:
        """The given value."""
        if name not in self.values:
            raise SettingError(f"no value was given for {name!r}; given are: {', '.join(self.values)}")
        return self.values[name]


class RandomDraw(Drawing):
    """Values drawn at random from a space; ``drawn`` holds what was asked for."""

    def __init__(self, space: Space, random: np.random.Generator) -> None:
        super().__init__()
        self.space = space
        self.random = random
        self.drawn: dict[str, Value] = {}

    def value(self, name: str) -> Value:
        """A new value, or the one already drawn under this name."""
        if name not in self.drawn:
            self.drawn[name] = _random_value(self.space.range(name), self.random)
        return self.drawn[name]


def _random_value(chosen: Range, random: np.random.Generator) -> Value:
    match chosen:
        case Fixed(value):
            return value
        case Choice(options):
            return options[int(random.integers(len(options)))]
        case IntRange(low, high, step, log):
            if log:
                return int(np.clip(np.exp(random.uniform(np.log(low - 0.5), np.log(high + 0.5))).round(), low, high))
            return low + step * int(random.integers((high - low) // step + 1))
        case FloatRange(low, high, step, log):
            if log:
                return float(np.exp(random.uniform(np.log(low), np.log(high))))
            if step is not None:
                return low + step * int(random.integers(int((high - low) / step + 1e-9) + 1))
            return float(random.uniform(low, high))


def _check_bounds(low: float, high: float, log: bool) -> None:
    if not low <= high or (log and low <= 0):
        raise SettingError(f"a range needs low <= high, and low above 0 on a log scale; got {low} to {high}")
