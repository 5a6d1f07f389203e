"""Training spread over cores: the members of one fit, a share to each.

The compiled core does it with threads, in this process, over one copy of the data. Without it,
every worker is a process with one thread. A member's trajectory is its own, so the shares change
nothing but the time. The caller sees one generator: a report at each rung, when all members have reached
it, and the completed fit at the end; leaving the generator early stops the workers.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Client, Connection, Listener

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.errors import RunError, SpectuneError
from spectune.networks.recipe import Recipe
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.fit import Array, Fitted, fit, join
from spectune.training.machine import USUAL, Machine
from spectune.training.pack import Arrays, from_arrays, to_arrays

Curves = NDArray[np.float64]

START_SECONDS = 120


@dataclass(frozen=True, eq=False)
class Reached:
    """All members have reached a rung; ``scored`` is (K,) errors on their held-out rows."""

    epoch: int
    scored: Array


@dataclass(frozen=True, eq=False)
class Completed:
    """A fit that ran to its end.

    Attributes:
        fitted: best weights of every member.
        held_out: output of each member on its held-out rows.
        scored: (K,) errors on them.
        training, tuning: (K, epochs) curves; a member that stopped keeps its last value.
        best_epochs: (K,) epoch whose weights are kept.
    """

    fitted: Fitted
    held_out: tuple[Array, ...]
    scored: Array
    training: Curves
    tuning: Curves
    best_epochs: NDArray[np.intp]


Fitting = Generator[Reached | Completed, None, None]
Fitter = Callable[[Recipe, Sequence[Fold], Sequence[int], Sequence[int]], Fitting]
"""(recipe, folds, seeds, rungs) to reports; see ``alone`` for the plain form."""


def alone(x: NDArray[np.float32], y: Array, task: Task, machine: Machine = USUAL) -> Fitter:
    """Fits in this process."""

    def fitting(recipe: Recipe, folds: Sequence[Fold], seeds: Sequence[int], rungs: Sequence[int]) -> Fitting:
        training, tuning = [], []
        for seen in fit(recipe, x, y, task, folds, seeds, rungs, machine):
            training.append(seen.epoch.training)
            tuning.append(seen.epoch.tuning)
            if seen.scored is not None and seen.epoch.number in rungs and seen.epoch.running.any():
                yield Reached(seen.epoch.number, seen.scored)
        yield Completed(
            seen.fitted,
            seen.held_out,
            seen.scored if seen.scored is not None else np.full(len(folds), np.nan),
            np.stack(training, axis=1),
            np.stack(tuning, axis=1),
            seen.epoch.best_epoch,
        )

    return fitting


@contextmanager
def crew(x: NDArray[np.float32], y: Array, task: Task, workers: int, machine: Machine = USUAL) -> Iterator[Fitter]:
    """A fitter over ``workers`` cores: threads of the compiled core, or else processes that run torch."""
    if workers < 2 or machine.compiled or machine.device != "cpu":
        torch.set_num_threads(1)
        yield alone(x, y, task, replace(machine, threads=workers))
        return
    key = secrets.token_bytes(32)
    with _patient_listener(key) as listener:
        processes = [_hire(str(listener.address), key) for _ in range(workers)]
        try:
            lines = [_accept(listener) for _ in processes]
            for line in lines:
                line.send((x, y, task, machine))
            yield _shared(lines, task)
        finally:
            for process in processes:
                process.terminate()
                process.wait()


def work(address: str, key: bytes) -> None:
    """Main of a worker process: fits what it is told until its line closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to answer
    torch.set_num_threads(1)
    line: Connection = Client(address, authkey=key)
    fitter = alone(*line.recv())
    while True:
        try:
            recipe, folds, seeds, rungs = line.recv()
            _serve(line, fitter(recipe, folds, seeds, rungs))
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

    def fitting(recipe: Recipe, folds: Sequence[Fold], seeds: Sequence[int], rungs: Sequence[int]) -> Fitting:
        shares = [share for share in np.array_split(np.arange(len(folds)), len(lines)) if share.size]
        waiting = dict(enumerate(lines[: len(shares)]))
        for line, share in zip(lines, shares, strict=False):
            line.send((recipe, [folds[member] for member in share], [seeds[member] for member in share], rungs))
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
    return Reached(epoch, np.concatenate([report.scored for report in ordered]))


def _receive(line: Connection, recipe: Recipe, task: Task) -> Reached | Completed:
    try:
        message = line.recv()
    except (EOFError, ConnectionError):
        raise RunError(
            "a worker process ended unexpectedly (out of memory?); finished trials are kept, "
            "run the same command again, perhaps with --workers 1"
        ) from None
    match message:
        case SpectuneError():
            raise message
        case Reached():
            return message
        case (arrays, *rest):
            return Completed(from_arrays(recipe, task, arrays), *rest)
    raise RunError(f"a worker sent {type(message).__name__}, which is not a report")


def _packed(report: Completed) -> tuple[Arrays, tuple[Array, ...], Array, Curves, Curves, NDArray[np.intp]]:
    return (
        to_arrays(report.fitted),
        report.held_out,
        report.scored,
        report.training,
        report.tuning,
        report.best_epochs,
    )


def _joined(parts: Sequence[Completed]) -> Completed:
    """Members of all workers in their order; curves are padded to the longest."""
    epochs = max(part.training.shape[1] for part in parts)
    return Completed(
        join([part.fitted for part in parts]),
        tuple(one for part in parts for one in part.held_out),
        np.concatenate([part.scored for part in parts]),
        np.concatenate([_padded(part.training, epochs) for part in parts]),
        np.concatenate([_padded(part.tuning, epochs) for part in parts]),
        np.concatenate([part.best_epochs for part in parts]),
    )


def _padded(curves: Curves, epochs: int) -> Curves:
    return np.pad(curves, ((0, 0), (0, epochs - curves.shape[1])), mode="edge")


def _patient_listener(key: bytes) -> Listener:
    """A listener that does not wait for ever: its socket takes over the default timeout."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(START_SECONDS)
    try:
        return Listener(authkey=key)
    finally:
        socket.setdefaulttimeout(before)


def _accept(listener: Listener) -> Connection:
    try:
        return listener.accept()
    except TimeoutError:
        raise RunError(
            f"the worker processes did not start within {START_SECONDS} s; try again, or do without: --workers 1"
        ) from None


def _hire(address: str, key: bytes) -> subprocess.Popen[bytes]:
    """Starts a worker, which will call ``address``; the key travels over its standard input."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "spectune.training.worker", address]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)  # noqa: S603 - our own module
    if process.stdin is not None:
        process.stdin.write(key.hex().encode())
        process.stdin.close()
    return process
