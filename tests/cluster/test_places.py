"""Places that make no sense, or that others could enter, are refused in a sentence before anything is sent there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import dask
import numpy as np
import pytest
from distributed import Security

from clusters.small_disk import small_disk
from spectune.cluster.places import Address, Door, File, Local, place_of
from spectune.cluster.reaching import stored
from spectune.cluster.workers import workers_pool
from spectune.errors import RunError, SettingError, SpectuneError
from trials import material


def refusal(where: str | None, workers: int = 1) -> str:
    with pytest.raises(SpectuneError) as caught, workers_pool(material(), workers, where):
        pass
    assert isinstance(caught.value, SettingError | RunError)
    return str(caught.value)


def test_a_setting_means_one_place() -> None:
    assert place_of(None, 2, 3) == Local(2, 1, {})
    assert place_of(None, 2, 3, per_gpu=4) == Local(2, 4, {"gpu": 1.0})
    assert place_of("tls://node:8786", 2, 3) == Address("tls://node:8786")
    assert place_of("runs/scheduler.json", 2, 3) == File(Path("runs/scheduler.json"))


def test_jobs_of_slurm_leave_ctrl_c_as_it_is() -> None:
    pytest.importorskip("dask_jobqueue.slurm", reason="the extra slurm is not installed")
    code = (
        "import signal; before = signal.getsignal(signal.SIGINT);"
        "from spectune.cluster.places import Slurm, place_of; assert place_of('slurm', 2, 3) == Slurm(2, 3, 1, {});"
        "assert signal.getsignal(signal.SIGINT) is before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_no_place_is_refused(tmp_path: Path) -> None:
    assert "workers must be 1 or more, got 0" in refusal(None, 0)
    assert "cluster must be slurm" in refusal("http://node:8786")
    assert "there is no scheduler file" in refusal(str(tmp_path / "none.json"))
    for text in ("", "[]", "{}"):
        (tmp_path / "some.json").write_text(text)
        assert "is no scheduler file" in refusal(str(tmp_path / "some.json"))


def test_a_plain_address_is_for_this_machine_only(tmp_path: Path) -> None:
    assert "could run programs there; use a scheduler with certificates" in refusal("tcp://10.0.0.7:8786")
    (tmp_path / "some.json").write_text(json.dumps({"address": "tcp://node7:8786"}))
    assert "tls://node7:8786" in refusal(str(tmp_path / "some.json"))


def test_certificates_that_are_missing_or_none_are_refused(tmp_path: Path) -> None:
    assert "none are named in distributed.comm.tls" in refusal("tls://node7:8786")
    (tmp_path / "cert.pem").write_text("nothing")
    names = {f"distributed.comm.tls.{name}": str(tmp_path / "cert.pem") for name in ("ca-file", "client.cert")}
    with dask.config.set(names):
        assert "cannot be used" in refusal("tls://node7:8786")


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spectune.cluster.line.FIRST", 0.1)
    monkeypatch.setattr("spectune.cluster.reaching.CONNECT", 0.2)
    assert "the scheduler at tcp://127.0.0.1:1 did not answer within 0 s" in refusal("tcp://127.0.0.1:1")
    temporary = Security.temporary()
    own = temporary.get_tls_config_for_role("client")
    names = {"ca-file": own["ca_file"], "client.cert": own["cert"], "client.key": own["key"]}
    with dask.config.set({f"distributed.comm.tls.{name}": value for name, value in names.items()}):
        assert "did not answer" in refusal("tls://127.0.0.1:1")


def test_without_slurm_there_are_no_jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    pytest.importorskip("dask_jobqueue.slurm", reason="the extra slurm is not installed")
    assert "there is no sbatch here" in refusal("slurm")
    monkeypatch.setitem(sys.modules, "dask_jobqueue.slurm", None)
    assert "pip install 'spectune[slurm]'" in refusal("slurm")


def test_a_queue_that_refuses_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("dask_jobqueue.slurm", reason="the extra slurm is not installed")
    sbatch = tmp_path / "sbatch"
    sbatch.write_text("#!/bin/sh\necho 'sbatch: error: invalid partition specified: none' >&2\nexit 1\n")
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    assert "SLURM refuses a worker's job (sbatch: error: invalid partition specified: none)" in refusal("slurm")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sbatch"]


def test_more_spectra_than_a_message_carries_are_refused_where_they_are_sent() -> None:
    door = Door(lambda: "", None, "the scheduler at node:8786", "")
    huge = np.lib.stride_tricks.as_strided(np.ones(1, np.float32), (1_000_000, 2_000), (0, 0))
    with pytest.raises(SettingError, match=r"8\.0 GB of spectra are more than can be sent to the workers of the sched"):
        stored(huge, door)


def test_no_room_for_the_spectra_of_worker_processes_is_said() -> None:
    with small_disk(megabytes=1) as folder:
        door = Door(lambda: "", None, "2 worker processes", "", folder=folder)
        with pytest.raises(RunError, match="set TMPDIR to a folder with room"):
            stored(np.ones((1000, 1000), np.float32), door)


def test_worker_processes_that_cannot_begin_say_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('no room for a worker')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (
        pytest.raises(RunError, match=r"end before they begin \(.*no room for a worker\)"),
        workers_pool(material(), 1) as pool,
    ):
        pool.wait(lambda number, rung: False)


def test_what_makes_processes_talk_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys, spectune.cli.app, spectune.job.run, spectune.cluster.workers;"
        "assert not {'distributed', 'dask', 'cryptography'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
