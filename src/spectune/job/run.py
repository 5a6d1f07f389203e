"""The whole job, step by step: a generator of progress that ends with the result."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.outcome import Judged, Outcome, Regions
from spectune.explanation.regions import regions
from spectune.files.atomic import write_text
from spectune.files.models import Model, load_model, save_model
from spectune.files.runs import Run, fingerprint, load_outcome, open_run, save_outcome
from spectune.files.settings import Settings, checked
from spectune.job.copying import copied, copied_again, reachable
from spectune.job.data import Prepared, prepared
from spectune.job.ending import Made, cores_used, facts, machine, outcome
from spectune.job.finishing import expected, trusted
from spectune.job.fits import CHECKPOINT_SECONDS, Shelf, cleared, judged_baselines, keeping, shelf
from spectune.job.narrowing import narrowed, winners_range
from spectune.job.networks import Networks, chosen, judged, plan, refitted, searched
from spectune.job.staffing import facts as trained_by
from spectune.job.staffing import pool_of, staffed
from spectune.predictions import Predictions
from spectune.progress import Progress
from spectune.report.page import report
from spectune.spectra.table import Table
from spectune.training.crew import Fitter, alone, crew
from spectune.training.fit import Fitted
from spectune.tuning.importance import importance
from spectune.tuning.scoring import error

SMALLEST_TEST = 8
"""Test rows below which the regions are worked out on calibration rows instead."""


@dataclass(frozen=True, eq=False)
class Result:
    """A finished run and where it is kept."""

    outcome: Outcome
    folder: Path

    @property
    def model(self) -> Model:
        """The tuned network, ready to predict."""
        return load_model(self.folder)

    def predict(self, table: Table) -> Predictions:
        """Predictions for new spectra on the same axis."""
        return self.model.predict(table)

    def report(self) -> Path:
        """Writes the report and says where it is."""
        path = self.folder / "report.html"
        write_text(path, report(self.outcome))
        return path


def run(
    settings: Settings, table: Table | None = None, checkpoint_seconds: float = CHECKPOINT_SECONDS
) -> Generator[Progress | Result, None, None]:
    """Does the whole job, or what is left of it; yields progress and last the result.

    Args:
        settings: what to do.
        table: spectra already in memory, instead of the file ``settings.data``.
        checkpoint_seconds: how often a training after the search keeps how far it is.

    Raises:
        SpectuneError: data, settings or folder that cannot be used.
    """
    yield from carried_out(prepared(settings, table), checkpoint_seconds)


def carried_out(
    work: Prepared, checkpoint_seconds: float = CHECKPOINT_SECONDS
) -> Generator[Progress | Result, None, None]:
    """The job on spectra and folds that are already prepared; otherwise as ``run``."""
    settings, spectra = work.settings, work.spectra
    yield Progress("read", 1, 1, f"{len(spectra.calibration)} calibration and {len(spectra.test)} test rows")
    folder = settings.folder
    plan(work)  # what makes no search is refused before there is a folder
    machine(settings, settings.precision)
    reachable(settings)
    with open_run(folder, settings, fingerprint(spectra, work.space), work.command) as kept:
        before = load_outcome(folder) if (folder / "outcome.json").exists() else None
        searched_in, rates = yield from narrowed(work, folder)
        if before is not None and _answers(before, settings):
            copied_again(searched_in, kept)
            cleared(folder)
            yield Result(before, folder)
            return
        finished, fitted = yield from _done(searched_in, kept, rates, shelf(kept, checkpoint_seconds))
        model = trusted(Model(fitted, spectra.axis, spectra.signal), finished)
        finished = expected(model, finished)
        save_model(folder / "model", model)
        save_outcome(kept, finished)
        cleared(folder)
        result = Result(finished, folder)
        yield Progress("report", 1, 1, f"report: {result.report()}")
        yield result


def _answers(before: Outcome, settings: Settings) -> bool:
    """Whether a finished run has what is asked for, whoever did the work and wherever it was copied to."""
    there = checked(before.settings, settings.out)
    beside = {name: getattr(settings, name) for name in ("storage", "cores", "workers", "cluster", "per_gpu")}
    return replace(there, **beside) == settings


def _done(
    work: Prepared, kept: Run, rates: Mapping[str, str], fits: Shelf
) -> Generator[Progress, None, tuple[Outcome, Fitted]]:
    """Search, networks, baselines, verdict and explanation; ``rates`` are facts about learning rates."""
    begun = time.monotonic()
    calibration = work.spectra.calibration
    data, settings = (calibration.x, calibration.y, work.problem.task), work.settings
    staff = yield from staffed(work, kept.folder, time.monotonic)
    with crew(*data, cores_used(settings), machine(settings)) as fitter:
        precision = settings.precision
        quick = fitter if precision == "float32" else alone(*data, machine(settings, precision))
        with copied(work, kept) as copy, pool_of(work, kept.folder, staff, quick) as pool:
            trials = yield from searched(work, kept, pool, copy=copy)
        again = keeping(fitter, work.problem.task, fits)
        networks = yield from chosen(work, trials, again)
        fitted, models = yield from _models(work, networks, again)
    others = yield from _baselines(work, fits)
    found = yield from _regions(work, fitted)
    made = Made(
        trials, networks, fitted, (*others, *models), found, importance(trials, work.space, work.settings.sampler)
    )
    own = yield from winners_range(work, networks.best.recipe)
    return outcome(
        work, made, {**facts(work, time.monotonic() - begun), **trained_by(kept.folder), **rates, **own}
    ), fitted


def _models(
    work: Prepared, networks: Networks, fitter: Fitter
) -> Generator[Progress, None, tuple[Fitted, tuple[Judged, ...]]]:
    """The model to keep, and both networks as models, the simpler first."""
    refit = work.settings.refit
    fitted = refitted(work, networks.best, fitter) if refit else networks.best.fitted
    rival = refitted(work, networks.rival, fitter) if refit else networks.rival.fitted
    made = [
        judged(work, networks.best, fitted, networks.seconds),
        judged(work, networks.rival, rival, networks.seconds),
    ]
    what = "all calibration rows" if refit else "the folds of the best recipe"
    yield Progress("model", 1, 1, f"{fitted.members} members from {what}")
    return fitted, tuple(sorted(made, key=lambda model: model.rank))


def _baselines(work: Prepared, fits: Shelf) -> Generator[Progress, None, tuple[Judged, ...]]:
    made: list[Judged] = []
    for model in judged_baselines(work, fits):
        made.append(model)
        yield Progress("baselines", len(made), 4, f"{model.name} {model.settings}".strip())
    return tuple(made)


def _regions(work: Prepared, fitted: Fitted) -> Generator[Progress, None, Regions | None]:
    """Growth of the error by region, on test rows where there are enough."""
    if not work.settings.explain:
        return None
    spectra = work.spectra
    rows = spectra.test if len(spectra.test) >= SMALLEST_TEST else spectra.calibration

    def off(output: NDArray[np.float64], y: NDArray[np.float64]) -> float:
        return error(output, y, spectra.task)

    found = []
    for region in regions(fitted, rows.x, rows.y, spectra.axis, off, work.settings.seed):
        found.append(region)
    yield Progress("explanation", 1, 1, f"{len(found)} regions of the spectrum")
    edges = np.asarray([found[0].low, *(region.high for region in found)])
    return Regions(edges, np.stack([region.growth for region in found], axis=1))
