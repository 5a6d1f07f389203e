"""The verbs of the package, as Python calls them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from spectune.errors import Stopped
from spectune.files.settings import checked
from spectune.job import Result, run
from spectune.progress import Progress
from spectune.spectra.table import Table


def tune(
    data: str | Path | Table, target: str, *, show: Callable[[Progress], None] | None = None, **options: Any
) -> Result:
    """Does the whole job: search, judgement beside PLS and others, model, report.

    Args:
        data: a file of spectra, or a table in memory.
        target: name of the column to predict.
        show: called with every step of progress; ``lambda step: print(step.sentence)`` will do.
        options: any of ``Settings``, such as ``trials=50``, ``group="site"``, ``out="runs/soil"``.

    Returns:
        The finished run; its folder can be continued, reported and predicted from.

    Raises:
        SettingError: an option that does not exist or makes no sense.
        DataError: spectra or a target that cannot be used.
        RunError: an ``out`` that belongs to another run.
    """
    name = data.source if isinstance(data, Table) else str(data)
    settings = checked({"data": name or "table", "target": target, **options}, "spectune.tune")
    for step in run(settings, data if isinstance(data, Table) else None):
        if isinstance(step, Result):
            return step
        if show is not None:
            show(step)
    raise Stopped("the run ended before it had a result")
