"""What is said of faults of spectune itself, and of what ends no work."""

from __future__ import annotations

import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import TextIO

from spectune.errors import Notice


def unforeseen(error: BaseException, folder: Path | None = None) -> str:
    """A sentence for an error nobody foresaw; where it arose goes into a file, in the system's temporary folder."""
    name = type(error).__name__
    with tempfile.NamedTemporaryFile(
        "w", prefix="spectune-fault-", suffix=".txt", dir=folder, delete=False, encoding="utf-8"
    ) as file:
        file.write("".join(traceback.format_exception(error)))
    what = f"{name}: {' '.join(str(error).split())[:200]}"
    return (
        f"an error that spectune did not foresee ({what}); this is a fault of spectune, not yours: "
        f"please report it with the file {file.name}"
    )


def plain_notices() -> None:
    """Notices reach the terminal as one line each; other warnings as ever."""
    usual = warnings.showwarning

    def shown(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, Notice):
            print(f"note: {message}", file=sys.stderr, flush=True)
        else:
            usual(message, category, filename, lineno, file, line)

    warnings.showwarning = shown
