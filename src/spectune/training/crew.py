"""Training spread over cores: the members of one fit, a share to each.

The compiled core does it with threads, in this process, over one copy of the data. Without it,
every worker is a process with one thread. A member's trajectory is its own, so the shares change
nothing but the time. The caller sees one generator: a report at each rung, when all members have reached
it, and the completed fit at the end; leaving the generator early stops the workers.
"""

from __future__ import annotations

import signal
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from multiprocessing.connection import Client, Connection
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.errors import RunError, SpectuneError
from spectune.networks.recipe import Recipe
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.fit import Array, Fitted, check_start, fit, join
from spectune.training.hiring import hired
from spectune.training.machine import USUAL, Machine
from spectune.training.pack import Arrays, from_arrays, to_arrays

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


Fitting = Generator[Reached | Completed, None, None]


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


def alone(x: NDArray[np.float32], y: Array, task: Task, machine: Machine = USUAL) -> Fitter:
    """Fits in this process."""

    def fitting(
        recipe: Recipe, folds: Sequence[Fold], seeds: Sequence[int], rungs: Sequence[int], start: Fitted | None = None
    ) -> Fitting:
        epochs = []
        for seen in fit(recipe, x, y, task, folds, seeds, rungs, machine, start):
            epochs.append(seen.epoch)
            if seen.scored is not None and seen.epoch.number in rungs and seen.epoch.running.any():
                yield Reached(seen.epoch.number, seen.scored, seen.epoch.watched)
        yield Completed(
            seen.fitted,
            seen.held_out,
            seen.scored if seen.scored is not None else np.full(len(folds), np.nan),
            np.stack([epoch.training for epoch in epochs], axis=1),
            np.stack([epoch.tuning for epoch in epochs], axis=1),
            seen.epoch.best_epoch,
            seen.calibrated,
            seen.penalty,
            np.stack([epoch.rates for epoch in epochs], axis=1),
            np.stack([epoch.watched for epoch in epochs], axis=1),
        )

    return fitting


@contextmanager
def crew(x: NDArray[np.float32], y: Array, task: Task, workers: int, machine: Machine = USUAL) -> Iterator[Fitter]:
    """A fitter over ``workers`` cores: threads of the compiled core, or else processes that run torch."""
    if workers < 2 or machine.compiled or machine.device != "cpu":
        torch.set_num_threads(1)
        yield alone(x, y, task, replace(machine, threads=workers))
        return
    with hired(workers) as lines:
        for line in lines:
            line.send((x, y, task, machine))
        yield _shared(lines, task)


def work(address: str, key: bytes) -> None:
    """Main of a worker process: fits what it is told until its line closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to answer
    torch.set_num_threads(1)
    line: Connection = Client(address, authkey=key)
    fitter = alone(*line.recv())
    while True:
        try:
            recipe, folds, seeds, rungs, start = line.recv()
            _serve(line, fitter(recipe, folds, seeds, rungs, start=_start_unpacked(start)))
        except (EOFError, ConnectionError):
            return
        except SpectuneError as error:
            line.send(error)


def _serve(line: Connection, fitting: Fitting) -> None:
    """Sends reports; after a rung waits for leave to go on."""
    for report in fitting:
        if isinstance(report, Completed):
            line.send(_packed(report))
        else:
            line.send(report)
            if not line.recv():
                return


def _shared(lines: Sequence[Connection], task: Task) -> Fitter:
    """A fitter that gives each worker a share of the members and waits for all at every rung."""

    def fitting(
        recipe: Recipe, folds: Sequence[Fold], seeds: Sequence[int], rungs: Sequence[int], start: Fitted | None = None
    ) -> Fitting:
        if start is not None:
            check_start(start, recipe, len(folds))
        shares = [share for share in np.array_split(np.arange(len(folds)), len(lines)) if share.size]
        waiting = dict(enumerate(lines[: len(shares)]))
        for line, share in zip(lines, shares, strict=False):
            own, streams = [folds[member] for member in share], [seeds[member] for member in share]
            line.send((recipe, own, streams, rungs, start and _start_packed(start.take(share.tolist()))))
        done: dict[int, Completed] = {}
        while waiting:
            reports = {place: _receive(line, recipe, task) for place, line in waiting.items()}
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


def _met(reports: Mapping[int, Reached | Completed]) -> Reached:
    """The rung that all workers have reached; those already done keep their last errors."""
    ordered = [reports[place] for place in sorted(reports)]
    epoch = max(report.epoch for report in ordered if isinstance(report, Reached))
    watched = [report.watched if isinstance(report, Reached) else report.watched[:, -1] for report in ordered]
    return Reached(epoch, np.concatenate([report.scored for report in ordered]), np.concatenate(watched))


def _receive(line: Connection, recipe: Recipe, task: Task) -> Reached | Completed:
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
        case Reached():
            return message
        case (arrays, *rest):
            return Completed(from_arrays(recipe, task, arrays), *rest)
    raise RunError(f"a worker sent {type(message).__name__}, which is not a report")


def _packed(report: Completed) -> tuple[Any, ...]:
    return to_arrays(report.fitted), *(getattr(report, part.name) for part in fields(report)[1:])


def _start_packed(start: Fitted) -> tuple[Recipe, Task, Arrays]:
    return start.recipe, start.task, to_arrays(start)


def _start_unpacked(packed: tuple[Recipe, Task, Arrays] | None) -> Fitted | None:
    return None if packed is None else from_arrays(*packed)


def _joined(parts: Sequence[Completed]) -> Completed:
    """Members of all workers in their order; curves are padded to the longest."""
    epochs = max(part.training.shape[1] for part in parts)

    def curves(name: str) -> Curves:
        return np.concatenate([_padded(getattr(part, name), epochs) for part in parts])

    return Completed(
        join([part.fitted for part in parts]),
        tuple(one for part in parts for one in part.held_out),
        np.concatenate([part.scored for part in parts]),
        curves("training"),
        curves("tuning"),
        np.concatenate([part.best_epochs for part in parts]),
        np.concatenate([part.calibrated for part in parts]),
        np.concatenate([part.penalty for part in parts]),
        curves("rates"),
        curves("watched"),
    )


def _padded(curves: Curves, epochs: int) -> Curves:
    return np.pad(curves, ((0, 0), (0, epochs - curves.shape[1])), mode="edge")
