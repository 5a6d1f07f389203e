"""``spectune report``: the page of a finished run."""

from __future__ import annotations

from pathlib import Path

from spectune.files.atomic import write_text
from spectune.files.runs import load_outcome
from spectune.job.finishing import expected, finish
from spectune.report.page import report


def write_report(run: Path, out: Path | None) -> None:
    """Write the report of a finished run and say where it is."""
    path = out or run / "report.html"
    outcome = load_outcome(run)
    if outcome.expectation is None and (run / "model" / "model.json").exists():
        outcome = expected(finish(run), outcome)
    write_text(path, report(outcome))
    print(f"report: {path}")
