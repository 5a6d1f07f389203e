"""A whole search on arrays in memory: its folds, its trials, the best of them, and all as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.model_selection import check_cv

from spectune.errors import DataError, SettingError
from spectune.estimators.given import whole
from spectune.files.runs import Fingerprint, Run, fingerprint, load_trials, open_run, save_trial
from spectune.files.sealed import digest
from spectune.files.settings import Settings
from spectune.files.spaces import load_space
from spectune.networks.narrowing import fixed, within
from spectune.networks.space import Space, Value
from spectune.spectra.folds import TUNING_PART, Fold, cut, folds
from spectune.spectra.spectra import Spectra, Task
from spectune.training.crew import Fitter
from spectune.tuning.plan import Plan
from spectune.tuning.pool import Here
from spectune.tuning.record import Trial
from spectune.tuning.rehearsal import rehearse
from spectune.tuning.replicates import Candidate, chosen_by, replicate
from spectune.tuning.scoring import Problem
from spectune.tuning.study import Coordinator, Known, draw_recipe, open_study, search


@dataclass(frozen=True, eq=False)
class Work:
    """Everything that is decided before the first trial; ``folder`` is None where nothing is kept."""

    settings: Settings
    spectra: Spectra
    space: Space
    folds: tuple[Fold, ...]
    folder: Path | None = None

    @property
    def problem(self) -> Problem:
        """What the search is about."""
        return Problem(self.spectra.y, self.spectra.task, self.folds)

    @property
    def plan(self) -> Plan:
        """How it is made."""
        said = self.settings
        return Plan(said.trials, said.seed, said.sampler, said.pruner, said.epochs)


def space_of(space: str | Space, fix: Mapping[str, Value], task: Task) -> Space:
    """The space of a search: no batch is larger than its rows, and what is fixed is not searched.

    Raises:
        SettingError: a space that does not exist, or that makes no network for this task.
    """
    wide = load_space("default" if space == "auto" else space) if isinstance(space, str) else space
    narrowed = within(fixed(wide, fix), "batch", task.rows)
    rehearse(narrowed, task)
    return narrowed


def folds_of(cv: Any, spectra: Spectra, seed: int) -> tuple[Fold, ...]:
    """Folds from their number, a splitter of scikit-learn, or pairs of row numbers.

    Raises:
        DataError: too few rows or groups.
        SettingError: folds that do not hold out every row exactly once, or from which a row or a group leaks.
    """
    if isinstance(cv, Integral):
        return folds(spectra, whole("cv", cv, 2), seed)
    groups = spectra.groups if spectra.grouped else None
    made = []
    for number, (rest, scored) in enumerate(check_cv(cv).split(spectra.x, spectra.y, groups)):
        _check_apart(spectra, rest, scored, number)
        train, tuning = cut(spectra.rows(rest), TUNING_PART, seed + 1000 + number)
        made.append(Fold(rest[train], rest[tuning], np.asarray(scored)))
    counts = np.bincount(np.concatenate([fold.scored for fold in made]), minlength=len(spectra))
    if (counts != 1).any():
        at = int(np.argmax(counts != 1))
        raise SettingError(f"cv must hold out every row exactly once, as KFold does, but row {at} {counts[at]} times")
    return tuple(made)


def searched(work: Work, fitter: Fitter) -> Iterator[Trial]:
    """All trials of the search; those that a folder has kept come first.

    Raises:
        RunError: a folder that belongs to another search.
    """
    with ExitStack() as stack:
        run = None if work.folder is None else stack.enter_context(open_run(work.folder, work.settings, _mark(work)))
        known = Known() if run is None else Known(load_trials(run.folder))
        yield from known.trials
        study = open_study(work.plan, work.space, work.problem.task, known)
        coordinator = Coordinator(study, work.problem, work.space, work.plan)
        for trial in search(coordinator, Here(fitter, work.problem, work.plan)):
            _save(run, trial)
            yield trial


def best_of(work: Work, trials: Sequence[Trial], fitter: Fitter) -> tuple[Trial, Candidate]:
    """The trial whose recipe is best with fresh seeds, and what came of them.

    Raises:
        DataError: no trial is complete.
    """
    tops = chosen_by(work.plan, trials, work.settings.top)
    if not tops:
        raise DataError("every trial diverged or was pruned; look for extreme values in y, or allow more trials")
    fresh = max(work.settings.replicates, 1)
    candidates = []
    for place, trial in enumerate(tops):
        recipe = draw_recipe(work.space, work.problem.task, trial.values, work.settings.epochs)
        streams = range(place * fresh, (place + 1) * fresh)
        again = replicate(recipe, trial.values, fitter, work.problem, work.settings.seed, streams, work.plan)
        *_, (_, candidate) = again
        candidates.append((trial, candidate))
    return min(candidates, key=lambda one: one[1].minimised)


def results_of(trials: Sequence[Trial], count: int) -> dict[str, Any]:
    """Trials of a search over ``count`` folds as arrays by name, as ``cv_results_`` of scikit-learn.

    Scores are errors with a minus, those of folds as trials keep them, to five digits; NaN, and last
    in rank, where a trial was ended early.
    """
    scores = np.asarray([_scores(trial, count) for trial in trials])
    means = np.asarray([np.nan if trial.value is None else -trial.value for trial in trials])
    names = dict.fromkeys(name for trial in trials for name in trial.values)
    return {
        "params": [dict(trial.values) for trial in trials],
        **{f"param_{name}": _drawn(trials, name) for name in names},
        **{f"split{fold}_test_score": scores[:, fold] for fold in range(count)},
        "mean_test_score": means,
        "std_test_score": scores.std(axis=1),
        "rank_test_score": rankdata(np.where(np.isnan(means), np.inf, -means), method="min").astype(np.int32),
        "fit_time": np.asarray([trial.seconds for trial in trials]),
        "epochs": np.asarray([trial.rungs[-1].epoch if trial.rungs else 0 for trial in trials]),
        "state": np.asarray([trial.state for trial in trials]),
    }


def _check_apart(spectra: Spectra, rest: NDArray[np.intp], scored: NDArray[np.intp], number: int) -> None:
    if np.intersect1d(spectra.groups[rest], spectra.groups[scored]).size:
        what = (
            "rows of one group on both sides; use a splitter for groups" if spectra.grouped else "a row on both sides"
        )
        raise SettingError(f"split {number} of cv has {what}, so its score would be too good")


def _mark(work: Work) -> Fingerprint:
    """Whose search it is: that of these spectra with these folds."""
    mark = fingerprint(work.spectra, work.space)
    rows = [part for fold in work.folds for part in (fold.train, fold.tuning, fold.scored)]
    return replace(mark, data=digest("".join([mark.data, *(digest(part.astype(np.int64).tobytes()) for part in rows)])))


def _save(run: Run | None, trial: Trial) -> None:
    if run is not None:
        save_trial(run, trial)


def _scores(trial: Trial, count: int) -> NDArray[np.float64]:
    """(count,) scores of the folds."""
    return -np.asarray(trial.rungs[-1].fold_errors) if trial.state == "complete" else np.full(count, np.nan)


def _drawn(trials: Sequence[Trial], name: str) -> Any:
    """Values of a hyperparameter, masked where a trial has none."""
    drawn = [trial.values.get(name) for trial in trials]
    return np.ma.masked_array(np.asarray(drawn, dtype=object), mask=[name not in trial.values for trial in trials])
