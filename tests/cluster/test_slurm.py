"""Workers as jobs of a real SLURM: one that is cancelled is replaced, and every trial is told once."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from clusters.slurm import slurm
from trials import FOLDER

TESTS = Path(__file__).parents[1]

pytestmark = pytest.mark.xdist_group("processes")

SEARCH = """
import json, subprocess, sys, time
from pathlib import Path
import dask
from spectune.cluster.workers import workers_pool
from trials import PAUSED, Heard, ended, eventful, leave, material, met, order

def queue():
    words = ["squeue", "--noheader", "--format=%i", "--states=RUNNING,PENDING"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()

dask.config.set({"jobqueue.slurm.scheduler-options": {"host": sys.argv[1]}})
with workers_pool(material(eventful), 2, "slurm") as pool:
    ends = Heard(first=0, then=1)
    pool.submit(order(0, PAUSED))
    assert pool.wait(ends) is None
    pool.submit(order(1, PAUSED))
    pool.submit(order(2))
    found = ended(pool, 2, ends)
    first = met(0)
    facts = Path(f"/proc/{first}/environ").read_text().split("\\0")
    job = next(fact.partition("=")[2] for fact in facts if fact.startswith("SLURM_JOB_ID="))
    subprocess.run(["scancel", job], check=True)
    leave(0)
    for number in (3, 4, 5):
        pool.submit(order(number))
    found += ended(pool, 4)
    met(0, but=first)
    while len(jobs := queue()) != 2 or job in jobs:
        time.sleep(0.2)
print(json.dumps({"numbers": [trial.number for trial in found], "states": [trial.state for trial in found]}))
"""


def test_a_cancelled_job_is_replaced_and_every_trial_is_told_once(tmp_path: Path) -> None:
    pytest.importorskip("dask_jobqueue", reason="the extra slurm is not installed")
    with slurm(cores=2) as cluster:
        surroundings = {"PYTHONPATH": str(TESTS), FOLDER: str(tmp_path)}
        command = [sys.executable, "-c", SEARCH, cluster.address]
        said = cluster.run(command, timeout=300, folder=tmp_path, environment=surroundings)
        found = json.loads(said.splitlines()[-1])
        assert sorted(found["numbers"]) == list(range(6))
        assert set(found["states"]) == {"complete"}
        assert cluster.jobs() == []
    assert not list(tmp_path.glob(".spectune-*"))
