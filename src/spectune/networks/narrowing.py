"""Spaces made narrower: numbers with other ends, and hyperparameters that are not searched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from math import isfinite
from typing import Literal

from spectune.errors import SettingError
from spectune.networks.space import Choice, Fixed, FloatRange, IntRange, Range, Space, Value

Kind = Literal["true or false", "a whole number", "a number", "a word"]


def within(space: Space, name: str, high: int) -> Space:
    """The space whose whole numbers for ``name`` end at ``high``; a choice or a fixed value is left alone.

    Values to start with that lie above become the highest one.

    >>> within(Space("shen", {"batch": IntRange(16, 17607)}), "batch", 300).range("batch").high
    300
    """
    found = space.find(name)
    if not isinstance(found, IntRange) or found.high <= high:
        return space
    low = min(found.low, high)
    kept = replace(found, low=low, high=high - (high - low) % found.step)
    return _with(replace(space, starts=_starts(space, name, low, kept.high)), {name: kept})


def between(space: Space, name: str, low: float, high: float) -> Space:
    """The space whose numbers for ``name`` lie from ``low`` to ``high``, evenly in the logarithm.

    Values to start with that lie outside become the nearer end. A number that the space fixes becomes a
    range too; words are left alone.

    >>> between(Space("shen", {"rate": FloatRange(5e-4, 5e-3)}), "rate", 1e-3, 1e-2).range("rate")
    FloatRange(low=0.001, high=0.01, step=None, log=True, kind='float')
    """
    if not is_number(space.find(name)):
        return space
    return _with(replace(space, starts=_starts(space, name, low, high)), {name: FloatRange(low, high, log=True)})


def is_number(given: Range | None) -> bool:
    """Whether a hyperparameter is a number that is no count: a range of such, or a fixed one."""
    return isinstance(given, FloatRange) or (isinstance(given, Fixed) and isinstance(given.value, float))


def fixed(space: Space, values: Mapping[str, Value]) -> Space:
    """The space with some hyperparameters fixed; values to start with no longer speak of them.

    A value must be of the kind that its range has, but may lie outside of it. In the place of a
    fixed word (such as ``rate = "default"``) a number may stand too.

    >>> fixed(Space("shen", {"conv.*.kernel": IntRange(2, 10)}), {"conv.1.kernel": 21}).range("conv.1.kernel").value
    21

    Raises:
        SettingError: a name that the space does not have, or a value of another kind.
    """
    for name, value in values.items():
        _check(space, name, value)
    starts = [{name: value for name, value in start.items() if name not in values} for start in space.starts]
    distinct = tuple(start for place, start in enumerate(starts) if start not in starts[:place])
    return replace(_with(space, {name: Fixed(value) for name, value in values.items()}), starts=distinct)


def _starts(space: Space, name: str, low: float, high: float) -> tuple[Mapping[str, Value], ...]:
    """Values to start with; those of one hyperparameter brought between two bounds."""
    return tuple(
        {given: _inside(value, low, high) if given == name else value for given, value in start.items()}
        for start in space.starts
    )


def _inside(value: Value, low: float, high: float) -> Value:
    return value if isinstance(value, str) else min(max(value, low), high)


def _with(space: Space, ranges: Mapping[str, Range]) -> Space:
    """The space with ranges for exact names, which go before patterns."""
    return replace(space, ranges={**space.ranges, **ranges})


def _check(space: Space, name: str, value: Value) -> None:
    found = space.find(name)
    if found is None:
        near = get_close_matches(name, list(space.ranges), n=2)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(space.ranges) or 'none'}"
        raise SettingError(f"the space {space.name or space.family!r} has no hyperparameter {name!r} to fix; {hint}")
    kinds = _kinds(found)
    if not any(_fits(value, kind) for kind in kinds):
        raise SettingError(f"{name} can be fixed to {' or '.join(kinds)}, got {value!r}")


def _kinds(found: Range) -> tuple[Kind, ...]:
    match found:
        case IntRange():
            return ("a whole number",)
        case FloatRange():
            return ("a number",)
        case Choice(options):
            return tuple(dict.fromkeys(_kind(option) for option in options))
        case Fixed(str()):
            return "a word", "a number"
        case Fixed(value):
            return (_kind(value),)


def _kind(value: Value) -> Kind:
    match value:
        case bool():
            return "true or false"
        case str():
            return "a word"
        case int():
            return "a whole number"
        case float():
            return "a number"


def _fits(value: Value, kind: Kind) -> bool:
    match kind, value:
        case ("true or false", bool()) | ("a word", str()):
            return True
        case (("a number" | "a whole number"), bool()):
            return False
        case (("a number" | "a whole number"), int()):
            return True
        case "a number", float():
            return isfinite(value)
        case "a whole number", float():
            return value.is_integer()
        case _:
            return False
