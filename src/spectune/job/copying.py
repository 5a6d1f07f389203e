"""The copy of a run's search for other programs: whose it is, and what is said of it there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path

from spectune.errors import notice
from spectune.files.runs import FREE, Run, data_digest, ended_at, load_begun, load_trials, space_digest
from spectune.files.sealed import canonical, digest
from spectune.files.settings import Settings
from spectune.job.data import Prepared
from spectune.job.networks import plan
from spectune.networks.space import Space
from spectune.tuning.book import About
from spectune.tuning.ledger import ledger
from spectune.tuning.memory import Copy
from spectune.tuning.places import Postgres, place_of
from spectune.tuning.record import Objective
from spectune.tuning.storages import opened
from spectune.tuning.study import Known, open_study

_DIGITS = 8
"""Of the digest in the name of a study: enough to tell the runs of one database apart."""


@contextmanager
def copied(work: Prepared, run: Run) -> Iterator[Copy]:
    """What copies the trials of a run's search to where its settings say.

    Raises:
        SettingError: a PostgreSQL that cannot be used.
    """
    settings, folder = work.settings, run.folder
    search = about(settings, work.space, folder, work.problem.task.unit)
    with ledger(place_of(settings.storage), folder, search, partial(ended_at, folder), notice) as copy:
        yield copy


def copied_again(work: Prepared, run: Run) -> None:
    """Makes the copy of a search whole that has ended before; errors as of ``copied``."""
    known = Known(load_trials(run.folder), load_begun(run.folder))
    with copied(work, run) as copy:
        open_study(plan(work), work.space, work.problem.task, known, copy)


def reachable(settings: Settings) -> None:
    """Nothing, when the copy can be kept where the settings say, as far as can be told before there is a folder.

    Raises:
        SettingError: a PostgreSQL that cannot be used.
    """
    where = place_of(settings.storage)
    if isinstance(where, Postgres):
        with opened(where, settings.folder, notice):
            pass


def about(settings: Settings, space: Space, folder: Path, unit: str = "") -> About:
    """Whose copy it is: a run's that is told apart by its place, data, space and settings; with facts for a reader."""
    folder = folder.resolve()
    told = {name: value for name, value in asdict(settings).items() if name not in FREE}
    identity = digest(canonical([data_digest(folder), space_digest(folder), told]))
    mark = digest(canonical([identity, str(folder)]))[:_DIGITS]
    facts = {
        "data": settings.data,
        "target": settings.target,
        "unit": unit,
        "space": space.name or space.family,
        "folder": str(folder),
        "spectune": version("spectune"),
    }
    name = f"{'/'.join(folder.parts[-2:])}-{mark}"
    return About(name, identity, measures(settings.objective), {key: fact for key, fact in facts.items() if fact})


def measures(objective: Objective) -> tuple[str, ...]:
    """What each number that a search minimises is called."""
    match objective:
        case "error":
            return ("error on held-out rows",)
        case "overfit":
            return ("error and over-fit",)
        case "accuracy":
            return ("part of wrong classes",)
        case "pareto":
            return ("error on held-out rows", "distance from that on training rows")
