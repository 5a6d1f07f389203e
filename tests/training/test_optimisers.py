"""Update rules, rates and scaling: equal to torch's and to sequences worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from spectune.errors import DataError
from spectune.networks.recipe import Optimiser, Schedule, Transform
from spectune.spectra.channels import parse_channels
from spectune.training.optimisers import EPS, memory, step
from spectune.training.rates import Plateau, planned_rate
from spectune.training.scaling import input_scaling, target_scaling, unscaled
from spectune.training.signals import Held, OnTheWay

Values = NDArray[np.float64]

RIVALS: dict[Optimiser, Callable[[Tensor, float, float], torch.optim.Optimizer]] = {
    "adam": lambda w, lr, l2: torch.optim.Adam([w], lr, eps=EPS, weight_decay=l2),
    "rmsprop": lambda w, lr, l2: torch.optim.RMSprop([w], lr, alpha=0.9, eps=EPS, weight_decay=l2),
    "adagrad": lambda w, lr, l2: torch.optim.Adagrad([w], lr, eps=EPS, weight_decay=l2),
    "sgd": lambda w, lr, l2: torch.optim.SGD([w], lr, weight_decay=l2),
}


@pytest.mark.parametrize("kind", list(RIVALS))
def test_rules_are_those_of_torch_and_members_keep_their_own_steps(kind: Optimiser) -> None:
    """Three members with unequal rates; the second misses every other turn."""
    random = torch.Generator().manual_seed(0)
    weights = torch.randn(3, 7, generator=random, dtype=torch.float64)
    rates, penalty = [0.01, 0.02, 0.005], 0.1
    alone = [weights[m].clone().requires_grad_() for m in range(3)]
    rivals = [RIVALS[kind](one, rate, penalty) for one, rate in zip(alone, rates, strict=True)]
    remembered = memory(kind, weights)
    for turn in range(9):
        gradients = torch.randn(3, 7, generator=random, dtype=torch.float64)
        busy = [True, turn % 2 == 0, True]
        step(weights, gradients, remembered, rates, [penalty] * 3, busy)
        for member in range(3):
            if busy[member]:
                alone[member].grad = gradients[member].clone()
                rivals[member].step()
    torch.testing.assert_close(weights, torch.stack([one.detach() for one in alone]), rtol=1e-12, atol=1e-12)


def keras_adam(weights: Values, gradients: Values, rate: float) -> Values:
    """Adam as Keras computes it, in double precision: eps beside the root that is not corrected."""
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for taken, gradient in enumerate(gradients, start=1):
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        pace = rate * np.sqrt(1 - 0.999**taken) / (1 - 0.9**taken)
        weights = weights - pace * first / (np.sqrt(second) + 1e-7)
    return weights


def test_keras_adam_is_the_formula_of_keras_and_not_that_of_the_paper() -> None:
    """Twelve steps along gradients so small that the two constants tell them apart."""
    random = np.random.default_rng(0)
    start, gradients = random.normal(size=9), 1e-6 * random.normal(size=(12, 9))
    made = {}
    kinds: tuple[Optimiser, ...] = ("keras_adam", "adam")
    for kind in kinds:
        weights = torch.from_numpy(start[None].copy())
        remembered = memory(kind, weights)
        for gradient in gradients:
            step(weights, torch.from_numpy(gradient[None]), remembered, [0.01], [0.0], [True])
        made[kind] = weights[0].numpy() - start
    wanted = keras_adam(start, gradients, 0.01) - start
    np.testing.assert_allclose(made["keras_adam"], wanted, rtol=1e-10)
    assert np.abs(made["adam"] - wanted).max() > 0.1 * np.abs(wanted).max()


def test_taken_members_remember() -> None:
    weights = torch.randn(3, 4)
    remembered = memory("adam", weights)
    step(weights, torch.ones(3, 4), remembered, [0.1] * 3, [0.0] * 3, [True, False, True])
    taken = remembered.take([2])
    assert torch.equal(taken.rows[0], remembered.rows[0][2:])
    assert taken.steps[0].item() == 1


def test_plateau_counts_as_keras_does() -> None:
    """Worked out by hand: patience 2, improvement of more than 0.1 asked, factor 0.5, floor 0.2 of the rate."""
    schedule = Schedule(rate=1.0, decay="plateau", plateau_patience=2, min_delta=0.1, factor=0.5, min_rate=0.2)
    plateau = Plateau(schedule, np.ones(2))
    first = [5.0, 4.95, 4.92, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0]
    second = [5.0, 4.0, 3.0, 2.0, 1.0, 0.95, 0.92, 0.85, 0.85, 0.85]
    seen = []
    for errors in zip(first, second, strict=True):
        plateau.look(np.asarray(errors))
        seen.append(plateau.factors.tolist())
    assert [one for one, _ in seen] == [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2]
    assert [other for _, other in seen] == [1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25]


def test_rates_rise_and_fall() -> None:
    schedule = Schedule(rate=0.1, epochs=110, warmup=10, decay="cosine")
    assert planned_rate(schedule, 5) == pytest.approx(0.05)
    assert planned_rate(schedule, 10) == pytest.approx(0.1)
    assert planned_rate(schedule, 60) == pytest.approx(0.05)
    assert planned_rate(schedule, 110) == pytest.approx(0.0)
    assert planned_rate(Schedule(rate=0.1), 250) == 0.1


@given(
    st.sampled_from(["none", "sqrt", "log", "boxcox"]),
    st.lists(st.floats(0.05, 300), min_size=8, max_size=30, unique=True).filter(lambda y: max(y) > 1.5 * min(y)),
)
def test_inverse_undoes_forward(transform: Transform, values: list[float]) -> None:
    y = np.asarray(values)
    scaling = target_scaling(y, transform)
    z = scaling.forward(y)
    assert z.mean() == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(scaling.inverse(z), y, rtol=1e-4)
    assert np.isfinite(scaling.inverse(np.asarray([-1e6, 1e6]))).all()


def test_a_target_that_is_not_scaled_keeps_its_unit() -> None:
    y = np.array([3.0, -7.0, 500.0])
    scaling = target_scaling(y, "none", scaled=False)
    np.testing.assert_array_equal(scaling.forward(y), y)
    np.testing.assert_array_equal(scaling.inverse(y * 1e9), y * 1e9)


def test_a_transform_refuses_targets_it_cannot_take() -> None:
    with pytest.raises(DataError, match="log transform needs targets from 0, found -1"):
        target_scaling(np.array([-1.0, 2.0]), "log")
    with pytest.raises(DataError, match="boxcox transform needs targets above 0, found 0"):
        target_scaling(np.array([0.0, 2.0]), "boxcox")


def test_columns_are_standardised_on_a_members_own_rows() -> None:
    table = torch.randn(30, 5, 2) * 3 + 7
    table[:, 2, 0] = 4.0
    rows = [np.arange(10), np.arange(5, 30)]
    scaling = input_scaling(Held(table), rows)
    for member, own in enumerate(rows):
        made = scaling.take(torch.tensor([member])).apply(table[None, torch.as_tensor(own)])[0]
        torch.testing.assert_close(made.mean(0), torch.zeros(5, 2), atol=1e-5, rtol=0)
        spread = made.std(0, correction=0)
        assert spread[2, 0] == 0
        spread[2, 0] = 1
        torch.testing.assert_close(spread, torch.ones(5, 2), atol=1e-4, rtol=0)


def test_columns_that_stay_as_they_are_are_read_once_for_values_without_absorbance() -> None:
    x = np.full((30, 5), 0.5, dtype=np.float32)
    table, rows = OnTheWay(x, parse_channels("ABS"), "channels"), [np.arange(10), np.arange(5, 30)]
    scaling = unscaled(table, rows)
    torch.testing.assert_close(
        scaling.apply(table.take(torch.arange(30))), torch.full((2, 30, 5, 1), float(np.log10(2)))
    )
    x[29, 3] = 0.0
    with pytest.raises(DataError, match="spectrum 30 has 0 at point 4"):
        unscaled(table, rows)
