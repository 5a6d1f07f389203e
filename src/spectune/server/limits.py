"""How much one request may ask for, and the refusal of what asks for more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.exceptions import HTTPException


@dataclass(frozen=True)
class Limits:
    """What a server takes on.

    Attributes:
        bytes: largest body; a Parquet file may unpack to as much.
        rows: most spectra of a request.
        seconds: for a body to arrive, and again for its answer.
        requests: predictions under way at once.
        together: rows that are answered at once; small requests that wait share such a batch.
    """

    bytes: int = 32 * 2**20
    rows: int = 10_000
    seconds: float = 30.0
    requests: int = 64
    together: int = 256


async def received(chunks: AsyncIterator[bytes], limits: Limits) -> bytes:
    """The body of a request, counted as it comes in.

    Raises:
        HTTPException: a body that is too large (413), or too slow (408).
    """
    body = bytearray()
    try:
        async with asyncio.timeout(limits.seconds):
            async for chunk in chunks:
                body += chunk
                if len(body) > limits.bytes:
                    raise too_large(limits)
    except TimeoutError:
        raise HTTPException(408, f"the body did not arrive within {limits.seconds:g} seconds; send it again") from None
    return bytes(body)


def check_length(length: str | None, limits: Limits) -> None:
    """Nothing, where a body does not announce that it is too large; else a 413 before any of it is read."""
    if length is not None and length.isdecimal() and int(length[:20]) > limits.bytes:
        raise too_large(limits)


def check_rows(rows: int, limits: Limits) -> None:
    """Nothing, for so many spectra; else a 413."""
    if rows > limits.rows:
        raise HTTPException(413, f"{rows} spectra are more than the {limits.rows} of one request; send them in parts")


def too_large(limits: Limits) -> HTTPException:
    """The refusal of a body that has, or unpacks to, too many bytes."""
    most = f"{limits.bytes / 2**20:g} MB"
    return HTTPException(413, f"the spectra of one request may have {most} and these have more; send them in parts")


def busy(what: str) -> HTTPException:
    """The refusal of work there is no room or time for now."""
    return HTTPException(503, what, {"Retry-After": "1"})
