"""Services made up: a hardly trained network behind HTTP, answered by spectune itself."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the extra server is not installed: pip install 'spectune[server]'")
pytest.importorskip("python_multipart", reason="the extra server is not installed: pip install 'spectune[server]'")
pytest.importorskip("prometheus_client", reason="the extra server is not installed: pip install 'spectune[server]'")
pytest.importorskip("httpx2", reason="httpx2, which the tests ask with, is not installed: pip install httpx2")

from fastapi.testclient import TestClient

from folders import finished
from outcomes import Wish, outcome
from spectune.assessment.outcome import Outcome
from spectune.files.tables import csv_text, spectra_table
from spectune.job.opening import opened
from spectune.server.app import app_of
from spectune.server.engine import own
from spectune.server.limits import Limits
from spectune.server.sent import Asked
from spectune.server.service import Service, about
from spectune.spectra.table import Table

NUMBER = Wish(rows=80, test_rows=12, points=40, trials=6)
CLASSES = replace(NUMBER, rows=60, classes=("Grèce", "Italy"), target="country")
HERE = "http://127.0.0.1:8000"


@cache
def made(wish: Wish) -> tuple[Service, Outcome]:
    """A service of a made-up run, and the run."""
    told = outcome(wish)
    with TemporaryDirectory() as folder:
        known = opened(finished(Path(folder) / "run", told))
    engine = own(known.model.fitted, "a test asked for it")
    return Service(known.model, engine, about(known, engine, Limits()), Asked(), Limits()), told


def client(wish: Wish = NUMBER, token: str | None = None, limits: Limits | None = None) -> TestClient:
    """Who asks a service on this machine."""
    service, _ = made(wish)
    service = service if limits is None else replace(service, limits=limits)
    return TestClient(app_of(service, token), base_url=HERE, raise_server_exceptions=False)


def spectra(wish: Wish = NUMBER, rows: int = 12) -> Table:
    """Test spectra of the run, repeated where more are wanted, with their names and as few digits as text keeps."""
    test = made(wish)[1].spectra.test
    chosen = np.arange(rows) % len(test)
    return Table(test.x[chosen].round(4), test.axis, {"id": np.asarray([f"s{row}" for row in range(rows)])})


def as_text(table: Table) -> bytes:
    """Spectra as CSV."""
    return csv_text(spectra_table(table)).encode()
