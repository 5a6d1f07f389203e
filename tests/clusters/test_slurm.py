"""The SLURM cluster of a test is a real one, Dask can work on it, and it is gone afterwards."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusters.dying import given_to_a_killed_process, soon
from clusters.slurm import Cluster, slurm

pytestmark = pytest.mark.xdist_group("processes")

# Dask takes a worker for lost after 15 s unless told otherwise; a job without a worker yet is never missed.
ON_DASK = """
import subprocess, sys, time
import dask
from dask_jobqueue import SLURMCluster
from distributed import Client

def jobs():
    return subprocess.run(["squeue", "--noheader", "--format=%i"], capture_output=True, text=True).stdout.split()

def jobs_soon(wanted):
    end = time.monotonic() + 10
    while len(jobs()) != wanted and time.monotonic() < end:
        time.sleep(0.1)
    return jobs()

dask.config.set({"distributed.deploy.lost-worker-timeout": "200ms"})
options = {"host": sys.argv[1], "dashboard_address": ":0"}
with SLURMCluster(cores=1, processes=1, memory="1GB", scheduler_options=options) as cluster, Client(cluster) as client:
    cluster.scale(jobs=1)
    print("answer", client.submit(lambda x: x + 1, 41).result(timeout=30))
    subprocess.run(["scancel", *jobs()], check=True)
    jobs_soon(0)
    time.sleep(1)
    print("scale", *jobs())
    cluster.adapt(minimum_jobs=1, maximum_jobs=1, interval="200ms")
    client.wait_for_workers(1, timeout=30)
    first = jobs()
    subprocess.run(["scancel", *first], check=True)
    jobs_soon(0)
    print("adapt", *[job for job in jobs_soon(1) if job not in first])
print("closed", *jobs_soon(0))
"""


def commands(cluster: Cluster) -> str:
    """What the processes of a cluster were started with."""
    return cluster.run(["sh", "-c", r"cat /proc/[0-9]*/cmdline | tr '\0' ' '"])


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with slurm(cores=2) as given:
        yield given


def test_a_submitted_job_writes_its_file_and_leaves_the_queue(cluster: Cluster, tmp_path: Path) -> None:
    written = tmp_path / "written"
    told = cluster.run(["sbatch", "--parsable", "--mem=4G", f"--wrap=echo $SLURM_JOB_ID > {written}"])
    assert soon(lambda: cluster.jobs() == [])
    assert written.read_text().strip() == told


def test_a_cancelled_job_disappears_and_one_that_waits_takes_its_core(cluster: Cluster) -> None:
    first, second, third = (cluster.run(["sbatch", "--parsable", "--exclusive", "--wrap=sleep 60"]) for _ in range(3))
    assert soon(lambda: cluster.run(["squeue", "--noheader", "--states=R", "--format=%i"]) == first)
    cluster.run(["scancel", first])
    assert soon(lambda: cluster.run(["squeue", "--noheader", "--states=R", "--format=%i"]) == second)
    cluster.run(["scancel", second, third])
    assert soon(lambda: cluster.jobs() == [])


def test_dask_replaces_a_cancelled_job_where_it_adapts_and_not_where_it_was_scaled(cluster: Cluster) -> None:
    told = cluster.run([sys.executable, "-c", ON_DASK, cluster.address])
    answer, scaled, adapted, closed = (line.split() for line in told.splitlines())
    assert answer == ["answer", "42"]
    assert scaled == ["scale"]
    assert len(adapted) == 2
    assert closed == ["closed"]


def test_a_command_that_fails_or_takes_too_long_fails_the_test(cluster: Cluster) -> None:
    with pytest.raises(AssertionError, match=r"ended with 3: out\nerr"):
        cluster.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    with pytest.raises(AssertionError, match=r"was not done in 0.2 s"):
        cluster.run(["sleep", "60"], timeout=0.2)
    assert "sleep 60" not in commands(cluster)


def test_signals_reach_a_started_command(cluster: Cluster, tmp_path: Path) -> None:
    output, script = tmp_path / "output", "trap 'echo asked; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
    with cluster.started(["sh", "-c", script], output) as process:
        assert soon(lambda: "ready" in output.read_text())
        cluster.send(process, signal.SIGTERM)
        assert process.wait(10) == 7
        assert "asked" in output.read_text()
    with cluster.started(["sleep", "70"], output) as process:
        assert soon(lambda: "sleep 70" in commands(cluster))
        process.kill()
        assert soon(lambda: "sleep 70" not in commands(cluster))


def test_clusters_do_not_see_each_other(cluster: Cluster) -> None:
    waiting = cluster.run(["sbatch", "--parsable", "--wrap=sleep 60"])
    with slurm(cores=1) as other:
        assert other.jobs() == []
    cluster.run(["scancel", waiting])


def test_a_killed_test_leaves_no_cluster_behind(cluster: Cluster) -> None:
    assert cluster.jobs() is not None
    left = given_to_a_killed_process("from clusters.slurm import slurm", "slurm(1)")
    first = re.search(r"'--target', '(\d+)'", left)
    assert first is not None
    assert soon(lambda: not Path(f"/proc/{first[1]}").exists())
