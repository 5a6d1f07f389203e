"""``spectune compare``: follow all searches, then say which method is better, by how much, and how sure that is."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spectune.cli.following import follow
from spectune.errors import Stopped
from spectune.files.atomic import write_text
from spectune.files.compare_settings import CompareSettings
from spectune.files.comparisons import TABLE
from spectune.files.runs import count_trials
from spectune.job.comparing import compare as comparison_of
from spectune.report.compared import reasons, sentence
from spectune.report.comparing import comparison_page
from spectune.report.tables.compare import arms_grid
from spectune.report.tables.grid import Grid
from spectune.tuning.compare import Comparison

PAGE = "report.html"
SHOWN = (0, 1, 2, 6, 7, 8, 9)
"""Columns of the arms' table that fit a terminal."""


def compare(settings: CompareSettings) -> None:
    """Run the searches of ``settings``, write the page, and print what came of it.

    Raises:
        Stopped: Ctrl-C; the message says what is kept and how to continue.
    """
    console = Console(highlight=False)
    try:
        with closing(comparison_of(settings)) as steps:
            found: Comparison = follow(steps, console)
    except KeyboardInterrupt:
        raise Stopped(stopped_sentence(settings)) from None
    write_text(settings.folder / PAGE, comparison_page(found))
    _show(found, settings.folder, console)


def stopped_sentence(settings: CompareSettings) -> str:
    """What is kept of a comparison that was stopped, and how to continue it."""
    kept = sum(count_trials(told.folder) for _, _, told in settings.runs)
    if not kept:
        return "stopped before the first trial was done; nothing is lost, start again with the same command"
    total = sum(told.trials for _, _, told in settings.runs)
    folder = settings.folder
    return (
        f"stopped; {kept} of {total} trials are kept in {folder}; "
        f"continue with: spectune compare --config {folder / TABLE}"
    )


def _show(found: Comparison, folder: Path, console: Console) -> None:
    console.print(f"\n{sentence(found)}", style="bold", markup=False, soft_wrap=True)
    for reason in reasons(found):
        console.print(f"  {reason}", markup=False, soft_wrap=True)
    console.print()
    console.print(_table(arms_grid(found)))
    console.print(f"report: {folder / PAGE}", markup=False, soft_wrap=True)


def _table(grid: Grid) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for place in SHOWN:
        table.add_column(grid.head[place], justify="right" if place else "left", no_wrap=True)
    for row in grid.rows:
        table.add_row(*(Text(row[place]) for place in SHOWN))
    return table
