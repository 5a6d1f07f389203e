"""Pruned trials of a run that were trained to their end: ``RUN/pruning/NUMBER.json``, and ``RUN/pruning.json``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter

from spectune.files.atomic import make_folder, write_text
from spectune.files.records import keep, kept
from spectune.files.runs import load_trial
from spectune.files.sealed import sealed
from spectune.tuning.pruning import Regret
from spectune.tuning.record import Trial

RECORD = "pruning.json"
AGAIN = "pruning"

_REGRETS = TypeAdapter(tuple[Regret], config=ConfigDict(extra="forbid"))


def save_again(folder: Path, trial: Trial) -> None:
    """Keep a pruned trial that was trained to its end."""
    make_folder(folder / AGAIN)
    write_text(_path(folder, trial.number), sealed("trial", asdict(trial)))


def load_again(folder: Path, number: int) -> Trial | None:
    """The pruned trial of that number as it ended, if it was trained to its end.

    Raises:
        RunError: a record that is damaged.
    """
    path = _path(folder, number)
    return load_trial(path) if path.exists() else None


def save_regret(folder: Path, found: Regret) -> None:
    """Keep what the pruned trials tell."""
    keep(folder / RECORD, "regret", found)


def load_regret(folder: Path) -> Regret:
    """What the pruned trials of a run tell.

    Raises:
        RunError: they were not looked at, or the record is damaged.
    """
    return kept(folder / RECORD, "regret", _REGRETS)


def _path(folder: Path, number: int) -> Path:
    return folder / AGAIN / f"{number:04d}.json"
