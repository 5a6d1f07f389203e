"""``spectune dashboard``: the trials of a run over HTTP, from its files, and nothing that touches the run."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from copies import trials
from spectune.cli import viewing
from spectune.cli.app import run
from spectune.files.runs import Fingerprint, open_run, save_trial
from spectune.files.settings import Settings
from spectune.job.viewing import refresh, view

SPACE = """
family = "funnel"
name = "made up"

[ranges]
channels = ["RAW", "SNV", "SNV+D1"]
"dense.width" = { kind = "int", low = 4, high = 64, log = true }
rate = { kind = "float", low = 1e-4, high = 1e-1, log = true }
convolution = [false, true]
batch = 16
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run that was stopped after four trials."""
    (tmp_path / "space.toml").write_text(SPACE)
    settings = Settings("soil.csv", "carbon", out=str(tmp_path / "soil"), space=str(tmp_path / "space.toml"))
    _keep(settings, 4)
    return tmp_path / "soil"


def _keep(settings: Settings, count: int) -> None:
    with open_run(settings.folder, settings, Fingerprint("data", "space")) as kept:
        for trial in trials(count):
            if not (settings.folder / "trials" / f"{trial.number:04d}.json").exists():
                save_trial(kept, trial)


def more(folder: Path, count: int) -> None:
    """The search goes on until it has so many trials."""
    _keep(Settings("soil.csv", "carbon", out=str(folder), space=str(folder.parent / "space.toml")), count)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_view_has_every_trial_of_the_run_and_those_that_end_later(folder: Path) -> None:
    seen = view(folder)
    more(folder, 6)
    refresh(seen)
    refresh(seen)
    found = seen.storage.get_all_trials(0)
    assert [trial.user_attrs["trial"] for trial in found] == list(range(6))
    assert [trial.state.name for trial in found[:3]] == ["COMPLETE", "PRUNED", "FAIL"]
    assert found[0].distributions["rate"].to_internal_repr(0.01) == 0.01
    first = (folder / "trials" / "0000.json").stat().st_mtime
    assert found[0].datetime_complete is not None
    assert found[0].datetime_complete.timestamp() == pytest.approx(first, abs=1e-5)


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run(["dashboard", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    return said


def test_what_cannot_be_shown_is_refused_with_a_sentence(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna_dashboard", reason="the extra dashboard is not installed")
    assert "there is no run folder" in refused([str(tmp_path / "none")], capsys)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"nothing can listen at port {port}" in refused([str(folder), "--port", str(port)], capsys)
    (tmp_path / "space.toml").unlink()
    assert "space.toml" in refused([str(folder)], capsys)
    monkeypatch.setattr(viewing, "find_spec", lambda name: None)
    assert "pip install 'spectune[dashboard]'" in refused([str(folder)], capsys)


@pytest.fixture
def shown(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The command on a free port, and the port."""
    pytest.importorskip("optuna_dashboard", reason="the extra dashboard is not installed")
    code = "import sys; from spectune.cli.app import run; sys.exit(run(sys.argv[1:]))"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", code, "dashboard", str(folder)]
    made = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert made.stdout is not None
    said = made.stdout.readline()
    found = re.fullmatch(r"showing 4 trials of .*soil at http://127\.0\.0\.1:(\d+)/dashboard/studies/0 .*\n", said)
    assert found, said
    yield made, int(found[1])
    made.kill()
    made.wait()


def asked(port: int, method: str, path: str, host: str = "127.0.0.1") -> tuple[int, Any]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, headers={"Host": f"{host}:{port}"})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if answer.headers["Content-Type"] == "application/json" else text


def test_the_dashboard_shows_a_search_that_goes_on_and_leaves_it_alone(
    shown: tuple[subprocess.Popen[str], int], folder: Path
) -> None:
    process, port = shown
    assert asked(port, "GET", "/dashboard/studies/0")[0] == 200
    status, study = asked(port, "GET", "/api/studies/0")
    assert status == 200
    assert [trial["number"] for trial in study["trials"]] == [0, 1, 2, 3]
    assert study["objective_names"] == ["error on held-out rows"]
    assert {"key": "target", "value": "carbon"} in study["user_attrs"]
    assert asked(port, "GET", "/api/studies/0", "example.org") == (403, viewing.ELSEWHERE)
    more(folder, 6)
    before, end = files(folder), time.monotonic() + 30
    while len(study["trials"]) < 6 and time.monotonic() < end:
        time.sleep(0.2)
        study = asked(port, "GET", "/api/studies/0")[1]
    assert len(study["trials"]) == 6
    assert asked(port, "DELETE", "/api/studies/0")[0] == 204
    assert asked(port, "GET", "/api/studies")[1] == {"study_summaries": []}
    assert files(folder) == before
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert process.stdout is not None
    assert process.stdout.read() == "ended\n"
