"""Laws of the compiled core: a member's course is its own, chance is counted, padding is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spectune.errors import SpectuneError
from spectune.networks.layers import (
    Act,
    AveragePool,
    BatchNorm,
    Branches,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Layers,
    MaxPool,
    Residual,
    Shape,
)
from spectune.networks.precision import Precision
from spectune.networks.recipe import Optimiser, Recipe, Schedule
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.crew import Completed, crew
from spectune.training.dropout import drop_key, dropped, hashed
from spectune.training.engine import RULES, Core
from spectune.training.fit import fit
from spectune.training.machine import Machine
from spectune.training.native import core, halves
from spectune.training.signals import Held
from twins import Case, held, networks

pytestmark = pytest.mark.skipif(core() is None, reason="the compiled core was not built here")

HALVES = pytest.mark.skipif(not halves(), reason="this processor does not multiply bfloat16")

NETWORK: Layers = (
    Conv(5, 5, 2),
    BatchNorm(),
    Act("relu"),
    MaxPool(3, 2, "same"),
    Residual((Conv(5, 3), Act("swish")), ()),
    Branches(((Conv(20, 1),), (), (AveragePool(3, 1, "same"), Conv(3, 2)))),
    Dropout(0.3),
    Flatten(),
    Dense(37),
    BatchNorm(),
    Act("elu"),
    Dropout(0.2),
    Dense(1),
)
CASE = Case(NETWORK, (2, 45), (25, 9, 16, 1, 25), Schedule("adam", batch=6), penalties=(0.0, 0.1, 0.0, 0.2, 0.3))


def course(engine: Core, case: Case, members: Sequence[int], epochs: int) -> list[NDArray[np.float64]]:
    """Losses after every epoch and outputs in the end of each member, [(epochs + rows)]."""
    rates = np.linspace(1e-3, 3e-3, 5)[:, None] * np.ones(len(members))
    losses = np.stack([engine.epoch(members, rates) for _ in range(epochs)], axis=1)
    rows = np.arange(max(case.train))
    outputs = engine.outputs(members, [rows] * len(members))
    return [np.concatenate([one, made.ravel()]) for one, made in zip(losses, outputs, strict=True)]


@pytest.fixture(scope="module")
def alone() -> list[NDArray[np.float64]]:
    """The course of every member that has the core to itself."""
    return [course(CASE.core(only=[member]), CASE, [0], 4)[0] for member in CASE.members]


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_a_member_goes_its_way_to_the_bit_beside_others_on_any_number_of_threads(
    threads: int, alone: list[NDArray[np.float64]]
) -> None:
    for found, wanted in zip(course(CASE.core(threads), CASE, CASE.members, 4), alone, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_member_goes_its_way_to_the_bit_after_others_have_stopped(
    threads: int, alone: list[NDArray[np.float64]]
) -> None:
    engine = CASE.core(threads)
    first = course(engine, CASE, CASE.members, 2)
    rest = course(engine, CASE, [1, 4], 2)
    for member, later in zip((1, 4), rest, strict=True):
        np.testing.assert_array_equal(np.concatenate([first[member][:2], later]), alone[member])


@settings(max_examples=30)
@given(
    networks(("relu", "swish")),
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.sampled_from(RULES),
    st.integers(2, 4),
)
def test_threads_change_no_bit_of_any_network(
    network: tuple[Layers, Shape], train: list[int], optimiser: Optimiser, threads: int
) -> None:
    case = Case(*network, tuple(train), Schedule(optimiser, batch=2, penalty=0.01))
    one, many = (course(case.core(number), case, case.members, 2) for number in (1, threads))
    for found, wanted in zip(many, one, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    ("layers", "rows", "precision"),
    [
        ((Flatten(), Dense(130), Act("elu"), Dense(1600), Dense(1)), 20, "float32"),
        pytest.param((Flatten(), Dense(128), Act("elu"), Dense(64), Dense(1)), 128, "bf16", marks=HALVES),
        pytest.param((Conv(30, 9), Act("elu"), Conv(40, 12), Flatten(), Dense(1)), 30, "bf16", marks=HALVES),
    ],
)
def test_neither_threads_nor_neighbours_change_a_bit_of_large_products(
    layers: Layers, rows: int, precision: Precision
) -> None:
    case = Case(layers, (1, 200), (rows, 2 * rows), Schedule("adam", batch=2 * rows))
    together = Core(case.stack(), case.material(), case.schedule, 3, precision)
    for member, found in enumerate(course(together, case, case.members, 4)):
        stack, material = case.stack().take(torch.tensor([member])), case.material().take([member])
        alone = Core(stack, material, case.schedule, 1, precision)
        np.testing.assert_array_equal(found, course(alone, case, [0], 4)[0])


def small_set() -> tuple[NDArray[np.float32], NDArray[np.float64], Task, list[Fold]]:
    random = np.random.default_rng(3)
    x = random.normal(size=(40, 30)).cumsum(axis=1).astype(np.float32)
    orders = [random.permutation(40) for _ in range(5)]
    folds = [
        Fold(order[:cut], order[cut : cut + 4], order[cut + 4 :])
        for order, cut in zip(orders, (30, 21, 9, 30, 13), strict=True)
    ]
    return x, x[:, 4].astype(np.float64), Task("t", rows=40, points=30), folds


def test_a_crew_of_any_size_reports_the_same_to_the_bit() -> None:
    x, y, task, folds = small_set()
    recipe = Recipe(parse_channels("RAW | SNV"), NETWORK, Schedule(batch=8, epochs=12, patience=3))
    found: list[Completed] = []
    for workers in (1, 2, 3):
        with crew(x, y, task, workers, Machine("core")) as fitter:
            *_, last = fitter(recipe, folds, range(5), (4,))
        assert isinstance(last, Completed)
        found.append(last)
    assert len(set(found[0].best_epochs.tolist())) > 1
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].scored, other.scored)
        np.testing.assert_array_equal(found[0].tuning, other.tuning)
        assert torch.equal(found[0].fitted.stack.kernels, other.fitted.stack.kernels)
        assert torch.equal(found[0].fitted.stack.moments, other.fitted.stack.moments)


def test_the_core_refuses_double_precision() -> None:
    x, y, task, folds = small_set()
    recipe = Recipe(parse_channels("RAW"), (Flatten(), Dense(1)), Schedule(batch=8, epochs=1))
    with pytest.raises(SpectuneError):
        list(fit(recipe, x, y, task, folds, range(5), machine=Machine("core", dtype=torch.float64)))


def test_more_outputs_than_are_trained_are_given_as_torch_gives_them() -> None:
    case = Case((Flatten(), Dense(7)), (1, 4), (5,))
    engines = case.core(), case.exact()
    found, wanted = (engine.outputs([0], [np.arange(8)])[0] for engine in engines)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize("batch", [1, 3, 7, 100])
def test_outputs_of_a_row_do_not_depend_on_its_neighbours(batch: int) -> None:
    case = replace(CASE, schedule=Schedule(batch=batch))
    rows = [
        np.asarray([3, 3, 0, 17, 9]),
        np.asarray([], dtype=np.intp),
        np.arange(25)[::-1],
        np.asarray([24]),
        np.arange(7),
    ]
    found = case.core(2).outputs(case.members, rows)
    for member, (made, chosen) in enumerate(zip(found, rows, strict=True)):
        whole = CASE.core().outputs([member], [np.arange(25)])[0]
        np.testing.assert_array_equal(made, whole[chosen])


@pytest.mark.parametrize(
    ("layers", "units"),
    [((Dropout(0.5), Flatten(), Dense(1)), 0), ((Flatten(), Dropout(0.5), Dense(33), Dropout(0.5), Dense(1)), 33)],
)
def test_what_is_dropped_is_what_torch_drops(layers: Layers, units: int) -> None:
    """A weight whose input is dropped is left where it is: steps on one row show each mask."""
    drops = np.asarray([[0.3, 0.7], [0.0, 0.5], [0.95, 0.1]], np.float32)[:, : 2 if units else 1]
    case = Case(layers, (3, 21), (1, 1, 1), Schedule("sgd", batch=1), drops=drops)
    engine, keys = case.core(), case.material().keys
    before = case.stack().kernels
    for taken in range(6):
        engine.epoch(case.members, case.rates(1e-3))
        engine.keep(case.members)
        after = engine.best().kernels
        moved = (after != before).numpy()
        before = after
        mask = [
            dropped(torch.ones(3, 1, size), keys, [taken] * 3, drops[:, place], place)
            for place, size in enumerate((63, units)[: drops.shape[1]])
        ]
        if units:
            both = mask[0][:, 0, :, None] * mask[1][:, 0, None, :]
            np.testing.assert_array_equal(moved[:, -units:], mask[1][:, 0].numpy() > 0)
            np.testing.assert_array_equal(moved[:, :-units].reshape(3, 63, units), both.numpy() > 0)
        else:
            np.testing.assert_array_equal(moved, mask[0][:, 0].numpy() > 0)


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.5, 0.9])
def test_the_part_that_is_dropped_is_the_rate(rate: float) -> None:
    made = dropped(torch.ones(1, 1000, 200), [12345], [6], np.asarray([rate], np.float32), 1)
    spread = (rate * (1 - rate) / made.numel()) ** 0.5
    assert (made == 0).double().mean().item() == pytest.approx(rate, abs=4 * spread)
    assert made.max().item() == pytest.approx(1 / (1 - rate))


def test_masks_of_steps_layers_members_and_neighbours_have_nothing_in_common() -> None:
    """Correlations of 2^16 places stay within five standard errors, between all pairs of 29 masks."""
    random = np.random.default_rng(0)
    keys = [0, 1, 2, 1 << 32, *(int(key) for key in random.integers(1 << 62, size=5))]
    settings_of = [(key, 0, 0) for key in keys] + [(keys[-1], taken, 0) for taken in range(1, 12)]
    settings_of += [(keys[-1], 0, layer) for layer in range(1, 10)]
    places = torch.arange(1 << 16)
    masks = np.stack([hashed(places, drop_key(*one)).numpy() >> 31 for one in settings_of]) * 2.0 - 1
    shifted = np.stack([np.roll(masks[0], shift) for shift in (1, 2, 3, 16, 200, 256, 4096)])
    together = np.concatenate([masks, shifted])
    common = together @ together.T / (1 << 16) - np.eye(len(together))
    assert np.abs(common).max() < 5 / 2**8


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("layers", [NETWORK, (Flatten(), Dense(3), Act("swish"), Dense(1))])
def test_a_member_without_numbers_stops_nobody(threads: int, layers: Layers) -> None:
    """One member finds a NaN in its spectra, one learns so fast that it diverges; the third never knows."""
    case = Case(layers, (2, 45), (12, 12, 12), Schedule("sgd", batch=5))
    stack, clean = case.stack(), case.material()
    poisoned = int(clean.train[1][4])
    table = held(clean.table).clone()
    table[poisoned] = torch.nan
    train = [np.setdiff1d(rows, [poisoned]) for rows in clean.train]
    material = replace(clean, table=Held(table), train=(train[0], clean.train[1], train[2]))
    rates = np.asarray([1e-3, 1e-3, 1e30]) * np.ones((3, 1))
    engine = Core(stack, material, case.schedule, threads)
    beside = Core(stack.take(torch.tensor([0])), case.material().take([0]), case.schedule)
    beside._material = replace(beside._material, train=(train[0],))
    for _ in range(4):
        losses = engine.epoch(case.members, rates)
        np.testing.assert_array_equal(losses[:1], beside.epoch([0], rates[:, :1]))
    assert np.isfinite(losses[0])
    assert not np.isfinite(losses[1:]).any()
    made = engine.outputs(case.members, [train[0]] * 3)
    np.testing.assert_array_equal(made[0], beside.outputs([0], [train[0]])[0])
    assert not np.isfinite(made[2]).any()


def test_the_largest_of_a_window_with_a_nan_is_nan() -> None:
    case = Case((MaxPool(3, 3), Flatten(), Dense(1)), (1, 9), (4,))
    material = case.material()
    held(material.table)[:, 4] = torch.nan
    made = Core(case.stack(), material, case.schedule).outputs([0], [np.arange(4)])[0]
    assert np.isnan(made).all()


@pytest.mark.parametrize("optimiser", RULES)
def test_places_that_no_weight_owns_stay_zero(optimiser: Optimiser) -> None:
    layers = (Conv(33, 3), BatchNorm(), Act("elu"), Conv(1, 7), Flatten(), Dense(70), Act("swish"), Dense(1))
    case = Case(layers, (3, 20), (9, 4), Schedule(optimiser, batch=4, penalty=0.1))
    engine = case.core(2)
    for _ in range(3):
        engine.epoch(case.members, case.rates(1e-3))
    owned = np.concatenate([engine._plan.kernels, engine._plan.others])
    assert (
        np.unique(owned).size
        == owned.size
        == sum(part.shape[1] for part in (case.stack().kernels, case.stack().others))
    )
    for name in ("weights", "gradients", "first", "second"):
        packed = engine._rows[name]
        if packed.size:
            assert np.abs(packed[:, owned]).max() > 0
            assert not np.delete(packed, owned, axis=1).any()
