"""The published procedure as a job: every step is kept, and goes on where it was stopped.

All of it is in one folder of that of the experiment:

published/basis.json        which spectra and epochs all of it stands on
published/base.json         the base network
published/climb.json        its range test
published/search-0/         a search; an ordinary run folder
published/search-0.json     its winner: checkpoint, and last training from there
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import ConfigDict, TypeAdapter

from spectune.errors import DataError
from spectune.files.atomic import make_folder
from spectune.files.records import keep, kept
from spectune.files.runs import fingerprint, load_trials, open_run
from spectune.files.settings import Settings, load_settings
from spectune.files.spaces import load_space
from spectune.job.copying import copied
from spectune.job.data import Prepared
from spectune.job.ending import cores_used
from spectune.job.networks import plan, searched
from spectune.networks.families.passos import base_recipe
from spectune.networks.narrowing import fixed
from spectune.networks.recipe import Recipe
from spectune.networks.space import Space
from spectune.papers.passos2022.procedure import SEED, Sets, Stage, last, refit_fold, saved, trained
from spectune.progress import Progress
from spectune.spectra.axis import Axis
from spectune.spectra.channels import parse_channels
from spectune.spectra.spectra import Spectra
from spectune.training.crew import Fitter, crew
from spectune.training.machine import Machine
from spectune.training.range_test import RangeTest, published_test
from spectune.tuning.plan import Plan as SearchPlan
from spectune.tuning.pool import Here
from spectune.tuning.record import Trial
from spectune.tuning.replicates import top
from spectune.tuning.study import capped, draw_recipe, member_seeds

SAMPLER_SEED = {True: 123, False: 42}
"""Of the published searches: for a number, and for classes."""

USED = ("data", "target", "trials", "epochs", "cores", "storage")
"""Settings that a published search does not have from the paper."""

_STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


@dataclass(frozen=True, eq=False)
class Search:
    """One search and what its winner led to.

    Attributes:
        trials: in order.
        winner: the complete trial with the best objective.
        checkpoint: its saved weights; ``last``: trained on, on calibration and tuning rows.
        told: how many trials and epochs it was to have.
    """

    trials: tuple[Trial, ...]
    winner: Trial
    checkpoint: Stage
    last: Stage
    told: Settings


@dataclass(frozen=True, eq=False)
class PublishedRun:
    """Everything the published procedure gives on one set of spectra."""

    base: Stage
    climb: RangeTest
    searches: tuple[Search, ...]


@dataclass(frozen=True, eq=False)
class _Winner:
    """``seed`` is that of the trial's weights and order of rows, which its checkpoint has too; 0 where not kept."""

    number: int
    checkpoint: Stage
    last: Stage
    seed: int = 0


@dataclass(frozen=True)
class _Wanted:
    """The trial that won, its seed and its recipe, and the limit of epochs that was set."""

    number: int
    seed: int
    recipe: Recipe
    epochs: int | None


_STAGES = TypeAdapter(tuple[Stage], config=_STRICT)
_CLIMBS = TypeAdapter(tuple[RangeTest], config=_STRICT)
_WINNERS = TypeAdapter(tuple[_Winner], config=_STRICT)


def published_procedure(
    rows: Sets, settings: Settings, seeds: int, command: str = ""
) -> Generator[Progress, None, None]:
    """Does all of it, or what is left; ``loaded`` gives what was found.

    Args:
        rows: stacked, standardised signals.
        settings: ``out`` is the folder of the experiment; ``trials``, ``epochs``, ``cores`` count.
        seeds: searches; the first has the published sampler's seed.
        command: what to type to go on with it.

    Raises:
        DataError: a search without a complete trial.
    """
    folder = settings.folder / "published"
    make_folder(folder)
    with crew(rows.x, rows.y, rows.task, cores_used(settings)) as fitter:
        yield _base(rows, settings, folder, fitter)
        yield _climb(rows, settings, folder)
        for number in range(seeds):
            work = replace(search_work(rows, settings, folder / f"search-{number}", number), command=command)
            yield from _search(rows, work, folder / f"search-{number}.json", fitter)


def loaded(settings: Settings) -> PublishedRun | None:
    """What an earlier command has finished of it; None before the first search has its winner."""
    folder = settings.folder / "published"
    found = sorted(folder.glob("search-*.json"), key=lambda path: int(path.stem.removeprefix("search-")))
    if not found:
        return None
    searches = tuple(_loaded(path.with_suffix(""), kept(path, "winner", _WINNERS)) for path in found)
    return PublishedRun(kept_base(folder), kept(folder / "climb.json", "climb", _CLIMBS), searches)


def kept_base(folder: Path) -> Stage:
    """The base network that is kept in a folder of the published procedure.

    Raises:
        RunError: there is none, or it is damaged.
    """
    return kept(folder / "base.json", "stage", _STAGES)


def bare(recipe: Recipe, epochs: int | None) -> Recipe:
    """The recipe for signals that are stacked and standardised already, of at most so many epochs."""
    return capped(replace(recipe, channels=parse_channels("RAW"), standardised=False), epochs)


def _base(rows: Sets, settings: Settings, folder: Path, fitter: Fitter) -> Progress:
    """The base network, trained once and kept."""
    path = folder / "base.json"
    if not path.exists():
        recipe = bare(base_recipe(rows.task), settings.epochs)
        keep(path, "stage", trained("base network", recipe, rows, rows.fold, fitter)[0])
    return Progress("model", 1, 1, "base network")


def _climb(rows: Sets, settings: Settings, folder: Path) -> Progress:
    """The range test of the base network, done once and kept."""
    path = folder / "climb.json"
    if not path.exists():
        recipe, machine = bare(base_recipe(rows.task), settings.epochs), Machine(threads=cores_used(settings))
        keep(path, "climb", published_test(recipe, rows.x, rows.y, rows.task, [rows.fold], [SEED], machine=machine))
    return Progress("range", 1, 1, "range test of the base network")


def _search(rows: Sets, work: Prepared, path: Path, fitter: Fitter) -> Generator[Progress, None, None]:
    """One search, and what its winner leads to, kept as ``path``."""
    told = search_plan(work)
    mark = fingerprint(work.spectra, work.space)
    with open_run(work.settings.folder, work.settings, mark, work.command) as run, copied(work, run) as copy:
        trials = yield from searched(work, run, Here(fitter, work.problem, told), told, copy)
    winner = best_of(trials)
    recipe = draw_recipe(work.space, rows.task, winner.values, work.settings.epochs)
    wanted = _Wanted(winner.number, member_seeds(told.seed, winner.seed, 1)[0], recipe, work.settings.epochs)
    if not path.exists() or not _won_by(kept(path, "winner", _WINNERS), wanted):
        keep(path, "winner", _won(rows, wanted, fitter))
    yield Progress("model", 1, 1, f"{path.stem.replace('-', ' ')}: trial {winner.number} won, and was trained on")


def search_work(rows: Sets, settings: Settings, folder: Path, number: int) -> Prepared:
    """What a search is about. The test rows are among the spectra, but in no role of its one fold.

    Options that mean nothing to it are those it was begun with, so that they keep nobody from going on.
    """
    regression = rows.task.regression
    space = published_space(regression)
    begun = folder / "run.toml"
    told = replace(
        load_settings(begun) if begun.exists() else Settings(settings.data, settings.target),
        **{name: getattr(settings, name) for name in USED},
        out=str(folder),
        space=space.name,
        seed=SEED,
        search_seed=SAMPLER_SEED[regression] + number,
        sampler="tpe",
        pruner="hyperband",
        objective="overfit" if regression else "accuracy",
        overfit=0.5,
        startup=50,
        least=50 if (settings.epochs or 450) > 50 else None,
        reduction=4,
        lr="space",
        fix=(),
    )
    count = len(rows.x)
    axis = Axis(tuple(float(point) for point in range(rows.x.shape[1])), "index")
    ids = np.asarray([str(row) for row in range(count)])
    spectra = Spectra(rows.x, axis, rows.y, rows.task, ids, np.arange(count), np.full(count, "cal"), "stacked signals")
    return Prepared(told, spectra, space, (rows.fold,))


def published_space(regression: bool) -> Space:
    """The published space for signals that are stacked and standardised already."""
    name = "passos-regression" if regression else "passos-classification"
    return fixed(load_space(name), {"form": "published", "channels": "RAW", "standardised": False})


def search_plan(work: Prepared) -> SearchPlan:
    """The published way of searching."""
    return replace(plan(work), judge="watched", multivariate=True, per_bracket=True, alike=True)


def best_of(trials: tuple[Trial, ...]) -> Trial:
    """The complete trial with the best objective.

    Raises:
        DataError: none is complete.
    """
    best = top(trials, 1)
    if not best:
        raise DataError("no trial of the published search ran to its end; allow more --trials")
    return best[0]


def _won_by(won: _Winner, wanted: _Wanted) -> bool:
    """Whether what is kept is of this trial, trained as it was, and of weights that are saved as they would be now."""
    same = won.number == wanted.number and won.seed == wanted.seed
    return same and won.checkpoint.recipe.id == saved(wanted.recipe).id


def _won(rows: Sets, wanted: _Wanted, fitter: Fitter) -> _Winner:
    """The winner's saved weights, and the last training from them: the trial again, as it was, and then on."""
    recipe, seed = wanted.recipe, wanted.seed
    checkpoint, fitted = trained("best trial, checkpoint", saved(recipe), rows, rows.fold, fitter, seed=seed)
    final = capped(last(recipe, rows.task.regression), wanted.epochs)
    stage, _ = trained("after the last training", final, rows, refit_fold(rows), fitter, fitted, seed=seed)
    return _Winner(wanted.number, checkpoint, stage, seed)


def _loaded(folder: Path, won: _Winner) -> Search:
    trials = load_trials(folder)
    winner = next(trial for trial in trials if trial.number == won.number)
    return Search(trials, winner, won.checkpoint, won.last, load_settings(folder / "run.toml"))
