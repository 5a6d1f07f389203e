"""PostgreSQL servers made up: empty, and gone after the test."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clusters.held import Held, held, last_words
from clusters.packages import require, unpacked, user

VERSIONS = Path("usr/lib/postgresql")
PATIENCE = 30.0
# Nothing that a server leaves behind when it is killed lies outside its folder: no shared memory but files.
SETTINGS = (
    *("-c", "listen_addresses=", "-c", "dynamic_shared_memory_type=mmap", "-c", "shared_buffers=16MB"),
    *("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "autovacuum=off"),
)

# Arguments: the root folder and the folder below it that the programs are in, their user, and the command that makes
# one that user. Fetched programs are copied: they lie in a home that another user may not enter. A server that has
# only begun does not hear that it should end, so that it is told until it has.
SCRIPT = """
root=$1 bin=$2 user=$3; shift 3
trap : HUP INT PIPE TERM
folder=$(mktemp -d /tmp/postgres-XXXXXX) && chown "$user" "$folder" &&
if [ "$root" != / ]; then
    mkdir "$folder/usr" && cp -r "$root/usr/lib" "$root/usr/share" "$folder/usr" && root=$folder
    export LD_LIBRARY_PATH="$(echo "$root"/usr/lib/*-linux-gnu)"
fi &&
"$@" "$root/$bin/initdb" -D "$folder/data" -U spectune -A trust -E UTF8 --locale=C -N </dev/null >&2 && {
    "$@" "$root/$bin/postgres" -D "$folder/data" -k "$folder" @SETTINGS@ </dev/null >&2 &
    server=$!
    echo "$folder"
    read -r _
    while kill -INT $server 2>/dev/null; do sleep 0.1; done
}
rm -rf "$folder"
"""


@contextmanager
def postgres() -> Iterator[str]:
    """A fresh PostgreSQL server on a socket in a folder of its own.

    Debian's packages are fetched where PostgreSQL is not installed; where that fails the test is skipped.

    Yields:
        its address, for SQLAlchemy and Optuna: ``postgresql+psycopg://spectune@/postgres?host=<folder>``.
    """
    pytest.importorskip("psycopg", reason="the extra postgresql is not installed: pip install 'spectune[postgresql]'")
    root, programs = _programs()
    with held(["sh", "-c", _script(), "sh", str(root), str(programs), *_user()]) as server:
        _wait(server)
        yield f"postgresql+psycopg://spectune@/postgres?host={server.answer}"


def _script() -> str:
    return SCRIPT.replace("@SETTINGS@", " ".join(SETTINGS))


def _programs() -> tuple[Path, Path]:
    root = Path("/")
    if not (found := _newest(root)):
        root = unpacked("postgresql")
        found = _newest(root)
    if not found:
        pytest.skip(f"the Debian packages in {root} hold no PostgreSQL server; remove that folder to fetch them again")
    return root, found


def _newest(root: Path) -> Path | None:
    """Folder of the newest version's programs, from the root."""
    servers = sorted((root / VERSIONS).glob("*/bin/postgres"), key=lambda path: float(path.parents[1].name))
    return servers[-1].parent.relative_to(root) if servers else None


def _user() -> list[str]:
    """Who PostgreSQL runs as, since it refuses root, and the command that runs a program as them."""
    if os.geteuid() != 0:
        return [user()]
    require("setpriv")
    nobody = pwd.getpwnam("nobody")
    return ["nobody", "setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


def _wait(server: Held) -> None:
    import psycopg

    end = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(f"host={server.answer} user=spectune dbname=postgres", connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if server.shell.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"PostgreSQL does not answer: {last_words(server.log, 5)}") from error
            time.sleep(0.05)
        else:
            return
