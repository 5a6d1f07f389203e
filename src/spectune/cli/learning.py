"""``spectune learning-curve``: error against number of samples, and what more would bring."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from spectune.assessment.advice import advice, headline
from spectune.assessment.learning import LearningCurve
from spectune.cli.following import follow
from spectune.errors import Stopped
from spectune.job.learning import PAGE, learning_command, learning_curve
from spectune.report.figures.learning import error_name
from spectune.report.learning import sizes_head, sizes_rows


def learn(run: Path, subsets: int, cores: int | None) -> None:
    """Make the learning curve of a run and print it with what it advises.

    Raises:
        Stopped: Ctrl-C; the message says how to continue.
    """
    console = Console(highlight=False)
    try:
        with closing(learning_curve(run, subsets, cores)) as steps:
            found: LearningCurve = follow(steps, console)
    except KeyboardInterrupt:
        raise Stopped(
            f"stopped; the subsets that are done are kept in {run / 'learning'}; "
            f"continue with: {learning_command(run, subsets)}"
        ) from None
    console.print(f"\n{headline(found)}", style="bold", markup=False, soft_wrap=True)
    for sentence in advice(found):
        console.print(f"  {sentence}", markup=False, soft_wrap=True)
    console.print()
    console.print(sizes_table(found))
    console.print(f"report: {run / PAGE}", markup=False, soft_wrap=True)


def sizes_table(found: LearningCurve) -> Table:
    """Mean error of every model at every size."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption_justify="left")
    for name in sizes_head(found):
        longest = max(map(len, name.split()))
        table.add_column(name, justify="right", no_wrap=name == "95 % interval", min_width=longest)
    for row in sizes_rows(found):
        table.add_row(*row)
    table.caption = f"{found.task.target}: {error_name(found)}, mean over folds and subsets"
    return table
