"""Servers that are asked over a socket, as any other would be: in a thread, or as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

uvicorn = pytest.importorskip("uvicorn", reason="the extra server is not installed: pip install 'spectune[server]'")

from fastapi import FastAPI  # noqa: E402

from spectune.server.running import listening, url_of  # noqa: E402


@contextmanager
def opened(app: FastAPI) -> Iterator[str]:
    """Where the application answers while the block runs."""
    with listening("127.0.0.1", 0) as place:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
        thread = threading.Thread(target=lambda: server.run([place]))
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield url_of(place)
        finally:
            server.should_exit = True
            thread.join()


STORE = """
import os, signal, sys
from spectune.cli.app import run
from spectune.server import app, engine, running, service

if sys.argv[1] == "own":
    engine.NEEDED = ("nothing",)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    born = os.fork()
    if born == 0:
        code = run(line.rstrip("\\n").split("\\t"))
        sys.stdout.flush()
        os._exit(code)
    print("number", born, flush=True)
"""
"""A process that has loaded everything once, and becomes ``spectune serve`` as often as it is told to."""


@dataclass(frozen=True)
class Store:
    """Servers of a run, one after the other, each a process that starts at once."""

    store: subprocess.Popen[str]
    run: Path

    def serve(self, port: int) -> tuple[int, int]:
        """Starts one at a port, or at any that is free where that is 0; its process number and port."""
        assert self.store.stdin is not None
        self.store.stdin.write(f"serve\t{self.run}\t--port\t{port}\n")
        self.store.stdin.flush()
        number = int(self.line("number").split()[1])
        return number, int(self.line("serving").split("127.0.0.1:")[1].split("/")[0])

    def line(self, start: str) -> str:
        """The next line that starts like that."""
        assert self.store.stdout is not None
        found = next((line for line in self.store.stdout if line.startswith(start)), None)
        assert found is not None, f"the server ended before it said {start!r}"
        return found


@contextmanager
def store(run: Path, own: bool = True) -> Iterator[Store]:
    """Servers of a run, while the block runs; ``own``: answered by spectune itself, which is sooner ready."""
    words = [sys.executable, "-c", STORE, "own" if own else "as always"]
    made = subprocess.Popen(
        words,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield Store(made, run)
    finally:
        os.killpg(made.pid, signal.SIGKILL)
        made.wait()
