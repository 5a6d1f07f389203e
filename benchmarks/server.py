"""Requests per second that ``spectune serve`` answers, and how long one waits.

    python benchmarks/server.py RUN

Starts a server for the run on a free port and asks it from this process over kept connections: 1, 16 and 64
clients, each sending its next request when the last was answered, for three seconds. Spectra are test spectra
of the run, repeated. Then says what one batch costs inside. The tables are in ``benchmarks/server.md``.
"""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from spectune.assessment.flags import flags
from spectune.files.runs import load_outcome
from spectune.files.tables import csv_text, spectra_table
from spectune.server.engine import own, predictions, ready
from spectune.server.limits import Limits
from spectune.server.sent import Asked, table_in
from spectune.server.service import Service, service_of
from spectune.spectra.table import Table

SECONDS, CLIENTS = 3.0, (1, 16, 64)


@dataclass(frozen=True)
class Load:
    """A request that is sent again and again."""

    name: str
    rows: int
    kind: str
    body: bytes

    @property
    def request(self) -> bytes:
        """All of its bytes."""
        head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {self.kind}\r\n"
        return f"{head}Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body


def loads(run: Path) -> Iterator[Load]:
    """One spectrum, and a hundred in each format."""
    spectra = load_outcome(run).spectra
    for rows in (1, 100):
        x = spectra.test.x[np.arange(rows) % len(spectra.test)]
        table = Table(x, spectra.axis, {"id": np.asarray([f"s{row}" for row in range(rows)])})
        axis = {"axis": list(spectra.axis.values), "unit": spectra.axis.unit}
        sent = json.dumps(axis | {"spectra": [[float(f"{v:.7g}") for v in row] for row in x.tolist()]}).encode()
        yield Load("JSON", rows, "application/json", sent)
        if rows > 1:
            file = io.BytesIO()
            pl.DataFrame(dict(zip(map(str, spectra.axis.values), x.T, strict=True))).write_parquet(file)
            yield Load("CSV", rows, "text/csv", csv_text(spectra_table(table)).encode())
            yield Load("Parquet", rows, "application/vnd.apache.parquet", file.getvalue())


async def client(port: int, load: Load, until: float, seen: list[float]) -> None:
    """One client: its seconds from question to answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    while (begun := time.perf_counter()) < until:
        writer.write(load.request)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:15]:
            raise SystemExit(head.decode())
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        seen.append(time.perf_counter() - begun)
    writer.close()


async def measured(port: int, load: Load, clients: int) -> str:
    """A line of the table."""
    for seconds in (0.5, SECONDS):
        seen: list[float] = []
        begun = time.perf_counter()
        await asyncio.gather(*(client(port, load, begun + seconds, seen) for _ in range(clients)))
        took = time.perf_counter() - begun
    middle, late = np.quantile(seen, [0.5, 0.99]) * 1e3
    return (
        f"| {load.rows} | {load.name} | {len(load.body) / 1e3:.1f} | {clients} | {len(seen) / took:.0f} "
        f"| {load.rows * len(seen) / took:.0f} | {middle:.1f} | {late:.1f} |"
    )


def inside(run: Path) -> Iterator[str]:
    """What becomes of the milliseconds of one batch, without HTTP."""
    service = service_of(run, Limits())
    for load in loads(run):
        times = ", ".join(f"{name} {1e3 * typical(work):.2f}" for name, work in works(service, load).items())
        yield f"{load.rows} x {load.name}, ms: {times}"


def works(service: Service, load: Load) -> dict[str, Callable[[], object]]:
    """The steps of an answer by name, and the same members by spectune itself."""
    model, engine, other = service.model, service.engine, own(service.model.fitted, "it is compared")
    table = table_in(load.body, load.kind, Asked(), service.limits)
    known = ready(model, table)
    x, prepared, mean = known.table.x, known.prepared, predictions(model, engine, known, None).mean
    made: dict[str, Callable[[], object]] = {
        "reading": lambda: table_in(load.body, load.kind, Asked(), service.limits),
        "preparing": lambda: ready(model, table),
        engine.name: lambda: engine.members(x, prepared),
        other.name: lambda: other.members(x, prepared),
    }
    if (domain := model.domain) is not None:
        made["flags"] = lambda: flags(domain, model.fitted, model.axis, x, prepared, mean)
    return made


def typical(work: Callable[[], object], rounds: int = 30) -> float:
    """Seconds of the median of some rounds."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return float(np.median(taken))


def main(run: Path) -> None:
    """All of it."""
    code = "import sys; from spectune.cli.app import run; sys.exit(run(sys.argv[1:]))"
    words = [sys.executable, "-c", code, "serve", str(run), "--port", "0"]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert server.stdout is not None  # noqa: S101
        said = next(line for line in server.stdout if line.startswith("serving"))
        port = int(said.split("127.0.0.1:")[1].split("/")[0])
        print("| spectra | format | kB | clients | requests/s | spectra/s | p50 ms | p99 ms |")
        print("|---|---|---|---|---|---|---|---|")
        for load in loads(run):
            for clients in CLIENTS:
                print(asyncio.run(measured(port, load, clients)), flush=True)
    finally:
        server.terminate()
        server.wait()
    for line in inside(run):
        print(line)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
