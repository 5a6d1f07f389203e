"""From a finished run to a new instrument, season or product: a generator of progress that ends with what was found."""

from __future__ import annotations

import shlex
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from spectune.assessment.adaptation import (
    AS_IS,
    BIAS,
    FINE,
    FRESH,
    RIVALS,
    SLOPE,
    Adapted,
    Rival,
    Rows,
    Size,
    chosen,
    standings,
)
from spectune.assessment.intervals import Interval, error_value, output_error
from spectune.assessment.subsets import subset
from spectune.errors import SettingError
from spectune.files.adaptations import PAGE, check_free, save_adapted
from spectune.files.atomic import make_folder, write_text
from spectune.files.models import Model, load_model, save_model
from spectune.files.runs import load_outcome
from spectune.files.settings import BOUNDS, Settings, checked
from spectune.job.ending import cores_used
from spectune.job.new_rows import Asked, Cut, Joined, cuts, described, final_cut, joined, new_spectra
from spectune.job.rivals import Answers, Work, answer
from spectune.progress import Progress
from spectune.report.adapting import adapting_page
from spectune.spectra.spectra import Spectra
from spectune.spectra.table import Table
from spectune.training.crew import crew
from spectune.training.fit import Fitted

SIZES = (5, 10, 20, 40)
"""Numbers of new groups in a curve, below all of them."""

CURVED = (AS_IS, SLOPE, FINE, FRESH)
"""Rivals of a curve; the model as it is needs no new rows, and its error is one number."""


@dataclass(frozen=True, eq=False)
class _Found:
    """Rivals in their order, and the model of each but PLS."""

    rivals: tuple[Rival, ...]
    models: dict[str, Fitted]


def adapt(asked: Asked, table: Table | None = None) -> Generator[Progress | Adapted, None, None]:
    """Tries every rival on the new rows, and keeps what to use; yields progress and last what was found.

    Args:
        asked: run, new rows, folder.
        table: new spectra already in memory, instead of the file.

    Raises:
        RunError: no finished run, a damaged one, or a folder that cannot be written to.
        DataError: new rows that cannot be used, or do not fit the model.
        SettingError: a seed that makes no sense, or a split and a test file at once.
    """
    begun = time.monotonic()
    _check_asked(asked)
    outcome, model = load_outcome(asked.run), load_model(asked.run)
    settings = _settings(asked, checked(outcome.settings, str(asked.run)))
    read_as = replace(asked, unit=asked.unit or settings.unit, signal=asked.signal or settings.signal)
    new = new_spectra(read_as, model, outcome.spectra.task.target, table)
    rows = joined(outcome.spectra, new, described(model.task, new.calibration.y))
    yield Progress("read", 1, 1, f"{rows.new.size} new calibration and {rows.test.size} new test rows")
    held, folds, repeats = cuts(rows, asked.seed)
    spectra = rows.spectra
    with crew(spectra.x, spectra.y, spectra.task, cores_used(settings)) as fitter:
        work = Work(rows, model.fitted, outcome.recipe, fitter, asked.seed)
        found = yield from _rivals(work, held, repeats)
        curve = (yield from _curve(work, held[:folds])) if asked.curve else ()
    calibration, test = _rows(spectra, rows.new), _rows(spectra, rows.test)
    held_against = (calibration, test, repeats, len(model.task.classes), asked.seed)
    standing = standings(found.rivals, *held_against)
    networks = standings([rival for rival in found.rivals if rival.network], *held_against)
    use = chosen(standing)
    kept = use if use in found.models else chosen(networks)
    adapted = Adapted(
        task=model.task,
        source=new.source,
        run=str(asked.run),
        calibration=calibration,
        test=test,
        grouped=new.grouped,
        old=rows.old.size,
        folds=folds,
        repeats=repeats,
        rivals=found.rivals,
        standings=standing,
        use=use,
        kept=kept,
        curve=curve,
        notes=(*new.notes, *_shared(rows)),
        unit=read_as.unit,
        signal=read_as.signal,
        seconds=time.monotonic() - begun,
    )
    _keep(asked, adapted, Model(found.models[kept], model.axis, model.signal))
    yield Progress("report", 1, 1, f"report: {asked.out / PAGE}")
    yield adapted


def adapting_command(asked: Asked) -> str:
    """What to type to do it again.

    >>> adapting_command(Asked(Path("runs/m5"), "mp5.csv", Path("runs/mp5"), group="sample", curve=True))
    'spectune adapt runs/m5 mp5.csv --group sample --seed 0 --curve --out runs/mp5'
    """
    words = ["spectune", "adapt", str(asked.run), asked.data]
    for name in ("target", "split", "where", "group", "test", "sheet", "unit", "signal", "seed"):
        value = getattr(asked, name)
        words += [] if value in (None, "") else [f"--{name}", str(value)]
    return shlex.join([*words, *(["--curve"] if asked.curve else []), "--out", str(asked.out)])


def _rivals(work: Work, held: Sequence[Cut], repeats: int) -> Generator[Progress, None, _Found]:
    """Every rival on all cuts; the last cut learns from all new calibration rows, and makes the model."""
    names = [name for name in RIVALS if work.fitted.task.regression or name not in (BIAS, SLOPE)]
    every = (*held, final_cut(work.rows, work.seed))
    rivals: list[Rival] = []
    models: dict[str, Fitted] = {}
    for done, name in enumerate(names, start=1):
        begun = time.monotonic()
        said = answer(name, work, every)
        rival = _judged(name, work, held, said, repeats, time.monotonic() - begun)
        rivals.append(rival)
        if said.fitted is not None:
            models[name] = said.fitted
        yield Progress("adapting", done, len(names), f"{name}: {_error(work, rival, repeats):.4g}")
    return _Found(tuple(rivals), models)


def _judged(name: str, work: Work, held: Sequence[Cut], said: Answers, repeats: int, seconds: float) -> Rival:
    """The outputs of a rival in the order of the new rows, repeat by repeat."""
    new, folds = work.rows.new, len(held) // repeats
    parts = []
    for repeat in range(repeats):
        made = np.full((new.size, *said.outputs[0].shape[1:]), np.nan)
        for cut, output in zip(held[repeat * folds :], said.outputs[repeat * folds :][:folds], strict=False):
            made[cut.scored - new[0]] = output
        parts.append(made)
    return Rival(name, said.settings, np.concatenate(parts), said.outputs[-1], seconds)


def _error(work: Work, rival: Rival, repeats: int) -> float:
    rows = _rows(work.rows.spectra, work.rows.new).times(repeats)
    return error_value(rival.validated, rows.measured, len(work.fitted.task.classes))


def _curve(work: Work, held: Sequence[Cut]) -> Generator[Progress, None, tuple[Size, ...]]:
    """Errors of the first repeat's held-out rows with fewer new groups to learn from, and with all."""
    spectra = work.rows.spectra
    most = min(np.unique(spectra.groups[cut.rest]).size for cut in held)
    names = [name for name in CURVED if work.fitted.task.regression or name != SLOPE]
    sizes = [*(size for size in SIZES if size < most), most]
    made = []
    for done, size in enumerate(sizes, start=1):
        smaller = [cut if size == most else _smaller(spectra, cut, size) for cut in held]
        groups = float(np.mean([np.unique(spectra.groups[cut.rest]).size for cut in smaller]))
        made.append(Size(groups, dict(_errors(work, smaller, names))))
        yield Progress("learning", done, len(sizes), f"{groups:.0f} new groups")
    return tuple(made)


def _errors(work: Work, held: Sequence[Cut], names: Sequence[str]) -> Iterator[tuple[str, Interval]]:
    spectra, classes = work.rows.spectra, len(work.fitted.task.classes)
    scored = np.concatenate([cut.scored for cut in held])
    for name in names:
        outputs = np.concatenate(answer(name, work, held).outputs)
        yield name, output_error(outputs, spectra.y[scored], spectra.groups[scored], classes, work.seed)


def _smaller(spectra: Spectra, cut: Cut, size: int) -> Cut:
    """The cut with about so many groups to learn from; the larger hold the smaller."""
    share = size / np.unique(spectra.groups[cut.rest]).size
    return replace(cut, rest=subset(spectra, cut.rest, share, cut.seed))


def _keep(asked: Asked, found: Adapted, model: Model) -> None:
    """Model, record and page; the record last, so that a folder with one is whole."""
    make_folder(asked.out)
    save_model(asked.out / "model", model)
    write_text(asked.out / PAGE, adapting_page(found, adapting_command(asked)))
    save_adapted(asked.out, found)


def _rows(spectra: Spectra, numbers: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> Rows:
    return Rows(spectra.y[numbers], spectra.groups[numbers])


def _shared(rows: Joined) -> tuple[str, ...]:
    if not rows.shared.size:
        return ()
    return (
        f"warning: {rows.shared.size} calibration rows of the run have ids of new rows; if these are the same samples, "
        f"the model has seen them, and cross-validated errors of all that begins with it look too small",
    )


def _settings(asked: Asked, settings: Settings) -> Settings:
    return settings if asked.cores is None else replace(settings, cores=asked.cores)


def _check_asked(asked: Asked) -> None:
    low, high = BOUNDS["seed"]
    if not low <= asked.seed <= high:
        raise SettingError(f"seed must be from {low} to {high}, got {asked.seed}")
    if asked.out.resolve() == Path(asked.run).resolve():
        raise SettingError(f"--out {asked.out} is the run itself; choose another folder")
    check_free(asked.out)
