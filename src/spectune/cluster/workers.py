"""Trials trained by workers: what they are given, and the pool that gives it to them.

What makes processes talk is imported when more workers are asked for, and not before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectune.spectra.spectra import Task
from spectune.training.crew import Fitter, crew
from spectune.training.fit import Array
from spectune.training.machine import USUAL, Machine
from spectune.tuning.plan import Plan
from spectune.tuning.pool import Pool
from spectune.tuning.scoring import Problem

Hire = Callable[[NDArray[np.float32], Array, Task, int, Machine], AbstractContextManager[Fitter]]
"""As ``crew``: from spectra, target, task, cores and machine to a fitter."""

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Material:
    """What a worker needs once, to train any trial of a search.

    Attributes:
        x: spectra of the calibration rows, (rows, points).
        problem: target and folds.
        plan: of the search.
        machine: what trains; its threads are as many as ``cores``.
        cores: processor cores that one trial may use.
        hire: makes the fitter, once on each worker.
    """

    x: NDArray[np.float32]
    problem: Problem
    plan: Plan
    machine: Machine = USUAL
    cores: int = 1
    hire: Hire = crew


def to_nobody(sentence: str) -> None:
    """Says nothing."""


@contextmanager
def workers_pool(
    material: Material,
    workers: int,
    where: str | None = None,
    *,
    per_gpu: int = 0,
    patience: float | None = None,
    say: Say = to_nobody,
) -> Iterator[Pool]:
    """A pool of workers, which end with it where they were started by it.

    Args:
        material: of the search.
        workers: processes on this machine, or jobs of SLURM; elsewhere they come and go as they like.
        where: None for this machine; ``slurm``; or a Dask scheduler that is there already, by its address
            (``tls://host:port``; ``tcp://`` on this machine only) or by the path of its scheduler file.
        per_gpu: trials that share a GPU; 0 where none is used.
        patience: seconds without any worker until that is an error; None for two minutes, or a week in SLURM's queue.
        say: told, in the thread that waits for trials, what is being waited for.

    Raises:
        SettingError: a place that makes no sense, or that others could enter.
        RunError: no scheduler answers, no worker comes, or one of another version.
    """
    from spectune.cluster.places import place_of
    from spectune.cluster.pool import Workers

    place = place_of(where, workers, material.cores, per_gpu)
    with Workers(material, place, per_gpu, patience, say) as pool:
        yield pool
