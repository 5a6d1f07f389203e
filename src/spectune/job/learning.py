"""The learning curve of a finished run: its best recipe and PLS on growing training sets."""

from __future__ import annotations

import shlex
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import skew

from spectune.assessment.baselines import methods
from spectune.assessment.choice import judge
from spectune.assessment.intervals import error_value
from spectune.assessment.learning import LearningCurve, Point, learned
from spectune.assessment.outcome import Outcome, Output
from spectune.assessment.subsets import repeats, shares, subset
from spectune.errors import SettingError
from spectune.files.atomic import write_text
from spectune.files.points import load_point, save_point
from spectune.files.runs import load_outcome
from spectune.files.sealed import canonical, digest
from spectune.files.settings import BOUNDS, Settings, checked
from spectune.job.ending import cores_used
from spectune.progress import Progress
from spectune.report.learning import learning_page
from spectune.spectra.folds import TUNING_PART, Fold, cut, folds
from spectune.spectra.spectra import Rows, Spectra
from spectune.training.crew import Completed, Fitter, crew
from spectune.tuning.study import member_seeds

PAGE = "learning-curve.html"
INNER_FOLDS = 4
"""Folds inside a subset, by which PLS chooses its settings."""

CHOICE_ROWS = 1000
"""Rows of a subset, at most, on which PLS compares its preprocessings; latent variables are chosen on all."""

STREAM = 2_000_000
"""Random streams from here on belong to learning curves."""


@dataclass(frozen=True, eq=False)
class Study:
    """What a learning curve is made of.

    Attributes:
        outcome: the finished run.
        settings: of the run.
        spectra: its calibration rows.
        rests: row numbers outside each fold.
        held_out: row numbers of each fold.
        seeds: trainings of the network on every subset; their mean answers.
        mark: digest of everything that a point depends on.
    """

    outcome: Outcome
    settings: Settings
    spectra: Spectra
    rests: tuple[Rows, ...]
    held_out: tuple[Rows, ...]
    seeds: int
    mark: str


def learning_curve(
    folder: Path, most: int = 3, cores: int | None = None
) -> Generator[Progress | LearningCurve, None, None]:
    """Trains on growing subsets, or on those that are left; yields progress and last the curve.

    Held-out rows of the run's folds score and nothing else: subsets, their tuning rows and the settings of
    PLS come from the rows outside.

    Args:
        folder: of a finished run.
        most: random subsets of the smallest size; larger sizes have fewer.
        cores: to use, 0 for all; as in the run when None.

    Raises:
        RunError: no finished run there, or a damaged one.
        DataError: too few rows for a learning curve.
        SettingError: a number of subsets or cores that makes no sense.
    """
    if not 1 <= most <= BOUNDS["replicates"][1]:
        raise SettingError(f"the subsets of a size must be from 1 to {BOUNDS['replicates'][1]}, got {most}")
    study = studied(load_outcome(folder), folder, cores)
    spectra = study.spectra
    plan = [(share, repeat) for share in shares(spectra, study.rests) for repeat in range(repeats(share, most))]
    yield Progress("read", 1, 1, f"{len(spectra)} calibration rows in {len(study.rests)} folds")
    points: list[Point] = []
    with crew(spectra.x, spectra.y, spectra.task, cores_used(study.settings)) as fitter:
        for progress, point in _points(study, folder, plan, fitter):
            points.append(point)
            yield progress
    recipe, seed = study.outcome.recipe.id, study.settings.seed
    found = learned(spectra.task, spectra.source, spectra.grouped, recipe, points, seed)
    write_text(folder / PAGE, learning_page(found, learning_command(folder, most)))
    yield Progress("report", 1, 1, f"report: {folder / PAGE}")
    yield found


def learning_command(folder: Path, most: int) -> str:
    """What to type to make a learning curve, or to go on with it."""
    return f"spectune learning-curve {shlex.quote(str(folder))} --subsets {most}"


def studied(outcome: Outcome, folder: Path, cores: int | None) -> Study:
    """What the learning curve of a run is made of."""
    settings = checked(outcome.settings, str(folder))
    if cores is not None:
        settings = replace(settings, cores=cores)
    held_out = tuple(np.flatnonzero(outcome.fold_of == fold) for fold in np.unique(outcome.fold_of))
    rests = tuple(np.setdiff1d(np.arange(outcome.fold_of.size), rows) for rows in held_out)
    spectra, seeds = outcome.spectra.calibration, max(settings.replicates, 1)
    columns = (spectra.x, spectra.y, spectra.groups, outcome.fold_of)
    data = [digest(column.tobytes()) for column in columns]
    words = [outcome.recipe.id, outcome.network, seeds, settings.seed, *data]
    return Study(outcome, settings, spectra, rests, held_out, seeds, digest(canonical(words)))


def _points(
    study: Study, folder: Path, plan: Sequence[tuple[float, int]], fitter: Fitter
) -> Iterator[tuple[Progress, Point]]:
    """Every point of the plan, made or found, smallest first."""
    begun, made = time.monotonic(), 0.0
    for done, (share, repeat) in enumerate(plan, start=1):
        point = load_point(folder, share, repeat, study.mark)
        if point is None:
            point = measured(study, share, repeat, fitter)
            save_point(folder, point, study.mark)
            made += _cost(share)
        left = (time.monotonic() - begun) / made * sum(_cost(one) for one, _ in plan[done:]) if made else None
        yield Progress("learning", done, len(plan), _sentence(point), None, left), point


def measured(study: Study, share: float, repeat: int, fitter: Fitter) -> Point:
    """One subset of every fold: trained on by the network and by PLS, scored on the rows the fold holds out."""
    spectra, seed = study.spectra, study.settings.seed
    parts = [subset(spectra, rest, share, _seed(seed, fold, repeat)) for fold, rest in enumerate(study.rests)]
    simple = [
        baseline_outputs(spectra, part, scored, _seed(seed, fold, repeat))
        for fold, (part, scored) in enumerate(zip(parts, study.held_out, strict=True))
    ]
    names = tuple(simple[0])
    fallback = [outputs[names[0]] for outputs in simple]
    networks = _networks(study, parts, _stream(share, repeat), fallback, fitter)
    outputs: dict[str, Sequence[Output]] = {name: [one[name] for one in simple] for name in names}
    outputs[study.outcome.network] = networks
    return Point(
        share,
        repeat,
        float(np.mean([part.size for part in parts])),
        float(np.mean([np.unique(spectra.groups[part]).size for part in parts])),
        {name: _errors(study, found) for name, found in outputs.items()},
    )


def baseline_outputs(spectra: Spectra, part: Rows, scored: Rows, seed: int) -> Mapping[str, Output]:
    """What the simplest model and PLS, chosen and fitted on ``part`` alone, say of ``scored`` rows.

    PLS chooses preprocessing, transform and latent variables by folds inside the subset.
    """
    rows = np.concatenate([part, scored])
    roles = np.repeat(["cal", "test"], [part.size, scored.size])
    beside = replace(spectra.rows(rows), roles=roles)
    y = beside.calibration.y
    task = replace(spectra.task, rows=y.size)
    if task.regression:
        task = replace(task, skew=float(skew(y)), positive=bool((y > 0).all()))
    beside = replace(beside, task=task)
    inner = folds(beside.calibration, INNER_FOLDS, seed)
    simplest, pls, *_ = methods(beside.calibration, inner)
    bounded = replace(pls, choice_rows=CHOICE_ROWS)
    return {method.name: judge(method, beside, inner, seed).test for method in (simplest, bounded)}


def _networks(
    study: Study, parts: Sequence[Rows], stream: int, fallback: Sequence[Output], fitter: Fitter
) -> list[Output]:
    """Outputs on the held-out rows of each fold, mean over seeds; all folds and seeds are members of one fit.

    A fold whose members all diverged answers as the simplest model does.
    """
    spectra, seed = study.spectra, study.settings.seed
    made: list[Fold] = []
    for number in range(study.seeds):
        for fold, (part, scored) in enumerate(zip(parts, study.held_out, strict=True)):
            train, tuning = cut(spectra.rows(part), TUNING_PART, _seed(seed, stream, number, fold))
            made.append(Fold(part[train], part[tuning], scored))
    seeds = member_seeds(seed, STREAM + stream, len(made))
    fitted = fitter(study.outcome.recipe, made, seeds, ())
    done = next(report for report in fitted if isinstance(report, Completed))
    outputs = []
    for fold, simple in enumerate(fallback):
        own = [output for output in done.held_out[fold :: len(parts)] if np.isfinite(output).all()]
        outputs.append(np.mean(own, axis=0) if own else simple)
    return outputs


def _errors(study: Study, outputs: Sequence[Output]) -> tuple[float, ...]:
    y, classes = study.spectra.y, len(study.spectra.task.classes)
    return tuple(error_value(output, y[rows], classes) for output, rows in zip(outputs, study.held_out, strict=True))


def _cost(share: float) -> float:
    """Time a point takes, in no unit: something for every fit, and something for every row."""
    return 0.3 + share


def _stream(share: float, repeat: int) -> int:
    return round(share * 100_000) * 100 + repeat


def _seed(*words: int) -> int:
    return int(np.random.SeedSequence(words).generate_state(1)[0])


def _sentence(point: Point) -> str:
    errors = ", ".join(f"{name} {np.mean(errors):.4g}" for name, errors in point.errors.items())
    return f"{point.rows:.0f} rows, subset {point.repeat + 1}: {errors}"
