"""A process that has imported everything and makes others like it, so that commands can be killed by the dozen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SERVES = """
import json, os, sys
import spectune.job.run, spectune.cli.tuning, spectune.cli.app as app
for line in sys.stdin:
    words, said = json.loads(line)
    child = os.fork()
    if not child:
        log = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1), os.dup2(log, 2)
        code = app.run(words)
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Zygote:
    """Commands in processes that start at once."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self.log = log

    def begin(self, words: Sequence[str]) -> int:
        """Begins a command; the process to kill."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([list(words), str(self.log)]) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def end(self) -> int:
        """Exit code of the command that was begun, minus the signal that ended it."""
        return self._answer()

    @property
    def said(self) -> str:
        """Everything the last command printed."""
        return self.log.read_text()

    def _answer(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


@contextmanager
def zygote(folder: Path) -> Iterator[Zygote]:
    surroundings = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SERVES]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=surroundings
    ) as process:
        yield Zygote(process, folder / "said.txt")
        assert process.stdin is not None
        process.stdin.close()
