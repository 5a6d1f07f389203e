"""What a benchmark is asked for, and which fits of it are left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from spectune.errors import RunError
from spectune.papers.schuetzke2023.entrants import Entrant
from spectune.papers.schuetzke2023.folder import begun, kept_runs, kept_way
from spectune.papers.schuetzke2023.protocol import Protocol, multiplications, recipe
from spectune.papers.schuetzke2023.questions import Question
from spectune.papers.schuetzke2023.training import Run, together
from spectune.synthesis.patterns import PatternConfig
from spectune.training.machine import USUAL, Machine

CHECKPOINT_SECONDS = 60.0
"""A fit is kept on its way when so long a time has passed; most are over before."""


@dataclass(frozen=True)
class Plan:
    """What is asked.

    Attributes:
        dataset: name of the configuration.
        config: classes and law.
        entrants: networks.
        protocol: how they are trained.
        seeds: of each network, from 0.
        folder: where everything is kept.
        question: that the networks are to answer, if any.
        memory: gigabytes that the weights of one fit may take.
        machine: what trains.
        checkpoint: seconds, at least, between two times that a fit is kept on its way.
    """

    dataset: str
    config: PatternConfig
    entrants: tuple[Entrant, ...]
    protocol: Protocol
    seeds: int
    folder: Path
    question: Question | None = None
    memory: float = 8.0
    machine: Machine = USUAL
    checkpoint: float = CHECKPOINT_SECONDS


@dataclass(frozen=True)
class Fit:
    """Seeds of one network that are trained at once.

    Attributes:
        entrant, seeds: what is trained.
        cost: multiplications of one seed for one spectrum.
        left: seeds of which no run is kept; the others end with nothing new.
        continued: whether an earlier command has begun it, and how far it was is kept.
    """

    entrant: Entrant
    seeds: tuple[int, ...]
    cost: int
    left: tuple[int, ...]
    continued: bool = False


def missing(plan: Plan) -> tuple[Fit, ...]:
    """Fits that are to be done.

    Raises:
        RunError: a kept run of another network under the same name.
    """
    there = {(run.name, run.seed): run for run in kept_runs(plan.folder)}
    return tuple(fit for entrant in plan.entrants for fit in _fits(plan, entrant, there))


def _fits(plan: Plan, entrant: Entrant, there: Mapping[tuple[str, int], Run]) -> Iterator[Fit]:
    points, wanted = plan.config.datapoints, recipe(entrant.layers, plan.protocol).id
    strangers = [run for (name, _), run in there.items() if name == entrant.name and run.recipe != wanted]
    if strangers:
        raise RunError(
            f"{plan.folder} holds runs of {entrant.name} that another version of spectune made; choose another --out"
        )
    seeds = [seed for seed in range(plan.seeds) if (entrant.name, seed) not in there]
    most, cost = together(entrant, points, plan.memory), multiplications(entrant.layers, (1, points))
    for first in begun(plan.folder, entrant.name) if seeds else ():
        others = _begun(plan, entrant.name, first, wanted)
        left = tuple(seed for seed in others if seed in seeds)
        if left and len(others) <= most and all(seed in seeds or (entrant.name, seed) in there for seed in others):
            seeds = [seed for seed in seeds if seed not in left]
            yield Fit(entrant, others, cost, left, continued=True)
    for first in range(0, len(seeds), most):
        chosen = tuple(seeds[first : first + most])
        yield Fit(entrant, chosen, cost, chosen)


def _begun(plan: Plan, name: str, first: int, wanted: str) -> tuple[int, ...]:
    """Seeds of a fit that was cut off, where it is of this recipe and kind of engine."""
    way = kept_way(plan.folder, name, first)
    return way.seeds if way is not None and (way.recipe, way.engine) == (wanted, plan.machine.words) else ()
