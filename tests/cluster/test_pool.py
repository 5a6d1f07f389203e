"""Worker processes of this machine: each trial once, the same as here, whatever happens to who trains it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from distributed import Client, Security

from spectune.cluster.workers import workers_pool
from spectune.errors import RunError, ShapeError
from spectune.training.crew import alone
from spectune.tuning.pool import Here, Pool
from spectune.tuning.record import Rung
from trials import (
    BROKEN,
    DEADLY,
    FOLDER,
    PAUSED,
    UNFIT,
    Heard,
    ended,
    eventful,
    leave,
    material,
    met,
    never,
    order,
)

TESTS = Path(__file__).parents[1]

pytestmark = pytest.mark.xdist_group("processes")


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(TESTS))
        patch.setenv(FOLDER, str(tmp_path_factory.mktemp("trials")))
        with workers_pool(material(eventful), 2) as made:
            while made.room < 2:
                made.submit(order(1000 + int(time.monotonic() * 10)))
                ended(made, 1)
            yield made


def workers() -> list[psutil.Process]:
    """Worker processes of this one."""
    return [one for one in psutil.Process().children() if "spectune.cluster.process" in one.cmdline()]


def test_every_trial_comes_back_once_and_is_what_it_is_here(pool: Pool) -> None:
    def ends(number: int, rung: Rung) -> bool:
        asked.append((number, rung.epoch))
        return number == 3 and rung.epoch == 3

    asked: list[tuple[int, int]] = []
    orders = [order(number, width=3 + number) for number in range(6)]
    for one in orders:
        pool.submit(one)
    found = {trial.number: trial for trial in ended(pool, 6, ends)}
    assert sorted(asked) == sorted({(number, epoch) for number in range(6) for epoch in (1, 3)})
    assert [found[number].state for number in range(6)] == [*["complete"] * 3, "pruned", *["complete"] * 2]
    spectra = material()
    here = Here(alone(spectra.x, spectra.problem.y, spectra.problem.task), spectra.problem, spectra.plan)
    for one in orders:
        here.submit(one)
        alike = here.wait(ends)
        assert alike is not None
        assert replace(found[one.number], seconds=0) == replace(alike, seconds=0)


def test_the_trial_of_a_killed_worker_runs_again_is_asked_nothing_twice_and_comes_back_once(pool: Pool) -> None:
    ends = Heard(first=20, then=21)
    pool.submit(order(20, PAUSED))
    pool.submit(order(21, PAUSED))
    assert ended(pool, 1, ends)[0].number == 21
    first = met(20)
    os.kill(first, signal.SIGKILL)
    leave(20)
    pool.submit(order(22))
    found = {trial.number: trial.state for trial in ended(pool, 2, ends)}
    assert found == {20: "complete", 22: "complete"}
    assert met(20, but=first) != first
    assert ends.asked.count((20, 1)) == ends.asked.count((20, 3)) == 1


def test_a_trial_that_kills_every_worker_is_rejected_and_the_others_are_not(pool: Pool) -> None:
    pool.submit(order(30, DEADLY))
    found = ended(pool, 1)[0]
    assert (found.number, found.state, found.values) == (30, "rejected", {"width": DEADLY})
    assert "died" in found.reason
    pool.submit(order(31))
    assert ended(pool, 1)[0].state == "complete"


def test_an_error_for_the_user_arrives_as_itself_and_any_other_as_a_sentence(pool: Pool) -> None:
    pool.submit(order(40, UNFIT))
    with pytest.raises(ShapeError, match="a kernel of 9 does not fit in 5 points"):
        pool.wait(never)
    pool.submit(order(41, BROKEN))
    with pytest.raises(RunError, match=r"trial 41 failed on its worker \(LookupError: nowhere to be found\)"):
        pool.wait(never)


def listening() -> list[tuple[str, int]]:
    """Where this process and its workers listen."""
    lines = [line for one in (psutil.Process(), *workers()) for line in one.net_connections("inet")]
    return [(line.laddr.ip, line.laddr.port) for line in lines if line.status == psutil.CONN_LISTEN]


def test_nothing_listens_to_other_machines(pool: Pool) -> None:
    assert len(workers()) == 2
    assert {address for address, _ in listening()} == {"127.0.0.1"}


def test_who_has_no_certificate_or_another_one_is_not_let_in(pool: Pool) -> None:
    for _, port in listening():
        with pytest.raises(OSError):
            Client(f"tcp://127.0.0.1:{port}", timeout=1, set_as_default=False)
        with pytest.raises(OSError):
            Client(f"tls://127.0.0.1:{port}", security=Security.temporary(), timeout=1, set_as_default=False)
    pool.submit(order(50))
    assert ended(pool, 1)[0].number == 50


SEARCH = """
import sys, time
from spectune.cluster.workers import workers_pool
from trials import ended, material, order
with workers_pool(material(), 1) as pool:
    pool.submit(order(0))
    ended(pool, 1)
    print("begun", flush=True)
    pool.submit(order(1, epochs=10_000_000))
    try:
        ended(pool, 1)
    except KeyboardInterrupt:
        print("stopped", flush=True)
"""


def begun() -> subprocess.Popen[str]:
    """A program that has a long trial trained."""
    # no guard of __main__: workers must not run the user's program again
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    command, pipe = [sys.executable, "-c", SEARCH], subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def at_work(process: psutil.Process) -> bool:
    """Whether a process does more than wait for its funeral."""
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


def said(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    return program.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_coordinator_at_once_and_without_a_word(number: signal.Signals) -> None:
    program = begun()
    try:
        assert said(program) == "begun"
        mine = psutil.Process(program.pid).children(recursive=True)
        assert len(mine) == 1
        folder = Path(next(file.path for file in mine[0].memory_maps() if file.path.endswith("spectra.npy"))).parent
        program.send_signal(number)
        out, log = program.communicate(timeout=30)
        assert (out, log) == ("stopped\n" if number == signal.SIGINT else "", "")
        end = time.monotonic() + 3
        while any(map(at_work, mine)) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(map(at_work, mine))
        assert not folder.exists()
    finally:
        program.kill()
