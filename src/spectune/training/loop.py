"""The hot loop: a generator of epochs over K members.

Whoever consumes it decides: pruning breaks out of it, the command line draws a bar. There are no
callbacks. A member's random numbers are its own, so its trajectory is the same whoever trains
beside it, on whatever engine and with however many threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from spectune.networks.recipe import Schedule
from spectune.training.checkpoint import Past, nothing_yet
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
        penalty: half the L2 penalty times all squared kernels; NaN unless the loss decides anything.
        rates: learning rates of the epoch's last steps.
        losses: mean loss over the tuning rows with the penalty; NaN unless weights are kept by it.
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
    losses: Errors


def train(engine: Engine, material: Material, schedule: Schedule, past: Past | None = None) -> Iterator[Epoch]:
    """Trains an engine's members; after every epoch it has kept each member's best weights.

    Which are the best, and who stops, is for ``Watching`` to say. Members that stop are not asked
    for again, so they no longer cost anything. After a ``past`` training goes on, with an engine and
    random streams that are as they were then.
    """
    past = past or nothing_yet(material.members)
    watching, running = looked_back(schedule, past)
    training, tuning, watched, penalty, rates, losses = _last_values(past)
    filing = schedule.keep_from > 0 and schedule.keep_by == "loss"
    for number in range(past.epochs + 1, schedule.epochs + 1):
        alive = np.flatnonzero(running)
        members, factors = alive.tolist(), watching.plateau.factors[alive]
        training[alive] = engine.epoch(members, _rates(schedule, number, material, alive) * factors)
        rates[alive] = planned_rate(schedule, number) * factors
        rows = [material.tuning[member] for member in members]
        made = engine.outputs(members, rows)
        tuning[alive] = shown = stopping_errors(made, material, rows, members)
        if filing or schedule.watch == "loss":
            penalty[alive] = engine.penalties(members)
        watched[alive] = watched_values(schedule.watch, made, material, rows, members, shown, penalty[alive])
        if filing:
            losses[alive] = watched_values("loss", made, material, rows, members, shown, penalty[alive])
        engine.keep(np.flatnonzero(watching.look(number, watched, running, losses)).tolist())
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
            losses.copy(),
        )
        if not running.any():
            return


def past_of(epochs: Sequence[Epoch]) -> Past:
    """Curves over some epochs, at least one."""
    return Past(*(np.stack([getattr(epoch, part.name) for epoch in epochs], axis=1) for part in fields(Past)))


def looked_back(schedule: Schedule, past: Past) -> tuple[Watching, NDArray[np.bool_]]:
    """What was decided in the epochs so far, and which members go on."""
    count = len(past.training)
    watching, running = Watching(schedule, count), np.ones(count, dtype=np.bool_)
    for place in range(past.epochs):
        watching.look(place + 1, past.watched[:, place], running, past.losses[:, place])
        running = running & watching.patient & np.isfinite(past.training[:, place])
    return watching, running


def _last_values(past: Past) -> list[Errors]:
    """Each curve's last value, (members,), as arrays of their own; NaN where there is none."""
    before = np.full((len(past.training), 1), np.nan)
    return [np.hstack([before, getattr(past, part.name)])[:, -1].copy() for part in fields(Past)]


def _rates(schedule: Schedule, number: int, material: Material, alive: NDArray[np.intp]) -> NDArray[np.float64]:
    """(steps, members) planned rates of one epoch; a member's rate rises and falls with its own steps."""
    own = np.asarray([-(-material.train[member].size // schedule.batch) for member in alive])
    places = np.arange(1, own.max() + 1)[:, None] / own[None, :]
    return np.asarray(np.vectorize(lambda part: planned_rate(schedule, number - 1 + min(part, 1.0)))(places))
