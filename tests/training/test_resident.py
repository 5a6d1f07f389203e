"""The engine for GPUs, on the processor: it does what the torch engine does, and a step asks the host nothing.

Longer than other modules: all its tests stand on the same few whole trainings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch._subclasses.fake_tensor import FakeTensorMode

from spectune.errors import RunError
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
from spectune.networks.recipe import Decay, Optimiser, Schedule
from spectune.spectra.channels import parse_channels
from spectune.training.eager import Eager
from spectune.training.engine import RULES, Engine
from spectune.training.loop import Epoch, train
from spectune.training.material import Material
from spectune.training.members import Stack
from spectune.training.resident import Products, Resident
from spectune.training.scaling import InputScaling
from spectune.training.seats import held_on
from spectune.training.signals import Held, OnTheWay
from twins import Case, held, networks

HERE = torch.device("cpu")

UNEQUAL = (29, 22, 16, 7, 24)
"""Training rows of five members: with a batch of 8 they take 4, 3, 2, 1 and 3 steps, two of them in whole batches."""

EVERYTHING: Layers = (
    Conv(5, 5, 2),
    BatchNorm(),
    Act("selu"),
    MaxPool(3, 2, "same"),
    Residual((Conv(5, 3), Act("swish"), BatchNorm(0.8)), ()),
    Branches(((Conv(2, 1),), (AveragePool(3, 1, "same"), Conv(7, 2), Act("elu")))),
    Dropout(0.3),
    Flatten(),
    Dense(9),
    BatchNorm(),
    Act("elu"),
    Dropout(0.2),
    Dense(1),
)


def five(layers: Layers = EVERYTHING, classes: int = 0, seed: int = 3, **settings: object) -> Case:
    """Five members of unequal folds, penalties and drops."""
    schedule = replace(Schedule(rate=0.01, batch=8, epochs=14, penalty=1e-3), **settings)  # type: ignore[arg-type]
    rates = np.linspace(0.05, 0.6, 10, dtype=np.float32).reshape(5, 2)
    return Case(layers, (2, 30), UNEQUAL, schedule, classes, (0.0, 1e-3, 0.1, 0.0, 1e-2), rates, seed)


def double(case: Case) -> tuple[Stack, Material]:
    """Members and material of a case in double precision."""
    stack, material = case.stack(), case.material(spare=5)
    parts = (stack.kernels.double(), stack.others.double(), stack.moments.double())
    inputs = InputScaling(material.inputs.factor.double(), material.inputs.offset.double())
    table, wanted, weights = held(material.table).double(), material.wanted.double(), material.weights.double()
    material = replace(material, table=Held(table), inputs=inputs, wanted=wanted, weights=weights)
    return Stack(stack.layers, stack.shape, *parts), material


def whole_training(case: Case, made: Callable[[Stack, Material, Schedule], Engine]) -> tuple[list[Epoch], Engine]:
    """All epochs of a training in double precision."""
    stack, material = double(case)
    engine = made(stack, material, case.schedule)
    return list(train(engine, material, case.schedule)), engine


def resident(stack: Stack, material: Material, schedule: Schedule) -> Resident:
    return Resident(stack, material, schedule, HERE)


def assert_same_training(case: Case, tolerance: float = 1e-9) -> list[Epoch]:
    """Every loss and error of every epoch, and the best weights; the epochs are handed back."""
    wanted, eager = whole_training(case, Eager)
    found, made = whole_training(case, resident)
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one.running, other.running)
        np.testing.assert_array_equal(one.best_epoch, other.best_epoch)
        np.testing.assert_allclose(one.training, other.training, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(one.tuning, other.tuning, rtol=tolerance, atol=tolerance)
    assert_same_weights(made.best(), eager.best(), tolerance)
    return found


def assert_same_weights(found: Stack, wanted: Stack, tolerance: float) -> None:
    for name in ("kernels", "others", "moments"):
        torch.testing.assert_close(getattr(found, name), getattr(wanted, name), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("decay", ["cosine", "plateau"])
@pytest.mark.parametrize("optimiser", RULES)
def test_a_whole_training_is_that_of_the_torch_engine(optimiser: Optimiser, decay: Decay) -> None:
    """Unequal folds, dropout, batch normalisation, and members that stop one after the other."""
    case = five(optimiser=optimiser, decay=decay, warmup=2, patience=3, plateau_patience=1)
    running = [int(epoch.running.sum()) for epoch in assert_same_training(case)]
    assert len(set(running)) >= 3, "members should stop at different epochs, or nothing is masked"


def test_a_whole_training_on_classes_is_that_of_the_torch_engine() -> None:
    assert_same_training(five((*EVERYTHING[:-1], Dense(3)), classes=3, patience=3, epochs=10))


@settings(max_examples=30)
@given(networks(), st.lists(st.integers(2, 9), min_size=1, max_size=4), st.integers(1, 6), st.integers(0, 99))
def test_any_network_is_trained_as_the_torch_engine_trains_it(
    network: tuple[Layers, Shape], rows: list[int], batch: int, seed: int
) -> None:
    """Two epochs of plain descent in small steps, so that rounding stays rounding."""
    case = Case(*network, tuple(rows), Schedule("sgd", batch=batch), seed=seed)
    stack, material = double(case)
    losses, weights = [], []
    for engine in (Eager(*double(case), case.schedule), Resident(stack, material, case.schedule, HERE)):
        losses.append([engine.epoch(case.members, case.rates(1e-6)) for _ in range(2)])
        engine.keep(case.members)
        weights.append(engine.best())
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-8)
    assert_same_weights(weights[1], weights[0], 1e-7)


@pytest.mark.parametrize("optimiser", RULES)
def test_masked_members_stay_as_they_are_to_the_bit(optimiser: Optimiser) -> None:
    """Two of five are no longer asked for; one has diverged, the other has zeros with a sign."""
    case = five(optimiser=optimiser)
    engine = Resident(*double(case), case.schedule, HERE)
    engine.epoch(case.members, case.rates(0.01))
    seats = engine._seats
    with torch.no_grad():
        seats.stack.kernels[1] = torch.nan
        seats.stack.moments[1] = torch.inf
        seats.stack.others[4, ::2] = -0.0
    state = (seats.stack.kernels, seats.stack.others, seats.stack.moments, seats.taken, *remembered(engine))
    before = [bits(one) for one in state]
    found = engine.epoch([0, 2, 3, 4], case.rates(0.01)[:, :4])
    assert np.isfinite(found).all()
    for one, old in zip(state, before, strict=True):
        np.testing.assert_array_equal(bits(one)[1], old[1])
    before = [bits(one) for one in state]
    engine.epoch([0, 2, 3], case.rates(0.01)[:, :3])
    assert engine._present == [0, 2, 3]
    for one, old in zip(state, before, strict=True):
        np.testing.assert_array_equal(bits(one)[4], old[4])


def test_a_stack_shrinks_when_a_quarter_has_left() -> None:
    """Sixteen members leave one by one: the sizes of the stack, each of which needs a graph, are few."""
    case = Case((Flatten(), Dense(1)), (1, 4), (5,) * 16, Schedule("sgd", batch=4))
    engine, sizes = Resident(*double(case), case.schedule, HERE), []
    for alive in range(16, 0, -1):
        engine.epoch(range(alive), case.rates(0.01)[:, :alive])
        sizes.append(engine._seats.stack.members)
    assert sizes == [16, 16, 16, 16, 12, 12, 12, 9, 9, 9, 6, 6, 4, 3, 2, 1]


def test_losses_are_the_same_whoever_is_asked_for_and_in_any_order() -> None:
    case = five()
    plain, engine = Eager(*double(case), case.schedule), Resident(*double(case), case.schedule, HERE)
    rates = case.rates(0.01) * np.arange(1, 6)
    np.testing.assert_allclose(engine.epoch(range(5), rates), plain.epoch(range(5), rates), rtol=1e-12)
    chosen = [3, 0, 4, 1]
    wanted = plain.epoch(chosen, rates[:, chosen])
    np.testing.assert_allclose(engine.epoch(chosen, rates[:, chosen]), wanted, rtol=1e-10)


def test_outputs_are_those_of_the_torch_engine_also_of_members_that_have_left() -> None:
    case, random = five(), np.random.default_rng(1)
    engines = Eager(*double(case), case.schedule), Resident(*double(case), case.schedule, HERE)
    rows = [random.integers(34, size=size) for size in (5, 1, 700, 0, 12)]
    for engine in engines:
        engine.epoch(case.members, case.rates(0.01))
        engine.keep([1, 2])
        engine.epoch([0, 4], case.rates(0.01)[:, :2])
    for members, best in (([0, 4], False), ([4], False), (range(5), True)):
        chosen = [rows[member] for member in members]
        wanted, found = (engine.outputs(members, chosen, best) for engine in engines)
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_best_weights_are_a_copy() -> None:
    case = five()
    stack, material = double(case)
    before = stack.kernels.clone()
    engine = Resident(stack, material, case.schedule, HERE)
    first = engine.best()
    engine.epoch(case.members, case.rates(0.01))
    engine.keep(case.members)
    assert torch.equal(first.kernels, before)
    assert torch.equal(stack.kernels, before)
    assert not torch.equal(engine.best().kernels, before)


def test_a_step_asks_the_host_nothing_and_makes_nothing_there() -> None:
    """Fake tensors of another device refuse to be read, and to be mixed with tensors of the processor."""
    for layers, classes in ((EVERYTHING, 0), ((*EVERYTHING[:-1], Dense(3)), 3)):
        for optimiser in RULES:
            case = five(layers, classes, optimiser=optimiser)
            stack, material = double(case)
            with FakeTensorMode(allow_non_fake_inputs=True):
                elsewhere = torch.device("meta")
                engine = Resident(stack, material, case.schedule, elsewhere)
                engine._step()
                engine._seats.take([3, 1])
                assert engine._seats.sums.device == elsewhere


def test_steps_with_everyone_masked_change_nothing() -> None:
    """That is how the capture is warmed up, before the first epoch and after every change of the stack."""
    case = five()
    engine = Resident(*double(case), case.schedule, HERE)
    engine.epoch(case.members, case.rates(0.01))
    seats = engine._seats
    state = (seats.stack.kernels, seats.stack.others, seats.stack.moments, seats.taken, *remembered(engine))
    before = [bits(one) for one in state]
    for _ in range(3):
        seats.rest()
        engine._step()
    for one, old in zip(state, before, strict=True):
        np.testing.assert_array_equal(bits(one), old)
    assert seats.sums.tolist() == [0.0] * 5


def test_signals_prepared_on_the_way_are_prepared_once_and_stay() -> None:
    x = np.random.default_rng(0).normal(size=(50, 30)).astype(np.float32)
    table = OnTheWay(x, parse_channels("RAW | SNV"), "channels")
    made = held_on(table, HERE, float("inf"))
    assert torch.equal(made.table, table.take(torch.arange(50)))


def test_signals_that_do_not_fit_are_refused_in_a_sentence() -> None:
    table = Held(torch.zeros(1 << 10, 1 << 8, 4))
    with pytest.raises(RunError, match=r"take 0\.00391 GiB, and the GPU has 0\.00195 GiB free"):
        held_on(table, HERE, 2.0**21)


def test_products_of_halves_are_nearly_the_same_and_all_else_stays_single() -> None:
    case = five(optimiser="sgd")
    found: dict[Products, tuple[NDArray[np.float64], Stack]] = {}
    precisions: tuple[Products, ...] = ("float32", "tf32", "bf16")
    before = torch.backends.cuda.matmul.fp32_precision
    for precision in precisions:
        engine = Resident(case.stack(), case.material(), case.schedule, HERE, precision)
        losses = engine.epoch(case.members, case.rates(1e-3))
        engine.keep(case.members)
        found[precision] = losses, engine.best()
    assert torch.backends.cuda.matmul.fp32_precision == before
    plain, halves = found["float32"], found["bf16"]
    np.testing.assert_array_equal(found["tf32"][0], plain[0])  # a processor has no such products
    assert halves[1].kernels.dtype == halves[1].moments.dtype == torch.float32
    np.testing.assert_allclose(halves[0], plain[0], rtol=0.02)
    assert not np.array_equal(halves[0], plain[0])
    moved = (plain[1].kernels - case.stack().kernels).norm()
    assert (halves[1].kernels - plain[1].kernels).norm() < 0.1 * moved


@pytest.mark.skipif(torch.version.cuda is not None, reason="this torch could capture")
def test_what_cannot_be_captured_is_launched_directly_and_says_so() -> None:
    case = five()
    engine = Resident(*double(case), case.schedule, HERE, capture=True)
    with pytest.warns(RuntimeWarning, match="could not be captured as a CUDA graph and is launched kernel by kernel"):
        found = engine.epoch(case.members, case.rates(0.01))
    wanted = Resident(*double(case), case.schedule, HERE).epoch(case.members, case.rates(0.01))
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("precision", ["float32", "tf32", "bf16"])
@pytest.mark.parametrize("optimiser", RULES)
def test_a_captured_graph_gives_what_direct_calls_give(optimiser: Optimiser, precision: Products) -> None:
    """Through masks and smaller stacks; without a warning that the capture failed."""
    case, device = five(optimiser=optimiser), torch.device("cuda")
    made = []
    for capture in (True, False):
        engine = Resident(case.stack(), case.material(), case.schedule, device, precision, capture)
        losses = []
        for alive in (5, 5, 4, 3, 3, 1):
            losses.append(engine.epoch(range(alive), case.rates(0.003)[:, :alive]))
            engine.keep(range(alive))
        made.append((np.concatenate(losses), engine.best()))
    np.testing.assert_allclose(made[0][0], made[1][0], rtol=1e-4)
    assert_same_weights(made[0][1], made[1][1], 1e-3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_trains_as_the_processor_does() -> None:
    case = five(optimiser="adam", patience=3)
    wanted, processor = whole_training(case, Eager)
    found, gpu = whole_training(case, lambda one, other, how: Resident(one, other, how, torch.device("cuda")))
    np.testing.assert_allclose(found[-1].best, wanted[-1].best, rtol=1e-8)
    assert_same_weights(gpu.best(), processor.best(), 1e-8)


def remembered(engine: Resident) -> list[torch.Tensor]:
    """All that the update rules remember."""
    return [tensor for one in engine._seats.memories for tensor in (*one.rows, one.steps)]


def bits(tensor: torch.Tensor) -> NDArray[np.uint8]:
    """The bytes of the numbers of each member, (K, bytes)."""
    values = tensor.detach().numpy().copy()
    return values.reshape(len(values), -1).view(np.uint8)
