"""The search of a run for those who only look: its trials in memory, read from their files.

Nothing that is done there touches the run, whatever its copy for other programs is and wherever that lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import optuna
from optuna.pruners import NopPruner
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import FrozenTrial

from spectune.files.runs import check_run, ended_at, load_trials
from spectune.files.settings import load_settings
from spectune.files.spaces import fixes, load_space
from spectune.job.copying import about
from spectune.job.data import DEFAULT_SPACE
from spectune.networks.narrowing import fixed
from spectune.networks.space import Space
from spectune.tuning.book import dated, new
from spectune.tuning.memory import Memory, retold
from spectune.tuning.record import Rung, Trial


@dataclass(frozen=True, eq=False)
class View:
    """A search to look at.

    Attributes:
        folder: of the run.
        storage: with one study, for programs that read Optuna's.
        space: that the trials were drawn from, with ranges as wide as it says.
        teller: is told of each trial and hands it on to the storage.
        seen: numbers of the trials that are there.
    """

    folder: Path
    storage: BaseStorage
    space: Space
    teller: optuna.Study
    seen: set[int]


def view(folder: Path) -> View:
    """The search of a run, finished or not, with all trials that have ended.

    Raises:
        RunError: no run, or a damaged record.
        SettingError: the file of its search space is no longer there.
    """
    check_run(folder)
    settings = load_settings(folder / "run.toml")
    space = fixed(load_space(DEFAULT_SPACE if settings.space == "auto" else settings.space), fixes(settings.fix))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    whose = about(settings, space, folder)
    book = new(InMemoryStorage(), whose)

    def copy(trial: FrozenTrial) -> None:
        book.storage.create_new_trial(book.study, template_trial=dated(trial, partial(ended_at, folder)))

    teller = optuna.create_study(
        storage=Memory(copy), directions=["minimize"] * len(whose.measures), pruner=NopPruner()
    )
    made = View(folder, book.storage, space, teller, set())
    refresh(made)
    return made


def refresh(seen: View) -> None:
    """Adds the trials that have ended since.

    Raises:
        RunError: a damaged record.
        KeyError: the study was deleted by who looks at it.
    """
    for trial in load_trials(seen.folder, seen.seen):
        seen.seen.add(trial.number)
        retold(seen.teller, trial, seen.space, _epoch)


def _epoch(_: Trial, rung: Rung) -> int:
    """Where a report stands for a reader: at its epoch."""
    return rung.epoch
