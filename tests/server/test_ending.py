"""``spectune serve`` as a process: what it refuses to start with, and how it ends."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from folders import finished
from outcomes import outcome
from served import NUMBER, as_text, spectra
from spectune.cli import serving
from spectune.cli.app import run

pytest.importorskip("uvicorn", reason="the extra server is not installed: pip install 'spectune[server]'")


pytestmark = pytest.mark.xdist_group("processes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("runs") / "fat", outcome(NUMBER))


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run(["serve", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    return said


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])  # noqa: S104
def test_other_machines_are_not_let_in_without_a_token(
    host: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "requests need a token" in refused([str(folder), "--host", host], capsys)


def test_what_cannot_be_served_is_refused_with_a_sentence(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "there is no run folder" in refused([str(tmp_path / "none")], capsys)
    assert "cannot be read" in refused([str(folder), "--token-file", str(tmp_path / "none")], capsys)
    (tmp_path / "token").write_text("short\n")
    assert "16 or more letters" in refused([str(folder), "--token-file", str(tmp_path / "token")], capsys)
    (tmp_path / "token").write_text("long-enough-for-a-token\n")
    taken = [str(folder), "--host", "192.0.2.1", "--token-file", str(tmp_path / "token")]
    assert "nothing can listen at 192.0.2.1" in refused(taken, capsys)
    monkeypatch.setattr(serving, "find_spec", lambda name: None)
    assert "pip install 'spectune[server]'" in refused([str(folder)], capsys)


@pytest.fixture
def process(folder: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A server on a free port whose temporary files would lie in ``tmp_path / "kept"``."""
    (tmp_path / "kept").mkdir()
    code = "import sys; from spectune.cli.app import run; sys.exit(run(sys.argv[1:]))"
    environment = {**os.environ, "TMPDIR": str(tmp_path / "kept"), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", code, "serve", str(folder), "--port", "0"]
    made = subprocess.Popen(
        words, env=environment, cwd=tmp_path / "kept", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    yield made
    made.kill()
    made.wait()


def test_an_accepted_request_is_answered_after_the_server_was_told_to_end(
    process: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert process.stdout is not None
    said = next(line for line in process.stdout if line.startswith("serving"))
    body, address = as_text(spectra()), said.split("http://")[1].split("/")[0]
    with closing(http.client.HTTPConnection(address, timeout=60)) as asked:
        asked.putrequest("POST", "/predict")
        asked.putheader("Content-Type", "text/csv")
        asked.putheader("Content-Length", str(len(body)))
        asked.endheaders(body[:100])
        with closing(http.client.HTTPConnection(address, timeout=60)) as other:
            other.request("GET", "/health")
            assert other.getresponse().read() == b'{"status":"ok"}'
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        asked.send(body[100:])
        answer = asked.getresponse()
        assert answer.status == 200
        assert answer.read().count(b'"predicted"') == 12
    assert process.wait(20) == 0
    assert process.stdout.read() == "ended; accepted requests were answered\n"
    assert [path for path in (tmp_path / "kept").rglob("*") if path.is_file()] == []
