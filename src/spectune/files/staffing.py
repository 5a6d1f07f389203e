"""``workers.json``: who trains the trials of a run, and how many of them were under way at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from spectune.files.border import STRICT
from spectune.files.records import keep_plain, kept_plain

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
    keep_plain(folder / RECORD, "workers", staff)


def load_staff(folder: Path) -> Staff | None:
    """Who trains the trials of a run; None when nothing is kept.

    Raises:
        RunError: a damaged record, or one of another version.
    """
    path = folder / RECORD
    return kept_plain(path, "workers", _STAFFS) if path.exists() else None
