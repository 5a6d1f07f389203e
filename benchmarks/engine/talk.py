"""Words between ``run.py`` and the processes it measures: commands one way, answers in JSON the other.

A process that is measured does nothing but wait for its next line, so that one side is idle while the other works.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

Answer = dict[str, float | str]


@dataclass(frozen=True)
class Watch:
    """Wall time and this process's CPU time since a moment, seconds."""

    wall: float
    cpu: float

    @classmethod
    def start(cls) -> Watch:
        """A watch that starts now."""
        return cls(time.perf_counter(), time.process_time())

    def read(self) -> Answer:
        """Seconds since the start."""
        return {"wall": time.perf_counter() - self.wall, "cpu": time.process_time() - self.cpu}


@dataclass(frozen=True)
class Ear:
    """The measured process's end of the line."""

    mouth: TextIO

    @classmethod
    def open(cls, **about: str) -> Ear:
        """Says what this process is. Standard output is the answers' from now on; other text goes to the errors."""
        ear = cls(os.fdopen(os.dup(1), "w", encoding="utf-8"))
        os.dup2(2, 1)
        ear.say(dict(about))
        return ear

    def say(self, answer: Answer) -> None:
        """Answers a command."""
        print(json.dumps(answer), file=self.mouth, flush=True)

    def hear(self) -> tuple[str, int]:
        """The next command and its number; ``("quit", 0)`` when the line is closed."""
        word, _, number = sys.stdin.readline().strip().partition(" ")
        return word or "quit", int(number or 0)


class Side:
    """A process that is measured, seen from outside."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], errors: Path) -> None:
        self._name, self._errors = " ".join(command), errors
        with errors.open("w") as file:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True, env=dict(environment)
            )
        self.about = self._answer()

    def ask(self, command: str) -> Answer:
        """Sends a command and waits for its answer."""
        with suppress(BrokenPipeError):  # a process that has ended gives no answer, and that is said
            print(command, file=self._process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        """Ends the process."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> Answer:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            last = "\n".join(self._errors.read_text(errors="replace").splitlines()[-15:])
            raise SystemExit(f"a measured process ended early: {self._name}\n{last}")
        answer: Answer = json.loads(line)
        return answer
