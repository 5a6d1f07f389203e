"""What ``spectune explain`` does: follow the work, and print what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console

from spectune.cli.following import follow
from spectune.errors import Stopped
from spectune.job.explaining import PAGE, TABLE, Shown, explain_command, explained_run
from spectune.report.explaining import headline, reasons


def explain(run: Path, rows: int | None, classes: Sequence[str]) -> None:
    """Explain the model of a run and print the answer.

    Raises:
        Stopped: Ctrl-C; nothing was written.
    """
    console = Console(highlight=False)
    try:
        with closing(explained_run(run, rows, classes)) as steps:
            shown: Shown = follow(steps, console)
    except KeyboardInterrupt:
        raise Stopped(f"stopped; nothing was written; repeat with: {explain_command(run, rows, classes)}") from None
    console.print(f"\n{headline(shown.explanation, shown.network)}", style="bold", markup=False, soft_wrap=True)
    for sentence in reasons(shown.explanation, shown.pls):
        console.print(f"  {sentence}", markup=False, soft_wrap=True)
    console.print(f"report: {run / PAGE}", markup=False, soft_wrap=True)
    console.print(f"values: {run / TABLE}", markup=False, soft_wrap=True)
