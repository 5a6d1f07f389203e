"""Files that are written whole or not at all.

The bytes go to a hidden neighbour first, reach the disk, and take the file's name in one step:
whoever looks sees the old file or the new one, also after a power cut.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spectune.errors import RunError


def write_text(path: Path, text: str) -> None:
    """Write ``text`` in UTF-8, whole or not at all.

    Raises:
        RunError: the disk is full, the folder is missing, or it may not be written to.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data``, whole or not at all; errors as for ``write_text``."""
    with replacing(path) as beside:
        beside.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A hidden path beside ``path``, with the same suffix, that takes its place when all went well."""
    beside = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield beside
        _sync(beside)
        beside.replace(path)
        if os.name != "nt":  # Windows does not let a folder be opened, and needs no sync of it.
            _sync(path.parent)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, if they are not there.

    Raises:
        RunError: a file has that name, or the place may not be written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot make the folder {path}: {error.strerror or error}") from error


def _sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to disk."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
