"""Records with arrays in them as one JSON tree and one ``.npz``, and back.

No pickle on the way: an array leaves its place to ``{"$array": name}`` and goes to the ``.npz``
under that name. Lists that no record declares come back as lists, tuples too.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
_PLACE = "$array"


def pack(value: object, arrays: Arrays, name: str = "") -> Any:
    """The JSON tree of a record; its arrays are added to ``arrays``.

    >>> arrays = {}
    >>> pack({"spread": np.zeros(2), "members": 5}, arrays), list(arrays)
    ({'spread': {'$array': 'spread'}, 'members': 5}, ['spread'])
    """
    match value:
        case np.ndarray():
            arrays[name] = value
            return {_PLACE: name}
        case np.generic():
            return value.item()
        case Mapping():
            return {str(key): pack(inner, arrays, _below(name, key)) for key, inner in value.items()}
        case list() | tuple():
            return [pack(inner, arrays, _below(name, place)) for place, inner in enumerate(value)]
        case _ if is_dataclass(value):
            return {
                field.name: pack(getattr(value, field.name), arrays, _below(name, field.name))
                for field in fields(value)
            }
        case _:
            return value


def unpack(tree: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """The tree with its arrays back in their places."""
    match tree:
        case {"$array": str(name)} if len(tree) == 1:
            return arrays[name]
        case dict():
            return {key: unpack(inner, arrays) for key, inner in tree.items()}
        case list():
            return [unpack(inner, arrays) for inner in tree]
        case _:
            return tree


def array_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The arrays as the bytes of an ``.npz``."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def arrays_from(data: bytes) -> Arrays:
    """The arrays in the bytes of an ``.npz``."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _below(name: str, part: object) -> str:
    return f"{name}/{part}" if name else str(part)
