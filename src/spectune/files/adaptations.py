"""What an adaptation leaves in its folder: ``adaptation.json`` (arrays in ``adaptation.npz``), and its model."""

from __future__ import annotations

from pathlib import Path

from pydantic import ConfigDict, TypeAdapter

from spectune.assessment.adaptation import Adapted
from spectune.errors import RunError
from spectune.files.records import keep, kept

RECORD = "adaptation.json"
PAGE = "adapting.html"

_ADAPTED = TypeAdapter(tuple[Adapted], config=ConfigDict(extra="forbid", arbitrary_types_allowed=True))


def is_adaptation(folder: Path) -> bool:
    """Whether a folder holds a finished adaptation."""
    return (folder / RECORD).exists()


def check_free(folder: Path) -> None:
    """Nothing, where an adaptation may be written to a folder: it is new, empty, or that of an earlier one.

    Raises:
        RunError: the folder holds something else.
    """
    if not folder.exists() or is_adaptation(folder):
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise RunError(f"{folder} exists and is not the folder of an adaptation; choose another --out")


def save_adapted(folder: Path, found: Adapted) -> None:
    """Keep a finished adaptation."""
    keep(folder / RECORD, "adaptation", found)


def load_adapted(folder: Path) -> Adapted:
    """The adaptation kept in a folder.

    Raises:
        RunError: none is there, or a damaged one.
    """
    return kept(folder / RECORD, "adaptation", _ADAPTED)
