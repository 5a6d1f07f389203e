"""A held shell cleans up, however the test ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clusters.dying import TESTS, soon
from clusters.held import RefusedError, held

# The script begins a file, takes its time until it is ready, and ends the file when it is let go.
SCRIPT = "trap : HUP INT PIPE TERM; echo begun > $1; sleep 0.5; echo ready; read -r _; echo ended >> $1"
PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from clusters.held import held\nwith held(sys.argv[2:]): pass"


def command(file: Path) -> list[str]:
    return ["sh", "-c", SCRIPT, "sh", str(file)]


def lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def test_a_shell_answers_when_it_is_ready_and_has_cleaned_up_when_it_is_let_go(tmp_path: Path) -> None:
    with held(command(tmp_path / "file")) as shell:
        assert shell.answer == "ready"
        assert lines(tmp_path / "file") == ["begun"]
    assert lines(tmp_path / "file") == ["begun", "ended"]


def test_a_shell_cleans_up_when_the_test_is_killed_before_it_was_ready(tmp_path: Path) -> None:
    asked = [sys.executable, "-c", PROGRAM, str(TESTS), *command(tmp_path / "file")]
    with subprocess.Popen(asked, start_new_session=True) as process:
        assert soon(lambda: lines(tmp_path / "file") == ["begun"])
        process.kill()
    assert soon(lambda: lines(tmp_path / "file") == ["begun", "ended"])


def test_a_shell_that_cannot_begin_says_why() -> None:
    with (
        pytest.raises(RefusedError, match=r"^no room left here$"),
        held(["sh", "-c", "echo 'no room\n left  here' >&2; exit 1"]),
    ):
        pass
