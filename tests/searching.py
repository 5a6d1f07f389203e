"""Searches in this process, one trial at a time, for tests."""

from __future__ import annotations

from collections.abc import Iterator

from spectune.networks.space import Space
from spectune.training.crew import Fitter
from spectune.tuning.plan import Plan
from spectune.tuning.pool import Here
from spectune.tuning.record import Trial
from spectune.tuning.scoring import Problem
from spectune.tuning.study import NOTHING, Coordinator, Known, open_study, search


def coordinator(problem: Problem, space: Space, plan: Plan, known: Known = NOTHING) -> Coordinator:
    study = open_study(plan, space, problem.task, known)
    return Coordinator(study, problem, space, plan, clock=lambda: 0.0)


def searched(fitter: Fitter, problem: Problem, space: Space, plan: Plan, known: Known = NOTHING) -> Iterator[Trial]:
    """The trials of a search, from where ``known`` ends; no time passes."""
    return search(coordinator(problem, space, plan, known), Here(fitter, problem, plan, clock=lambda: 0.0))
