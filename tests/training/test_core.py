"""The compiled core computes what torch does in double precision: gradients, updates, losses, outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

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
    Padding,
    Residual,
    Shape,
)
from spectune.networks.recipe import Optimiser, Schedule
from spectune.training.eager import Eager
from spectune.training.engine import RULES, Core
from spectune.training.native import core
from twins import BENT, SMOOTH, Case, held, misfit, networks

Values = NDArray[np.float64]

pytestmark = pytest.mark.skipif(core() is None, reason="the compiled core was not built here")

TOLERANCE = 1e-5
"""Of the largest gradient of a layer: some eighty roundings in single precision."""

ROUNDING = 2.0**-24
"""Half the distance of single-precision numbers at 1."""

EVERYTHING: Layers = (
    Conv(5, 5, 2),
    BatchNorm(),
    Act("selu"),
    MaxPool(3, 2, "same"),
    Residual((Conv(5, 3), Act("swish"), BatchNorm(0.8)), ()),
    Branches(((Conv(2, 1),), (), (AveragePool(3, 1, "same"), Conv(17, 2), Act("elu")), (Branches(((), ())),))),
    Residual((Conv(9, 4, 2),), (Conv(9, 1, 2), BatchNorm())),
    Dropout(0.3),
    Flatten(),
    Dropout(0.1),
    Dense(37),
    BatchNorm(),
    Act("elu"),
    Dropout(0.2),
    Dense(1),
)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Torch's threads wait for each other longer than its small products take."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def assert_same_gradients(case: Case, threads: int = 1) -> None:
    """One step of the core goes where autograd points, in double precision.

    Batch normalisation of few values takes differences of nearly equal numbers, and so does an error
    of a single row that happens to be small. There the measure is torch's own error in single
    precision, or what a rounding of every input and weight does to the exact gradient; as each is a
    matter of chance, fifty times the larger. The slope of an activation is taken from its output, so
    that of a saturated one is right to a rounding of 1, not of itself: what is small beside the
    largest gradient of all layers, as torch's errors are or as some roundings of it, is no error.
    """
    exact, found = case.gradients(case.exact()), case.gradients(case.core(threads))
    error = misfit(found, exact)
    if error <= TOLERANCE or overall(found, exact) <= 16 * ROUNDING:
        return
    if misfit(case.gradients(case.exact(nudge=1e-6)), exact) > 0.01:
        return  # a value so near a bend or a tie that rounding decides about its gradient
    single = case.gradients(case.single())
    if overall(found, exact) <= 2 * overall(single, exact):
        return
    rounded = misfit(case.gradients(case.exact(nudge=ROUNDING)), exact)
    assert error <= 50 * max(misfit(single, exact), rounded)


def overall(found: Sequence[Values], wanted: Sequence[Values]) -> float:
    """Largest error of any layer, as a part of the largest number of all layers."""
    return misfit([np.concatenate(found, axis=1)], [np.concatenate(wanted, axis=1)])


@settings(max_examples=120)
@example(61, 17, 2, "valid", 2, 68, 1)
@given(
    st.integers(1, 70), st.integers(1, 40), st.integers(1, 5), st.sampled_from(["same", "valid"]),
    st.integers(1, 6), st.integers(1, 80), st.integers(1, 7),
)  # fmt: skip
def test_a_convolution_of_any_shape_has_the_gradient_of_autograd(
    filters: int, kernel: int, stride: int, padding: Padding, channels: int, points: int, rows: int
) -> None:
    assume(padding == "same" or kernel <= points)
    layers = (Conv(channels, 2), Conv(filters, kernel, stride, padding), Flatten(), Dense(1))
    assert_same_gradients(Case(layers, (2, points), (rows,)))


@settings(max_examples=80)
@given(
    st.booleans(), st.integers(1, 20), st.integers(1, 9), st.sampled_from(["same", "valid"]),
    st.integers(1, 20), st.integers(1, 60), st.integers(1, 5),
)  # fmt: skip
def test_pooling_of_any_shape_has_the_gradient_of_autograd(
    mean: bool, size: int, stride: int, padding: Padding, channels: int, points: int, rows: int
) -> None:
    assume(padding == "same" or size <= points)
    pool = AveragePool(size, stride, padding) if mean else MaxPool(size, stride, padding)
    assert_same_gradients(Case((Conv(channels, 2), pool, Flatten(), Dense(1)), (1, points), (rows,)))


@settings(max_examples=60)
@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from([*SMOOTH, *BENT]), st.integers(1, 40))
def test_dense_layers_of_any_width_have_the_gradient_of_autograd(first: int, second: int, name: str, rows: int) -> None:
    layers = (Flatten(), Dense(first), Act(name), Dense(second), Act("elu"), Dense(1))  # type: ignore[arg-type]
    assert_same_gradients(Case(layers, (3, 7), (rows,)))


@settings(max_examples=60)
@given(st.integers(1, 50), st.integers(2, 60), st.integers(8, 40), st.integers(1, 40), st.integers(0, 99))
def test_batch_normalisation_of_any_width_has_the_gradient_of_autograd(
    filters: int, points: int, rows: int, units: int, seed: int
) -> None:
    """After a convolution, after flattening and after a dense layer."""
    before, after = (Conv(filters, 3), BatchNorm(), Act("elu")), (Dense(units), BatchNorm(), Act("swish"), Dense(1))
    assert_same_gradients(Case((*before, Flatten(), BatchNorm(), *after), (2, points), (rows,), seed=seed))


@settings(max_examples=150)
@given(networks(), st.lists(st.integers(2, 9), min_size=1, max_size=3), st.integers(1, 3), st.integers(0, 99))
def test_any_network_has_the_gradient_of_autograd(
    network: tuple[Layers, Shape], train: list[int], threads: int, seed: int
) -> None:
    """Members with fewer rows than the batch, residuals, nested branches, empty paths and all."""
    assert_same_gradients(Case(*network, tuple(train), seed=seed), threads)


@settings(max_examples=60)
@given(networks(BENT), st.integers(2, 6), st.integers(0, 99))
def test_any_network_with_bends_has_the_gradient_of_autograd(
    network: tuple[Layers, Shape], rows: int, seed: int
) -> None:
    assert_same_gradients(Case(*network, (rows,), seed=seed))


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param(EVERYTHING, id="everything"),
        pytest.param((Flatten(), Dense(600), Act("swish"), Dense(500), Act("elu"), Dense(1)), id="long sums"),
        pytest.param((Conv(450, 3, 2), Act("elu"), Conv(40, 30, 2), Flatten(), Dense(1)), id="many filters"),
        pytest.param((BatchNorm(), Conv(1, 9), Act("elu"), Flatten(), BatchNorm(), Dense(1)), id="one filter"),
        pytest.param((Residual((), ()), Residual((Act("elu"),), (Conv(3, 1),)), Flatten(), Dense(1)), id="itself"),
        pytest.param((Conv(4, 3), Residual((Act("elu"), Act("swish")), ()), Flatten(), Dense(1)), id="shared"),
    ],
)
@pytest.mark.parametrize("rows", [2, 70])
def test_a_network_that_is_awkward_has_the_gradient_of_autograd(layers: Layers, rows: int) -> None:
    """Two rows, and more than are summed, copied or kept in a cache at a time."""
    assert_same_gradients(Case(layers, (3, 90), (rows,), seed=1), threads=2)


def test_a_thousand_rows_far_apart_in_memory_have_the_gradient_of_autograd() -> None:
    layers = (Flatten(), Dense(40), Act("elu"), Dense(1))
    assert_same_gradients(Case(layers, (3, 90), (1000,), Schedule("sgd", batch=1000)), threads=2)


def test_sums_over_long_rows_are_as_exact_as_over_short_ones() -> None:
    case = Case((Conv(16, 3), Act("elu"), AveragePool(50, 50), Flatten(), Dense(1)), (1, 8000), (30,))
    assert misfit(case.gradients(case.core()), case.gradients(case.exact())) <= 0.3 * TOLERANCE


@pytest.mark.parametrize(("far", "tolerance"), [(100.0, TOLERANCE), (1000.0, 20 * TOLERANCE)])
def test_batch_normalisation_bears_a_first_row_far_from_all_others(far: float, tolerance: float) -> None:
    """A thousand deviations off, the row's own gradient is a small difference of large numbers."""
    case = Case((Flatten(), Dense(8), BatchNorm(), Act("elu"), Dense(1)), (2, 100), (100,))
    row = case.material().shuffled(0)[0]
    compiled, exact = case.core(), case.exact()
    for engine in (compiled, exact):
        held(engine._material.table)[row] += far
    assert misfit(case.gradients(compiled), case.gradients(exact)) <= tolerance


def test_nothing_passes_batch_normalisation_of_one_row() -> None:
    """A lone value is normalised to zero whatever it is: exactly no gradient reaches what lies before."""
    case = Case((Flatten(), Dense(5), BatchNorm(), Dense(3), BatchNorm(), Dense(1)), (1, 9), (1,))
    first, *_ = case.gradients(case.core())
    assert not first.any()


@settings(max_examples=60)
@given(networks(), st.integers(2, 30), st.integers(2, 12), st.integers(1, 3))
def test_outputs_by_running_moments_are_those_of_torch(
    network: tuple[Layers, Shape], rows: int, batch: int, threads: int
) -> None:
    """Moments go on with every step, also where weights stand still; present and best ones differ."""
    case = Case(*network, (rows, 3), Schedule("sgd", batch=batch))
    engines = (case.core(threads), case.single(), case.exact())
    chosen = [np.arange(rows + 3), np.asarray([2, 0, 2])]
    for engine in engines:
        case.after(engine, 2, rate=0.0)
        engine.epoch(case.members, case.rates(0.0))
    for best in (False, True):
        compiled, single, exact = (engine.outputs(case.members, chosen, best) for engine in engines)
        assert misfit(compiled, exact) <= max(TOLERANCE, 50 * misfit(single, exact))


@pytest.mark.parametrize("optimiser", RULES)
@pytest.mark.parametrize("penalty", [0.0, 0.3])
def test_every_rule_takes_the_steps_of_torch(optimiser: Optimiser, penalty: float) -> None:
    """Eighteen steps. No array has a gradient of zero, whose rounding these rules would make a full step of.

    A rule that divides by the size of a gradient passes on its relative error, which is larger in
    small ones: a ten-thousandth of the way that was gone is allowed, a hundredth of that for plain descent.
    """
    layers = (Conv(3, 5, 2), Act("swish"), Flatten(), Dense(35), Act("elu"), Dense(1))
    case = Case(layers, (2, 31), (17, 12), Schedule(optimiser, batch=6), penalties=(penalty, 0.5 * penalty))
    rate, start = 3e-3, case.stack()
    compiled, exact = (case.after(engine, 6, rate) for engine in (case.core(), case.exact()))
    for before, found, wanted in (
        (start.kernels, compiled.kernels, exact.kernels),
        (start.others, compiled.others, exact.others),
    ):
        way = (wanted - before).abs().max().item()
        part = 2e-6 if optimiser == "sgd" else 2e-4
        assert (found - wanted).abs().max().item() <= part * way + 1e-6


@pytest.mark.parametrize("optimiser", ["adam", "keras_adam"])
def test_both_adams_are_those_of_torch_where_gradients_are_as_small_as_their_constant(optimiser: Optimiser) -> None:
    """Classes of tiny weight: the core goes torch's way, and the other rule's is another."""
    layers = (Flatten(), Dense(6), Act("elu"), Dense(3))
    other: Optimiser = "adam" if optimiser == "keras_adam" else "keras_adam"

    def way(made: type[Core | Eager], rule: Optimiser) -> torch.Tensor:
        case = Case(layers, (2, 9), (12,), Schedule(rule, batch=4), classes=3)
        material = case.material()
        engine = made(case.stack(), replace(material, weights=1e-7 * material.weights), case.schedule)
        return case.after(engine, 4, 1e-3).kernels.detach() - case.stack().kernels

    compiled, wanted = way(Core, optimiser), way(Eager, optimiser)
    assert (compiled - wanted).abs().max() <= 1e-3 * wanted.abs().max()
    assert (compiled - way(Eager, other)).abs().max() > 0.1 * wanted.abs().max()


@pytest.mark.parametrize("classes", [2, 3, 40])
def test_weighted_classes_have_the_loss_and_the_gradient_of_torch(classes: int) -> None:
    layers = (Conv(4, 3), Act("elu"), Flatten(), Dense(classes))
    case = Case(layers, (1, 12), (9, 4), Schedule("sgd", batch=9), classes)
    assert_same_gradients(case)
    found, wanted = (engine.epoch(case.members, case.rates(1e-3)) for engine in (case.core(), case.exact()))
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("threads", [1, 2])
def test_members_with_own_rows_penalties_and_rates_of_dropout_are_those_of_torch(classes: int, threads: int) -> None:
    """Unequal folds whose last batches are short, one of them of a single row."""
    layers = (*EVERYTHING[:-1], Dense(classes or 1))
    drops = np.asarray([[0.3, 0.0, 0.6], [0.0, 0.0, 0.0], [0.9, 0.5, 0.1]], np.float32)
    case = Case(
        layers, (2, 40), (25, 22, 11), Schedule("sgd", batch=6), classes, penalties=(0.0, 0.1, 0.5), drops=drops
    )
    compiled, exact = case.core(threads), case.exact()
    for _ in range(3):
        loss, wanted = (engine.epoch(case.members, case.rates(1e-4)) for engine in (compiled, exact))
        np.testing.assert_allclose(loss, wanted, rtol=2e-5)
    for engine in (compiled, exact):
        engine.keep(case.members)
    made, right = compiled.best(), exact.best()
    for found, one in ((made.kernels, right.kernels), (made.others, right.others), (made.moments, right.moments)):
        torch.testing.assert_close(found.double(), one.detach(), rtol=2e-5, atol=2e-6)


def test_a_batch_larger_than_all_rows_is_one_step() -> None:
    case = Case(EVERYTHING, (1, 40), (7,))
    assert_same_gradients(replace(case, schedule=Schedule("sgd", batch=7)))
    assert_same_gradients(replace(case, schedule=Schedule("sgd", batch=5000)))


def test_a_batch_far_larger_than_all_rows_needs_no_more_room() -> None:
    case = Case((Conv(4, 3), Flatten(), Dense(1)), (1, 40), (7,), Schedule("sgd", batch=10**12))
    assert_same_gradients(case)
