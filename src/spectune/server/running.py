"""A server on a machine: its address, its token, and an end that lets accepted requests finish."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spectune.errors import SettingError

SHORTEST = 16
"""Letters that a token has at least."""

FAREWELL = 60
"""Seconds that accepted requests may still take after the server was told to end."""


def token_for(host: str, file: Path | None) -> str | None:
    """The token in a file; None where none is given and only this machine can reach the server.

    Raises:
        SettingError: other machines can reach it and there is no token, or the file holds none.
    """
    if file is None:
        if not is_loopback(host):
            raise SettingError(
                f"--host {host} lets other machines in, so requests need a token: write one of {SHORTEST} letters or "
                "more into a file and name it with --token-file, or leave --host at 127.0.0.1"
            )
        return None
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"the token file {file} cannot be read ({error}); name another with --token-file") from None
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
        raise SettingError(
            f"the token file {file} should hold one line of {SHORTEST} or more letters and digits without blanks"
        )
    return token


def is_loopback(host: str) -> bool:
    """Whether an address is reached from its own machine only.

    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def listening(host: str, port: int) -> socket.socket:
    """A socket at an address; port 0 takes any that is free.

    Raises:
        SettingError: the address is taken, or not one of this machine.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        place = socket.create_server((host, port), family=family, backlog=1024)
        # Head and body of an answer are two packets: without this the second waits 40 ms for word of the first.
        place.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return place
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingError(f"nothing can listen at {host} port {port} ({reason}); choose another --port") from None


def url_of(place: socket.socket) -> str:
    """Where a browser finds the page."""
    host, port = place.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def parting(app: ASGIApp, ending: Callable[[], bool]) -> ASGIApp:
    """ASGI: while the server ends, answers say that their connection does, so that nothing more is sent over it."""

    async def parted(scope: Scope, receive: Receive, send: Send) -> None:
        async def last(message: Message) -> None:
            if message["type"] == "http.response.start" and ending():
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await app(scope, receive, last)

    return parted


def run(app: FastAPI, place: socket.socket, opened: Callable[[], None]) -> None:
    """Serves until SIGTERM or Ctrl-C, and then until accepted requests are answered.

    Args:
        app: what answers.
        place: where it listens.
        opened: is called once requests are answered.
    """
    config = uvicorn.Config(
        parting(app, lambda: server.should_exit),
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=FAREWELL,
    )
    server = uvicorn.Server(config)

    async def serve() -> None:
        work = asyncio.create_task(server.serve([place]))
        while not (server.started or work.done()):
            await asyncio.sleep(0.05)
        if server.started:
            opened()
        await work

    # What is wrong with a form is answered; a line for each in a log would let anyone fill a disk.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    # uvicorn repeats the signal that ended it for whoever listened before.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    asyncio.run(serve())
