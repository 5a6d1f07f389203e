"""``spectune paper passos2022``: follow the experiment, write its page, and print how the models compare."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spectune.cli.following import follow
from spectune.errors import SettingError, Stopped
from spectune.files.atomic import write_text
from spectune.files.read import read
from spectune.files.settings import Settings, checked
from spectune.papers.passos2022.data import mango_file, mendeley_file, simulated_mango, simulated_wheat, wheat_files
from spectune.papers.passos2022.experiment import Experiment, Plan, experiment
from spectune.papers.passos2022.material import Published
from spectune.papers.passos2022.ordinary import Further, from_table
from spectune.papers.passos2022.page import experiment_page, headline
from spectune.papers.passos2022.repeating import PRUNED, asked, ours_command, published_command
from spectune.papers.passos2022.tables import models_grid

PAGE = "report.html"


def follow_experiment(settings: Settings, regression: bool, files: tuple[str, ...], own: Mapping[str, Any]) -> None:
    """Run the experiment, write its page, and print the models side by side.

    Args:
        settings: of our run; the published files name their target themselves.
        regression: whether the target is a number.
        files: of spectra; none to simulate.
        own: ``simulate``, ``faithful``, ``seeds``, ``pruned``, and ``named`` for a target of one's own, where said.

    Raises:
        SpectuneError: files that cannot be used, or counts that make no sense.
        Stopped: Ctrl-C; the message says how to continue.
    """
    for name, least in (("seeds", 1), ("pruned", 0)):
        if not least <= own.get(name, least) <= 1000:
            raise SettingError(f"{name} must be from {least} to 1000, got {own[name]}")
    spectra, further = _spectra(settings, regression, files, own)
    told = replace(settings, target=spectra.target)
    words = asked(told, regression, files, own.get("simulate"), own.get("named", False))
    plan = Plan(told, own.get("faithful", False), own.get("seeds", 1), own.get("pruned", PRUNED), words)
    console = Console(highlight=False)
    try:
        with closing(experiment(plan, spectra, further)) as steps:
            found: Experiment = follow(steps, console)
    except KeyboardInterrupt:
        raise Stopped(f"stopped; what is done is kept in {plan.folder}; the same command continues") from None
    page = plan.folder / PAGE
    write_text(page, experiment_page(found, commands(found)))
    _show(found, page, console)


def _spectra(
    settings: Settings, regression: bool, files: tuple[str, ...], own: Mapping[str, Any]
) -> tuple[Published, Mapping[str, Further]]:
    """The spectra in the roles of the paper, and further rows of a file that has them.

    Raises:
        SpectuneError: files that cannot be used.
    """
    if "simulate" in own:
        rows, seed = own["simulate"], settings.seed
        return (simulated_mango(rows, seed) if regression else simulated_wheat(rows, seed)), {}
    if own.get("named"):
        table = read(files[0], sheet=settings.sheet, unit=settings.unit, signal=settings.signal)
        return from_table(table, replace(settings, classes=not regression))
    if not regression:
        return wheat_files(files), {}
    return (mango_file if Path(files[0]).suffix.lower() == ".mat" else mendeley_file)(files[0]), {}


def commands(found: Experiment) -> str:
    """What to type to do it again elsewhere: one command for each procedure on the page."""
    plan, said = found.plan, []
    again = Path(f"{plan.folder}-again")
    if found.procedure is not None:
        searches = found.procedure.searches
        told = replace(searches[0].told, seed=plan.settings.seed)
        said.append(published_command(plan.asked, told, len(searches), again))
    if found.ours is not None:
        told = checked(found.ours.outcome.settings, "ours")
        regression = found.rows.task.regression
        said.append(ours_command(plan.asked, told, found.ours.pruned, regression, again))
    return "\n".join(said)


def _show(found: Experiment, page: Path, console: Console) -> None:
    grid = models_grid(found)
    width = grid.groups[1][1]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(grid.head[1])
    for name, _ in grid.groups[1:]:
        table.add_column(name, justify="right")
    for row in grid.rows:
        shown = (row[0], *row[1::width])
        table.add_row(*(Text(re.sub("<[^>]+>", "", cell)) for cell in shown))
    console.print(table)
    console.print(headline(found), style="bold", markup=False, soft_wrap=True)
    console.print(f"report: {page}", markup=False, soft_wrap=True)
