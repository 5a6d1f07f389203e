"""A value kept as a sealed JSON record, its arrays beside it in one ``.npz``, or behind it in the same file.

What has no arrays may be kept plainly: its fields alone are the record.

The JSON names the digest of the arrays. Beside them it is written last: until then the record is not there.
In one file a record takes the place of an older one in one step.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from spectune.errors import RunError
from spectune.files.atomic import write_bytes, write_text
from spectune.files.packing import Arrays, array_bytes, arrays_from, pack, unpack
from spectune.files.sealed import damaged, digest, opened, read_bytes, sealed, unsealed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Value = TypeVar("Value")


def keep(path: Path, name: str, value: object) -> None:
    """Keep a frozen dataclass, called ``name``, as ``path`` (a ``.json``), and its arrays as ``.npz`` beside it."""
    text, data = _parts(name, value)
    path.unlink(missing_ok=True)
    if data:
        write_bytes(path.with_suffix(".npz"), data)
    write_text(path, text)


def keep_in_one(path: Path, name: str, value: object) -> None:
    """Keep a frozen dataclass, called ``name``, as ``path``: a line of JSON, and the bytes of an ``.npz``."""
    text, data = _parts(name, value)
    write_bytes(path, text.encode() + data)


def kept(path: Path, name: str, adapter: TypeAdapter[tuple[Value]]) -> Value:
    """The value kept as ``path``; the adapter is that of a tuple of its type, which takes lists for tuples.

    Raises:
        RunError: no such file, a damaged one, or one that another version wrote.
    """
    body, beside = _body(unsealed(path, name), path), path.with_suffix(".npz")
    return _value(path, beside, body, read_bytes(beside) if body["arrays"] != digest(b"") else b"", adapter)


def kept_in_one(path: Path, name: str, adapter: TypeAdapter[tuple[Value]]) -> Value:
    """The value kept in one file; otherwise as ``kept``."""
    text, _, data = read_bytes(path).partition(b"\n")
    return _value(path, path, _body(opened(text, name, path), path), data, adapter)


def keep_plain(path: Path, name: str, value: DataclassInstance) -> None:
    """Keep a frozen dataclass without arrays, called ``name``, as ``path`` (a ``.json``)."""
    write_text(path, sealed(name, asdict(value)))


def kept_plain(path: Path, name: str, adapter: TypeAdapter[tuple[Value]]) -> Value:
    """The value kept plainly as ``path``; the adapter is that of a tuple of its type.

    Raises:
        RunError: no such file, a damaged one, or one that another version wrote.
    """
    return plain(path, unsealed(path, name), adapter)


def plain(path: Path, fields: Any, adapter: TypeAdapter[tuple[Value]]) -> Value:
    """The value with these fields, which were read from ``path``; a RunError when another version wrote them."""
    return _checked(path, lambda: adapter.validate_json(json.dumps([fields])))


def _parts(name: str, value: object) -> tuple[str, bytes]:
    """Sealed JSON of a record, and the bytes of its arrays; nothing where it has none."""
    arrays: Arrays = {}
    tree = pack(value, arrays)
    data = array_bytes(arrays) if arrays else b""
    return sealed(name, {"arrays": digest(data), "record": tree}), data


def _body(body: Any, path: Path) -> dict[str, Any]:
    if not isinstance(body, dict) or body.keys() != {"arrays", "record"}:
        raise damaged(path)
    return body


def _value(path: Path, beside: Path, body: dict[str, Any], data: bytes, adapter: TypeAdapter[tuple[Value]]) -> Value:
    """The value of a record in ``path`` with the arrays in ``beside``."""
    if digest(data) != body["arrays"]:
        raise damaged(beside)
    tree = unpack(body["record"], arrays_from(data) if data else {})
    return _checked(path, lambda: adapter.validate_python([tree]))


def _checked(path: Path, validated: Callable[[], tuple[Value]]) -> Value:
    try:
        return validated()[0]
    except ValidationError as error:
        raise RunError(f"{path} was written by another version of spectune: {error.errors()[0]['msg']}") from error
