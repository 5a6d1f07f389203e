"""What a run trains after its search, kept until the run is finished: a run that goes on does none of it twice.

    fits/4f0c...fit             a fit that is complete
    fits/4f0c...-0.checkpoint   how far a long one is: all its members, or one worker's from number 0 on
    fits/91ab...model           a baseline that was judged

A file is named after everything that its content depends on: data, recipe, folds, seeds, start, engine
and versions. So whatever changed of a run, what no longer fits is not found. The folder
goes when the run is finished: what is worth keeping is in the model then.

The training matters more than these files. One that cannot be read is as good as none, and one that
cannot be written ends nothing; either is said in a warning.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter

from spectune.assessment.baselines import methods
from spectune.assessment.choice import judge
from spectune.assessment.outcome import Judged
from spectune.errors import RunError, notice
from spectune.files.atomic import make_folder
from spectune.files.packing import Arrays, pack
from spectune.files.records import Value, keep_in_one, kept_in_one
from spectune.files.runs import Run, data_digest
from spectune.files.sealed import canonical, digest
from spectune.job.data import Prepared
from spectune.networks.recipe import Recipe
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.checkpoint import Checkpoint, Checkpoints
from spectune.training.crew import Completed, Fitter, Fitting, Resumable
from spectune.training.fit import Fitted
from spectune.training.machine import USUAL
from spectune.training.pack import from_arrays, to_arrays, to_send

CHECKPOINT_SECONDS = 60.0
"""A fit says how far it is when so long a time has passed; most are over before."""

_LIBRARIES = ("spectune", "torch", "numpy", "scipy", "scikit-learn")

_ARRAYS = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


@dataclass(frozen=True)
class Shelf:
    """Where a run keeps what it trains after its search.

    Attributes:
        folder: the place; made when something is kept.
        about: digest of what everything here depends on: data, engine, versions.
        seconds: at least so many between two checkpoints of a fit.
    """

    folder: Path
    about: str
    seconds: float


@dataclass(frozen=True, eq=False)
class _Fit:
    """A ``Completed`` without its recipe and task: ``rest`` is all that follows its outputs, by name."""

    fitted: Mapping[str, NDArray[Any]]
    held_out: tuple[NDArray[Any], ...]
    rest: Mapping[str, NDArray[Any]]


_FITS = TypeAdapter(tuple[_Fit], config=_ARRAYS)
_CHECKPOINTS = TypeAdapter(tuple[Checkpoint], config=_ARRAYS)
_MODELS = TypeAdapter(tuple[Judged], config=_ARRAYS)


def shelf(run: Run, seconds: float = CHECKPOINT_SECONDS) -> Shelf:
    """The shelf of a run."""
    versions = [f"{name} {version(name)}" for name in _LIBRARIES]
    return Shelf(run.folder / "fits", digest(canonical([data_digest(run.folder), USUAL.words, *versions])), seconds)


def cleared(folder: Path) -> None:
    """Removes all that a run in this folder kept of its fits."""
    shutil.rmtree(folder / "fits", ignore_errors=True)


def keeping(fitter: Resumable, task: Task, shelf: Shelf) -> Fitter:
    """The fitter with a memory: it gives back a fit it has done, and goes on with one it was stopped in.

    Fits with rungs are those of a search, whose trials are kept elsewhere; they are left as they are.
    """

    def fitting(
        recipe: Recipe, folds: Sequence[Fold], seeds: Sequence[int], rungs: Sequence[int], start: Fitted | None = None
    ) -> Fitting:
        if rungs:
            yield from fitter(recipe, folds, seeds, rungs, start)
            return
        path = _path(shelf, "fit", [recipe, folds, seeds, start and to_send(start)])
        known = _read(path, "fit", _FITS)
        if known is not None:
            yield _completed(known, recipe, task)
            return
        checkpoints = Checkpoints(shelf.seconds, tuple(_found(path)))
        for report in fitter(recipe, folds, seeds, rungs, start, checkpoints):
            if isinstance(report, Checkpoint):
                _write(_beside(path, str(report.members[0])), "checkpoint", report)
                continue
            if isinstance(report, Completed):
                _write(path, "fit", _packed(report))
                _clear(path)
            yield report

    return fitting


def judged_baselines(work: Prepared, shelf: Shelf) -> Iterator[Judged]:
    """The baselines as ``assessment.baselines`` judges them, each of them once."""
    spectra, seed = work.spectra, work.settings.seed
    for method in methods(spectra.calibration, work.folds):
        path = _path(shelf, "model", [method.name, work.folds, seed])
        found = _read(path, "model", _MODELS)
        if found is None:
            found = judge(method, spectra, work.folds, seed)
            _write(path, "model", found)
        yield found


def _path(shelf: Shelf, ending: str, parts: object) -> Path:
    """The file of what depends on these parts."""
    arrays: Arrays = {}
    tree = pack([shelf.about, ending, parts], arrays)
    digests = [[name, values.dtype.str, values.shape, digest(values.tobytes())] for name, values in arrays.items()]
    return shelf.folder / f"{digest(canonical([tree, digests]))[:32]}.{ending}"


def _beside(path: Path, members: str) -> Path:
    """The file of a checkpoint of the fit in a file; or a pattern for all of them."""
    return path.with_name(f"{path.stem}-{members}.checkpoint")


def _found(path: Path) -> Iterator[Checkpoint]:
    """The checkpoints of the fit in a file."""
    for place in sorted(path.parent.glob(_beside(path, "*").name)):
        checkpoint = _read(place, "checkpoint", _CHECKPOINTS)
        if checkpoint is not None:
            yield checkpoint


def _clear(path: Path) -> None:
    for place in path.parent.glob(_beside(path, "*").name):
        with suppress(OSError):
            place.unlink()


def _packed(done: Completed) -> _Fit:
    rest = {part.name: getattr(done, part.name) for part in fields(Completed)[2:]}
    return _Fit(to_arrays(done.fitted), done.held_out, rest)


def _completed(kept: _Fit, recipe: Recipe, task: Task) -> Completed:
    return Completed(from_arrays(recipe, task, kept.fitted), kept.held_out, **kept.rest)


def _read(path: Path, name: str, adapter: TypeAdapter[tuple[Value]]) -> Value | None:
    if not path.exists():
        return None
    try:
        return kept_in_one(path, name, adapter)
    except RunError:
        notice(f"{path} is damaged or cannot be read, and is not used; what it was about is trained again")
    return None


def _write(path: Path, name: str, value: object) -> None:
    try:
        make_folder(path.parent)
        keep_in_one(path, name, value)
    except RunError as error:
        notice(f"{error}; the training goes on, but after a stop it would go on from an earlier point")
