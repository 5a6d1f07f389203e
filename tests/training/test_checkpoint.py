"""A fit that is stopped after any epoch and goes on from its checkpoint is, to the bit, the fit that never stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import count, islice

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spectune.networks.layers import Act, BatchNorm, Conv, Dense, Dropout, Flatten
from spectune.networks.recipe import Decay, Optimiser, Recipe, Restore, Schedule, Watch
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.checkpoint import Checkpoint, Checkpoints
from spectune.training.crew import Completed, Fitting, Resumable, alone, crew
from spectune.training.engine import RULES
from spectune.training.loop import past_of, train
from spectune.training.machine import Machine
from spectune.training.native import core
from spectune.training.pack import to_arrays
from spectune.training.resident import Resident
from twins import Case

TASK = Task("t", rows=50, points=18)
LAYERS = (Conv(4, 5), BatchNorm(), Act("elu"), Flatten(), Dropout(0.3), Dense(6), Act("elu"), Dense(1))
SCHEDULE = Schedule(rate=0.02, batch=8, epochs=9, penalty=0.01, warmup=2)
RECIPE = Recipe(parse_channels("RAW"), LAYERS, SCHEDULE)
HERE = torch.device("cpu")

CORE = pytest.param(Machine("core"), marks=pytest.mark.skipif(core() is None, reason="no core"), id="core")
MACHINES = [CORE, pytest.param(Machine("torch"), id="torch")]


def recipe(**of_schedule: object) -> Recipe:
    return replace(RECIPE, schedule=replace(SCHEDULE, **of_schedule))  # type: ignore[arg-type]


def data() -> tuple[NDArray[np.float32], NDArray[np.float64], Task, list[Fold]]:
    """Fifty spectra, and three members with unequal numbers of training rows."""
    random = np.random.default_rng(4)
    x = random.normal(size=(50, 18)).cumsum(axis=1).astype(np.float32)
    order = random.permutation(50)
    folds = [Fold(order[10 : 42 - 6 * k], order[42 - 6 * k :], order[:10]) for k in range(3)]
    return x, x[:, 4] + random.normal(size=50), TASK, folds


def fitter_on(machine: Machine) -> Resumable:
    """Fits on a clock that goes a second on whenever it is looked at."""
    ticks = count()
    return alone(*data()[:3], machine, clock=lambda: float(next(ticks)))


def told(fitter: Resumable, made: Recipe, found: Sequence[Checkpoint] = (), seconds: float = 0) -> Fitting:
    return fitter(made, data()[3], [1, 2, 3], (), None, Checkpoints(seconds, tuple(found)))


def split(fitting: Fitting) -> tuple[list[Checkpoint], Completed]:
    *before, last = fitting
    assert isinstance(last, Completed)
    return [report for report in before if isinstance(report, Checkpoint)], last


def arrays(done: Completed) -> Iterator[NDArray[np.generic]]:
    yield from to_arrays(done.fitted).values()
    yield from done.held_out
    yield from (getattr(done, part.name) for part in fields(done)[2:])


def assert_equal(one: Completed, other: Completed) -> None:
    for left, right in zip(arrays(one), arrays(other), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("decay", ["constant", "cosine", "plateau"])
@pytest.mark.parametrize("optimiser", RULES)
@pytest.mark.parametrize("machine", MACHINES)
def test_a_fit_goes_on_from_any_epoch_as_if_it_had_never_stopped(
    machine: Machine, optimiser: Optimiser, decay: Decay
) -> None:
    """Weights, held-out outputs, errors, best epochs and curves; members stop one after the other."""
    made = recipe(optimiser=optimiser, decay=decay, plateau_patience=1, min_delta=0.05, patience=4)
    fitter = fitter_on(machine)
    stops, whole = split(told(fitter, made))
    assert [stop.past.epochs for stop in stops] == list(range(1, whole.training.shape[1]))
    for stop in stops[:: 1 if machine.compiled else 3]:
        later, again = split(told(fitter, made, [stop]))
        assert len(later) == len(stops) - stop.past.epochs
        assert_equal(again, whole)


@given(
    st.sampled_from(["error", "loss"]),
    st.sampled_from(["best", "stopped"]),
    st.sampled_from([0, 5]),
    st.integers(0, 3),
    st.integers(0, 7),
)
@settings(max_examples=25, deadline=None)
@pytest.mark.skipif(core() is None, reason="no core")
def test_whatever_is_watched_and_kept(watch: Watch, restore: Restore, keep_from: int, patience: int, stop: int) -> None:
    made = recipe(watch=watch, restore=restore, keep_from=keep_from, patience=patience, decay="plateau", rate=0.1)
    fitter = fitter_on(Machine("core"))
    stops, whole = split(told(fitter, made))
    if stops:
        assert_equal(split(told(fitter, made, [stops[stop % len(stops)]]))[1], whole)


@pytest.mark.skipif(core() is None, reason="no core")
@pytest.mark.parametrize("threads", [2, 3])
def test_it_goes_on_with_another_number_of_threads(threads: int) -> None:
    stops, whole = split(told(fitter_on(Machine("core")), RECIPE))
    assert_equal(split(told(fitter_on(Machine("core", threads=threads)), RECIPE, [stops[4]]))[1], whole)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_member_that_diverged_stays_out(machine: Machine) -> None:
    made = recipe(optimiser="sgd", rate=1e6)
    _, whole = split(told(fitter_on(machine), made))
    assert not np.isfinite(whole.training).all()
    for stop in split(told(fitter_on(machine), made))[0]:
        assert_equal(split(told(fitter_on(machine), made, [stop]))[1], whole)


@pytest.mark.parametrize("decay", ["constant", "plateau"])
@pytest.mark.parametrize("optimiser", RULES)
def test_the_engine_for_gpus_goes_on_too(optimiser: Optimiser, decay: Decay) -> None:
    """On the processor, where its steps are taken directly; some members have stopped, and some have left."""
    schedule = replace(SCHEDULE, optimiser=optimiser, decay=decay, patience=2, plateau_patience=1, rate=0.05)
    case = Case(LAYERS, (1, 18), (20, 13, 7, 9), schedule, penalties=(0.0, 0.1, 0.01, 0.0), seed=2)
    material = case.material()
    engine = Resident(case.stack(), material, schedule, HERE)
    course = list(train(engine, material, schedule))
    for stop in range(1, len(course)):
        rows = case.material()
        first, second = (Resident(case.stack(), rows, schedule, HERE) for _ in range(2))
        epochs = list(islice(train(first, rows, schedule), stop))
        second.resume(first.state())
        later = list(train(second, rows, schedule, past_of(epochs)))
        assert len(later) == len(course) - stop
        np.testing.assert_array_equal(later[-1].watched, course[-1].watched)
        for name in ("kernels", "others", "moments"):
            assert torch.equal(getattr(second.best(), name), getattr(engine.best(), name))


def test_workers_tell_where_their_members_are_and_go_on_from_there() -> None:
    """Each of its own; a checkpoint of other members is nobody's."""
    with crew(*data()[:3], 2, Machine("torch")) as fitter:
        stops, whole = split(told(fitter, RECIPE))
        assert {tuple(stop.members.tolist()) for stop in stops} == {(0, 1), (2,)}
        found = [stop for stop in stops if stop.past.epochs == 3 + len(stop.members)]
        later, again = split(told(fitter, RECIPE, [*found, replace(found[0], members=np.arange(3))]))
    assert_equal(again, whole)
    assert len(later) == len(stops) - sum(stop.past.epochs for stop in found)


@pytest.mark.parametrize("machine", MACHINES)
def test_checkpoints_are_given_when_they_are_due_and_only_to_who_asks(machine: Machine) -> None:
    assert [stop.past.epochs for stop in split(told(fitter_on(machine), RECIPE, seconds=3))[0]] == [3, 6]
    assert not split(told(fitter_on(machine), RECIPE, seconds=100))[0]
    assert len(list(fitter_on(machine)(RECIPE, data()[3], [1, 2, 3], ()))) == 1
