"""One command at a time in a run folder.

The lock belongs to an open file, so the system drops it when its process ends, however it ends:
a killed run never leaves a lock behind.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from spectune.errors import RunError

if sys.platform == "win32":
    import msvcrt

    def _seize(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _seize(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


LOCK_NAME = ".lock"


def lock(folder: Path) -> IO[bytes]:
    """An open file that holds the folder until it is closed.

    Raises:
        RunError: another command holds the folder, or nothing may be written there.
    """
    path = folder / LOCK_NAME
    try:
        file = path.open("ab")
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        _seize(file)
    except OSError:
        file.close()
        raise RunError(
            f"another command is working in {folder}; wait until it ends, stop it, or choose another --out"
        ) from None
    return file
