"""Where outside data becomes values: TOML in, mistakes out as sentences.

pydantic looks at every value once, here; further in, types are trusted.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from spectune.errors import SettingError

STRICT = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "dataclass_type": "a table",
    "dataclass_exact_type": "a table",
}


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        SettingError: no such file, or not TOML; the message has line and column.
    """
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise SettingError(f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"cannot read {path} as text: {error}") from error
    return parse_toml(text, str(path))


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """The tables in a TOML text; ``source`` names it in errors."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingError(f"{source} is not TOML: {error}") from error


def as_json(value: object) -> str:
    """What TOML gave, as JSON; dates become text.

    pydantic reads records strictly from JSON (a list may become a tuple, a table a record, but
    ``"5"`` never 5), which it does not from Python values.
    """
    return json.dumps(value, default=str)


def refusal(source: str, mistakes: Iterable[str]) -> SettingError:
    """One error that names every mistake in ``source``.

    >>> str(refusal("run.toml", ["trials is missing"]))
    'run.toml: trials is missing'
    """
    found = tuple(dict.fromkeys(mistakes))
    if len(found) == 1:
        return SettingError(f"{source}: {found[0]}")
    return SettingError(f"{source} has {len(found)} mistakes: {'; '.join(found)}")


def sentences(error: ValidationError, known: Iterable[str] = ()) -> list[str]:
    """Every mistake pydantic found, one short sentence each, with its place.

    Args:
        error: what pydantic raised.
        known: names that would have been right, for hints.
    """
    names = tuple(known)
    places: dict[tuple[str, ...], list[ErrorDetails]] = {}
    for details in error.errors(include_url=False):
        places.setdefault(_place(details), []).append(details)
    return [_sentence(place, found, names) for place, found in places.items()]


def close_to(name: str, known: Iterable[str]) -> str:
    """A hint at the names most like ``name``, ready to be appended; empty when none is.

    >>> close_to("trails", ["trials", "folds"])
    ' (did you mean trials?)'
    """
    near = get_close_matches(name, list(known), n=2)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _place(details: ErrorDetails) -> tuple[str, ...]:
    """Where a mistake is; alternatives of one value (``int``, ``str``) are the same place."""
    path = tuple(str(part) for part in details["loc"])
    last = path[-1] if len(path) > 1 else ""
    alternative = last in {"bool", "int", "float", "str"} or last.startswith("literal[")
    return path[:-1] if alternative else path


def _sentence(place: tuple[str, ...], found: list[ErrorDetails], known: tuple[str, ...]) -> str:
    name = ".".join(place)
    details = found[0]
    match details["type"]:
        case "unexpected_keyword_argument" | "extra_forbidden":
            return f"{name!r} is not an option{close_to(place[-1], known)}"
        case "missing":
            return f"{name} is missing"
        case "literal_error":
            return f"{name} must be {details['ctx']['expected']}, got {details['input']!r}"
        case kind if kind in _EXPECTED:
            expected = " or ".join(_EXPECTED.get(one["type"]) or one["ctx"]["expected"] for one in found)
            return f"{name} must be {expected}, got {details['input']!r}"
        case _:
            return f"{name}: {details['msg'].lower()}, got {details['input']!r}"
