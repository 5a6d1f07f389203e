"""Tests that are killed, and what others do about it soon."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

TESTS = Path(__file__).parents[1]
PROGRAM = """
import sys, time
sys.path.insert(0, {tests!r})
{imported}
with {made} as given:
    print(given, flush=True)
    time.sleep(600)
"""


def given_to_a_killed_process(imported: str, made: str) -> str:
    """What a context manager gave to a process that was killed inside it."""
    program = PROGRAM.format(tests=str(TESTS), imported=imported, made=made)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        given = process.stdout.readline().strip()
        process.kill()
    return given


def soon(fact: Callable[[], bool], patience: float = 20.0) -> bool:
    """Whether something becomes true within some seconds."""
    end = time.monotonic() + patience
    while not fact():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
