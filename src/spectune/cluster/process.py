"""A worker process of this machine: ``python -m spectune.cluster.process``, told on standard input what it needs.

Standard input stays open as long as the coordinator lives; when it ends, so does the worker, at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import threading
from typing import Any

import dask
from distributed import Security, Worker

READY = "ready"
LOOPBACK = "127.0.0.1"


class Unseen(Worker):
    """A worker without a web server."""

    def start_http_server(self, *_: object, **__: object) -> None:
        """Starts none."""


def security(told: dict[str, Any]) -> Security:
    """Certificate and key that let the worker in."""
    return Security(
        require_encryption=True,
        tls_ca_file=told["certificate"],
        tls_worker_cert=told["certificate"],
        tls_worker_key=told["key"],
    )


async def work(told: dict[str, Any]) -> None:
    """Trains until the scheduler is gone."""
    async with Unseen(
        told["address"],
        nthreads=told["threads"],
        resources=told["resources"],
        local_directory=told["folder"],
        host=LOOPBACK,
        protocol="tls://",
        security=security(told),
        memory_limit="0",
        low_level_profiler=False,
        death_timeout=60,
    ) as worker:
        print(READY, flush=True)
        await worker.finished()


def end_with_input(folder: str) -> None:
    """Ends this process, and what is left of its folder, when nobody holds the other end of its standard input."""
    sys.stdin.buffer.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def main() -> None:
    """All of it."""
    told = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=end_with_input, args=(told["folder"],), daemon=True).start()
    with dask.config.set({"distributed.worker.profile.enabled": False}):
        asyncio.run(work(told))


if __name__ == "__main__":
    main()
