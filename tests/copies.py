"""Searches made up, told to a copy, and what a copy then holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import optuna
from optuna.pruners import NopPruner
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from spectune.networks.space import Choice, Fixed, FloatRange, IntRange, Space, Value
from spectune.tuning.book import About, words
from spectune.tuning.ledger import ledger
from spectune.tuning.memory import Copy, Memory, retold
from spectune.tuning.places import Journal, Place, Postgres, SQLite
from spectune.tuning.record import Rung, Trial
from spectune.tuning.storages import opened

SPACE = Space(
    "funnel",
    {
        "channels": Choice(("RAW", "SNV", "SNV+D1")),
        "dense.width": IntRange(4, 64, log=True),
        "rate": FloatRange(1e-4, 1e-1, log=True),
        "convolution": Choice((False, True)),
        "batch": Fixed(16),
    },
)
ABOUT = About("soil-1a2b3c4d", "1a2b3c4d", ("error on held-out rows",), {"target": "total_carbon"})
ENDED = 1_790_000_000.0
"""When trial 0 ended, by its file; the others a minute after one another."""


def trials(count: int) -> list[Trial]:
    """Trials that were complete, pruned and rejected, in turn."""
    return [_trial(number) for number in range(count)]


def _trial(number: int) -> Trial:
    values: dict[str, Value] = {
        "channels": "SNV",
        "dense.width": 4 + number % 60,
        "rate": 0.01 / (number + 1),
        "batch": 16,
    }
    if number % 3 == 2:
        return Trial(number, "rejected", values, seconds=0.25, reason="a window of 9 does not fit in 5 points")
    rungs = tuple(Rung(epoch, (1 / epoch + number, 1.5 / epoch + number)) for epoch in (3, 9, 27))
    known = {**values, "convolution": number % 2 == 0}
    if number % 3 == 1:
        return Trial(number, "pruned", known, "71b8236dfca0", rungs=rungs[:1], parameters=480, seconds=1.5)
    value = 1 / (number + 1)
    made = Trial(number, "complete", known, "84f11255d01f", value, rungs=rungs, parameters=96, seconds=2.0)
    return replace(made, objective=value)


def tell(copy: Copy, made: Sequence[Trial], numbers: int = 1) -> None:
    """Tells of trials as a search that goes on does."""
    study = optuna.create_study(storage=Memory(copy), pruner=NopPruner(), directions=["minimize"] * numbers)
    for trial in made:
        retold(study, trial, SPACE, epoch)


def epoch(_: Trial, rung: Rung) -> int:
    return rung.epoch


def ended_at(number: int) -> float:
    return ENDED + 60 * number


def keep(where: Place, folder: Path, made: Sequence[Trial], about: About = ABOUT) -> list[str]:
    """What is said while a search of these trials is copied."""
    said: list[str] = []
    with ledger(where, folder, about, ended_at, said.append) as copy:
        tell(copy, made, len(about.measures))
    return said


@contextmanager
def storage(where: SQLite | Journal | Postgres, folder: Path) -> Iterator[BaseStorage]:
    """A copy as another program opens it."""
    with opened(where, folder, refuse) as found:
        yield found


def refuse(sentence: str) -> None:
    raise AssertionError(sentence)


def held(where: SQLite | Journal | Postgres, folder: Path, name: str = ABOUT.name) -> list[FrozenTrial]:
    """The trials in a copy."""
    with storage(where, folder) as found:
        return found.get_all_trials(found.get_study_id_from_name(name))


def said_of(made: Sequence[FrozenTrial]) -> list[str]:
    """What each trial came to, in the order of their numbers in the search."""
    return [words(trial) for trial in sorted(made, key=lambda trial: int(trial.user_attrs["trial"]))]


def told(made: Sequence[Trial], numbers: int = 1) -> list[FrozenTrial]:
    """The trials as a study in memory hands them on."""
    found: list[FrozenTrial] = []
    take: Callable[[FrozenTrial], None] = found.append
    tell(take, made, numbers)
    return found
