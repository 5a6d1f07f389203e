"""Laws of stacks: K members are K networks, in every layer and through whole trainings."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectune.errors import ShapeError
from spectune.networks.layers import (
    Act,
    AveragePool,
    BatchNorm,
    Branches,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Layer,
    Layers,
    MaxPool,
    Padding,
    Residual,
    out_shape,
    parameters,
    shapes,
)
from spectune.networks.recipe import Decay, Optimiser, Recipe, Schedule
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.build import begin
from spectune.training.engine import RULES
from spectune.training.fit import fit, join, predict
from spectune.training.machine import Machine
from spectune.training.members import activate, forward

EXACT = Machine("torch", dtype=torch.float64)

EVERYTHING: Layers = (
    Conv(4, kernel=5, stride=2),
    BatchNorm(),
    Act("selu"),
    MaxPool(2, 2, "same"),
    Residual((Conv(4, kernel=3), Act("swish")), ()),
    Branches(((Conv(2, kernel=1),), (AveragePool(3, 1, "same"), Conv(3, kernel=2)))),
    Dropout(0.3),
    Flatten(),
    Dense(7),
    BatchNorm(),
    Act("elu"),
    Dropout(0.2),
    Dense(1),
)

BETWEEN: list[Layer] = [BatchNorm(), Act("relu"), MaxPool(2, 1, "same"), AveragePool(3, 2, "same")]


def streams(count: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(100 + member) for member in range(count)]


def data(rows: int = 37, points: int = 30) -> tuple[np.ndarray, np.ndarray, Task]:
    random = np.random.default_rng(5)
    x = random.normal(size=(rows, points)).cumsum(axis=1).astype(np.float32)
    return x, np.exp(x[:, 3] / 4).astype(np.float64) + 0.1, Task("t", rows=rows, points=points)


def unequal_folds(rows: int) -> list[Fold]:
    """Three folds whose training parts have 29, 22 and 16 rows: last batches differ, and so do step counts."""
    order = np.random.default_rng(9).permutation(rows)
    cuts = [(29, 33), (22, 28), (16, 20)]
    return [Fold(order[:a], order[a:b], order[b:]) for a, b in cuts]


@st.composite
def networks(draw: st.DrawFn) -> tuple[Layers, tuple[int, int]]:
    channels, points = draw(st.integers(1, 4)), draw(st.integers(8, 40))
    made: list[Layer] = []
    for _ in range(draw(st.integers(0, 3))):
        padding: Padding = draw(st.sampled_from(["same", "valid"]))
        made.append(Conv(draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.integers(1, 3)), padding))
        made.append(draw(st.sampled_from(BETWEEN)))
    return (*made, Flatten(), Dense(3)), (channels, points)


@settings(max_examples=60)
@given(networks())
def test_shapes_and_parameters_predicted_are_those_built(case: tuple[Layers, tuple[int, int]]) -> None:
    layers, shape = case
    try:
        predicted = shapes(layers, shape)
    except ShapeError:
        with pytest.raises(ShapeError):
            begin(layers, shape, streams(1))
        return
    stack = begin(layers, shape, streams(2))
    assert stack.kernels.shape[1] + stack.others.shape[1] == parameters(layers, shape)
    made = forward(stack, torch.randn(2, 3, shape[1], shape[0]))
    assert tuple(made.shape) == (2, 3, predicted[-1][0])


@pytest.mark.parametrize("filters", [1, 3, 40])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(5, 1, "same"), (4, 3, "same"), (7, 2, "valid"), (1, 1, "valid")]
)
def test_convolution_is_that_of_torch(filters: int, kernel: int, stride: int, padding: str) -> None:
    layers: Layers = (Conv(filters, kernel, stride, padding),)  # type: ignore[arg-type]
    stack = begin(layers, (3, 29), streams(2), torch.float64)
    stack.others.normal_()
    signal = torch.randn(2, 4, 29, 3, dtype=torch.float64, requires_grad=True)
    made = forward(stack, signal)
    after = out_shape(layers, (3, 29))[1]
    total = max(0, (after - 1) * stride + kernel - 29) if padding == "same" else 0
    for member in range(2):
        weight = stack.kernels[member].view(kernel, 3, filters).permute(2, 1, 0)
        padded = torch.nn.functional.pad(signal[member].transpose(1, 2), (total // 2, total - total // 2))
        plain = torch.nn.functional.conv1d(padded, weight, stack.others[member], stride=stride)
        torch.testing.assert_close(made[member].transpose(1, 2), plain)
    assert torch.autograd.gradcheck(lambda s: forward(stack, s), (signal,), fast_mode=True)


def test_pooling_is_that_of_torch() -> None:
    signal = torch.randn(1, 2, 11, 3)
    for layer, plain in (
        (MaxPool(3, 2), torch.nn.functional.max_pool1d),
        (AveragePool(3, 2), torch.nn.functional.avg_pool1d),
    ):
        stack = begin((layer,), (3, 11), streams(1))
        torch.testing.assert_close(forward(stack, signal)[0].transpose(1, 2), plain(signal[0].transpose(1, 2), 3, 2))


def test_padded_cells_do_not_count_in_an_average() -> None:
    stack = begin((AveragePool(3, 1, "same"),), (1, 3), streams(1))
    signal = torch.tensor([1.0, 2.0, 6.0]).view(1, 1, 3, 1)
    assert forward(stack, signal).flatten().tolist() == [1.5, 3.0, 4.0]


def test_activations_have_keras_constants() -> None:
    x = torch.tensor([-1.0, 2.0])
    assert activate(x, "leaky_relu").tolist() == pytest.approx([-0.3, 2.0])
    assert activate(x, "leaky_relu", 0.1).tolist() == pytest.approx([-0.1, 2.0])
    assert activate(x, "tanh").tolist() == pytest.approx([-0.7615942, 0.9640276])
    assert activate(x, "selu").tolist() == pytest.approx([-1.1113307, 2.1014020])
    assert activate(x, "swish").tolist() == pytest.approx([-0.26894143, 1.7615942])


def test_kernels_start_he_normal_cut_at_two_deviations() -> None:
    stack = begin((Flatten(), Dense(400)), (1, 200), streams(1))
    wanted = (2 / 200) ** 0.5
    assert stack.kernels.std().item() == pytest.approx(wanted, rel=0.01)
    assert stack.kernels.abs().max().item() <= 2.2737 * wanted * 1.0001
    assert stack.others.abs().max().item() == 0


def test_kernels_start_glorot_uniform_within_their_limit() -> None:
    """Glorot & Bengio (2010), equation 16, with the fans of Keras: both times the points of a filter."""
    for layers, limit in (((Flatten(), Dense(400)), (6 / (200 + 400)) ** 0.5), ((Conv(90, 7),), (6 / (7 * 91)) ** 0.5)):
        kernels = begin(layers, (1, 200), streams(40), start="glorot_uniform").kernels
        assert kernels.abs().max().item() == pytest.approx(limit, rel=1e-3)
        assert kernels.std().item() == pytest.approx(limit / 3**0.5, rel=0.02)
        assert abs(kernels.mean().item()) < 0.02 * limit


@pytest.mark.parametrize("optimiser", RULES)
@pytest.mark.parametrize("decay", ["cosine", "plateau"])
def test_many_members_are_many_networks(optimiser: Optimiser, decay: Decay) -> None:
    """A whole training of three members at once equals three trainings, each alone (float64)."""
    x, y, task = data()
    schedule = Schedule(
        optimiser, rate=0.01, batch=8, epochs=12, penalty=1e-3, warmup=2, decay=decay, plateau_patience=2, patience=4
    )
    recipe = Recipe(parse_channels("RAW | SNV"), EVERYTHING, schedule, transform="boxcox")
    folds, seeds = unequal_folds(len(x)), [11, 12, 13]
    *_, together = fit(recipe, x, y, task, folds, seeds, machine=EXACT)
    alone = []
    for fold, seed in zip(folds, seeds, strict=True):
        *_, last = fit(recipe, x, y, task, [fold], [seed], machine=EXACT)
        alone.append(last.fitted)
    assert together.scored is not None
    torch.testing.assert_close(together.fitted.stack.kernels, join(alone).stack.kernels, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(together.fitted.stack.moments, join(alone).stack.moments, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(predict(together.fitted, x), predict(join(alone), x), rtol=1e-8)


def test_scored_rows_never_reach_optimiser_stopper_or_scaler() -> None:
    """Poisoned scored rows change nothing but their own score."""
    x, y, task = data()
    recipe = Recipe(parse_channels("SNV"), EVERYTHING, Schedule(epochs=5, batch=8, patience=2), transform="log")
    fold = unequal_folds(len(x))[0]
    *_, clean = fit(recipe, x, y, task, [fold], [1])
    poisoned_x, poisoned_y = x.copy(), y.copy()
    poisoned_x[fold.scored] = 1e3 * np.arange(x.shape[1]) ** 2
    poisoned_y[fold.scored] = 1e6
    *_, poisoned = fit(recipe, poisoned_x, poisoned_y, task, [fold], [1])
    assert torch.equal(clean.fitted.stack.kernels, poisoned.fitted.stack.kernels)
    assert clean.fitted.targets == poisoned.fitted.targets
    assert torch.equal(clean.fitted.inputs.factor, poisoned.fitted.inputs.factor)
    np.testing.assert_array_equal(clean.epoch.best_epoch, poisoned.epoch.best_epoch)
    assert clean.scored is not None
    assert poisoned.scored is not None
    assert clean.scored[0] != poisoned.scored[0]


def test_prediction_is_row_wise() -> None:
    x, y, task = data()
    recipe = Recipe(parse_channels("SNV+D1"), EVERYTHING, Schedule(epochs=3, batch=8))
    *_, last = fit(recipe, x, y, task, unequal_folds(len(x)), [1, 2, 3])
    np.testing.assert_allclose(predict(last.fitted, x)[:, 5:9], predict(last.fitted, x[5:9]), rtol=1e-5)


def test_held_out_outputs_are_those_of_the_kept_weights() -> None:
    x, y, task = data()
    recipe = Recipe(parse_channels("RAW"), EVERYTHING, Schedule(epochs=8, batch=8))
    folds = unequal_folds(len(x))
    *_, last = fit(recipe, x, y, task, folds, [1, 2, 3])
    again = predict(last.fitted, x)
    for member, fold in enumerate(folds):
        np.testing.assert_allclose(last.held_out[member], again[member, fold.scored], rtol=1e-5)


def test_columns_that_are_not_standardised_reach_the_network_as_they_are() -> None:
    x, y, task = data()
    recipe = Recipe(parse_channels("RAW"), EVERYTHING, Schedule(epochs=3, batch=8), standardised=False)
    *_, last = fit(recipe, x, y, task, unequal_folds(len(x)), [1, 2, 3], machine=EXACT)
    signal = torch.from_numpy(x).double()[None, :, :, None].expand(3, -1, -1, -1)
    made = forward(last.fitted.stack, signal)[:, :, 0].numpy()
    wanted = [target.inverse(one) for target, one in zip(last.fitted.targets, made, strict=True)]
    np.testing.assert_allclose(predict(last.fitted, x), wanted, rtol=1e-9)


def test_same_seed_gives_the_same_weights_to_the_bit() -> None:
    x, y, task = data()
    recipe = Recipe(parse_channels("RAW"), EVERYTHING, Schedule(epochs=4, batch=8))
    *_, one = fit(recipe, x, y, task, unequal_folds(len(x)), [1, 2, 3])
    *_, other = fit(recipe, x, y, task, unequal_folds(len(x)), [1, 2, 3])
    assert torch.equal(one.fitted.stack.kernels, other.fitted.stack.kernels)
