"""What becomes of requests when ``spectune serve`` is ended or killed under load, and started again on the same port.

    python benchmarks/server_restart.py RUN

Eight clients send a hundred spectra without a pause over kept connections while the server gets SIGTERM, three times,
and SIGKILL, three times; each time another is started on the same port. The table is in ``benchmarks/server.md``.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, IncompleteRead
from pathlib import Path
from threading import Event, Thread

import numpy as np

from spectune.files.runs import load_outcome
from spectune.files.tables import csv_text, spectra_table
from spectune.spectra.table import Table

CLIENTS, ROWS, ROUNDS = 8, 100, 3
START = "import sys; from spectune.cli.app import run; sys.exit(run(sys.argv[1:]))"


@dataclass
class Clients:
    """Some who ask without a pause; ``seen`` are client, seconds when a request was sent and ended, and its fate."""

    port: int
    body: bytes
    seen: list[tuple[int, float, float, str]] = field(default_factory=list)
    enough: Event = field(default_factory=Event)

    def ask(self, client: int) -> None:
        """Sends over a kept connection, and over another when that breaks."""
        while not self.enough.is_set():
            with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as asked:
                fate = "answered"
                while fate == "answered" and not self.enough.is_set():
                    sent = time.monotonic()
                    fate = fate_of(asked, self.body)
                    self.seen.append((client, sent, time.monotonic(), fate))
            time.sleep(0.05)

    def wait(self, fate: str, since: float) -> float:
        """Until every client met that fate with something sent after a moment; seconds that it took."""
        while len({who for who, sent, _, end in list(self.seen) if end == fate and sent > since}) < CLIENTS:
            time.sleep(0.02)
        return time.monotonic() - since

    def fates(self, moment: float, sent_before: bool) -> Counter[str]:
        """Of the requests that ended after a moment, and were sent before it or not."""
        seen = list(self.seen)
        return Counter(fate for _, sent, ended, fate in seen if ended > moment and (sent < moment) == sent_before)


def fate_of(asked: HTTPConnection, body: bytes) -> str:
    """What becomes of a request."""
    try:
        asked.request("POST", "/predict", body, {"Content-Type": "text/csv"})
        answer = asked.getresponse()
        text = answer.read()
    except ConnectionRefusedError:
        return "refused"
    except IncompleteRead:
        return "broken in the answer"
    except (HTTPException, OSError):
        return "broken"
    if answer.status == 503:
        return "refused"
    whole = answer.headers["Content-Length"] == str(len(text)) and len(json.loads(text)["rows"]) == ROWS
    return "answered" if answer.status == 200 and whole else "wrong"


@contextmanager
def asking(port: int, body: bytes) -> Iterator[Clients]:
    """Clients at work while the block runs."""
    clients = Clients(port, body)
    threads = [Thread(target=clients.ask, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        clients.enough.set()
        for thread in threads:
            thread.join()


def started(run: Path, port: int) -> tuple[subprocess.Popen[str], int]:
    """A server that answers, and its port."""
    words = [sys.executable, "-c", START, "serve", str(run), "--port", str(port)]
    made = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert made.stdout is not None  # noqa: S101
    said = next(line for line in made.stdout if line.startswith("serving"))
    return made, int(said.split("127.0.0.1:")[1].split("/")[0])


def spectra(run: Path) -> bytes:
    """A hundred test spectra of the run, repeated where there are fewer, as CSV."""
    held = load_outcome(run).spectra
    x = held.test.x[np.arange(ROWS) % len(held.test)]
    return csv_text(spectra_table(Table(x, held.axis, {"id": np.asarray([f"s{row}" for row in range(ROWS)])}))).encode()


def main(run: Path) -> None:
    """A line for every end."""
    server, port = started(run, 0)
    print(
        "| signal | under way | of these answered | broken | refused until the next start | wrong | s to that start |"
    )
    print("|---|---|---|---|---|---|---|")
    with asking(port, spectra(run)) as clients:
        for end in (signal.SIGTERM,) * ROUNDS + (signal.SIGKILL,) * ROUNDS:
            clients.wait("answered", time.monotonic())
            begun = time.monotonic()
            server.send_signal(end)
            server.wait()
            clients.wait("refused", begun)
            server, _ = started(run, port)
            seconds = clients.wait("answered", begun)
            under, after = clients.fates(begun, sent_before=True), clients.fates(begun, sent_before=False)
            broken = sum(fates["broken"] + fates["broken in the answer"] for fates in (under, after))
            wrong = under["wrong"] + after["wrong"]
            print(
                f"| {end.name} | {under.total()} | {under['answered']} | {broken} | {after['refused']} | {wrong} "
                f"| {seconds:.0f} |",
                flush=True,
            )
    server.terminate()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
