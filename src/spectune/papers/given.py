"""A paper's optimal network trained as given, as a model beside those a search led to."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter

from spectune.assessment.outcome import Judged
from spectune.files.records import keep, kept
from spectune.job.data import Prepared
from spectune.job.ending import cores_used, machine
from spectune.job.networks import judged
from spectune.networks.recipe import Recipe
from spectune.networks.space import Value
from spectune.progress import Progress
from spectune.training.crew import crew
from spectune.tuning.replicates import replicate

PUBLISHED = "published optimum"

STREAM = 500_000
"""Random streams of published networks begin here, between those of replicates and of learning curves."""

_JUDGED = TypeAdapter(tuple[Judged], config=ConfigDict(extra="forbid", arbitrary_types_allowed=True))


def as_given(
    work: Prepared, recipe: Recipe, values: Mapping[str, Value], path: Path
) -> Generator[Progress, None, Judged]:
    """The network on the same rows and folds, with fresh seeds; trained once and kept as ``path``."""
    if not path.exists():
        keep(path, "optimum", (yield from _trained(work, recipe, values)))
    return kept(path, "optimum", _JUDGED)


def _trained(work: Prepared, recipe: Recipe, values: Mapping[str, Value]) -> Generator[Progress, None, Judged]:
    begun, fresh = time.monotonic(), max(work.settings.replicates, 1)
    calibration, streams, told = work.spectra.calibration, range(STREAM, STREAM + fresh), work.settings
    what = "RMSE" if work.problem.task.regression else "log-loss"
    with crew(calibration.x, calibration.y, work.problem.task, cores_used(told), machine(told)) as fitter:
        for number, candidate in replicate(recipe, values, fitter, work.problem, work.settings.seed, streams):
            said = f"{PUBLISHED}, seed {number}: {what} {candidate.errors[-1]:.4g}"
            left = (time.monotonic() - begun) / number * (fresh - number)
            yield Progress("model", number, fresh, said, None, left)
    return replace(judged(work, candidate, candidate.fitted, time.monotonic() - begun), name=PUBLISHED)
