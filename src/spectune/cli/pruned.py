"""``spectune pruning``: follow the work, then say what pruning threw away."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from spectune.cli.following import follow
from spectune.errors import Stopped
from spectune.files.prunings import AGAIN
from spectune.job.pruning import PAGE, audit, pruning_command
from spectune.report.pruning import headline, reasons, rungs_head, rungs_rows
from spectune.tuning.pruning import Regret


def look(run: Path, sample: int, seed: int, cores: int | None) -> None:
    """Train a sample of pruned trials to their end and print what it tells.

    Raises:
        Stopped: Ctrl-C; the message says how to continue.
    """
    console = Console(highlight=False)
    try:
        with closing(audit(run, sample, seed, cores)) as steps:
            found: Regret = follow(steps, console)
    except KeyboardInterrupt:
        raise Stopped(
            f"stopped; the trials that are done are kept in {run / AGAIN}; "
            f"continue with: {pruning_command(run, sample, seed)}"
        ) from None
    console.print(f"\n{headline(found)}", style="bold", markup=False, soft_wrap=True)
    for sentence in reasons(found):
        console.print(f"  {sentence}", markup=False, soft_wrap=True)
    console.print(rungs_table(found))
    console.print(f"report: {run / PAGE}", markup=False, soft_wrap=True)


def rungs_table(found: Regret) -> Table:
    """How far every rung tells the end."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(rungs_head()):
        table.add_column(name, justify="right" if place else "left", no_wrap=True)
    for row in rungs_rows(found):
        table.add_row(*row)
    return table
