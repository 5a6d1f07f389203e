"""``workers.json``: who trains the trials of a run, and how many of them were under way at once."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from spectune.errors import RunError
from spectune.files.atomic import write_text
from spectune.files.border import STRICT
from spectune.files.sealed import sealed, unsealed

RECORD = "workers.json"


@dataclass(frozen=True)
class Staff:
    """Who trains the trials of a search.

    Attributes:
        workers: processes, or jobs.
        threads: processor cores of each.
        cores: that they share.
        pace: epochs of whole trials that they train in a second, of a network in the middle of the space; 0
            where that was not measured.
        most: trials that were under way at once, at most, in any command on this run.
    """

    workers: int
    threads: int
    cores: int
    pace: float = 0.0
    most: int = 1


_STAFFS = TypeAdapter(tuple[Staff], config=STRICT)


def save_staff(folder: Path, staff: Staff) -> None:
    """Keep who trains the trials of a run."""
    write_text(folder / RECORD, sealed("workers", asdict(staff)))


def load_staff(folder: Path) -> Staff | None:
    """Who trains the trials of a run; None when nothing is kept.

    Raises:
        RunError: a damaged record, or one of another version.
    """
    path = folder / RECORD
    if not path.exists():
        return None
    try:
        return _STAFFS.validate_json(json.dumps([unsealed(path, "workers")]))[0]
    except ValidationError as error:
        raise RunError(f"{path} was written by another version of spectune: {error.errors()[0]['msg']}") from error
