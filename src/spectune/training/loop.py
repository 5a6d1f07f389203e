"""The hot loop: a generator of epochs over K members.

Whoever consumes it decides: pruning breaks out of it, the command line draws a bar. There are no
callbacks. A member's random numbers are its own, so its trajectory is the same whoever trains
beside it, on whatever engine and with however many threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spectune.networks.recipe import Schedule
from spectune.training.engine import Engine
from spectune.training.material import Errors, Material
from spectune.training.measures import stopping_errors, watched_values
from spectune.training.rates import planned_rate
from spectune.training.watching import Watching


@dataclass(frozen=True, eq=False)
class Epoch:
    """State after an epoch; arrays are (K,) over all members, also those that have stopped.

    Attributes:
        number: from 1.
        training: mean loss over the training rows, without the penalty.
        tuning: error on the tuning rows, see ``stopping_errors``.
        watched: the value that decides, on the tuning rows too, see ``Schedule``.
        best: watched value of the epoch whose weights are kept; ``best_epoch`` says which.
        running: members that go on.
        penalty: half the L2 penalty times all squared kernels; NaN unless the loss is watched.
        rates: learning rates of the epoch's last steps.
    """

    number: int
    training: Errors
    tuning: Errors
    watched: Errors
    best: Errors
    best_epoch: NDArray[np.intp]
    running: NDArray[np.bool_]
    penalty: Errors
    rates: Errors


def train(engine: Engine, material: Material, schedule: Schedule) -> Iterator[Epoch]:
    """Trains an engine's members; after every epoch it has kept each member's best weights.

    Which are the best, and who stops, is for ``Watching`` to say. Members that stop are not asked
    for again, so they no longer cost anything.
    """
    count = material.members
    running, watching = np.ones(count, dtype=np.bool_), Watching(schedule, count)
    training, tuning, watched, penalty, rates = (np.full(count, np.nan) for _ in range(5))
    for number in range(1, schedule.epochs + 1):
        alive = np.flatnonzero(running)
        members, factors = alive.tolist(), watching.plateau.factors[alive]
        training[alive] = engine.epoch(members, _rates(schedule, number, material, alive) * factors)
        rates[alive] = planned_rate(schedule, number) * factors
        rows = [material.tuning[member] for member in members]
        made = engine.outputs(members, rows)
        tuning[alive] = shown = stopping_errors(made, material, rows, members)
        if schedule.watch == "loss":
            penalty[alive] = engine.penalties(members)
        watched[alive] = watched_values(schedule.watch, made, material, rows, members, shown, penalty[alive])
        engine.keep(np.flatnonzero(watching.look(number, watched, running)).tolist())
        running = running & watching.patient & np.isfinite(training) & (number < schedule.epochs)
        yield Epoch(
            number,
            training.copy(),
            tuning.copy(),
            watched.copy(),
            watching.kept,
            watching.kept_epoch,
            running,
            penalty.copy(),
            rates.copy(),
        )
        if not running.any():
            return


def _rates(schedule: Schedule, number: int, material: Material, alive: NDArray[np.intp]) -> NDArray[np.float64]:
    """(steps, members) planned rates of one epoch; a member's rate rises and falls with its own steps."""
    own = np.asarray([-(-material.train[member].size // schedule.batch) for member in alive])
    places = np.arange(1, own.max() + 1)[:, None] / own[None, :]
    return np.asarray(np.vectorize(lambda part: planned_rate(schedule, number - 1 + min(part, 1.0)))(places))
