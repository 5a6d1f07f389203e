"""Several search methods on the same rows, folds and space: a generator of progress that ends with the comparison.

Only calibration rows are used; the test rows stay closed.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from spectune.files.compare_settings import CompareSettings, Search
from spectune.files.comparisons import RECORD, TABLE, load_comparison, open_comparison, save_comparison
from spectune.files.runs import Fingerprint, fingerprint, load_trials, open_run
from spectune.job.copying import copied, reachable
from spectune.job.data import Prepared, prepared
from spectune.job.ending import cores_used, machine, surroundings
from spectune.job.narrowing import narrowed
from spectune.job.networks import plan, searched
from spectune.progress import Progress
from spectune.spectra.table import Table
from spectune.training.crew import Fitter, crew
from spectune.tuning.compare import Comparison
from spectune.tuning.courses import Course, course
from spectune.tuning.pool import Here


def compare(settings: CompareSettings, table: Table | None = None) -> Generator[Progress | Comparison, None, None]:
    """Runs every search, or what is left of them; yields progress and last the comparison.

    Args:
        settings: arms, trials and seeds, and what all searches share.
        table: spectra already in memory, instead of the file of the settings.

    Raises:
        SpectuneError: data, settings or folder that cannot be used.
    """
    begun = time.monotonic()
    work = prepared(settings.shared, table)
    yield Progress("read", 1, 1, f"{len(work.spectra.calibration)} calibration rows; the test rows stay closed")
    mark = fingerprint(work.spectra, work.space)
    reachable(settings.shared)
    with open_comparison(settings, mark) as folder:
        before = load_comparison(folder) if (folder / RECORD).exists() else None
        if before is not None and _answers(before, settings):
            yield before
            return
        work, rates = yield from narrowed(work, folder)
        courses = yield from _courses(work, settings, mark)
        found = Comparison(
            source=work.spectra.source or settings.shared.data,
            task=work.problem.task,
            folds=len(work.folds),
            courses=courses,
            starts=len(work.space.starts),
            facts={**_facts(settings, time.monotonic() - begun), **rates},
        )
        save_comparison(folder, found)
        yield found


def _answers(comparison: Comparison, settings: CompareSettings) -> bool:
    """Whether a comparison has the searches that are asked for, all of them and no others."""
    made = [(one.arm, one.seed, one.trials) for one in comparison.courses]
    return made == [(str(arm), seed, told.trials) for arm, seed, told in settings.runs]


def _courses(
    work: Prepared, settings: CompareSettings, mark: Fingerprint
) -> Generator[Progress, None, tuple[Course, ...]]:
    """Every search, one after another: the cores are its own, so that times can be compared."""
    calibration, shared, runs = work.spectra.calibration, settings.shared, settings.runs
    data = (calibration.x, calibration.y, work.problem.task)
    made: list[Course] = []
    with crew(*data, cores_used(shared), machine(shared, shared.precision)) as fitter:
        for place, (arm, seed, told) in enumerate(runs):
            with closing(_search(replace(work, settings=told), mark, fitter)) as steps:
                for step in steps:
                    yield _overall(step, place, runs, made)
            made.append(course(str(arm), seed, load_trials(told.folder), told.trials))
    return tuple(made)


def _search(work: Prepared, mark: Fingerprint, fitter: Fitter) -> Generator[Progress, None, None]:
    """One search in its own run folder."""
    with open_run(work.settings.folder, work.settings, mark) as kept, copied(work, kept) as copy:
        yield from searched(work, kept, Here(fitter, work.problem, plan(work)), copy=copy)


def _overall(step: Progress, place: int, runs: Sequence[Search], made: Sequence[Course]) -> Progress:
    """Progress of the search at ``place`` as that of all of them."""
    arm, seed, _ = runs[place]
    done = sum(told.trials for _, _, told in runs[:place]) + step.done
    total = sum(told.trials for _, _, told in runs)
    return Progress(
        "compare", done, total, f"{arm}, seed {seed}: {step.sentence}", step.best, _left(step, place, runs, made)
    )


def _left(step: Progress, place: int, runs: Sequence[Search], made: Sequence[Course]) -> float | None:
    """Seconds to the end of all searches: each at the pace of its arm so far, or else at that of this one."""
    waiting = step.total - step.done
    if step.left is None:
        return None
    paces = {one.arm: one.elapsed[-1] / one.trials for one in made if one.trials}
    here = step.left / waiting if waiting else paces.get(str(runs[place][0]), 0.0)
    return step.left + sum(told.trials * paces.get(str(arm), here) for arm, _, told in runs[place + 1 :])


def _facts(settings: CompareSettings, seconds: float) -> Mapping[str, str]:
    """What a reader needs to judge and repeat a comparison."""
    folder = settings.folder
    again = f"spectune compare --config {shlex.quote(str(folder / TABLE))} --out {shlex.quote(f'{folder}-again')}"
    return {"command": again, **surroundings(settings.shared), "time": f"{seconds:.0f} s"}
