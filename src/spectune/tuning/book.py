"""A copy of a search, open for writing: whose it is, and which trials it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from spectune.errors import SettingError
from spectune.tuning.memory import NUMBER, SECONDS
from spectune.tuning.places import Journal, Postgres, SQLite
from spectune.tuning.rows import add
from spectune.tuning.storages import FAILURES, STRANGE, Say, opened, set_aside, unusable

IDENTITY = "identity"

_MEASURES = "study:metric_names"
"""Under which Optuna keeps what the numbers that are minimised are called."""

Ended = Callable[[int], float | None]
"""When a trial ended, by its file, in seconds since 1970; None where there is no such file."""


@dataclass(frozen=True)
class About:
    """Whose copy it is.

    Attributes:
        name: of the study.
        identity: digest of all that tells one search from another.
        measures: what each number that is minimised is called.
        facts: for a reader.
    """

    name: str
    identity: str
    measures: Sequence[str]
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Book:
    """An open copy.

    Attributes:
        storage: where it is.
        study: its key there.
        there: what is written of each trial, by number.
    """

    storage: BaseStorage
    study: int
    there: dict[int, str]


@contextmanager
def book_in(folder: Path, where: SQLite | Journal, about: About, say: Say) -> Iterator[Book]:
    """The copy in a file of a folder; a file of another search, or that cannot be understood, is set aside.

    Raises:
        FAILURES: the file cannot be opened or made.
    """
    with opened(where, folder, say) as storage:
        found = _own(storage, about)
        if found is not None:
            yield found
            return
    set_aside(folder / where.file, say)
    with opened(where, folder, say) as storage:
        yield new(storage, about)


@contextmanager
def book_at(where: Postgres, about: About) -> Iterator[Book]:
    """The copy on a server.

    Raises:
        SettingError: a server that cannot be used, or has a study of another search under that name.
    """
    with opened(where, Path(), _nothing) as storage:
        try:
            found = _named(storage, about)
        except FAILURES as error:
            raise unusable(where, error) from error
        if found is None:
            raise SettingError(
                f"the PostgreSQL server at {where.host} has a study {about.name!r} of another search; rename or delete "
                f"that study, or choose another --out"
            )
        yield found


def new(storage: BaseStorage, about: About) -> Book:
    """A copy without trials."""
    study = storage.create_new_study([StudyDirection.MINIMIZE] * len(about.measures), about.name)
    storage.set_study_user_attr(study, IDENTITY, about.identity)
    storage.set_study_system_attr(study, _MEASURES, list(about.measures))
    return _described(Book(storage, study, {}), about)


def entered(book: Book, about: About, trials: Mapping[int, FrozenTrial], last: Sequence[FrozenTrial]) -> Book:
    """The copy with the last trials in it, each once.

    Where it holds something else under one of their numbers it is written anew, with all ``trials``.
    """
    if any(book.there.get(number(trial), words(trial)) != words(trial) for trial in last):
        return anew(book, about, trials)
    missing = [trial for trial in last if number(trial) not in book.there]
    add(book.storage, book.study, missing)
    book.there.update({number(trial): words(trial) for trial in missing})
    return book


def anew(book: Book, about: About, trials: Mapping[int, FrozenTrial]) -> Book:
    """The copy with these trials and no others."""
    book.storage.delete_study(book.study)
    return entered(new(book.storage, about), about, trials, list(trials.values()))


def number(trial: FrozenTrial) -> int:
    """The number of a trial in its search; in a copy it has another where several workers trained."""
    return int(trial.user_attrs.get(NUMBER, trial.number))


def words(trial: FrozenTrial) -> str:
    """What a trial came to; the same text for equal ones."""
    drawn, reports = sorted(trial.params.items()), sorted(trial.intermediate_values.items())
    return repr((trial.state.name, drawn, trial.values, reports))


def dated(trial: FrozenTrial, ended: Ended) -> FrozenTrial:
    """The trial with the times of its training, where a file tells them."""
    at = ended(number(trial))
    if at is not None:
        trial.datetime_complete = datetime.fromtimestamp(at)
        trial.datetime_start = trial.datetime_complete - timedelta(seconds=trial.user_attrs.get(SECONDS, 0.0))
    return trial


def _own(storage: BaseStorage, about: About) -> Book | None:
    """The copy in a storage that holds nothing else; None where it holds something else."""
    try:
        studies = storage.get_all_studies()
        if not studies:
            return new(storage, about)
        return _mine(storage, studies[0]._study_id, about) if len(studies) == 1 else None
    except STRANGE:
        return None


def _named(storage: BaseStorage, about: About) -> Book | None:
    """The copy among others, by its name; None where that name is another search's."""
    try:
        study = storage.get_study_id_from_name(about.name)
    except KeyError:
        return new(storage, about)
    return _mine(storage, study, about)


def _mine(storage: BaseStorage, study: int, about: About) -> Book | None:
    """The study as a copy of this search; one without identity and trials was begun when a command was killed."""
    there: dict[int, str] = {}
    for trial in storage.get_all_trials(study, deepcopy=False):
        there[number(trial)] = "twice" if number(trial) in there else words(trial)
    identity = storage.get_study_user_attrs(study).get(IDENTITY)
    if identity is None and not there:
        storage.delete_study(study)
        return new(storage, about)
    return _described(Book(storage, study, there), about) if identity == about.identity else None


def _described(book: Book, about: About) -> Book:
    """The copy with its facts for a reader, which change when a run is moved."""
    known = book.storage.get_study_user_attrs(book.study)
    for name, fact in about.facts.items():
        if known.get(name) != fact:
            book.storage.set_study_user_attr(book.study, name, fact)
    return book


def _nothing(_: str) -> None:
    """A server has no file that could be damaged."""
