"""A server that is ended or killed under load: whoever asked it knows what became of the request."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from typing import Literal

import pytest

from folders import finished
from outcomes import outcome
from served import NUMBER, as_text, spectra
from serving import Store, store

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="servers are forked here, and this system cannot"),
    pytest.mark.xdist_group("processes"),
]

ROWS, CLIENTS = 100, 8
BODY = as_text(spectra(rows=ROWS))
Fate = Literal["answered", "refused", "broken"]


@dataclass(frozen=True)
class Request:
    """A request of a client: seconds at which it was sent and ended, and how."""

    client: int
    sent: float
    ended: float
    fate: Fate


@dataclass
class Clients:
    """Some who ask without a pause, and what became of it."""

    port: int
    seen: list[Request] = field(default_factory=list)
    enough: Event = field(default_factory=Event)
    wrong: list[str] = field(default_factory=list)

    def ask(self, client: int) -> None:
        """Sends spectra over a kept connection, and over another when that breaks."""
        while not self.enough.is_set():
            with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as asked:
                while not self.enough.is_set():
                    sent = time.monotonic()
                    fate = self.fate(asked)
                    self.seen.append(Request(client, sent, time.monotonic(), fate))
                    if fate != "answered":
                        time.sleep(0.02)
                        break

    def fate(self, asked: HTTPConnection) -> Fate:
        """What becomes of one request; an answer that is not whole is ``wrong``."""
        try:
            asked.request("POST", "/predict", BODY, {"Content-Type": "text/csv"})
            answer = asked.getresponse()
            text = answer.read()
        except ConnectionRefusedError:
            return "refused"
        except (HTTPException, OSError):
            return "broken"
        if answer.status == 503:
            return "refused"
        if answer.headers["Content-Length"] != str(len(text)) or len(json.loads(text)["rows"]) != ROWS:
            self.wrong.append(f"{answer.status}: {len(text)} bytes")
        return "answered"

    def fates(self, chosen: Callable[[Request], bool]) -> Counter[Fate]:
        """How many of some requests ended how."""
        return Counter(request.fate for request in list(self.seen) if chosen(request))

    def wait(self, fate: Fate, since: float) -> None:
        """Until something that was sent after a moment ended like that, for every client."""
        until = time.monotonic() + 60
        while len({one.client for one in list(self.seen) if one.fate == fate and one.sent > since}) < CLIENTS:
            assert time.monotonic() < until, f"not every client was {fate} within a minute"
            time.sleep(0.02)


@contextmanager
def asking(port: int) -> Iterator[Clients]:
    clients = Clients(port)
    threads = [Thread(target=clients.ask, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        clients.enough.set()
        for thread in threads:
            thread.join()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with store(finished(tmp_path_factory.mktemp("runs") / "fat", outcome(NUMBER))) as made:
        yield made


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["ended", "killed"])
def test_requests_are_answered_whole_or_not_at_all_and_again_after_a_restart(
    end: signal.Signals, servers: Store
) -> None:
    number, port = servers.serve(0)
    with asking(port) as clients:
        clients.wait("answered", 0.0)
        os.kill(number, end)
        told = time.monotonic()
        if end == signal.SIGTERM:
            assert "accepted requests were answered" in servers.line("ended")
        clients.wait("refused", told)
        number, _ = servers.serve(port)
        clients.wait("answered", time.monotonic())
    os.kill(number, signal.SIGKILL)
    assert clients.wrong == []
    under_way = clients.fates(lambda request: request.sent < told < request.ended)
    assert under_way["refused"] == 0
    if end == signal.SIGTERM:
        assert under_way["answered"] > CLIENTS / 2, under_way
        assert clients.fates(lambda _: True)["broken"] < CLIENTS / 2
    else:
        assert under_way["broken"] > 0, under_way
