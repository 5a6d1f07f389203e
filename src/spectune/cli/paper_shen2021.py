"""``spectune paper shen2021``: follow the experiment, then say what became of the paper's findings."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from spectune.cli.following import follow
from spectune.errors import SettingError, Stopped
from spectune.files.atomic import make_folder, write_text
from spectune.files.settings import BOUNDS, Settings
from spectune.files.spectra_files import write_spectra
from spectune.papers.shen2021.experiment import Experiment, Plan, experiment
from spectune.papers.shen2021.page import command_of, experiment_page, findings
from spectune.synthesis.soil import soil

PAGE = "report.html"
FEWEST_ROWS = 50


def follow_experiment(settings: Settings, own: Mapping[str, Any]) -> None:
    """Run the experiment, write its page, and print the findings.

    Args:
        settings: data, roles, folds and seed.
        own: ``simulate``, ``trials``, ``seeds``, ``outer``, ``outer_trials`` and ``curve``, where said.

    Raises:
        SettingError: counts that make no sense.
        Stopped: Ctrl-C; the message says how to continue.
    """
    plan = planned(settings, own)
    if "simulate" in own:
        plan = replace(plan, settings=replace(settings, data=str(_simulated(plan, own["simulate"]))))
    console = Console(highlight=False)
    try:
        with closing(experiment(plan)) as steps:
            found: Experiment = follow(steps, console)
    except KeyboardInterrupt:
        raise Stopped(f"stopped; what is done is kept in {plan.folder}; the same command continues") from None
    page = plan.folder / PAGE
    write_text(page, experiment_page(found, command_of(found)))
    _show(found, page, console)


def planned(settings: Settings, own: Mapping[str, Any]) -> Plan:
    """How large the experiment is to be.

    Raises:
        SettingError: counts that make no sense.
    """
    words = [part.strip() for part in str(own.get("trials", "80,250")).split(",")]
    if len(words) != 2 or not all(word.isdecimal() and int(word) > 0 for word in words):
        raise SettingError(f"trials must be two whole numbers, TPE and random, as in 80,250; got {own['trials']!r}")
    guided, chance = (int(word) for word in words)
    outer, outer_trials = own.get("outer", 5), own.get("outer_trials", guided)
    if outer and not 2 <= outer <= 20:
        raise SettingError(f"outer folds must be from 2 to 20, or 0 for none, got {outer}")
    if not 1 <= outer_trials <= BOUNDS["trials"][1]:
        raise SettingError(f"trials in an outer fold must be at least 1, got {outer_trials}")
    return Plan(settings, (guided, chance), own.get("seeds", 1), outer, outer_trials, own.get("curve", True))


def _simulated(plan: Plan, rows: int) -> Path:
    """The file of simulated spectra of the experiment, made where it is not there yet.

    Raises:
        SettingError: too few rows.
    """
    if rows < FEWEST_ROWS:
        raise SettingError(f"an experiment on simulated spectra needs at least {FEWEST_ROWS} of them, got {rows}")
    path = plan.folder / f"simulated-soil-{rows}-{plan.settings.seed}.parquet"
    if not path.exists():
        make_folder(plan.folder)
        write_spectra(path, soil(rows, plan.settings.seed))
    return path


def _show(found: Experiment, page: Path, console: Console) -> None:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("the paper found", "here", "judgement"):
        table.add_column(name)
    for finding in findings(found):
        table.add_row(finding.claim, finding.here, finding.judgement)
    console.print(table)
    console.print(found.outcome.verdict.sentence, style="bold", markup=False, soft_wrap=True)
    console.print(f"report: {page}", markup=False, soft_wrap=True)
