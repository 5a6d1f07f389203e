"""A value kept as a sealed JSON record with its arrays in an ``.npz``: beside it, or with it in the same file.

The JSON names the digest of the arrays. Beside them it is written last: until then the record is not there.
In one file, which is an ``.npz`` too, a record takes the place of an older one in one step, and its arrays
go to the disk one by one without a copy in memory. What has no arrays may be kept plainly: its fields alone
are the record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from spectune.errors import RunError
from spectune.files.atomic import replacing, write_bytes, write_text
from spectune.files.packing import Arrays, array_bytes, arrays_from, pack, unpack
from spectune.files.sealed import damaged, digest, opened, read_bytes, sealed, unsealed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Value = TypeVar("Value")

_TEXT = "$record"
"""Name of the JSON among the arrays of one file."""


def keep(path: Path, name: str, value: object) -> None:
    """Keep a frozen dataclass, called ``name``, as ``path`` (a ``.json``), and its arrays as ``.npz`` beside it."""
    text, data = _parts(name, value)
    path.unlink(missing_ok=True)
    if data:
        write_bytes(path.with_suffix(".npz"), data)
    write_text(path, text)


def keep_in_one(path: Path, name: str, value: object) -> None:
    """Keep a frozen dataclass, called ``name``, with its arrays as ``path``."""
    arrays: Arrays = {}
    tree = pack(value, arrays)
    text = sealed(name, {"arrays": {key: _array_digest(values) for key, values in arrays.items()}, "record": tree})
    with replacing(path) as beside, beside.open("wb") as file:
        np.savez(file, allow_pickle=False, **{_TEXT: np.frombuffer(text.encode(), np.uint8)}, **arrays)


def kept(path: Path, name: str, adapter: TypeAdapter[tuple[Value]]) -> Value:
    """The value kept as ``path``; the adapter is that of a tuple of its type, which takes lists for tuples.

    Raises:
        RunError: no such file, a damaged one, or one that another version wrote.
    """
    body, beside = _body(unsealed(path, name), path), path.with_suffix(".npz")
    return _value(path, beside, body, read_bytes(beside) if body["arrays"] != digest(b"") else b"", adapter)


def kept_in_one(path: Path, name: str, adapter: TypeAdapter[tuple[Value]]) -> Value:
    """The value kept in one file; otherwise as ``kept``."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            body = _body(opened(archive[_TEXT].tobytes(), name, path), path)
            arrays = {key: archive[key] for key in body["arrays"]}
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise damaged(path) from error
    if any(_array_digest(values) != body["arrays"][key] for key, values in arrays.items()):
        raise damaged(path)
    return _read_from(path, body, arrays, adapter)


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
    return _read_from(path, body, arrays_from(data) if data else {}, adapter)


def _read_from(path: Path, body: dict[str, Any], arrays: Arrays, adapter: TypeAdapter[tuple[Value]]) -> Value:
    tree = unpack(body["record"], arrays)
    return _checked(path, lambda: adapter.validate_python([tree]))


def _array_digest(values: NDArray[Any]) -> str:
    """Digest of the numbers of an array; their shape and type stand in the header that reads them."""
    return hashlib.sha256(np.ascontiguousarray(values).data).hexdigest()


def _checked(path: Path, validated: Callable[[], tuple[Value]]) -> Value:
    try:
        return validated()[0]
    except ValidationError as error:
        raise RunError(f"{path} was written by another version of spectune: {error.errors()[0]['msg']}") from error
