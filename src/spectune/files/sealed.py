"""JSON records that carry the digest of their content, so that a damaged file is told from a good one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from spectune.errors import RunError

FORMAT = 2
"""Version of what is kept in a run folder; raised when older folders can no longer be read."""


def sealed(name: str, body: Any) -> str:
    """The JSON text of a record called ``name``, with its digest.

    >>> sealed("trial", {"number": 7})[:38]
    '{"format": 2, "sha256": "1bd100ac70001'
    """
    return json.dumps({"format": FORMAT, "sha256": digest(canonical(body)), name: body}) + "\n"


def unsealed(path: Path, name: str) -> Any:
    """The record called ``name`` in a file.

    Raises:
        RunError: the file cannot be read, or its content does not fit its digest.
    """
    return opened(read_bytes(path), name, path)


def opened(text: bytes, name: str, path: Path) -> Any:
    """The record called ``name`` in a text that was read from a file; errors as of ``unsealed``."""
    try:
        kept = json.loads(text)
    except ValueError as error:
        raise damaged(path) from error
    if not isinstance(kept, dict) or name not in kept or kept.get("sha256") != digest(canonical(kept[name])):
        raise damaged(path)
    return kept[name]


def read_bytes(path: Path) -> bytes:
    """The bytes of a file of a run; a RunError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}") from error


def damaged(path: Path) -> RunError:
    """The error for a file that is not what was written."""
    return RunError(
        f"{path} is damaged: its content does not fit its checksum; restore it, or run again with another --out"
    )


def canonical(tree: Any) -> str:
    """One JSON text for equal trees."""
    return json.dumps(tree, sort_keys=True, separators=(",", ":"))


def digest(data: str | bytes) -> str:
    """SHA-256 of a text or of bytes, 64 hexadecimal digits."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()
