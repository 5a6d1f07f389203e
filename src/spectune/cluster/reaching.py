"""A scheduler is reached, asked who is there, and left; and spectra are laid where its workers find them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from spectune.cluster.places import Door
from spectune.errors import RunError, SettingError

CONNECT = 5.0
"""Seconds of one attempt to reach a scheduler."""

MOST = 3_500_000_000
"""Bytes of spectra that one message carries."""

LEAVE = 1.0
"""Seconds for each part of a farewell."""


async def workers_at(client: Client) -> Mapping[str, object]:
    """Workers of a scheduler, by address."""
    scheduler = client.scheduler
    if scheduler is None:
        return {}
    identity: dict[str, Any] = await scheduler.identity(n_workers=-1)
    workers: dict[str, object] = identity["workers"]
    return workers


def stored(x: NDArray[np.float32], door: Door) -> Path | None:
    """The file in which all workers find the spectra; None where there may be none, and they are sent.

    Raises:
        RunError: there is no room for it.
        SettingError: more spectra than can be sent.
    """
    if door.folder is None:
        if x.nbytes > MOST:
            raise SettingError(
                f"{x.nbytes / 1e9:.1f} GB of spectra are more than can be sent to the workers of {door.words}, "
                f"{MOST / 1e9:.1f} GB; train on one machine, without cluster"
            )
        return None
    file = door.folder / "spectra.npy"
    try:
        np.save(file, x)
    except OSError as error:
        raise RunError(
            f"the spectra for the worker processes cannot be written to {file} ({error}); "
            f"set TMPDIR to a folder with room for {x.nbytes / 1e9:.1f} GB, or do without: --workers 1"
        ) from None
    return file


@asynccontextmanager
async def connected(door: Door, seconds: float) -> AsyncIterator[Client]:
    """A connection to a scheduler.

    Raises:
        RunError: it does not answer within that many seconds.
    """
    client = await _reached(door, time.monotonic() + seconds, seconds)
    try:
        yield client
    finally:
        with suppress(OSError):
            async with asyncio.timeout(LEAVE):
                await client.close()


async def _reached(door: Door, end: float, seconds: float) -> Client:
    while True:
        try:
            client: Client = await Client(
                door.address(), security=door.security, asynchronous=True, timeout=CONNECT, set_as_default=False
            )
            return client
        except (OSError, RunError, ImportError) as error:
            if time.monotonic() > end:
                raise RunError(
                    f"{door.words} did not answer within {seconds:.0f} s ({error}); see that it runs, then continue"
                ) from None
        await asyncio.sleep(1)
