"""A value kept as a sealed JSON record, its arrays beside it in one ``.npz``.

The JSON names the digest of the arrays and is written last: until then the record is not there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from spectune.errors import RunError
from spectune.files.atomic import write_bytes, write_text
from spectune.files.packing import Arrays, array_bytes, arrays_from, pack, unpack
from spectune.files.sealed import damaged, digest, read_bytes, sealed, unsealed

Value = TypeVar("Value")


def keep(path: Path, name: str, value: object) -> None:
    """Keep a frozen dataclass, called ``name``, as ``path`` (a ``.json``), and its arrays as ``.npz`` beside it."""
    arrays: Arrays = {}
    tree = pack(value, arrays)
    data = array_bytes(arrays) if arrays else b""
    path.unlink(missing_ok=True)
    if arrays:
        write_bytes(path.with_suffix(".npz"), data)
    write_text(path, sealed(name, {"arrays": digest(data), "record": tree}))


def kept(path: Path, name: str, adapter: TypeAdapter[tuple[Value]]) -> Value:
    """The value kept as ``path``; the adapter is that of a tuple of its type, which takes lists for tuples.

    Raises:
        RunError: no such file, a damaged one, or one that another version wrote.
    """
    body: Any = unsealed(path, name)
    if not isinstance(body, dict) or body.keys() != {"arrays", "record"}:
        raise damaged(path)
    beside = path.with_suffix(".npz")
    data = read_bytes(beside) if body["arrays"] != digest(b"") else b""
    if digest(data) != body["arrays"]:
        raise damaged(beside)
    try:
        return adapter.validate_python([unpack(body["record"], arrays_from(data) if data else {})])[0]
    except ValidationError as error:
        raise RunError(f"{path} was written by another version of spectune: {error.errors()[0]['msg']}") from error
