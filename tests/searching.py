"""Searches in this process, one trial at a time, for tests."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spectune.files.spaces import load_space
from spectune.networks.narrowing import fixed
from spectune.networks.space import Space
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.crew import Fitter
from spectune.tuning.plan import Plan
from spectune.tuning.pool import Here
from spectune.tuning.record import Trial
from spectune.tuning.scoring import Problem
from spectune.tuning.study import NOTHING, Coordinator, Known, open_study, search

TASK = Task("SOC", rows=60, points=40, signal="absorbance")
PROBLEM = Problem(np.linspace(1, 2, 60), TASK, tuple(Fold(*np.array_split(np.arange(60), 3)) for _ in range(2)))
SPACE = fixed(load_space("shen"), {"conv.blocks": 0, "epochs": 27, "batch": 16})


def coordinator(problem: Problem, space: Space, plan: Plan, known: Known = NOTHING) -> Coordinator:
    study = open_study(plan, space, problem.task, known)
    return Coordinator(study, problem, space, plan, clock=lambda: 0.0)


def searched(fitter: Fitter, problem: Problem, space: Space, plan: Plan, known: Known = NOTHING) -> Iterator[Trial]:
    """The trials of a search, from where ``known`` ends; no time passes."""
    return search(coordinator(problem, space, plan, known), Here(fitter, problem, plan, clock=lambda: 0.0))
