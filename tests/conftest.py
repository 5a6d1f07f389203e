"""Laws are held however slow the machine is: no example fails for the time it took. Nothing reports to anyone.

Examples are the same in every run, so that a change is judged by what it changes; ``make laws`` looks for new ones.
``make test`` spreads the files over the cores.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

settings.register_profile("spectune", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("spectune")

MOST_PROCESSES = 8
"""Each takes about 1 GB."""


class FileScheduling(LoadGroupScheduling):
    """A file goes to one process, which makes its fixtures once; files of one ``xdist_group`` go to the same."""

    def _split_scope(self, nodeid: str) -> str:
        return super()._split_scope(nodeid).partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileScheduling | None:
    """The order of ``--dist loadgroup``; other orders as they are."""
    return FileScheduling(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_xdist_auto_num_workers() -> int:
    """With ``-n auto`` as many processes as there are cores for this one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST_PROCESSES, cores)


@pytest.fixture
def sketches() -> Iterator[None]:
    """Pictures are drawn but not written out, which is most of the time that a tiny run takes."""
    from sketches import sketched

    with sketched():
        yield
