"""How fast trials are trained here, and how many at once is fastest: by trying a network in the middle of the space.

More workers have to start, need memory, and end in rounds: with three trials left, two workers are no
faster than one and a half. So what counts is when the search ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from spectune.errors import SpectuneError
from spectune.files.staffing import Staff
from spectune.job.data import Prepared
from spectune.job.ending import cores_used, machine
from spectune.job.price import Price, roughly
from spectune.networks.recipe import Recipe
from spectune.spectra.channels import prepared_shape
from spectune.training.allowance import memory
from spectune.training.engine import Clock
from spectune.training.pacing import Sample, Split, one_thread, pace, paces, sample, splits

GLANCE, LOOK = 0.3, 2.0
"""Seconds in which the pace of this process is seen, and that of all ways to share the cores."""

ENOUGH = 30
"""Epochs that are enough for the first."""

WORTH = 60.0
"""Seconds of a search below which more workers are not even tried: by then they have hardly begun."""

BETTER = 0.9
"""Part of its time that a search must come down to for more workers to be chosen."""

WORKER, USABLE = 300 << 20, 0.8
"""Bytes that a worker needs beside the spectra, and the part of what is left that workers may take."""


def sampled(work: Prepared, recipe: Recipe) -> Sample | None:
    """What is tried; None where torch trains on processor cores, each of which has its own process then."""
    calibration, what = work.spectra.calibration, machine(work.settings, work.settings.precision)
    if not what.compiled and what.device == "cpu":
        return None
    return sample(recipe, calibration.x, calibration.y, work.problem.task, work.folds, what)


def glance(tried: Sample | None, cores: int) -> float:
    """Epochs of whole trials a second of this process; 0 where that cannot be seen."""
    if tried is None:
        return 0.0
    try:
        with one_thread():
            return pace(tried, cores, GLANCE, most=ENOUGH)
    except SpectuneError:  # the search says what is wrong, if it meets it too
        return 0.0


def found(work: Prepared, tried: Sample | None, cost: Price, here: float, clock: Clock) -> tuple[Staff, str]:
    """Who trains what is left soonest, and why in words.

    Args:
        work: the job.
        tried: what is tried.
        cost: what is left.
        here: pace of this process with all cores; 0 where that is not known.
        clock: in seconds.
    """
    cores = cores_used(work.settings)
    alone = Staff(1, cores, cores)
    if tried is None or not here or tried.machine.device != "cpu":
        return alone, "only the compiled core on processor cores is measured"
    among = splits(cores, max(1, min(cost.left, fitting(bytes_of(work, tried.recipe)))))
    if len(among) == 1:
        return alone, "there is one core" if cores == 1 else "more have no memory, or nothing to do"
    if cost.search / here < WORTH:
        return alone, f"the search takes {roughly(cost.search / here)}, and more would first have to start"
    try:
        return _fastest(tried, among, cost, clock)
    except SpectuneError as error:
        return alone, f"nothing could be measured, {error}"


def _fastest(tried: Sample, among: Sequence[Split], cost: Price, clock: Clock) -> tuple[Staff, str]:
    begun = clock()
    rates = list(paces(tried, among, LOOK / len(among)))
    start = max(clock() - begun - LOOK, 0.0)
    seconds = [ends(cost, split, rate, start) for split, rate in zip(among, rates, strict=True)]
    place = int(np.argmin(seconds)) if min(seconds) < BETTER * seconds[0] else 0
    shown = [f"{rate:.3g} by {words(split)}" for split, rate in zip(among, rates, strict=True)]
    why = f"epochs of a middle network a second: {', '.join(shown)}; {start:.0f} s to start workers"
    return Staff(among[place].workers, among[place].threads, among[0].threads, rates[place]), why


def ends(cost: Price, split: Split, rate: float, start: float) -> float:
    """Seconds of a search: ``start`` until more workers are there, then whole rounds of trials.

    >>> from spectune.job.price import Outlook
    >>> ends(Price(10, 10, 5, Outlook(0, 1), 0, 0, 100), Split(4, 1), 50.0, 4.0)
    28.0
    """
    rounds = ceil(cost.left / split.workers) * split.workers / cost.left
    return (start if split.workers > 1 else 0.0) + rounds * cost.search / rate


def fitting(each: float) -> int:
    """Workers that there is memory for, when each takes so many bytes."""
    left = memory()
    return 1 << 20 if left is None else int(USABLE * left / each)


def bytes_of(work: Prepared, recipe: Recipe) -> float:
    """Memory that a worker takes: itself, and what the channels make of the spectra, which lie in one file for all."""
    x = work.spectra.calibration.x
    signals = 4.0 * len(x) * np.prod(prepared_shape(recipe.channels, recipe.layout, x.shape[1]))
    return WORKER + min(signals, float(machine(work.settings).memory))


def words(split: Split | Staff) -> str:
    """How cores are shared.

    >>> words(Split(2, 1)), words(Split(1, 4))
    ('2 workers of 1 core', '1 worker of 4 cores')
    """
    workers, threads = ("" if number == 1 else "s" for number in (split.workers, split.threads))
    return f"{split.workers} worker{workers} of {split.threads} core{threads}"
