"""Showing work while it is done: a bar on a terminal, one plain line a step elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Column

from spectune.errors import Stopped
from spectune.progress import Progress, Stage
from spectune.report.wording import duration

Result = TypeVar("Result")

STAGES: dict[Stage, str] = {
    "read": "reading",
    "plan": "planning",
    "search": "searching",
    "replicates": "training the best again",
    "baselines": "PLS and others",
    "model": "final model",
    "explanation": "explaining",
    "report": "writing",
    "outer": "outer folds",
    "learning": "growing training sets",
    "compare": "searching by all methods",
    "bench": "training networks",
    "maps": "mapping decisions",
    "range": "testing learning rates",
    "pruning": "training pruned ones on",
    "adapting": "adapting",
}


WIDE = 110
"""Columns of a terminal from which on there is room for whole sentences."""


def follow(steps: Iterator[Progress | Result], console: Console) -> Result:
    """What the work gives at its end; its progress is shown on the way.

    Raises:
        Stopped: the work ended without a result.
    """
    return _bars(steps, console) if console.is_terminal else _lines(steps, console)


def _lines(steps: Iterator[Progress | Result], console: Console) -> Result:
    for step in steps:
        if not isinstance(step, Progress):
            return step
        place = "" if step.stage == "plan" else f" {step.done}/{step.total}"
        print(f"{STAGES[step.stage]}{place}: {step.sentence}{_outlook(step)}", file=console.file, flush=True)
    raise Stopped("the work ended before it had a result")


def _bars(steps: Iterator[Progress | Result], console: Console) -> Result:
    brief = console.width < WIDE
    columns = (
        TextColumn("{task.description:<23}", table_column=Column(no_wrap=True, min_width=23)),
        BarColumn(bar_width=8 if brief else 24, table_column=Column(min_width=4)),
        MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=5)),
        TimeElapsedColumn(table_column=Column(no_wrap=True, min_width=7)),
        TextColumn("{task.fields[outlook]}", style="dim", table_column=Column(no_wrap=True)),
    )
    tasks: dict[Stage, TaskID] = {}
    with Bars(*columns, console=console) as bars:
        for step in steps:
            if not isinstance(step, Progress):
                return step
            if step.stage == "plan":
                bars.console.print(step.sentence, markup=False)
                continue
            if step.stage not in tasks:
                tasks[step.stage] = bars.add_task(STAGES[step.stage], outlook="")
            outlook = (_brief(step) if brief else _outlook(step).removeprefix("; ")) or step.sentence
            bars.update(tasks[step.stage], completed=step.done, total=step.total, outlook=outlook)
    raise Stopped("the work ended before it had a result")


def _brief(step: Progress) -> str:
    """The same for a narrow terminal, which may cut off its end."""
    words = [
        "" if step.left is None or step.done == step.total else f"{duration(step.left)} left",
        "" if step.best is None else f"best {step.best:.4g}",
        f"{step.under_way} at once" if step.under_way else "",
    ]
    return ", ".join(word for word in words if word)


def _outlook(step: Progress) -> str:
    """Best error so far, how many are under way, and time left, where they are known."""
    best = "" if step.best is None else f"; best so far {step.best:.4g}"
    left = "" if step.left is None or step.done == step.total else f"; about {duration(step.left)} left"
    busy = f"; {step.under_way} under way" if step.under_way else ""
    return best + busy + left
