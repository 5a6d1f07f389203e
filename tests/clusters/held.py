"""Shells that hold something for a test, and clean up when the test ends, however it ends."""

from __future__ import annotations

import select
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

PATIENCE = 30.0


class RefusedError(Exception):
    """A shell could not set up what it was asked for; the text is the end of its log."""


@dataclass(frozen=True)
class Held:
    """A shell that has set something up.

    Attributes:
        shell: its process.
        answer: the line it printed when all was ready.
        log: what it and its children wrote to standard error.
    """

    shell: subprocess.Popen[str]
    answer: str
    log: IO[bytes]


@contextmanager
def held(command: Sequence[str]) -> Iterator[Held]:
    """A shell at work in the background, for as long as the test runs.

    The script prints one line when it is ready, waits with ``read``, and cleans up. What it reads is a pipe that
    only this process holds, so that it cleans up as well when this process is killed; it must trap PIPE, which it
    gets if that happens before its line. It has a session of its own: a signal to the test's terminal or process
    group does not reach it.

    Raises:
        RefusedError: if the script ends or stays silent instead of printing its line.
    """
    with TemporaryFile() as log:
        shell = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )
        try:
            answer = _line(shell)
            if not answer:
                raise RefusedError(" ".join(last_words(log, 3).split()) or f"{command[0]} said nothing")
            yield Held(shell, answer, log)
        finally:
            _let_go(shell)


def last_words(log: IO[bytes], lines: int = 1) -> str:
    """The last lines of a log."""
    log.seek(0)
    return "\n".join(log.read().decode(errors="replace").strip().splitlines()[-lines:])


def _line(shell: subprocess.Popen[str]) -> str:
    if shell.stdout is None or not select.select([shell.stdout], [], [], PATIENCE)[0]:
        return ""
    return shell.stdout.readline().strip()


def _let_go(shell: subprocess.Popen[str]) -> None:
    try:
        shell.communicate("\n", timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        shell.kill()
        shell.communicate()
