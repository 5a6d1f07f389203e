"""Where the copy of a search is kept for other programs: a word or an address, understood.

No password is taken: settings are written into the folder of a run and into its report.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

from spectune.errors import SettingError

SCHEMES = ("postgresql", "postgresql+psycopg")
SECRETS = ("password", "sslpassword")


@dataclass(frozen=True)
class SQLite:
    """A database file in the folder of the run."""

    file: str = "study.db"


@dataclass(frozen=True)
class Journal:
    """A file of one line an event in the folder of the run."""

    file: str = "study.journal"


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL server.

    Attributes:
        url: its address, as SQLAlchemy is told; without a password.
        host: the machine, or the folder of the socket.
    """

    url: str
    host: str


@dataclass(frozen=True)
class Nowhere:
    """No copy."""


Place = SQLite | Journal | Postgres | Nowhere

WORDS: dict[str, Place] = {"sqlite": SQLite(), "journal": Journal(), "none": Nowhere()}


def place_of(said: str) -> Place:
    """The place that the setting ``storage`` says.

    What was said is never repeated whole: somebody may have put a password into it.

    >>> place_of("sqlite"), place_of("postgresql://ann@lab/spectra")
    (SQLite(file='study.db'), Postgres(url='postgresql+psycopg://ann@lab/spectra', host='lab'))

    Raises:
        SettingError: another word, another kind of address, or one that holds a password.
    """
    if said in WORDS:
        return WORDS[said]
    scheme, _, rest = said.partition("://")
    if scheme not in SCHEMES or not rest:
        raise SettingError(
            f"storage must be {', '.join(WORDS)} or an address such as postgresql://user@host/database, "
            f"got {said.partition(':')[0]!r}"
        )
    parts = _split(said)
    if parts.password is not None or any(secret in parse_qs(parts.query) for secret in SECRETS):
        raise SettingError(
            "storage holds a password, which would be kept in run.toml and in the report; "
            "leave it out, and put it into ~/.pgpass or the variable PGPASSWORD"
        )
    return Postgres(f"postgresql+psycopg://{rest}", _host(parts))


def _split(said: str) -> SplitResult:
    try:
        parts = urlsplit(said)
        _ = parts.port
    except ValueError as error:
        raise SettingError(
            "storage is no address of a PostgreSQL server; it must be such as postgresql://user@host:5432/database, "
            "with a password in ~/.pgpass or the variable PGPASSWORD"
        ) from error
    return parts


def _host(parts: SplitResult) -> str:
    """The machine that an address names, with the port where it is said, or else the folder of a socket."""
    port = f":{parts.port}" if parts.port else ""
    return (parts.hostname or next(iter(parse_qs(parts.query).get("host", [])), "this machine")) + port
