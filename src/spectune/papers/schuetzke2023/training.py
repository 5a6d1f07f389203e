"""All seeds of one network as members of one fit.

Every seed is what it would be alone. Its first weights come from its own random stream, and the
stream begins anew for the order of rows, as in the published program: so all networks of a seed
see the rows in the same order, however many weights they drew before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.networks.layers import parameters
from spectune.networks.recipe import Recipe, Schedule
from spectune.papers.schuetzke2023.entrants import Entrant
from spectune.papers.schuetzke2023.patterns import Patterns
from spectune.papers.schuetzke2023.protocol import Protocol, recipe
from spectune.spectra.folds import Fold
from spectune.training.checkpoint import Checkpoint, Past, nothing_yet, streams_of, turn_to
from spectune.training.engine import Engine
from spectune.training.fit import Fitted
from spectune.training.loop import Epoch, looked_back, past_of, train
from spectune.training.machine import USUAL, Machine
from spectune.training.material import Material
from spectune.training.members import Stack
from spectune.training.rates import Plateau
from spectune.training.start import engine_for, started

Clock = Callable[[], float]
Curve = NDArray[np.float64]
Labels = NDArray[np.int64]

WEIGHT_BYTES = 36
"""Memory a weight of a member takes at most: value, gradient, two moments, best value; all but the gradient once more
while they are kept."""


@dataclass(frozen=True, eq=False)
class Run:
    """One network trained with one seed.

    Attributes:
        name, network, activation, change: as of ``Entrant``.
        seed: of weights, order of rows and dropout.
        recipe: identity of the recipe.
        parameters: that are trained.
        answers: class number said of every test spectrum by the best epoch's weights, (test rows,).
        validation: accuracy on the validation rows by the same weights.
        training, tuning: mean loss of every epoch over the training and the validation rows, (epochs,).
        best_epoch: from 1; its weights were used.
        rate: learning rate after the last epoch.
        seconds: this seed's part of the time of its fit.
    """

    name: str
    network: str
    activation: str
    change: str
    seed: int
    recipe: str
    parameters: int
    answers: NDArray[np.int64]
    validation: float
    training: Curve
    tuning: Curve
    best_epoch: int
    rate: float
    seconds: float


@dataclass(frozen=True, eq=False)
class Course:
    """One seed's way through its fit; as of ``Run``."""

    training: Curve
    tuning: Curve
    best_epoch: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Way:
    """How far a fit is.

    Attributes:
        recipe, seeds: of the fit.
        engine: what trains it, in words: another kind of engine does not go on from here.
        checkpoint: of all its seeds.
        seconds: each seed's part of the time so far, (seeds,).
    """

    recipe: str
    seeds: tuple[int, ...]
    engine: str
    checkpoint: Checkpoint
    seconds: Curve


@dataclass(frozen=True, eq=False)
class Seen:
    """A fit after an epoch.

    Attributes:
        epoch: its number, from 1.
        losses: validation loss of every seed that took part in it.
        seconds: what the epoch took.
        ended: seeds that ended with it, in order.
        going_on: whether there are others.
        way: makes a copy of how far it is.
    """

    epoch: int
    losses: tuple[float, ...]
    seconds: float
    ended: tuple[Run, ...]
    going_on: bool
    way: Callable[[], Way]
    _fitted: Callable[[], Fitted]
    _seeds: tuple[int, ...]

    def fitted(self, seed: int) -> Fitted:
        """The best weights so far of one seed, as a network of one member."""
        every, place = self._fitted(), torch.tensor([self._seeds.index(seed)])
        return Fitted(every.recipe, every.task, every.stack.take(place), every.inputs.take(place), every.targets[:1])


def trained(
    entrant: Entrant,
    patterns: Patterns,
    protocol: Protocol,
    seeds: Sequence[int],
    machine: Machine = USUAL,
    clock: Clock = time.monotonic,
    way: Way | None = None,
) -> Iterator[Seen]:
    """Trains all seeds of a network at once; yields after every epoch.

    Args:
        entrant: what is trained.
        patterns: on what.
        protocol: how.
        seeds: of the members.
        machine: what trains.
        clock: in seconds.
        way: of this very fit, not after its last epoch; the epochs that follow are as if it had never stopped.

    Raises:
        ShapeError: a network that does not fit the spectra.
    """
    told, fold = recipe(entrant.layers, protocol), patterns.fold
    stack, material = beginning(told, patterns, seeds, machine)
    engine = engine_for(stack, material, told.schedule, machine)
    past, seconds = nothing_yet(len(seeds)), np.zeros(len(seeds))
    if way is not None:
        past, seconds = way.checkpoint.past, way.seconds
        engine.resume(way.checkpoint.state)
        turn_to(material.streams, way.checkpoint.streams)
        del way  # it may be large
    (_, running), begun = looked_back(told.schedule, past), clock()
    for epoch in train(engine, material, told.schedule, past):
        took = clock() - begun
        past, seconds = past.then(past_of([epoch])), seconds + running * took / running.sum()
        ended = tuple(
            _run(entrant, told, patterns, seeds[member], _course(past, epoch, seconds, member), scored, validated)
            for member, scored, validated in _answers(engine, np.flatnonzero(running & ~epoch.running).tolist(), fold)
        )
        so_far = partial(_way, told, tuple(seeds), machine, engine, material, past, seconds)
        yield Seen(
            epoch.number,
            tuple(epoch.tuning[running].tolist()),
            took,
            ended,
            bool(epoch.running.any()),
            so_far,
            _best(told, patterns, material, engine),
            tuple(seeds),
        )
        running, begun = epoch.running, clock()


def beginning(
    told: Recipe, patterns: Patterns, seeds: Sequence[int], machine: Machine = USUAL
) -> tuple[Stack, Material]:
    """Members before their first step, and what they are trained on, in the order of their seeds."""
    folds = [patterns.fold] * len(seeds)
    stack, material = started(told, patterns.x, patterns.y, patterns.task, folds, seeds, machine)
    return stack, replace(material, streams=tuple(torch.Generator().manual_seed(seed) for seed in seeds))


def together(entrant: Entrant, points: int, memory: float) -> int:
    """Seeds that may be trained at once in ``memory`` gigabytes; at least one."""
    return max(1, int(memory * 1e9) // (WEIGHT_BYTES * parameters(entrant.layers, (1, points))))


def final_rate(schedule: Schedule, tuning: Curve) -> float:
    """Learning rate after epochs with these losses.

    >>> final_rate(Schedule(rate=0.01, decay="plateau", factor=0.1, plateau_patience=2), np.array([1.0, 1.0, 1.0]))
    0.001
    """
    plateau = Plateau(schedule, np.ones(1))
    for loss in tuning.tolist():
        plateau.look(np.array([loss]))
    return schedule.rate * float(plateau.factors[0])


def _course(past: Past, epoch: Epoch, seconds: Curve, member: int) -> Course:
    """One seed, which ended with this epoch."""
    return Course(past.training[member], past.tuning[member], int(epoch.best_epoch[member]), float(seconds[member]))


def _way(
    told: Recipe,
    seeds: tuple[int, ...],
    machine: Machine,
    engine: Engine,
    material: Material,
    past: Past,
    seconds: Curve,
) -> Way:
    now = Checkpoint(np.arange(len(seeds)), engine.state(), streams_of(material.streams), past)
    return Way(told.id, seeds, machine.words, now, seconds)


def _best(told: Recipe, patterns: Patterns, material: Material, engine: Engine) -> Callable[[], Fitted]:
    return lambda: Fitted(told, patterns.task, engine.best(), material.inputs, material.targets)


def _answers(engine: Engine, members: list[int], fold: Fold) -> Iterator[tuple[int, Labels, Labels]]:
    """What members say of test rows and of validation rows by their best weights."""
    if members:
        each = [engine.outputs(members, [rows] * len(members), best=True) for rows in (fold.scored, fold.tuning)]
        for member, scored, validated in zip(members, *each, strict=True):
            yield member, scored.argmax(axis=1).astype(np.int64), validated.argmax(axis=1)


def _run(
    entrant: Entrant, told: Recipe, patterns: Patterns, seed: int, course: Course, scored: Labels, validated: Labels
) -> Run:
    return Run(
        entrant.name,
        entrant.network,
        entrant.activation,
        entrant.change,
        seed,
        told.id,
        parameters(entrant.layers, (1, patterns.config.datapoints)),
        scored,
        float(np.mean(validated == patterns.y[patterns.fold.tuning])),
        course.training,
        course.tuning,
        course.best_epoch,
        final_rate(told.schedule, course.tuning),
        course.seconds,
    )
