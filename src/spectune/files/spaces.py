"""Search spaces in TOML: those that ship with spectune, and your own.

family = "passos"
name = "small"
cite = "where the ranges come from"

[ranges]
"conv.*.kernel" = { kind = "int", low = 2, high = 10 }
"rate" = { kind = "float", low = 1e-4, high = 1e-2, log = true }
"optimiser" = ["adam", "rmsprop"]        # a list: one of these
"epochs" = 300                           # a bare value: fixed

Mistakes in a file are all named at once, each with its place.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

import tomli_w
from pydantic import ConfigDict, TypeAdapter, ValidationError

from spectune.errors import SettingError
from spectune.files.border import STRICT, as_json, close_to, parse_toml, read_toml, refusal, sentences
from spectune.networks.space import Choice, Fixed, FloatRange, IntRange, Range, Space, Value


@dataclass(frozen=True)
class _Head:
    """What a space file says above its ranges."""

    family: str
    name: str = ""
    cite: str = ""
    starts: tuple[dict[str, Value], ...] = ()

    __pydantic_config__: ClassVar[ConfigDict] = STRICT


_RANGE_NAMES = ("kind", "low", "high", "step", "log", "options", "value")
_HEAD = TypeAdapter(_Head)
_KINDS: Mapping[str, TypeAdapter[Any]] = {
    "int": TypeAdapter(dict[str, IntRange], config=STRICT),
    "float": TypeAdapter(dict[str, FloatRange], config=STRICT),
    "choice": TypeAdapter(dict[str, Choice], config=STRICT),
    "fixed": TypeAdapter(dict[str, Fixed], config=STRICT),
}


def space_names() -> tuple[str, ...]:
    """Names of the spaces that ship with spectune."""
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in _shipped() if entry.name.endswith(".toml")))


def load_space(name_or_path: str) -> Space:
    """A shipped space by its name, or the space in a file.

    Anything with a folder in it, or that ends in ``.toml``, is a file.

    Raises:
        SettingError: no space of that name, no such file, or mistakes in it, all named.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml" or len(path.parts) > 1:
        space = _space(read_toml(path), str(path))
        return replace(space, name=space.name or path.stem)
    names = space_names()
    if name_or_path not in names:
        raise SettingError(
            f"there is no search space {name_or_path!r}{close_to(name_or_path, names)}; "
            f"give a .toml file or one of: {', '.join(names)}"
        )
    text = next(entry for entry in _shipped() if entry.name == f"{name_or_path}.toml").read_text(encoding="utf-8")
    space = parse_space(text, f"the space {name_or_path!r}")
    return replace(space, name=space.name or name_or_path)


def parse_space(text: str, source: str = "the space") -> Space:
    """A space from its TOML text; the inverse of ``format_space``.

    >>> parse_space('family = "shen"').family
    'shen'
    """
    return _space(parse_toml(text, source), source)


def format_space(space: Space) -> str:
    """The TOML text of a space, one line a range.

    >>> print(format_space(Space("shen", {"conv.*.kernel": IntRange(2, 10), "epochs": Fixed(300)})))
    family = "shen"
    <BLANKLINE>
    [ranges]
    "conv.*.kernel" = { kind = "int", low = 2, high = 10 }
    epochs = 300
    <BLANKLINE>
    """
    head = {"family": space.family, **({"name": space.name} if space.name else {})}
    lines = [_line(name, _format_range(found)) for name, found in space.ranges.items()]
    for start in space.starts:
        lines += ["", "[[starts]]", *(_line(name, _format_value(value)) for name, value in start.items())]
    return "\n".join([tomli_w.dumps(head), "[ranges]", *lines, ""])


def fixes(said: Iterable[str]) -> dict[str, Value]:
    """Values by name from texts such as ``batch=64``; what TOML would not take for a flag or number is a word.

    >>> fixes(["batch=64", "conv.1.pool = false", "channels=SNV | D1"])
    {'batch': 64, 'conv.1.pool': False, 'channels': 'SNV | D1'}
    """
    parted = [one.partition("=") for one in said]
    return {name.strip(): _scalar(value.strip()) for name, _, value in parted}


def _scalar(text: str) -> Value:
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    match read:
        case {"value": bool() | float() | str() as value, **others} if not others:
            return value
        case {"value": int(value), **others} if not others and abs(value) < 2**63:  # TOML's own limit
            return value
    return text


def _shipped() -> list[Any]:
    folder = files("spectune.networks") / "spaces"
    return list(folder.iterdir()) if folder.is_dir() else []


def _space(tables: Mapping[str, Any], source: str) -> Space:
    head = {name: value for name, value in tables.items() if name != "ranges"}
    given = tables.get("ranges", {})
    mistakes: list[str] = []
    try:
        read = _HEAD.validate_json(as_json(head))
    except ValidationError as error:
        mistakes += sentences(error, ("family", "name", "cite", "ranges", "starts"))
    if not isinstance(given, dict):
        raise refusal(source, [*mistakes, f"ranges must be a table, got {given!r}"])
    ranges: dict[str, Range] = {}
    for name, value in given.items():
        try:
            ranges[name] = _range(name, value)
        except ValidationError as error:
            mistakes += sentences(error, _RANGE_NAMES)
        except SettingError as error:
            mistakes.append(f"{name}: {error}")
    if mistakes:
        raise refusal(source, mistakes)
    space = Space(read.family, ranges, read.name, read.starts)
    strange = list(_without_range(space))
    if strange:
        raise refusal(source, strange)
    return space


def _without_range(space: Space) -> Iterator[str]:
    """A sentence for every value to start with that the space could not draw."""
    for place, start in enumerate(space.starts, start=1):
        for name in start:
            if not any(name == pattern or fnmatchcase(name, pattern) for pattern in space.ranges):
                yield f"start {place} gives {name!r}, which has no range{close_to(name, space.ranges)}"


def _range(name: str, value: object) -> Range:
    match value:
        case dict():
            table = value
        case list():
            table = {"kind": "choice", "options": value}
        case _:
            table = {"kind": "fixed", "value": value}
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise SettingError(f"kind must be one of {', '.join(_KINDS)}, got {kind!r}")
    made: Range = _KINDS[kind].validate_json(as_json({name: table}))[name]
    return made


def _format_range(found: Range) -> str:
    match found:
        case Fixed(value):
            return _format_value(value)
        case Choice(options):
            return f"[{', '.join(_format_value(option) for option in options)}]"
        case IntRange() | FloatRange():
            said = {"kind": found.kind} | {
                field.name: value
                for field in fields(found)
                if field.name != "kind" and (value := getattr(found, field.name)) != field.default
            }
            return f"{{ {', '.join(_line(name, _format_value(value)) for name, value in said.items())} }}"


def _line(name: str, value: str) -> str:
    key = tomli_w.dumps({name: 0}).removesuffix(" = 0\n")
    return f"{key} = {value}"


def _format_value(value: Value) -> str:
    return tomli_w.dumps({"v": value}).removeprefix("v = ").removesuffix("\n")
