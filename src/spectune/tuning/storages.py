"""Optuna's storages, opened for the copy of a search: a file in its folder, made good first, or PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import optuna
from optuna.exceptions import OptunaError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from spectune.errors import SettingError
from spectune.tuning.places import Journal, Postgres, SQLite

STRANGE = (ValueError, LookupError, TypeError, AssertionError, AttributeError, RuntimeError)
"""What Optuna raises where it reads what it did not write, or misses a line that it did."""

FAILURES = (OSError, SQLAlchemyError, OptunaError, sqlite3.Error, *STRANGE)
"""What a storage raises that is full, gone, read-only, or not what it seems."""

CONNECTING = {"connect_timeout": 8, "tcp_user_timeout": 30_000}
"""Seconds in which a server must answer at first, and milliseconds later on."""

_MAKING_TABLES = 7_462_019
"""Number of the lock that keeps two runs from making the tables at once."""

Say = Callable[[str], None]


@contextmanager
def opened(where: SQLite | Journal | Postgres, folder: Path, say: Say) -> Iterator[BaseStorage]:
    """The storage at a place.

    Args:
        where: the place.
        folder: of the run, absolute; no other process writes to a storage in it.
        say: told in a sentence what was damaged and where it is now.

    Raises:
        SettingError: a PostgreSQL that cannot be used.
        FAILURES: a file that cannot be opened.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = _storage(where, folder, say)
    try:
        yield storage
    finally:
        if isinstance(storage, RDBStorage):
            storage.engine.dispose()


def set_aside(path: Path, say: Say) -> None:
    """Gives a file another name, so that one can be made anew."""
    damaged = path.with_name(f"{path.name}.damaged")
    path.replace(damaged)
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    say(f"{path} is damaged or not of this run; it is now {damaged.name}, and a new one is made from the trials")


def unusable(where: Postgres, error: BaseException) -> SettingError:
    """The error for a server that no copy can be kept on."""
    return SettingError(
        f"the PostgreSQL server at {where.host} cannot be used: {reason(error)}; check the address, that the server "
        f"runs, and the password in ~/.pgpass or PGPASSWORD, or keep the copy elsewhere, as with --storage sqlite"
    )


def reason(error: BaseException) -> str:
    """The first line of what was wrong at the bottom of an error."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".") if lines else type(error).__name__


def _storage(where: SQLite | Journal | Postgres, folder: Path, say: Say) -> BaseStorage:
    match where:
        case SQLite(file):
            return _sqlite(folder / file, say)
        case Journal(file):
            return _journal(folder / file, say)
        case Postgres():
            return _postgres(where)


def _sqlite(path: Path, say: Say) -> RDBStorage:
    """A database file that a power cut may leave behind the files of the trials, but not damaged."""
    if path.exists() and not _whole(path):
        set_aside(path, say)
    try:
        return _database(path)
    except RuntimeError:  # tables of another version of Optuna
        set_aside(path, say)
        return _database(path)


def _database(path: Path) -> RDBStorage:
    return RDBStorage("sqlite:///study.db", {"creator": partial(_connected, path)})


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def _whole(path: Path) -> bool:
    """Whether a file is a database without damage; one that cannot be read now is not called damaged."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:
        return False


def _journal(path: Path, say: Say) -> JournalStorage:
    """A journal of whole lines; a lock that a killed process left is taken away.

    Optuna would glue its next line to half a line at the end, after which nobody could read the file.
    """
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
    if path.exists():
        _cut(path)
    try:
        return _lines(path)
    except STRANGE:
        set_aside(path, say)
        return _lines(path)


def _lines(path: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(path), JournalFileOpenLock(str(path))))


def _cut(path: Path) -> None:
    """Moves what stands behind the last whole line into a ``.torn`` beside the journal."""
    whole, newline, torn = path.read_bytes().rpartition(b"\n")
    if torn:
        path.with_name(f"{path.name}.torn").write_bytes(torn)
        with path.open("r+b") as file:
            file.truncate(len(whole + newline))


def _postgres(where: Postgres) -> RDBStorage:
    if find_spec("psycopg") is None:
        raise SettingError(
            "storage names a PostgreSQL server, which spectune reaches by psycopg; "
            "install it with: pip install 'spectune[postgresql]'"
        )
    options = {"connect_args": CONNECTING, "pool_pre_ping": True}
    try:
        with create_engine(where.url, poolclass=NullPool, connect_args=CONNECTING).begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MAKING_TABLES})
            return RDBStorage(where.url, options)
    except FAILURES as error:
        raise unusable(where, error) from error
