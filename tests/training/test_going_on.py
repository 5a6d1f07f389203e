"""Training that goes on from fitted members, and weights that are one and the same wherever they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from spectune.errors import DataError, SettingError
from spectune.networks.layers import Act, BatchNorm, Conv, Dense, Dropout, Flatten
from spectune.networks.recipe import Recipe, Restore, Schedule
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.crew import Completed, Fitter, alone, crew
from spectune.training.fit import Fitted, Rehearsal, fit, predict
from spectune.training.machine import Machine
from spectune.training.native import core
from spectune.training.pack import from_arrays, to_arrays

TASK = Task("t", rows=60, points=20)
NETWORK = (
    Conv(3, 5),
    BatchNorm(),
    Act("elu"),
    Flatten(),
    Dropout(0.2),
    Dense(6),
    Act("elu"),
    Dense(1, penalised=False),
)
RECIPE = Recipe(
    parse_channels("RAW"), NETWORK, Schedule("keras_adam", 0.01, 8, epochs=6, penalty=0.01), transform="sqrt"
)
STILL = replace(RECIPE, schedule=replace(RECIPE.schedule, rate=1e-30, epochs=1))
"""Steps so short that no weight changes."""

CORE = pytest.param(Machine("core"), marks=pytest.mark.skipif(core() is None, reason="no core"), id="core")
TORCH = pytest.param(Machine("torch"), id="torch")
EXACT = Machine("torch", dtype=torch.float64)


def data() -> tuple[NDArray[np.float32], NDArray[np.float64], list[Fold]]:
    """Sixty spectra; three members score the same rows and train on unequal ones."""
    random = np.random.default_rng(5)
    x = random.normal(size=(60, 20)).cumsum(axis=1).astype(np.float32)
    y = (x[:, 4] - x[:, 4].min() + 1).astype(np.float64)
    order = random.permutation(60)
    folds = [Fold(order[12 : 48 - 5 * k], order[48 - 5 * k :], order[:12]) for k in range(3)]
    return x, y, folds


def last_of(recipe: Recipe, machine: Machine, start: Fitted | None = None) -> Rehearsal:
    x, y, folds = data()
    *_, last = fit(recipe, x, y, TASK, folds, [1, 2, 3], machine=machine, start=start)
    return last


def rmse(answers: NDArray[np.float64], rows: NDArray[np.intp]) -> float:
    return float(np.sqrt(np.mean((answers[rows] - data()[1][rows]) ** 2)))


@pytest.mark.parametrize("machine", [CORE, TORCH])
def test_members_that_stand_still_say_to_the_bit_what_their_start_said(machine: Machine) -> None:
    """Weights and scaling are taken over. Without batch normalisation, whose running moments would go on."""
    recipe = replace(RECIPE, layers=(*NETWORK[:1], *NETWORK[2:]))
    still = replace(STILL, layers=recipe.layers)
    first = last_of(recipe, machine)
    again = last_of(still, machine, first.fitted)
    for one, other in zip(first.held_out, again.held_out, strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.fitted.targets == first.fitted.targets
    assert torch.equal(again.fitted.inputs.factor, first.fitted.inputs.factor)


def test_moments_go_along() -> None:
    first = last_of(RECIPE, EXACT).fitted
    slow = replace(STILL, layers=(NETWORK[0], BatchNorm(momentum=1.0), *NETWORK[2:]))
    again = last_of(slow, EXACT, replace(first, recipe=slow, stack=replace(first.stack, layers=slow.layers))).fitted
    assert torch.equal(again.stack.moments, first.stack.moments)
    assert not torch.equal(again.stack.moments, last_of(slow, EXACT).fitted.stack.moments)


def test_going_on_is_as_if_one_had_never_stopped() -> None:
    """Plain descent over all rows at once remembers nothing and asks for no order: three epochs and two are five."""
    x, y, folds = data()
    layers = tuple(layer for layer in NETWORK if not isinstance(layer, Dropout))

    def trained(epochs: int, start: Fitted | None = None) -> Fitted:
        schedule = Schedule("sgd", 0.05, 1000, epochs, penalty=0.01)
        *_, last = fit(
            replace(RECIPE, layers=layers, schedule=replace(schedule, restore="stopped")),
            x, y, TASK, folds, [1, 2, 3], machine=EXACT, start=start,
        )  # fmt: skip
        return last.fitted

    whole, parts = trained(5), trained(2, trained(3))
    for name in ("kernels", "others", "moments"):
        torch.testing.assert_close(getattr(parts.stack, name), getattr(whole.stack, name), rtol=1e-9, atol=1e-9)


def test_a_refit_keeps_the_scaling_of_its_start_on_other_rows() -> None:
    """As published: trained on calibration and tuning rows together, watching the loss on just these."""
    x, y, folds = data()
    first = last_of(RECIPE, EXACT).fitted
    joined = [Fold(rows := np.concatenate([fold.train, fold.tuning]), rows, fold.scored) for fold in folds]
    refit = replace(RECIPE, schedule=replace(RECIPE.schedule, watch="loss", epochs=3))
    epochs = list(fit(refit, x, y, TASK, joined, [1, 2, 3], machine=EXACT, start=first))
    assert epochs[-1].fitted.targets == first.targets
    for member, fold in enumerate(joined):
        best = epochs[-1].epoch.best_epoch[member]
        answers = predict(epochs[-1].fitted, x[fold.train])[member]
        scaled = (
            first.targets[member].forward(np.clip(answers, 0, None)) - first.targets[member].forward(y[fold.train])
        ) ** 2
        penalty = 0.005 * float(epochs[-1].fitted.stack.kernels[member].square().sum())
        assert epochs[best - 1].epoch.watched[member] == pytest.approx(scaled.mean() + penalty, rel=1e-4)


@pytest.mark.parametrize("restore", ["best", "stopped"])
@pytest.mark.parametrize("keep_from", [0, 4])
@pytest.mark.parametrize("machine", [CORE, TORCH])
def test_scored_weights_are_the_saved_and_the_reported_ones(restore: Restore, keep_from: int, machine: Machine) -> None:
    """To the bit on the engine that trained, whose answers a member that stands still repeats; else to rounding."""
    schedule = replace(RECIPE.schedule, restore=restore, keep_from=keep_from, patience=3, rate=0.1)
    recipe = replace(RECIPE, layers=(*NETWORK[:1], *NETWORK[2:]), schedule=schedule)
    x, _, folds = data()
    last = last_of(recipe, machine)
    fitted = last.fitted
    saved = from_arrays(recipe, TASK, to_arrays(fitted))
    held_out, scored, rows = np.stack(last.held_out), last.scored, folds[0].scored
    np.testing.assert_array_equal(predict(saved, x[rows]), predict(fitted, x[rows]))
    still = replace(recipe, schedule=STILL.schedule)
    np.testing.assert_array_equal(np.stack(last_of(still, machine, saved).held_out), held_out)
    if machine.compiled:
        np.testing.assert_allclose(predict(saved, x[rows]), held_out, rtol=1e-4)
    else:
        np.testing.assert_array_equal(predict(saved, x[rows]), held_out)
    assert scored is not None
    answers = predict(saved, x)
    assert scored.tolist() == pytest.approx([rmse(one, rows) for one in answers], rel=1e-4)
    wanted = [rmse(one, fold.train) for one, fold in zip(answers, folds, strict=True)]
    assert last.calibrated.tolist() == pytest.approx(wanted, rel=1e-4)
    assert last.penalty.tolist() == pytest.approx((0.005 * fitted.stack.kernels.square().sum(1)).tolist(), rel=1e-5)


@pytest.fixture(scope="module", params=[CORE, TORCH])
def crews(request: pytest.FixtureRequest) -> Iterator[tuple[Fitter, Fitter]]:
    """One worker, and two: threads of the core, or processes that run torch."""
    x, y, _ = data()
    with crew(x, y, TASK, 1, request.param) as one, crew(x, y, TASK, 2, request.param) as two:
        yield one, two


def completed(fitter: Fitter, start: Fitted | None = None) -> Completed:
    recipe = replace(RECIPE, schedule=replace(RECIPE.schedule, decay="plateau", plateau_patience=1, watch="loss"))
    *_, last = fitter(recipe, data()[-1], [1, 2, 3], (2, 4), start)
    assert isinstance(last, Completed)
    return last


def test_workers_go_on_from_their_share_of_the_start(crews: tuple[Fitter, Fitter]) -> None:
    start = last_of(RECIPE, Machine("torch")).fitted
    one, two, fresh = completed(crews[0], start), completed(crews[1], start), completed(crews[0])
    for name in ("scored", "calibrated", "penalty", "rates", "watched", "training", "tuning"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), rtol=1e-4, err_msg=name)
        assert name == "rates" or not np.allclose(getattr(one, name), getattr(fresh, name), rtol=1e-4)
    assert one.watched.shape == one.rates.shape == one.tuning.shape == (3, 6)
    assert one.rates[:, 0].tolist() == [0.01] * 3


@pytest.mark.parametrize(
    ("recipe", "members", "message"),
    [
        (replace(RECIPE, layers=NETWORK[:-1]), 3, "they differ in layers;"),
        (replace(RECIPE, channels=parse_channels("SNV")), 3, "they differ in channels;"),
        (replace(RECIPE, transform="none"), 3, "they differ in transform;"),
        (RECIPE, 2, "a training of 2 members goes on from as many fitted ones, and 3 were given"),
    ],
)
def test_a_start_that_does_not_fit_is_refused_in_a_sentence(
    recipe: Recipe, members: int, message: str, crews: tuple[Fitter, Fitter]
) -> None:
    folds, start = data()[-1], last_of(STILL, Machine("torch")).fitted
    for fitter in crews:
        with pytest.raises(SettingError, match=message):
            list(fitter(recipe, folds[:members], [1, 2, 3][:members], (), start))


def test_spectra_of_another_length_than_those_of_the_start_are_refused_in_a_sentence() -> None:
    x, y, folds = data()
    start = last_of(STILL, Machine("torch")).fitted
    with pytest.raises(SettingError, match=r"expects 20 points in 1 channels .* these spectra give 19"):
        next(fit(RECIPE, x[:, 1:], y, TASK, folds, [1, 2, 3], start=start))


def test_a_start_does_not_let_targets_through_that_its_transform_does_not_take() -> None:
    x, y, folds = data()
    start = last_of(STILL, Machine("torch")).fitted
    with pytest.raises(DataError, match="sqrt transform needs targets from 0, found -1"):
        next(fit(RECIPE, x, np.where(np.arange(60) == folds[2].train[0], -1.0, y), TASK, folds, [1, 2, 3], start=start))


def test_a_number_has_no_accuracy_to_watch() -> None:
    x, y, folds = data()
    wrong = replace(RECIPE, schedule=replace(RECIPE.schedule, watch="accuracy"))
    with pytest.raises(SettingError, match="a number such as t has no accuracy to watch"):
        next(alone(x, y, TASK)(wrong, folds, [1, 2, 3], ()))


def test_a_target_in_its_own_unit_is_trained_as_it_is() -> None:
    """One step of plain descent from kernels of zero: the bias goes to twice the rate times the mean target."""
    x, y, folds = data()
    recipe = Recipe(
        parse_channels("RAW"), (Flatten(), Dense(1)), Schedule("sgd", 0.05, 1000, 1), gain=0.0, scaled_target=False
    )
    *_, last = fit(recipe, x, y, TASK, folds, [1, 2, 3], machine=EXACT)
    means = [y[fold.train].mean() for fold in folds]
    assert last.fitted.stack.others[:, 0].tolist() == pytest.approx([0.1 * mean for mean in means])
    assert last.epoch.training.tolist() == pytest.approx([np.mean(y[fold.train] ** 2) for fold in folds])
    saved = from_arrays(recipe, TASK, to_arrays(last.fitted))
    assert saved.targets == last.fitted.targets


def members_of(fitted: Fitted, places: Sequence[int]) -> NDArray[np.float64]:
    return predict(fitted.take(places), data()[0])


def test_chosen_members_answer_as_they_did_among_all() -> None:
    fitted = last_of(STILL, EXACT).fitted
    np.testing.assert_array_equal(members_of(fitted, [2, 0]), predict(fitted, data()[0])[[2, 0]])
