"""Training spread over cores: the members of one fit, a share to each.

The compiled core does it with threads, in this process, over one copy of the data. Without it,
every worker is a process with one thread. A member's trajectory is its own, so the shares change
nothing but the time. The caller sees one generator: a report at each rung, when all members have reached
it, and the completed fit at the end; leaving the generator early stops the workers.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.errors import RunError, SpectuneError
from spectune.networks.recipe import Recipe
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.checkpoint import Checkpoint, Checkpoints, Past, nothing_yet
from spectune.training.engine import Clock
from spectune.training.fit import Array, Fitted, Rehearsal, check_start, fit, join
from spectune.training.hiring import hired
from spectune.training.loop import Epoch, past_of
from spectune.training.machine import USUAL, Machine
from spectune.training.pack import from_arrays, to_send

Curves = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reached:
    """All members have reached a rung.

    Attributes:
        epoch: its number.
        scored: (K,) errors on their held-out rows, by the weights that are kept so far.
        watched: (K,) what is watched, in this very epoch; that of its last epoch of a member that has stopped.
    """

    epoch: int
    scored: Array
    watched: Array


@dataclass(frozen=True, eq=False)
class Completed:
    """A fit that ran to its end.

    Attributes:
        fitted: weights that are kept of every member.
        held_out: output of each member on its held-out rows.
        scored: (K,) errors on them.
        training, tuning: (K, epochs) curves; a member that stopped keeps its last value.
        best_epochs: (K,) epoch whose weights are kept.
        calibrated: (K,) errors on the training rows, in the measure of ``scored``.
        penalty: (K,) half the L2 penalty times all squared kernels.
        rates: (K, epochs) learning rate at the end of each epoch, as the curves.
        watched: (K, epochs) what is watched, as the curves.
    """

    fitted: Fitted
    held_out: tuple[Array, ...]
    scored: Array
    training: Curves
    tuning: Curves
    best_epochs: NDArray[np.intp]
    calibrated: Array
    penalty: Array
    rates: Curves
    watched: Curves


Fitting = Generator[Reached | Checkpoint | Completed, None, None]
"""Checkpoints only for who asks for them."""


class Fitter(Protocol):
    """From a recipe, folds, seeds and rungs to reports, and perhaps from a start: all as of ``fit``.

    See ``alone`` for the plain form.
    """

    def __call__(
        self,
        recipe: Recipe,
        folds: Sequence[Fold],
        seeds: Sequence[int],
        rungs: Sequence[int],
        /,
        start: Fitted | None = None,
    ) -> Fitting:
        """Reports of a fit."""


class Resumable(Fitter, Protocol):
    """A fitter that also says how far a fit is, as it is told to, and goes on from there."""

    def __call__(
        self,
        recipe: Recipe,
        folds: Sequence[Fold],
        seeds: Sequence[int],
        rungs: Sequence[int],
        /,
        start: Fitted | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> Fitting:
        """Reports of a fit, among them a checkpoint whenever one is due."""


def alone(
    x: NDArray[np.float32], y: Array, task: Task, machine: Machine = USUAL, clock: Clock = time.monotonic
) -> Resumable:
    """Fits in this process; ``clock`` says when a checkpoint is due."""

    def fitting(
        recipe: Recipe,
        folds: Sequence[Fold],
        seeds: Sequence[int],
        rungs: Sequence[int],
        start: Fitted | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> Fitting:
        found = None if checkpoints is None else checkpoints.of(np.arange(len(folds)))
        past, since, epochs = found.past if found else nothing_yet(len(folds)), clock(), list[Epoch]()
        for seen in fit(recipe, x, y, task, folds, seeds, rungs, machine, start, found):
            epochs.append(seen.epoch)
            if not seen.epoch.running.any():
                break
            if seen.scored is not None and seen.epoch.number in rungs:
                yield Reached(seen.epoch.number, seen.scored, seen.epoch.watched)
            if checkpoints and clock() - since >= checkpoints.seconds:
                yield seen.checkpoint(past.then(past_of(epochs)))
                since = clock()
        yield _completed(seen, past.then(past_of(epochs)))

    return fitting


def _completed(last: Rehearsal, past: Past) -> Completed:
    return Completed(
        last.fitted,
        last.held_out,
        last.scored if last.scored is not None else np.full(len(past.training), np.nan),
        past.training,
        past.tuning,
        last.epoch.best_epoch,
        last.calibrated,
        last.penalty,
        past.rates,
        past.watched,
    )


@contextmanager
def crew(x: NDArray[np.float32], y: Array, task: Task, workers: int, machine: Machine = USUAL) -> Iterator[Resumable]:
    """A fitter over ``workers`` cores: threads of the compiled core, or else processes that run torch."""
    if workers < 2 or machine.compiled or machine.device != "cpu":
        torch.set_num_threads(1)
        yield alone(x, y, task, replace(machine, threads=workers))
        return
    with hired(workers) as lines:
        for line in lines:
            line.send((x, y, task, machine))
        yield _shared(lines, task)


def _shared(lines: Sequence[Connection], task: Task) -> Resumable:
    """A fitter that gives each worker a share of the members and waits for all at every rung."""

    def fitting(
        recipe: Recipe,
        folds: Sequence[Fold],
        seeds: Sequence[int],
        rungs: Sequence[int],
        start: Fitted | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> Fitting:
        if start is not None:
            check_start(start, recipe, len(folds))
        shares = [share for share in np.array_split(np.arange(len(folds)), len(lines)) if share.size]
        waiting = dict(enumerate(lines[: len(shares)]))
        for line, share in zip(lines, shares, strict=False):
            own, streams = [folds[member] for member in share], [seeds[member] for member in share]
            begun = start and to_send(start.take(share.tolist()))
            line.send((recipe, own, streams, rungs, begun, checkpoints and checkpoints.renamed(share)))
        done: dict[int, Completed] = {}
        while waiting:
            reports = yield from _reports(waiting, shares, recipe, task)
            done |= {place: report for place, report in reports.items() if isinstance(report, Completed)}
            waiting = {place: line for place, line in waiting.items() if place not in done}
            going_on = False
            try:
                if waiting:
                    yield _met({**reports, **done})
                going_on = True
            finally:
                for line in waiting.values():
                    line.send(going_on)
        yield _joined([done[place] for place in range(len(shares))])

    return fitting


def _reports(
    waiting: Mapping[int, Connection], shares: Sequence[NDArray[np.intp]], recipe: Recipe, task: Task
) -> Generator[Checkpoint, None, dict[int, Reached | Completed]]:
    """The next report of every worker; the checkpoints before it are handed on as they come.

    Workers are not waited for at a checkpoint, so leaving the generator there ends them all.
    """
    places, found = {line: place for place, line in waiting.items()}, dict[int, Reached | Completed]()
    while places:
        for line in cast(list[Connection], wait(list(places))):
            report = _receive(line, recipe, task)
            if not isinstance(report, Checkpoint):
                found[places.pop(line)] = report
                continue
            try:
                yield replace(report, members=shares[places[line]])
            except GeneratorExit:
                for one in waiting.values():
                    one.close()
                raise
    return found


def _met(reports: Mapping[int, Reached | Completed]) -> Reached:
    """The rung that all workers have reached; those already done keep their last errors."""
    ordered = [reports[place] for place in sorted(reports)]
    epoch = max(report.epoch for report in ordered if isinstance(report, Reached))
    watched = [report.watched if isinstance(report, Reached) else report.watched[:, -1] for report in ordered]
    return Reached(epoch, np.concatenate([report.scored for report in ordered]), np.concatenate(watched))


def _receive(line: Connection, recipe: Recipe, task: Task) -> Reached | Checkpoint | Completed:
    try:
        message = line.recv()
    except (EOFError, ConnectionError):
        raise RunError(
            "a worker process ended unexpectedly (out of memory?); finished trials are kept, "
            "run the same command again, perhaps with --cores 1"
        ) from None
    match message:
        case SpectuneError():
            raise message
        case Reached() | Checkpoint():
            return message
        case (arrays, *rest):
            return Completed(from_arrays(recipe, task, arrays), *rest)
    raise RunError(f"a worker sent {type(message).__name__}, which is not a report")


def _joined(parts: Sequence[Completed]) -> Completed:
    """Members of all workers in their order; curves are padded to the longest."""
    epochs = max(part.training.shape[1] for part in parts)
    fitted, held_out = join([part.fitted for part in parts]), tuple(one for part in parts for one in part.held_out)
    joined = {
        part.name: np.concatenate([_padded(getattr(one, part.name), epochs) for one in parts])
        for part in fields(Completed)[2:]
    }
    return Completed(fitted, held_out, **joined)


def _padded(values: NDArray[Any], epochs: int) -> NDArray[Any]:
    """Curves (K, fewer epochs) with their last values to the end; numbers of members (K,) as they are."""
    return np.pad(values, ((0, 0), (0, epochs - values.shape[1])), mode="edge") if values.ndim == 2 else values
