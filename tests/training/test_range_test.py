"""The learning-rate range test, and schedules that come of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from spectune.errors import SettingError
from spectune.files.read import read
from spectune.networks.layers import Act, Conv, Dense, Flatten, Layers
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold, folds
from spectune.spectra.select import select
from spectune.spectra.spectra import Task
from spectune.training.climbing import DIVERGED, MEMORY, in_batches, published
from spectune.training.fit import fit
from spectune.training.machine import Machine
from spectune.training.material import Material, material_of
from spectune.training.range_test import (
    MARGIN,
    RangeTest,
    climb,
    published_climb,
    published_test,
    range_test,
    shortened,
)
from spectune.training.rates import Plateau, planned_rate
from spectune.training.signals import Held

DATA = Path(__file__).parents[2].parent / "shared" / "data"
TORCH = Machine("torch")
LAYERS: Layers = (Conv(2, kernel=5, stride=2), Act("elu"), Flatten(), Dense(8), Act("elu"), Dense(1))
RECIPE = Recipe(parse_channels("SNV"), LAYERS, Schedule(batch=16, penalty=1e-3), gain=0.5)


def data(rows: int = 60, points: int = 30) -> tuple[np.ndarray, np.ndarray, Task]:
    random = np.random.default_rng(3)
    x = random.normal(size=(rows, points)).cumsum(axis=1).astype(np.float32)
    return x, (x[:, 3] - x[:, 20]).astype(np.float64), Task("t", rows=rows, points=points)


def cuts(members: int = 3, rows: int = 60) -> list[Fold]:
    """Folds of unequal size."""
    random = np.random.default_rng(4)
    made = []
    for member in range(members):
        order = random.permutation(rows)
        made.append(Fold(order[: 40 - 3 * member], order[40:50], order[50:]))
    return made


def climbed(machine: Machine = TORCH, recipe: Recipe = RECIPE, members: int = 3, last: float = 1.0) -> RangeTest:
    x, y, task = data()
    seeds = list(range(11, 11 + members))
    return range_test(recipe, x, y, task, cuts()[:members], seeds, climb(1e-4, last, 60), machine)


def material(batch: int, rest: bool = False) -> Material:
    x, y, task = data()
    streams = tuple(torch.Generator().manual_seed(seed) for seed in (1, 2, 3))
    return in_batches(material_of(Held(torch.as_tensor(x)[:, :, None]), y, task, cuts(), streams, RECIPE), batch, rest)


def test_batches_of_a_member_are_its_training_rows_each_once_before_any_comes_again() -> None:
    made = material(10)
    seen = np.concatenate([made.shuffled(1) for _ in range(3)])
    assert all(made.shuffled(0).size == 10 for _ in range(9))
    assert np.unique(seen).size == 30
    assert np.isin(seen, cuts()[1].train).all()


def test_a_published_epoch_ends_with_the_rows_that_do_not_fill_a_batch() -> None:
    made = material(10, rest=True)
    assert [made.shuffled(1).size for _ in range(8)] == [10, 10, 10, 7] * 2


def test_a_batch_larger_than_the_rows_is_all_rows() -> None:
    made = material(64)
    for _ in range(3):
        assert sorted(made.shuffled(2)) == sorted(cuts()[2].train)


def test_the_average_is_the_exponential_one_without_the_bias_of_its_start() -> None:
    """``a = 0.9 a + 0.1 loss`` from zero, divided by ``1 - 0.9 ** (i + 1)``, as in Passos & Mishra's notebooks."""
    made = climbed(last=1e-2)
    average = np.zeros(3)
    for step, loss in enumerate(made.losses.T):
        average = MEMORY * average + (1 - MEMORY) * loss
        np.testing.assert_allclose(made.smoothed[:, step], average / (1 - MEMORY ** (step + 1)), rtol=1e-12)


def test_many_members_at_once_are_members_alone() -> None:
    together = climbed(last=1e-2)
    x, y, task = data()
    for member, (fold, seed) in enumerate(zip(cuts(), (11, 12, 13), strict=True)):
        alone = range_test(RECIPE, x, y, task, [fold], [seed], climb(1e-4, 1e-2, 60), TORCH)
        np.testing.assert_allclose(together.losses[member], alone.losses[0], rtol=1e-4)


@pytest.mark.skipif(not Machine().compiled, reason="the compiled core was not built")
def test_the_core_and_torch_see_the_same_losses() -> None:
    plain, fast = climbed(last=1e-2), climbed(Machine("core"), last=1e-2)
    np.testing.assert_allclose(fast.losses, plain.losses, rtol=1e-3)
    assert fast.high == pytest.approx(plain.high)


def test_the_loss_is_shown_without_its_penalty() -> None:
    """At rates that change nothing a penalty leaves no trace."""
    heavy = Recipe(RECIPE.channels, LAYERS, Schedule(batch=16, penalty=100.0), gain=0.5)
    x, y, task = data()
    still = [
        range_test(recipe, x, y, task, cuts(), [1, 2, 3], np.full(9, 1e-12), TORCH).losses for recipe in (RECIPE, heavy)
    ]
    np.testing.assert_allclose(still[0], still[1], rtol=1e-5)


def test_with_the_penalty_the_loss_is_higher_by_half_of_it_times_the_squared_kernels() -> None:
    """Before the first step the kernels are those that a fit of no rate at all keeps."""
    x, y, task = data()
    made = range_test(RECIPE, x, y, task, cuts(), [1, 2, 3], np.full(12, 1e-12), TORCH)
    still = replace(RECIPE, schedule=replace(RECIPE.schedule, rate=1e-12, epochs=1))
    *_, last = fit(still, x, y, task, cuts(), [1, 2, 3], (), TORCH)
    squares = last.fitted.stack.kernels.double().square().sum(dim=1).numpy()
    np.testing.assert_allclose(made.penalties[:, 0], RECIPE.schedule.penalty / 2 * squares, rtol=1e-5)
    np.testing.assert_allclose(made.penalised, made.smoothed + made.penalties[:, :1], rtol=1e-5)


def test_with_a_large_penalty_the_loss_falls_where_nothing_is_learnt() -> None:
    """The target is noise: all that falls is the penalty, and the rule does not look at it."""
    x, _, task = data()
    noise = np.random.default_rng(1).normal(size=60)
    heavy = Recipe(RECIPE.channels, LAYERS, Schedule(batch=40, penalty=1.0), gain=0.5)
    made = range_test(heavy, x, noise, task, cuts(), [1, 2, 3], climb(1e-4, 3e-2, 80), TORCH)
    assert (np.nanmin(made.penalised, axis=1) < 0.5 * made.penalised[:, 0]).all()
    assert (np.nanmin(made.smoothed, axis=1) > 0.7).all()


def test_more_seeds_do_not_change_the_curve_of_a_member() -> None:
    few, many = climbed(members=2), climbed(members=3)
    steps = min(few.rates.size, many.rates.size)
    np.testing.assert_allclose(few.losses[:, :steps], many.losses[:2, :steps], rtol=1e-4)


def test_the_same_seeds_give_the_same_test() -> None:
    one, other = climbed(), climbed()
    np.testing.assert_array_equal(one.losses, other.losses)
    np.testing.assert_array_equal(one.highs, other.highs)


def test_a_suggestion_is_the_median_of_those_of_the_members() -> None:
    made = climbed()
    assert made.high == np.median(made.highs)
    assert made.lows.shape == made.highs.shape == (3,)
    assert (made.lows < MARGIN * made.highs).all()


def test_a_line_trains_at_the_suggested_rate_and_diverges_at_thirty_times_that() -> None:
    """Plain gradient descent on a quadratic loss diverges beyond a rate that the test has to find."""
    random = np.random.default_rng(7)
    x = random.normal(size=(60, 6)).astype(np.float32)
    y, task = (x @ np.arange(1.0, 7.0)).astype(np.float64), Task("t", rows=60, points=6)
    line = Recipe(parse_channels("RAW"), (Flatten(), Dense(1)), Schedule("sgd", batch=16), gain=0.1)
    high = range_test(line, x, y, task, cuts(), [1, 2, 3], climb(1e-4, 10, 120), TORCH).high
    ends = {}
    for times in (1.0, 30.0):
        schedule = replace(line.schedule, rate=times * high, epochs=40)
        *_, last = fit(replace(line, schedule=schedule), x, y, task, cuts(), [1, 2, 3], (), TORCH)
        ends[times] = last.epoch.training
    assert (ends[1.0] < 0.05).all()
    assert not (ends[30.0] < 1.0).any()


def test_the_published_rates_rise_in_equal_ratios_over_a_quarter_of_the_batches() -> None:
    """Notebooks of Passos & Mishra (2022): 2,925 batches from 1e-8 towards 0.5, and 14,100 from 1e-9 towards 0.1."""
    mango, wheat = published_climb(6642, 256, 1e-8, 0.5, 450), published_climb(72_000, 512, 1e-9, 0.1, 400)
    assert (mango.size, wheat.size) == (2925, 14_100)
    assert (mango[0], wheat[0]) == (1e-8, 1e-9)
    np.testing.assert_allclose(mango[1000], 1e-8 * (0.5 / 1e-8) ** (1000 / 2925))
    assert mango[-1] < 0.5


def test_the_published_curve_is_keras_mean_of_the_epoch_so_far_smoothed() -> None:
    """Two epochs of three batches, 2 + 2 + 1 rows, written out by hand; the penalty is in the lower row."""
    plain = np.asarray([4.0, 2.0, 1.0, 1.0, 3.0, 2.0])
    steps = [np.asarray([[loss], [loss + 0.5]]) for loss in plain]
    seen = np.asarray([4.0, 3.0, 13 / 5, 1.0, 2.0, 2.0])
    average, wanted = 0.0, []
    for place, value in enumerate(seen):
        average = 0.9 * average + 0.1 * value
        wanted.append(average / (1 - 0.9 ** (place + 1)))
    made = list(published(steps, np.asarray([5]), 2))
    np.testing.assert_allclose([step.smoothed[0, 0] for step in made], wanted)
    np.testing.assert_allclose([step.smoothed[1, 0] for step in made], np.asarray(wanted) + 0.5)
    assert not any(step.gone.any() for step in made)


def test_the_published_test_ends_a_member_at_four_times_its_lowest_loss_with_the_penalty() -> None:
    """The smoothed loss counts, against the lowest that was ever shown."""
    rising = [np.asarray([[loss], [loss]]) for loss in (1.0, 10.0, 40.0, 40.0)]
    gone = [bool(step.gone[0]) for step in published(rising, np.asarray([2]), 2)]
    smoothed = [step.smoothed[1, 0] for step in published(rising, np.asarray([2]), 2)]
    assert gone == [value > 4 * 1.0 for value in smoothed]
    assert gone[0] is False
    assert gone[-1] is True


def test_the_published_test_of_small_data_takes_a_quarter_of_its_batches() -> None:
    x, y, task = data()
    made = published_test(RECIPE, x, y, task, cuts(), [1, 2, 3], machine=TORCH)
    assert made.rates[0] == 1e-8
    assert made.rates.size <= 3 * 450 // 4
    assert made.penalised.shape == made.smoothed.shape == (3, made.rates.size)
    assert made.high == pytest.approx(climbed().high, rel=3)


def test_the_test_ends_when_every_member_has_diverged_and_no_loss_is_shown_after_it() -> None:
    recipe = Recipe(RECIPE.channels, LAYERS, Schedule("sgd", batch=16), gain=1.0)
    made = climbed(recipe=recipe, last=1e6)
    assert made.rates.size < 60
    assert made.losses.shape == made.smoothed.shape == (3, made.rates.size)
    assert np.isfinite(made.losses[:, 0]).all()
    assert np.isfinite(made.losses).any(axis=0).all()
    lowest = np.fmin.accumulate(made.smoothed, axis=1)
    shown = np.isfinite(made.smoothed)
    assert (made.smoothed[shown] <= DIVERGED * np.maximum(lowest[shown], 1.0)).all()
    assert (np.diff(shown.astype(int), axis=1) <= 0).all()


def test_a_first_rate_that_is_too_high_is_refused_in_a_sentence() -> None:
    x, y, task = data()
    recipe = Recipe(RECIPE.channels, LAYERS, Schedule(batch=16), gain=1e30)
    with pytest.raises(SettingError, match="no member survives the first rate of the range test"):
        range_test(recipe, x, y, task, cuts(), [1, 2, 3], climb(1e-3, 1, 9), TORCH)


def test_the_suggested_rate_is_a_tenth_of_the_last_one_that_beats_a_constant_answer() -> None:
    made = climbed()
    edges = [made.rates[np.flatnonzero(one < 1.0)[-1]] for one in made.smoothed]
    assert made.high == pytest.approx(np.median(edges) / 10)
    assert made.rates[0] <= made.low < made.high


def test_classes_are_measured_against_the_logarithm_of_their_number() -> None:
    x, y, _ = data()
    labels = (y > np.median(y)).astype(np.float64)
    classes = Task("t", classes=("a", "b"), rows=len(x), points=x.shape[1])
    recipe = Recipe(RECIPE.channels, (*LAYERS[:-1], Dense(2)), Schedule(batch=16), gain=0.1)
    made = range_test(recipe, x, labels, classes, cuts(), [1, 2, 3], climb(1e-4, 1, 60), TORCH)
    assert made.smoothed[:, 0] == pytest.approx(np.log(2), rel=0.05)
    edges = [made.rates[np.flatnonzero(one < np.log(2))[-1]] for one in made.smoothed]
    assert made.high == pytest.approx(np.median(edges) / 10)


def test_a_shortened_schedule_rises_to_the_suggested_rate_and_ends_at_zero() -> None:
    made = shortened(Schedule(rate=1e-3, batch=16, epochs=450, penalty=0.1), climbed(), 30)
    assert (made.epochs, made.warmup, made.decay, made.batch, made.penalty) == (30, 3, "cosine", 16, 0.1)
    assert planned_rate(made, 3) == pytest.approx(climbed().high)
    assert planned_rate(made, 30) == pytest.approx(0)


def test_only_a_plateau_schedule_lowers_the_rate_on_a_plateau() -> None:
    for decay, wanted in (("constant", 1.0), ("cosine", 1.0), ("plateau", 0.25)):
        plateau = Plateau(Schedule(decay=decay, plateau_patience=2), np.ones(1))  # type: ignore[arg-type]
        for _ in range(5):
            plateau.look(np.ones(1))
        assert plateau.factors.tolist() == [wanted]


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not here")
def test_on_meat_a_shortened_schedule_is_as_good_as_three_times_the_epochs_at_the_papers_rate() -> None:
    """The network of Passos & Mishra (2022) on tecator fat, calibration rows only."""
    spectra = select(read(DATA / "tecator" / "spectra.parquet"), "fat").calibration
    layers: Layers = (Conv(1, 5), Act("elu"), Flatten(), Dense(128), Act("elu"), Dense(64), Act("elu"))
    layers = (*layers, Dense(16), Act("elu"), Dense(1))
    channels = parse_channels("RAW | SNV | D1 | D2 | SNV+D1 | SNV+D2")
    plain = Recipe(channels, layers, Schedule(rate=2.5e-3, batch=64, epochs=240, penalty=6e-4), "concatenate")
    small = Recipe(channels, layers, Schedule(batch=16, penalty=6e-4), "concatenate")
    x, y, task = spectra.x, spectra.y, spectra.task
    members, seeds = list(folds(spectra, 3, 0)) * 2, range(6)
    test = range_test(small, x, y, task, members, seeds)
    assert 2e-3 < test.high < 5e-2
    quick = Recipe(channels, layers, shortened(small.schedule, test, 80), "concatenate")
    *_, slow_end = fit(plain, x, y, task, members, seeds)
    *_, quick_end = fit(quick, x, y, task, members, seeds)
    assert quick_end.epoch.best.mean() < slow_end.epoch.best.mean()
