"""What is said when spectune itself is at fault."""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path


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
