"""L2 pulls on the kernels it is meant for, in every engine, and says what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from spectune.networks.layers import Act, Conv, Dense, Flatten, Layers, Residual, parameters
from spectune.networks.recipe import Optimiser, Schedule
from spectune.training.build import begin
from spectune.training.eager import Eager
from spectune.training.engine import RULES, Core, Engine
from spectune.training.material import Material
from spectune.training.members import Stack
from spectune.training.native import core
from spectune.training.resident import Resident
from twins import Case, held

Made = Callable[[Stack, Material, Schedule], Engine]


def resident(stack: Stack, material: Material, schedule: Schedule) -> Engine:
    return Resident(stack, material, schedule, torch.device("cpu"))


ENGINES = [
    pytest.param(Core, id="core", marks=pytest.mark.skipif(core() is None, reason="no core")),
    pytest.param(Eager, id="torch"),
    pytest.param(resident, id="resident"),
]

NETWORK: Layers = (Conv(3, 3), Flatten(), Dense(40, penalised=False), Act("elu"), Dense(35), Dense(1, penalised=False))


@pytest.mark.parametrize("made", ENGINES)
@pytest.mark.parametrize(("penalised", "gone"), [(True, 5.0), (False, 0.0)])
def test_a_freed_kernel_moves_by_the_gradient_of_the_loss_alone(made: Made, penalised: bool, gone: float) -> None:
    """By hand: weights 10 and -20, bias 1, row (0.5, 2), target 3, so off by -37; rate 0.01, penalty 50.

    The loss takes 0.01 * 2 * -37 * row off: 10.37 and -18.52. The penalty takes half of each weight too.
    """
    layers = (Flatten(), Dense(1, penalised))
    case = Case(layers, (1, 2), (1,), Schedule("sgd", batch=1, penalty=50.0))
    weights, bias = torch.tensor([[10.0, -20.0]]), torch.tensor([[1.0]])
    kernels, others = (weights, bias) if penalised else (torch.zeros(1, 0), torch.cat([weights, bias], dim=1))
    stack, material = replace(case.stack(), kernels=kernels, others=others), case.material()
    held(material.table)[material.train[0][0]] = torch.tensor([[0.5], [2.0]])
    plain = replace(material.inputs, factor=torch.ones(1, 1, 2, 1), offset=torch.zeros(1, 1, 2, 1))
    engine = made(stack, replace(material, inputs=plain, wanted=torch.full_like(material.wanted, 3.0)), case.schedule)
    assert engine.penalties([0])[0] == pytest.approx(25 * 500.0 if penalised else 0.0)
    after = case.after(engine, 1, 0.01)
    moved = after.kernels if penalised else after.others[:, :2]
    assert moved[0].tolist() == pytest.approx([10.37 - gone, -18.52 + 2 * gone], rel=1e-6)


@pytest.mark.parametrize("optimiser", RULES)
@pytest.mark.parametrize("made", ENGINES[:1] + ENGINES[2:])
def test_freed_kernels_are_trained_as_in_torch(made: Made, optimiser: Optimiser) -> None:
    """Beside penalised ones and inside a residual, several panels wide."""
    layers = (*NETWORK[:3], Residual((Act("elu"), Dense(40, penalised=False)), (Dense(40),)), *NETWORK[3:])
    case = Case(layers, (2, 20), (13, 9), Schedule(optimiser, batch=5), penalties=(0.3, 0.1))
    found, wanted = (case.after(one(case.stack(), case.material(), case.schedule), 3, 1e-4) for one in (made, Eager))
    torch.testing.assert_close(found.kernels, wanted.kernels.detach(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found.others, wanted.others.detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("made", ENGINES)
def test_the_penalty_is_half_its_weight_times_the_squares_of_what_it_pulls_on(made: Made) -> None:
    """Of present weights, not of kept ones, and of the members that are asked for."""
    case = Case(NETWORK, (2, 20), (13, 9, 7), Schedule("adam", batch=5), penalties=(0.3, 0.0, 0.1))
    engine, start = made(case.stack(), case.material(), case.schedule), case.stack().kernels
    half = 0.5 * torch.tensor([0.3, 0.0, 0.1])
    assert engine.penalties([0, 1, 2]).tolist() == pytest.approx((half * start.square().sum(1)).tolist(), rel=1e-5)
    engine.epoch([0, 2], case.rates(0.1)[:, :2])
    found = engine.penalties([0, 2])
    assert engine.penalties([2])[0] == found[1]
    engine.keep([0, 2])
    wanted = half * engine.best().kernels.detach().square().sum(1)
    assert found.tolist() == pytest.approx(wanted[[0, 2]].tolist(), rel=1e-5)
    assert not np.allclose(found, (half * start.square().sum(1))[[0, 2]], rtol=1e-3)


def test_a_freed_kernel_starts_as_a_kernel_and_counts_as_one() -> None:
    """The same numbers from the same stream, and the same gain, in another row."""
    freed: Layers = (Flatten(), Dense(5), Dense(7, penalised=False))
    bound: Layers = (Flatten(), Dense(5), Dense(7))
    shape = (2, 9)
    one, other = (
        begin(layers, shape, [torch.Generator().manual_seed(4)], gain=0.3, start="glorot_uniform")
        for layers in (freed, bound)
    )
    assert torch.equal(one.kernels, other.kernels[:, :90])
    assert torch.equal(one.others[:, 5:40], other.kernels[:, 90:])
    assert not one.others[:, :5].any()
    assert not one.others[:, 40:].any()
    assert parameters(freed, shape) == parameters(bound, shape)
