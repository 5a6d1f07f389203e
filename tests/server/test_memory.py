"""A server keeps nothing of what it is sent: its memory does not grow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from itertools import cycle, islice
from pathlib import Path

import pytest

from folders import finished
from outcomes import outcome
from served import NUMBER, spectra
from serving import store
from spectune.spectra.table import Table

STATUS = Path("/proc/self/status")
KB = 200
GROWTH = 20
"""MB that memory may grow by. A thousand bodies, or even the half that is well-formed, would be 200 or 100."""

pytestmark = [
    pytest.mark.skipif(not STATUS.exists(), reason="this system does not tell the memory of a process in /proc"),
    pytest.mark.xdist_group("processes"),
]

Sent = tuple[bytes, str, int]
"""A body, its type, and the status of its answer."""


def resident(process: int) -> float:
    """Memory of a process, MB."""
    line = next(line for line in (STATUS.parents[1] / str(process) / "status").open() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def as_json(table: Table) -> bytes:
    return json.dumps({"axis": list(table.axis.values), "unit": "nm", "spectra": table.x.tolist()}).encode()


def as_text(table: Table) -> bytes:
    """Spectra with all their digits as CSV, so that few of them are large."""
    return "\n".join(",".join(map(str, row)) for row in (table.axis.values, *table.x.tolist())).encode()


def form(text: bytes) -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' + text


def bodies() -> tuple[list[Sent], list[Sent]]:
    """Some that are well-formed and some that are not, each of about ``KB``."""
    table = spectra(rows=KB * 1000 // 800)
    text, sent = as_text(table), as_json(table)
    kinds = {"json": "application/json", "text": "text/csv", "form": "multipart/form-data; boundary=b"}
    right = [
        (sent, kinds["json"], 200),
        (text, kinds["text"], 200),
        (form(text) + b"\r\n--b--\r\n", kinds["form"], 200),
    ]
    wrong = [
        (sent[:-2], kinds["json"], 400),
        (sent[:-3] + b', "x"]]}', kinds["json"], 400),
        (sent.replace(b"1050.0", b"1049.0"), kinds["json"], 422),
        (text + b"oops", kinds["text"], 400),
        (form(text), kinds["form"], 400),
    ]
    return right, wrong


def turns(count: int) -> Iterator[Sent]:
    """So many requests, right and wrong in turn."""
    right, wrong = (cycle(kinds) for kinds in bodies())
    return islice((sent for pair in zip(right, wrong, strict=False) for sent in pair), count)


def ask(asked: HTTPConnection, count: int) -> None:
    for body, kind, status in turns(count):
        asked.request("POST", "/predict", body, {"Content-Type": kind})
        answer = asked.getresponse()
        answer.read()
        assert answer.status == status


def test_a_thousand_uploads_leave_nothing_behind(tmp_path: Path) -> None:
    assert all(0.8 * KB < len(body) / 1000 < 1.3 * KB for kinds in bodies() for body, _, _ in kinds)
    with store(finished(tmp_path / "fat", outcome(NUMBER)), own=False) as servers:
        process, port = servers.serve(0)
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as asked:
            ask(asked, 100)
            before = resident(process)
            ask(asked, 1000)
            assert resident(process) - before < GROWTH
