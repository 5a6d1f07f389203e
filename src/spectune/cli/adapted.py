"""``spectune adapt`` at work: follow it, then say what to use."""

from __future__ import annotations

import shlex
from contextlib import closing

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from spectune.assessment.adaptation import Adapted
from spectune.assessment.adaptation_words import headline, reasons
from spectune.cli.following import follow
from spectune.errors import Stopped
from spectune.files.adaptations import PAGE
from spectune.job.adapting import adapt as steps_of
from spectune.job.new_rows import Asked
from spectune.report.adapting import NO_TRUST, decimals
from spectune.report.figures.adapting import error_name
from spectune.report.wording import fixed


def adapt(asked: Asked) -> None:
    """Try every way to go on and print what to use.

    Raises:
        Stopped: Ctrl-C; nothing is kept.
    """
    console = Console(highlight=False)
    try:
        with closing(steps_of(asked)) as steps:
            found: Adapted = follow(steps, console)
    except KeyboardInterrupt:
        raise Stopped("stopped; nothing was written, start again with the same command") from None
    console.print(f"\n{headline(found)}", style="bold", markup=False, soft_wrap=True)
    for sentence in reasons(found):
        console.print(f"  {sentence}", markup=False, soft_wrap=True)
    console.print(standings_table(found))
    folder = shlex.quote(str(asked.out))
    console.print(f"report: {asked.out / PAGE}", markup=False, soft_wrap=True)
    console.print(f"model:  {found.kept}; use it with: spectune predict {folder} FILE", markup=False, soft_wrap=True)
    console.print(NO_TRUST, markup=False, soft_wrap=True)


def standings_table(found: Adapted) -> Table:
    """Every rival with its errors, on one line of a terminal."""
    table, shown = Table(box=SIMPLE_HEAD, pad_edge=False), decimals(found)
    for place, name in enumerate(("", error_name(found), "95 % interval", "test")):
        table.add_column(name, justify="right" if place else "left", no_wrap=True)
    for standing in found.standings:
        error, tested = standing.validated, standing.tested
        ends = f"{fixed(error.low, shown)} to {fixed(error.high, shown)}"
        table.add_row(standing.name, fixed(error.value, shown), ends, fixed(tested.value, shown) if tested else "")
    return table
