"""A scheduler that is there already: workers come late or not at all, and it may be gone for a while."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from spectune.cluster.workers import workers_pool
from spectune.errors import RunError
from spectune.tuning.record import Rung
from trials import FOLDER, PAUSED, Heard, ended, eventful, leave, material, met, never, order

TESTS = Path(__file__).parents[1]

pytestmark = pytest.mark.xdist_group("processes")


@contextmanager
def program(name: str, *words: str) -> Iterator[psutil.Popen]:
    """A program of Dask."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{name}", *words]
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}
    quiet = subprocess.DEVNULL
    with psutil.Popen(command, env=environment, stdout=quiet, stderr=quiet) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def scheduler(file: Path) -> Iterator[psutil.Popen]:
    file.unlink(missing_ok=True)
    place = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--dashboard-address", "127.0.0.1:0")
    with program("scheduler", "--scheduler-file", str(file), *place) as process:
        while not file.exists():
            psutil.wait_procs([process], timeout=0.1)
            assert process.is_running()
        yield process


@contextmanager
def worker(file: Path, *words: str) -> Iterator[psutil.Popen]:
    place = ("--host", "127.0.0.1", "--no-nanny", "--no-dashboard", "--nthreads", "1", "--memory-limit", "0")
    with program("worker", "--scheduler-file", str(file), *place, *words) as process:
        yield process


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A scheduler with a worker that has no GPU, and one with three threads that is said to have one."""
    folder = tmp_path_factory.mktemp("standing")
    file = folder / "scheduler.json"
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv(FOLDER, str(folder))
        for enters in (scheduler(file), worker(file), worker(file, "--nthreads", "3", "--resources", "gpu=1")):
            stack.enter_context(enters)
        yield file


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    return tmp_path / "scheduler.json"


def test_a_gpu_is_shared_by_as_many_trials_as_is_said_and_others_are_no_room(standing: Path) -> None:
    def ends(number: int, rung: Rung) -> bool:
        asked.append(number)
        if sorted(asked) == [0, 1]:
            time.sleep(0.5)
            leave(1)
        return False

    asked: list[int] = []
    with workers_pool(material(eventful), 0, str(standing), per_gpu=2) as pool:
        assert pool.wait(never) is None
        assert pool.room == 2
        for number in (0, 1, 2):
            pool.submit(order(number, PAUSED))
        assert ended(pool, 1, ends)[0].number == 1
        assert asked[:3] in ([0, 1, 1], [1, 0, 1])  # the third began when one of the two had been trained
        leave(0)
        leave(2)
        assert {trial.number for trial in ended(pool, 2)} == {0, 2}


def test_a_worker_of_another_spectune_ends_the_search_in_a_sentence(
    standing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spectune.cluster.trainer.made_by", lambda machine: "spectune 9.9")
    refused = pytest.raises(RunError, match=r"has spectune .* but the search is made by spectune 9\.9")
    with workers_pool(material(), 0, str(standing)) as pool, refused:
        pool.wait(never)


def test_workers_come_late_and_a_scheduler_that_is_gone_may_come_back(file: Path) -> None:
    ends = Heard(first=0, then=1)
    told: list[str] = []
    with ExitStack() as first, ExitStack() as then:
        scheduling = first.enter_context(scheduler(file))
        with workers_pool(material(eventful), 0, str(file), say=told.append) as pool:
            assert pool.room == 1
            pool.submit(order(0, PAUSED))
            first.enter_context(worker(file))
            pool.submit(order(1, PAUSED))
            first.enter_context(worker(file))
            assert pool.wait(ends) is None
            assert pool.room == 2
            pool.submit(order(2))
            begun = {trial.number for trial in ended(pool, 2, ends)}
            assert begun == {1, 2}
            met(0)
            scheduling.kill()
            first.close()
            then.enter_context(scheduler(file))
            then.enter_context(worker(file))
            leave(0)
            assert [(trial.number, trial.state) for trial in ended(pool, 1, ends)] == [(0, "complete")]
            pool.submit(order(3))
            assert [trial.number for trial in ended(pool, 1, ends)] == [3]
    assert any("is gone; waiting for it to come back" in sentence for sentence in told)
    assert sorted(ends.asked) == [(number, epoch) for number in range(4) for epoch in (1, 3)]


def test_a_worker_that_never_comes_ends_the_search_in_a_sentence(file: Path) -> None:
    waits = pytest.raises(RunError, match=r"ready within 0 s; start one with: dask worker")
    with scheduler(file), workers_pool(material(), 0, str(file), patience=0.1) as pool, waits:
        pool.wait(never)
