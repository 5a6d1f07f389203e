"""``spectune report``: the page of a finished run."""

from __future__ import annotations

from pathlib import Path

from spectune.files.atomic import write_text
from spectune.files.runs import load_outcome
from spectune.report.page import report


def write_report(run: Path, out: Path | None) -> None:
    """Write the report of a finished run and say where it is."""
    path = out or run / "report.html"
    write_text(path, report(load_outcome(run)))
    print(f"report: {path}")
