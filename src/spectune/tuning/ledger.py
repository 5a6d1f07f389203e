"""The copy of a search for other programs: every trial that has ended, as Optuna keeps it.

The files of the trials are the truth, and the study in memory hands on all of them at every start. So
whatever a copy lacks is added, and one that holds other trials is written anew. A thread of its own does
it: neither a slow disk nor a server that is gone holds up the search.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from optuna.trial import FrozenTrial

from spectune.tuning.book import About, Book, Ended, anew, book_at, book_in, dated, entered, number
from spectune.tuning.memory import Copy, to_nobody
from spectune.tuning.places import Journal, Nowhere, Place, Postgres, SQLite
from spectune.tuning.storages import FAILURES, Say, reason

CLOSING = 60.0
"""Seconds for the last trials to be written when a search is over."""

BATCH = 100
"""Most trials in one transaction: what is lost of a long copy when its command is killed."""

Waiting = SimpleQueue[FrozenTrial | None]
"""Trials to be copied; None behind the last one."""

Said = SimpleQueue[str]
"""Sentences of the thread that copies."""


@contextmanager
def ledger(where: Place, folder: Path, about: About, ended: Ended, say: Say) -> Iterator[Copy]:
    """What copies trials to a place for as long as a search lasts; all are written when it is over.

    A copy that cannot be kept ends nothing: that is said once, and the next command makes it whole.

    Args:
        where: the place.
        folder: of the run, which no other process works in.
        about: the search.
        ended: when a trial ended, by its file.
        say: told in a sentence what is wrong, in the thread of the caller.

    Raises:
        SettingError: a PostgreSQL that cannot be used, or has a study of another search under that name.
    """
    folder, said = folder.absolute(), Said()
    match where:
        case Nowhere():
            yield to_nobody
        case Postgres(host=host):
            with book_at(where, about) as book, _copying(nullcontext(book), about, host, said) as waiting:
                yield _copy(waiting, ended, said, say)
        case SQLite(file) | Journal(file):
            opening = book_in(folder, where, about, said.put)
            with _copying(opening, about, str(folder / file), said) as waiting:
                yield _copy(waiting, ended, said, say)
    _tell(said, say)


def _copy(waiting: Waiting, ended: Ended, said: Said, say: Say) -> Copy:
    def copy(trial: FrozenTrial) -> None:
        waiting.put(dated(trial, ended))
        _tell(said, say)

    return copy


@contextmanager
def _copying(opening: AbstractContextManager[Book], about: About, where: str, said: Said) -> Iterator[Waiting]:
    """What a thread writes into a copy, which it opens itself; all is written at the end."""
    waiting = Waiting()
    clerk = Thread(target=_write, args=(opening, about, where, waiting, said), daemon=True)
    clerk.start()
    try:
        yield waiting
    finally:
        waiting.put(None)
        clerk.join(CLOSING)
        if clerk.is_alive():
            said.put(_behind(where, f"it took more than {CLOSING:.0f} s to write"))


def _write(opening: AbstractContextManager[Book], about: About, where: str, waiting: Waiting, said: Said) -> None:
    handed: dict[int, FrozenTrial] = {}
    try:
        with opening as book:
            for last in _batches(waiting):
                handed.update({number(trial): trial for trial in last})
                book = entered(book, about, handed, last)
            if book.there.keys() - handed.keys():
                anew(book, about, handed)
    except FAILURES as error:
        said.put(_behind(where, reason(error)))


def _batches(waiting: Waiting) -> Iterator[list[FrozenTrial]]:
    """What waits, whenever something does; ends behind the last trial."""
    ending = False
    while not ending:
        batch = [waiting.get()]
        with suppress(Empty):
            while len(batch) < BATCH and batch[-1] is not None:
                batch.append(waiting.get_nowait())
        ending = None in batch
        yield [trial for trial in batch if trial is not None]


def _behind(where: str, why: str) -> str:
    return (
        f"the copy of the search in {where} is behind: {why}; no trial is lost, and the next command that goes on "
        f"with this run makes it whole"
    )


def _tell(said: Said, say: Say) -> None:
    with suppress(Empty):
        while True:
            say(said.get_nowait())
