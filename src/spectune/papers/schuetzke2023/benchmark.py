"""The benchmark, network by network: a generator of progress that ends with everything that was found.

Every finished seed is kept at once, and on the way to it how far its fit is: a command that was stopped goes
on with what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.papers.schuetzke2023.folder import (
    drop_way,
    keep_best,
    keep_map,
    keep_run,
    keep_way,
    kept_map,
    kept_runs,
    kept_way,
    load_best,
    opened,
)
from spectune.papers.schuetzke2023.maps import DecisionMap, Sweep, decisions, sweeps
from spectune.papers.schuetzke2023.patterns import Patterns, Reference, made, outlook, truth
from spectune.papers.schuetzke2023.plan import Fit, Plan, missing
from spectune.papers.schuetzke2023.protocol import Protocol
from spectune.papers.schuetzke2023.reported import published
from spectune.papers.schuetzke2023.training import Clock, Run, Seen, trained
from spectune.progress import Progress
from spectune.synthesis.neighbours import Parting
from spectune.synthesis.published import PUBLISHED

USUAL_EPOCHS = 72
"""Epochs of a run before any has ended: the mean of the 40 published ones."""

MOST_WRITING = 0.02
"""Part of the time that goes into keeping it at most: large networks take gigabytes, and are kept more rarely."""

QUIET = 10.0
"""Seconds in which nothing is said, unless a seed ends."""


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Everything that was found.

    Attributes:
        plan: what was asked.
        runs: all that are kept in the folder, also those of earlier commands.
        truth: class numbers of the test spectra, (rows,).
        modes: classes by failure mode; empty where there are none to tell apart.
        reference: what can be known of the test spectra; None where that is not known.
        by_mode: the same for every failure mode.
        sweeps, maps: where networks were asked for their decisions, and what they said.
        unknown: why there is no ``reference``.
    """

    plan: Plan
    runs: tuple[Run, ...]
    truth: NDArray[np.int64]
    modes: Mapping[Parting, NDArray[np.intp]]
    reference: Reference | None
    by_mode: Mapping[Parting, Reference]
    sweeps: tuple[Sweep, ...]
    maps: tuple[DecisionMap, ...]
    unknown: str = ""

    @property
    def published(self) -> str:
        """Name of the published data set this is, whole and unchanged; empty where it is another."""
        name = self.plan.dataset
        return name if name in PUBLISHED and self.plan.config == PUBLISHED[name]() else ""

    def reported(self, run: Run) -> tuple[float, ...]:
        """Published accuracies of a run's network on these data; none where there are none."""
        plain = run.name in (run.network, f"{run.network}-{run.activation}")
        return published(self.published, run.network, run.activation) if plain else ()


def benchmark(plan: Plan, clock: Clock = time.monotonic) -> Generator[Progress | Benchmark, None, None]:
    """Trains what is missing; yields progress and last what was found.

    Raises:
        RunError: a folder that cannot be used.
    """
    torch.set_num_threads(plan.machine.threads)
    with opened(plan.folder, plan.dataset, plan.config, plan.protocol):
        told = outlook(plan.config)
        over = sweeps(plan.config, told.pairs)
        yield from _trained(plan, clock)
        runs = kept_runs(plan.folder)
        maps = yield from _mapped(plan, over, tuple(dict.fromkeys(run.name for run in runs)))
    right = truth(plan.config)
    yield Benchmark(plan, runs, right, told.modes, told.reference, told.by_mode, over, maps, told.unknown)


def _trained(plan: Plan, clock: Clock) -> Iterator[Progress]:
    fits = missing(plan)
    if not fits:
        return
    patterns = made(plan.dataset, plan.config)
    total = plan.seeds * len(plan.entrants)
    done, pace, said = total - sum(len(fit.left) for fit in fits), Pace(), -np.inf
    for place, fit in enumerate(fits):
        for seen in _kept_on_its_way(plan, fit, patterns, clock):
            fresh = [run for run in seen.ended if run.seed in fit.left]
            for run in fresh:
                _keep(plan.folder, run, seen, patterns)
            done, pace = done + len(fresh), pace.after(fit, seen)
            if seen.ended or clock() - said >= QUIET:
                said = clock()
                left = pace.left(fits[place + 1 :], fit, seen, plan.protocol)
                yield Progress("bench", done, total, sentence(fit, seen, patterns), None, left)


def _kept_on_its_way(plan: Plan, fit: Fit, patterns: Patterns, clock: Clock) -> Iterator[Seen]:
    """The epochs of a fit, or those that are left; how far it is, is kept now and then until it is over."""
    name, first, since, rest = fit.entrant.name, fit.seeds[0], clock(), plan.checkpoint
    for seen in trained(
        fit.entrant,
        patterns,
        plan.protocol,
        fit.seeds,
        plan.machine,
        clock,
        kept_way(plan.folder, name, first) if fit.continued else None,
    ):
        yield seen
        if seen.going_on and clock() - since >= rest:
            before = clock()
            keep_way(plan.folder, name, seen.way())
            since = clock()
            rest = max(plan.checkpoint, (since - before) / MOST_WRITING)
    drop_way(plan.folder, name, first)


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
