"""Worker processes: started, connected by lines that need a key, and ended with their context."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, Listener

from spectune.errors import RunError

START_SECONDS = 120


@contextmanager
def hired(workers: int, work: str = "spectune.training.worker") -> Iterator[list[Connection]]:
    """Lines to new worker processes, one each, which run the module ``work``.

    Raises:
        RunError: a worker that does not start.
    """
    key = secrets.token_bytes(32)
    with _patient_listener(key) as listener:
        processes = [_hire(work, str(listener.address), key) for _ in range(workers)]
        try:
            yield [_accept(listener) for _ in processes]
        finally:
            for process in processes:
                process.terminate()
                process.wait()


def _patient_listener(key: bytes) -> Listener:
    """A listener that does not wait for ever: its socket takes over the default timeout."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(START_SECONDS)
    try:
        return Listener(authkey=key)
    finally:
        socket.setdefaulttimeout(before)


def _accept(listener: Listener) -> Connection:
    try:
        return listener.accept()
    except TimeoutError:
        raise RunError(
            f"the worker processes did not start within {START_SECONDS} s; try again, or do without: --cores 1"
        ) from None


def _hire(work: str, address: str, key: bytes) -> subprocess.Popen[bytes]:
    """Starts a worker, which will call ``address``; the key travels over its standard input."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", work, address]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)  # noqa: S603 - our own module
    if process.stdin is not None:
        process.stdin.write(key.hex().encode())
        process.stdin.close()
    return process
