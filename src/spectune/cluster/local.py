"""Workers of this machine: a scheduler in this process, and processes that are started again when they die.

Who reaches a scheduler or a worker can run code there. They listen to this machine only, and let in
only who has the key of a certificate that is made for them and never leaves their memory.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from distributed import Scheduler, Security

from spectune.cluster.process import LOOPBACK, READY
from spectune.errors import RunError

FAILURES = 2
"""Deaths of workers under a trial that it may survive."""

STILLBORN = 3
"""Workers in a row that end before they begin."""


class Unseen(Scheduler):
    """A scheduler without a web server."""

    def start_http_server(self, *_: object, **__: object) -> None:
        """Starts none."""


@dataclass(frozen=True)
class Post:
    """Where worker processes go.

    Attributes:
        address: of the scheduler.
        security: its certificate and key.
        threads: trials that a worker trains at once.
        resources: that a worker has.
        folder: for its files.
    """

    address: str
    security: Security
    threads: int
    resources: dict[str, float]
    folder: Path

    @property
    def told(self) -> bytes:
        """The line that a worker process reads first."""
        entrance = self.security.get_tls_config_for_role("worker")
        told = {
            "address": self.address,
            "certificate": entrance["cert"],
            "key": entrance["key"],
            "threads": self.threads,
            "resources": self.resources,
            "folder": str(self.folder),
        }
        return json.dumps(told).encode() + b"\n"


@asynccontextmanager
async def scheduler(security: Security) -> AsyncIterator[str]:
    """Address of a scheduler in this process, for this machine."""
    made = Unseen(host=LOOPBACK, protocol="tls://", security=security, allowed_failures=FAILURES, dashboard=False)
    async with made:
        yield made.address


@asynccontextmanager
async def here(
    workers: int, threads: int, resources: dict[str, float], report: Callable[[RunError], None]
) -> AsyncIterator[Post]:
    """A scheduler with worker processes; ``report`` is told if these cannot begin."""
    security = Security.temporary()
    with TemporaryDirectory(prefix="spectune-", ignore_cleanup_errors=True) as folder:
        async with scheduler(security) as address:
            post = Post(address, security, threads, resources, Path(folder))
            keepers = [asyncio.create_task(kept(post, report)) for _ in range(workers)]
            try:
                yield post
            finally:
                for keeper in keepers:
                    keeper.cancel()
                await asyncio.gather(*keepers, return_exceptions=True)


async def kept(post: Post, report: Callable[[RunError], None]) -> None:
    """Keeps a worker process alive: another is started when it dies, unless none ever begins."""
    stillborn = 0
    while stillborn < STILLBORN:
        with TemporaryFile() as log:
            began = await lived(post, log)
            stillborn = 0 if began else stillborn + 1
            if stillborn == STILLBORN:
                report(RunError(f"worker processes end before they begin ({last_line(log)}); do without: --workers 1"))


async def lived(post: Post, log: IO[bytes]) -> bool:
    """A worker process from its start to its end: whether it began to work."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "spectune.cluster.process"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,  # Ctrl-C is the coordinator's to answer
    )
    told, heard = process.stdin, process.stdout
    try:
        if told is None or heard is None:
            raise AssertionError("a process was started without pipes")
        with suppress(ConnectionError):
            told.write(post.told)
            await told.drain()
        began = (await heard.readline()).strip() == READY.encode()
        await process.wait()
        return began
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def last_line(log: IO[bytes]) -> str:
    """The last thing that a process said."""
    log.seek(0)
    lines = log.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "without a word")
