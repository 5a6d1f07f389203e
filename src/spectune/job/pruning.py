"""What the pruning of a finished run threw away: a generator of progress that ends with what is known of it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from spectune.assessment.outcome import Outcome
from spectune.errors import RunError, SettingError
from spectune.files.atomic import write_text
from spectune.files.prunings import load_again, save_again, save_regret
from spectune.files.runs import load_outcome
from spectune.files.settings import BOUNDS, checked
from spectune.files.spaces import load_space
from spectune.job.data import DEFAULT_SPACE, Prepared
from spectune.job.ending import cores_used
from spectune.job.networks import plan
from spectune.progress import Progress
from spectune.report.pruning import pruning_page
from spectune.spectra.folds import folds
from spectune.training.crew import Fitter, crew
from spectune.training.machine import Machine
from spectune.tuning.pruning import Regret, regret, rerun, sample
from spectune.tuning.record import Trial

PAGE = "pruning.html"
MOST = 10_000
"""Pruned trials that can be asked for."""


def audit(
    folder: Path, count: int = 10, seed: int = 0, cores: int | None = None
) -> Generator[Progress | Regret, None, None]:
    """Trains a sample of pruned trials to their end, or those that are left; yields progress and last what it tells.

    Their rows, folds, seeds and schedule are those of the search; test rows stay closed.

    Args:
        folder: of a finished run.
        count: pruned trials to look at; a larger number goes on from a smaller one.
        seed: of the sample.
        cores: to use, 0 for all; as in the run when None.

    Raises:
        RunError: no finished run there, a damaged one, one without pruned trials, or one that cannot be repeated.
        SettingError: a number of trials or a seed that makes no sense.
    """
    _check_asked(count, seed)
    outcome = load_outcome(folder)
    work = searched_with(outcome, folder, cores)
    chosen = sample(outcome.trials, count, seed)
    if not chosen:
        raise RunError(f"no trial of {folder} was ended at a rung, so there is nothing that pruning threw away")
    yield Progress("read", 1, 1, f"{len(outcome.trials)} trials, {len(chosen)} pruned ones to look at")
    again: list[Trial] = []
    calibration = work.spectra.calibration
    machine = Machine(precision=work.settings.precision)
    with crew(calibration.x, calibration.y, work.problem.task, cores_used(work.settings), machine) as fitter:
        for progress, trial in _again(work, folder, chosen, fitter):
            again.append(trial)
            yield progress
    found = regret(outcome.trials, again, plan(work))
    save_regret(folder, found)
    write_text(folder / PAGE, pruning_page(found, outcome, pruning_command(folder, count, seed)))
    yield Progress("report", 1, 1, f"report: {folder / PAGE}")
    yield found


def pruning_command(folder: Path, count: int, seed: int) -> str:
    """What to type to look at pruned trials, or to go on with it."""
    return f"spectune pruning {shlex.quote(str(folder))} --sample {count} --seed {seed}"


def searched_with(outcome: Outcome, folder: Path, cores: int | None) -> Prepared:
    """What the search of a finished run worked with.

    Raises:
        RunError: the folds of the run cannot be made again.
    """
    settings = checked(outcome.settings, str(folder))
    if cores is not None:
        settings = replace(settings, cores=cores)
    space = outcome.space or load_space(DEFAULT_SPACE if settings.space == "auto" else settings.space)
    spectra = outcome.spectra
    work = Prepared(settings, spectra, space, folds(spectra.calibration, settings.folds, settings.seed))
    if not np.array_equal(work.fold_of, outcome.fold_of):
        raise RunError(f"the folds of {folder} cannot be made again; another version of spectune made them")
    return work


def _again(
    work: Prepared, folder: Path, chosen: Sequence[Trial], fitter: Fitter
) -> Generator[tuple[Progress, Trial], None, None]:
    """Every chosen trial as it ended, trained now or found."""
    begun, made = time.monotonic(), 0
    for done, trial in enumerate(chosen, start=1):
        ended = load_again(folder, trial.number)
        if ended is None:
            ended = rerun(trial, fitter, work.problem, work.space, plan(work))
            save_again(folder, ended)
            made += 1
        left = (time.monotonic() - begun) / made * (len(chosen) - done) if made else None
        yield Progress("pruning", done, len(chosen), _sentence(trial, ended), None, left), ended


def _check_asked(count: int, seed: int) -> None:
    low, high = BOUNDS["seed"]
    if not 1 <= count <= MOST:
        raise SettingError(f"the pruned trials to look at must be from 1 to {MOST}, got {count}")
    if not low <= seed <= high:
        raise SettingError(f"seed must be from {low} to {high}, got {seed}")


def _sentence(trial: Trial, ended: Trial) -> str:
    final = "diverged" if ended.minimised is None else f"{ended.minimised:.4g}"
    return f"trial {trial.number}, ended at {trial.rungs[-1].compared:.4g}: {final} at the end"
