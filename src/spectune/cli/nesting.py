"""``spectune nested``: the whole job in every outer fold, then both numbers of every model."""

from __future__ import annotations

from contextlib import closing

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spectune.assessment.nested import Nested, Unseen
from spectune.cli.following import follow
from spectune.errors import Stopped
from spectune.files.nestings import PAGE, nested_command, outer_folder
from spectune.files.settings import Settings
from spectune.job.nesting import nested
from spectune.report.nesting import decimals
from spectune.report.wording import fixed, with_unit


def nest(settings: Settings, outer: int) -> None:
    """Run the nested validation of ``settings`` and print what it says.

    Raises:
        Stopped: Ctrl-C; the message says what is kept and how to continue.
    """
    console = Console(highlight=False)
    try:
        with closing(nested(settings, outer)) as steps:
            found: Nested = follow(steps, console)
    except KeyboardInterrupt:
        raise Stopped(stopped_sentence(settings, outer)) from None
    console.print(f"\n{found.verdict.sentence}", style="bold", markup=False, soft_wrap=True)
    for reason in found.verdict.reasons:
        console.print(f"  {reason}", markup=False, soft_wrap=True)
    console.print()
    console.print(errors_table(found))
    console.print(f"report:      {settings.folder / PAGE}", markup=False, soft_wrap=True)
    console.print(f"predictions: {settings.folder / 'predictions.csv'}", markup=False, soft_wrap=True)


def stopped_sentence(settings: Settings, outer: int) -> str:
    """What is kept of a nested validation that was stopped, and how to continue it."""
    folder = settings.folder
    if not (folder / "run.toml").exists():
        return "stopped before the first outer fold began; nothing is lost, start again with the same command"
    done = sum((outer_folder(folder, number) / "outcome.json").exists() for number in range(1, outer + 1))
    return (
        f"stopped; {done} of {outer} outer folds are done and all trials kept in {folder}; "
        f"continue with: {nested_command(folder, outer)}"
    )


def errors_table(found: Nested) -> Table:
    """Inner and outer error of every model and the optimism between them; the model to use stands out."""
    task = found.spectra.task
    table = Table(box=SIMPLE_HEAD, pad_edge=False, caption_justify="left")
    table.add_column("model", no_wrap=True)
    name = "balanced accuracy" if task.classes else "RMSE"
    for heading in ("inner", "outer", "pooled", "optimism", "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    shown = decimals(found)
    for model in found.models:
        style = "bold" if model.name == found.verdict.use else ""
        table.add_row(Text(model.name), *_cells(model, bool(task.classes), shown), style=style)
    closed = f", {found.closed} test rows stayed closed" if found.closed else ""
    measured = f"{with_unit(task.target, task.unit)}: inner and outer {name}"
    table.caption = f"{measured}\n{len(found.spectra)} rows in {found.outer} outer folds{closed}"
    return table


def _cells(model: Unseen, classes: bool, shown: int) -> list[str]:
    errors = (float(np.mean(model.inner)), float(np.mean(model.outer)), model.error)
    gap = model.optimism
    return [
        *(fixed(1 - error if classes else error, shown) for error in errors),
        fixed(gap.value, shown),
        f"{fixed(gap.low, shown)} to {fixed(gap.high, shown)}",
    ]
