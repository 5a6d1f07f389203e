"""What a search remembers: all trials in memory, and those that have ended in a file.

A trial that is running is nowhere on disk. A search that was killed has only whole trials behind
it and asks for the next one as if it had not been stopped; and a trial costs the disk one write.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.storages import InMemoryStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event

NAME = "spectune"
"""The study's name is fixed: Hyperband derives a trial's bracket from it."""

ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


class Memory(InMemoryStorage):
    """Optuna's storage in memory, which copies a trial to the study ``kept`` when it ends."""

    def __init__(self, kept: optuna.Study) -> None:
        super().__init__()
        self.kept = kept

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Ends or begins a trial; one that ends is kept."""
        changed = super().set_trial_state_values(trial_id, state, values)
        if state in ENDED:
            self.kept.add_trial(self.get_trial(trial_id))
        return changed


def kept_in(path: Path, directions: Sequence[Literal["minimize"]] = ("minimize",)) -> optuna.Study:
    """The study in a SQLite file, made if it is not there; one direction for each number that it minimises."""
    return optuna.create_study(storage=_sqlite(path), study_name=NAME, directions=directions, load_if_exists=True)


def ended(kept: optuna.Study) -> list[FrozenTrial]:
    """The trials that have ended, in their order."""
    return kept.get_trials(deepcopy=False, states=ENDED)


def _sqlite(path: Path) -> RDBStorage:
    """One file with one writer, written ahead: survives a kill, and does not wait for the disk."""
    storage = RDBStorage(f"sqlite:///{path}")

    @event.listens_for(storage.engine, "connect")
    def _faster(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return storage
