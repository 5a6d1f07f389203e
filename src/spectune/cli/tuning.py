"""``spectune tune``: follow the job, then say what to use."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from rich.console import Console

from spectune.cli.following import follow
from spectune.cli.showing import models_table
from spectune.errors import Stopped
from spectune.files.runs import continue_command, load_trials
from spectune.files.settings import Settings
from spectune.job import Result, run


def tune(settings: Settings) -> None:
    """Run the job of ``settings`` and print verdict, models, and what to type next.

    Raises:
        Stopped: Ctrl-C; the message says what is kept and how to continue.
    """
    console = Console(highlight=False)
    try:
        with closing(run(settings)) as steps:
            result: Result = follow(steps, console)
    except KeyboardInterrupt:
        raise Stopped(stopped_sentence(settings.folder)) from None
    _show(result, console)


def stopped_sentence(folder: Path) -> str:
    """What is kept of a run that was stopped, and how to continue it."""
    trials = load_trials(folder)
    if not trials:
        return f"stopped before the first trial was done; nothing is lost, start again with {_again(folder)}"
    values = [trial.value for trial in trials if trial.value is not None]
    best = f", the best so far with a cross-validated error of {min(values):.4g}" if values else ""
    count = f"{len(trials)} trial{' is' if len(trials) == 1 else 's are'}"
    return f"stopped; {count} kept in {folder}{best}; continue with: {continue_command(folder)}"


def _again(folder: Path) -> str:
    return continue_command(folder) if (folder / "run.toml").exists() else "the same command"


def _show(result: Result, console: Console) -> None:
    outcome, folder = result.outcome, result.folder
    console.print(f"\n{outcome.verdict.sentence}", style="bold", markup=False, soft_wrap=True)
    for reason in outcome.verdict.reasons:
        console.print(f"  {reason}", markup=False, soft_wrap=True)
    console.print()
    console.print(models_table(outcome))
    for name, path in (("report", "report.html"), ("predictions", "predictions.csv"), ("model", "model")):
        if (folder / path).exists():
            console.print(f"{name + ':':<13}{folder / path}", markup=False, soft_wrap=True)
    next_command = f"spectune predict {folder} NEW.csv -o predictions.csv"
    console.print(f"\npredict new spectra with the network: {next_command}", markup=False, soft_wrap=True)
