"""``spectune lr-range`` at work: follow the test, then say what it suggests."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from spectune.assessment.lr_range import LrRange, headline, reasons
from spectune.cli.following import follow
from spectune.errors import Stopped
from spectune.files.lr_ranges import PAGE, TABLE
from spectune.files.settings import Settings
from spectune.job.lr_range import Asked, of_data, of_run
from spectune.progress import Progress
from spectune.report.lr_range import choices_grid


def measure_space(settings: Settings, asked: Mapping[str, Any], command: str, out: Path) -> None:
    """Range test of a space's middle network on a file; errors as for ``of_data``."""
    _show(of_data(replace(settings, out=str(out)), Asked(**asked), command), out)


def measure_winner(run: Path, asked: Mapping[str, Any], command: str, out: Path, cores: int | None) -> None:
    """Range test of a run's winner; errors as for ``of_run``."""
    _show(of_run(run, Asked(**asked), command, out, cores), out)


def _show(steps: Generator[Progress | LrRange, None, None], out: Path) -> None:
    console = Console(highlight=False)
    try:
        with closing(steps):
            found: LrRange = follow(steps, console)
    except KeyboardInterrupt:
        raise Stopped("stopped; nothing was written, start again with the same command") from None
    console.print(f"\n{headline(found)}", style="bold", markup=False, soft_wrap=True)
    for reason in reasons(found):
        console.print(f"  {reason}", markup=False, soft_wrap=True)
    console.print(choices_table(found))
    for name, path in (("page", PAGE), ("curves", TABLE)):
        console.print(f"{name + ':':<8}{out / path}", markup=False, soft_wrap=True)


def choices_table(found: LrRange) -> Table:
    """Smallest and largest learning rate by every way of reading a curve."""
    grid = choices_grid(found)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(grid.head):
        table.add_column(name, justify="right" if place else "left", no_wrap=place > 0)
    for row in grid.rows:
        table.add_row(*row)
    return table
