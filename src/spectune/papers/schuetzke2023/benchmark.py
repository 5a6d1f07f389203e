"""The benchmark, network by network: a generator of progress that ends with everything that was found.

Every finished seed is kept at once, so a command that was stopped goes on with what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.errors import RunError
from spectune.papers.schuetzke2023.entrants import Entrant
from spectune.papers.schuetzke2023.folder import (
    keep_best,
    keep_map,
    keep_run,
    kept_map,
    kept_runs,
    load_best,
    opened,
)
from spectune.papers.schuetzke2023.maps import DecisionMap, Sweep, decisions, sweeps
from spectune.papers.schuetzke2023.patterns import Patterns, Reference, made, modes, of_classes, reference, truth
from spectune.papers.schuetzke2023.protocol import Protocol, multiplications, recipe
from spectune.papers.schuetzke2023.questions import Question
from spectune.papers.schuetzke2023.reported import published
from spectune.papers.schuetzke2023.training import Clock, Run, Seen, together, trained
from spectune.progress import Progress
from spectune.synthesis.neighbours import Parting
from spectune.synthesis.patterns import PatternConfig
from spectune.synthesis.published import PUBLISHED
from spectune.training.machine import USUAL, Machine

USUAL_EPOCHS = 72
"""Epochs of a run before any has ended: the mean of the 40 published ones."""

QUIET = 10.0
"""Seconds in which nothing is said, unless a seed ends."""


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


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Everything that was found.

    Attributes:
        plan: what was asked.
        runs: all that are kept in the folder, also those of earlier commands.
        truth: class numbers of the test spectra, (rows,).
        modes: classes by failure mode; empty but for the challenge.
        reference: what can be known of the test spectra; None where that is not known.
        by_mode: the same for every failure mode.
        sweeps, maps: where networks were asked for their decisions, and what they said.
    """

    plan: Plan
    runs: tuple[Run, ...]
    truth: NDArray[np.int64]
    modes: Mapping[Parting, NDArray[np.intp]]
    reference: Reference | None
    by_mode: Mapping[Parting, Reference]
    sweeps: tuple[Sweep, ...]
    maps: tuple[DecisionMap, ...]

    @property
    def published(self) -> str:
        """Name of the published data set this is, whole and unchanged; empty where it is another."""
        name = self.plan.dataset
        return name if name in PUBLISHED and self.plan.config == PUBLISHED[name]() else ""

    def reported(self, run: Run) -> tuple[float, ...]:
        """Published accuracies of a run's network on these data; none where there are none."""
        plain = run.name in (run.network, f"{run.network}-{run.activation}")
        return published(self.published, run.network, run.activation) if plain else ()


@dataclass(frozen=True)
class Fit:
    """Seeds of one network that are trained at once; ``cost``: multiplications of one seed for one spectrum."""

    entrant: Entrant
    seeds: tuple[int, ...]
    cost: int


def benchmark(plan: Plan, clock: Clock = time.monotonic) -> Generator[Progress | Benchmark, None, None]:
    """Trains what is missing; yields progress and last what was found.

    Raises:
        RunError: a folder that cannot be used.
    """
    torch.set_num_threads(plan.machine.threads)
    with opened(plan.folder, plan.dataset, plan.config, plan.protocol):
        yield from _trained(plan, clock)
        over = sweeps(plan.config)
        runs = kept_runs(plan.folder)
        maps = yield from _mapped(plan, over, tuple(dict.fromkeys(run.name for run in runs)))
    apart = modes(plan.config)
    known = {mode: reference(of_classes(plan.config, labels)) for mode, labels in apart.items()}
    by_mode = {mode: found for mode, found in known.items() if found is not None}
    yield Benchmark(plan, runs, truth(plan.config), apart, reference(plan.config), by_mode, over, maps)


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
    most = together(entrant, points, plan.memory)
    for first in range(0, len(seeds), most):
        yield Fit(entrant, tuple(seeds[first : first + most]), multiplications(entrant.layers, (1, points)))


def _trained(plan: Plan, clock: Clock) -> Iterator[Progress]:
    fits = missing(plan)
    if not fits:
        return
    patterns = made(plan.dataset, plan.config)
    total = plan.seeds * len(plan.entrants)
    done, pace, said = total - sum(len(fit.seeds) for fit in fits), Pace(), -np.inf
    for place, fit in enumerate(fits):
        for seen in trained(fit.entrant, patterns, plan.protocol, fit.seeds, plan.machine, clock):
            for run in seen.ended:
                _keep(plan.folder, run, seen, patterns)
            done, pace = done + len(seen.ended), pace.after(fit, seen)
            if seen.ended or clock() - said >= QUIET:
                said = clock()
                left = pace.left(fits[place + 1 :], fit, seen, plan.protocol)
                yield Progress("bench", done, total, sentence(fit, seen, patterns), None, left)


def _keep(folder: Path, run: Run, seen: Seen, patterns: Patterns) -> None:
    """The weights first: a run that is kept has been looked at for the best."""
    others = [other for other in kept_runs(folder) if other.name == run.name]
    if all(lowest(run) < lowest(other) for other in others):
        keep_best(folder, run, seen.fitted(run.seed), patterns)
    keep_run(folder, run)


def lowest(run: Run) -> float:
    """Lowest validation loss of a run: what its epoch, and the seed whose weights are kept, is chosen by."""
    return float(run.tuning.min())


def sentence(fit: Fit, seen: Seen, patterns: Patterns) -> str:
    """What an epoch brought: seeds that ended, or the losses of those that train."""
    if seen.ended:
        right = patterns.y[patterns.fold.scored]
        each = [f"seed {run.seed} {100 * np.mean(run.answers == right):.2f} % right" for run in seen.ended]
        return f"{fit.entrant.name}: {', '.join(each)} after {seen.epoch} epochs"
    low, high = min(seen.losses), max(seen.losses)
    losses = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
    return f"{fit.entrant.name}: epoch {seen.epoch}, validation loss {losses}"


@dataclass(frozen=True)
class Pace:
    """How long work takes.

    Attributes:
        work: multiplications for one spectrum, over seeds and epochs.
        seconds: they took.
        epochs: of every seed that has ended.
    """

    work: float = 0.0
    seconds: float = 0.0
    epochs: tuple[int, ...] = ()

    def after(self, fit: Fit, seen: Seen) -> Pace:
        """The pace after one more epoch."""
        work = self.work + fit.cost * len(seen.losses)
        return Pace(work, self.seconds + seen.seconds, self.epochs + (seen.epoch,) * len(seen.ended))

    def left(self, later: tuple[Fit, ...], fit: Fit, seen: Seen, protocol: Protocol) -> float:
        """Seconds until all fits are done, if they need as many epochs as those before."""
        usual = min(protocol.epochs, float(np.mean(self.epochs)) if self.epochs else USUAL_EPOCHS)
        here = fit.cost * (len(seen.losses) - len(seen.ended)) * max(usual - seen.epoch, 1)
        work = here + sum(one.cost * len(one.seeds) * usual for one in later)
        return float(self.seconds / self.work * work)


def _mapped(
    plan: Plan, over: tuple[Sweep, ...], names: tuple[str, ...]
) -> Generator[Progress, None, tuple[DecisionMap, ...]]:
    """Maps of all networks, each made once for the weights that are kept."""
    found = {name: kept_map(plan.folder, name) for name in names} if over else {}
    for name, known in found.items():
        if known is None:
            found[name] = fresh = decisions(name, load_best(plan.folder, name), plan.config, over)
            keep_map(plan.folder, fresh)
            done = sum(one is not None for one in found.values())
            yield Progress("maps", done, len(names), f"decisions of {name}")
    return tuple(one for one in found.values() if one is not None)
