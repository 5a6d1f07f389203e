"""The families of Passos & Mishra (2022): networks, ranges, order of draws, and what parts the two forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import optuna
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectune.errors import SettingError
from spectune.files.spaces import load_space
from spectune.networks.families import FAMILIES
from spectune.networks.families.passos import (
    CLASSIFICATION_OPTIMUM,
    FORMS,
    LAYOUTS,
    REGRESSION_OPTIMUM,
    Form,
    base_recipe,
    passos_classification,
    passos_regression,
)
from spectune.networks.layers import Dense, Dropout, Layers, parameters, shapes, window
from spectune.networks.narrowing import fixed
from spectune.networks.recipe import Recipe, Schedule
from spectune.networks.space import Fixed, FloatRange, GivenDraw, IntRange, RandomDraw, Range, Space, Value
from spectune.spectra.channels import format_channels, prepared_shape
from spectune.spectra.spectra import Task
from spectune.training.build import begin
from spectune.tuning.draws import TrialDraw
from spectune.tuning.encoding import nearest
from spectune.tuning.rehearsal import rehearse
from spectune.tuning.shares import group_of

MANGO = Task("dry matter", "%", rows=6642, points=103)
WHEAT = Task("variety", classes=tuple(str(n) for n in range(30)), rows=72_000, points=200)
TASKS = {"passos-regression": MANGO, "passos-classification": WHEAT}

DRAWN_CLASSIFICATION: Mapping[int, tuple[tuple[int, ...], int, tuple[float, ...], float, int]] = {
    0: ((288, 416, 490, 262), 3, (0.26, 0.26, 0.26, 0.26), 0.00112, 832),
    1: ((410, 358, 188, 188, 150), 18, (0.36, 0.425, 0.01, 0.585, 0.5), 0.00063, 256),
    4: ((356, 144, 362), 6, (0.035, 0.57, 0.58), 0.00243, 384),
    7: ((144,), 8, (0.235,), 0.00081, 896),
    8: ((236, 336), 5, (0.485, 0.045), 0.00297, 832),
    14: ((286, 418), 7, (0.045, 0.175), 0.00048, 960),
    15: ((372, 464, 438, 200, 472), 12, (0.485, 0.54, 0.19, 0.065, 0.135), 0.00128, 896),
    19: ((218, 408, 268, 372), 14, (0.32, 0.05, 0.505, 0.19), 0.00056, 128),
}
"""Widths, filter, dropouts, L2 and batch of trials in the log of the published classification search."""

DRAWN_REGRESSION: Mapping[int, tuple[int, float, int]] = {
    0: (5, 0.003, 256),
    1: (37, 0.014, 64),
    7: (29, 0.0265, 192),
    19: (21, 0.015, 128),
    23: (41, 0.012, 64),
    35: (9, 0.0065, 128),
    40: (29, 0.0, 256),
}
"""Filter, L2 and batch of trials in the table of the published regression search."""


def space_of(name: str, form: Form = "published", layout: str = "concatenate") -> Space:
    return fixed(load_space(name), {"form": form, "layout": layout})


def counts(recipe: Recipe, points: int) -> list[int]:
    """Parameters of the layers that have any."""
    shape = prepared_shape(recipe.channels, recipe.layout, points)
    before = (shape, *shapes(recipe.layers, shape)[:-1])
    made = [parameters((layer,), one) for layer, one in zip(recipe.layers, before, strict=True)]
    return [count for count in made if count]


def searched(space: Space, drawn: Mapping[str, Value]) -> list[str]:
    """Names that were asked for and are not fixed, in order."""
    return [name for name in drawn if not isinstance(space.range(name), Fixed)]


def dropouts(layers: Layers) -> list[float]:
    return [layer.rate for layer in layers if isinstance(layer, Dropout)]


@pytest.mark.parametrize(
    ("recipe", "points", "published", "total"),
    [
        (base_recipe(MANGO), 103, [6, 79_232, 8_256, 1_040, 17], 88_551),
        (passos_regression(GivenDraw(REGRESSION_OPTIMUM), MANGO), 103, [46, 79_232, 8_256, 1_040, 17], 88_591),
        (base_recipe(WHEAT), 200, [6, 614_912, 131_328, 32_896, 3_870], 783_012),
        (
            passos_classification(GivenDraw(CLASSIFICATION_OPTIMUM), WHEAT),
            200,
            [4, 420_350, 46_332, 58_786, 147_962, 10_050],
            683_484,
        ),
    ],
    ids=["base regression", "regression", "base classification", "classification"],
)
def test_networks_have_the_parameters_of_the_published_ones(
    recipe: Recipe, points: int, published: list[int], total: int
) -> None:
    """As the saved models of the companion notebooks have them, layer by layer."""
    assert counts(recipe, points) == published
    assert parameters(recipe.layers, prepared_shape(recipe.channels, recipe.layout, points)) == total


def test_base_networks_are_trained_as_in_the_notebooks() -> None:
    keras = Schedule("keras_adam", decay="plateau", plateau_patience=25, patience=50, best_delta=1e-4)
    mango = replace(keras, rate=0.01, batch=256, epochs=450, penalty=0.0006, watch="loss", restore="stopped")
    assert base_recipe(MANGO).schedule == mango
    assert not base_recipe(MANGO).scaled_target
    wheat = replace(keras, rate=0.0025, batch=512, epochs=550, penalty=0.003, watch="accuracy", restore="stopped")
    assert base_recipe(WHEAT).schedule == replace(wheat, min_rate=1e-7)
    for task in (MANGO, WHEAT):
        recipe = base_recipe(task)
        assert format_channels(recipe.channels) == "RAW | SNV | D1 | D2 | SNV+D1 | SNV+D2"
        assert (recipe.layout, recipe.transform, recipe.gain, recipe.start) == ("concatenate", "none", 1.0, "he_normal")
        assert recipe.layers[-1] == Dense(task.outputs)


def test_published_optima_are_trained_as_the_trials_of_the_search() -> None:
    mango = passos_regression(GivenDraw(REGRESSION_OPTIMUM), MANGO)
    assert mango == replace(base_recipe(MANGO), layers=mango.layers, schedule=mango.schedule)
    assert mango.schedule == replace(base_recipe(MANGO).schedule, rate=0.0025, batch=128, penalty=0.015)
    wheat = passos_classification(GivenDraw(CLASSIFICATION_OPTIMUM), WHEAT)
    assert wheat.schedule == replace(base_recipe(WHEAT).schedule, batch=896, penalty=1e-5, epochs=450)
    assert dropouts(wheat.layers) == [0.165, 0.13, 0.46, 0.085]
    assert wheat.layers[-1] == Dense(30, penalised=False)


def test_the_optimum_in_corrected_form_has_the_five_layers_that_the_paper_prints() -> None:
    draw = GivenDraw({**CLASSIFICATION_OPTIMUM, "form": "corrected"})
    layers = passos_classification(draw, WHEAT).layers
    assert [layer for layer in layers if isinstance(layer, Dense)] == [Dense(n) for n in (360, 350, 132, 442, 334, 30)]
    assert dropouts(layers) == [0.555, 0.165, 0.13, 0.46, 0.085]


@pytest.mark.parametrize(
    ("name", "optimum"), [("passos-regression", REGRESSION_OPTIMUM), ("passos-classification", CLASSIFICATION_OPTIMUM)]
)
def test_the_published_optimum_lies_in_its_space(name: str, optimum: Mapping[str, Value]) -> None:
    space = space_of(name)
    for one, value in optimum.items():
        assert nearest(value, space.range(one)) == pytest.approx(value), one
        if isinstance(given := space.range(one), Fixed):
            assert given == Fixed(value), one


@pytest.mark.parametrize("name", TASKS)
def test_networks_to_start_with_lie_on_the_steps_of_their_ranges(name: str) -> None:
    """The published first network of the classification did not, and its L2 was ignored."""
    space = load_space(name)
    for one, value in space.starts[0].items():
        assert nearest(value, space.range(one)) == pytest.approx(value), one


@pytest.mark.parametrize(
    ("name", "one", "published"),
    [
        ("passos-regression", "filter_size", IntRange(5, 51, 2)),
        ("passos-regression", "reg_beta", FloatRange(0.0, 0.05, 0.0005)),
        ("passos-regression", "batch_size", IntRange(64, 256, 64)),
        ("passos-classification", "num_FC_layers", IntRange(1, 5)),
        ("passos-classification", "num_FC_UNITS_4", IntRange(128, 512, 2)),
        ("passos-classification", "filter_size", IntRange(3, 20)),
        ("passos-classification", "DROPOUT_4", FloatRange(0.0, 0.6, 0.005)),
        ("passos-classification", "reg_beta", FloatRange(0.0, 0.003, 1e-5)),
        ("passos-classification", "batch_size", IntRange(128, 1024, 64)),
    ],
)
def test_ranges_are_those_of_the_notebooks(name: str, one: str, published: Range) -> None:
    assert load_space(name).range(one) == published


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("name", "seed"), [("passos-regression", 123), ("passos-classification", 42)])
def test_random_draws_are_those_of_the_published_searches(name: str, seed: int, form: Form) -> None:
    """Seeds of the notebooks; names, ranges and the order of asking must all be right for it."""
    space = space_of(name, form)
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=99)
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial(dict(space.starts[0]))
    wanted = DRAWN_REGRESSION if name == "passos-regression" else DRAWN_CLASSIFICATION
    for number in range(max(wanted) + 1):
        trial = study.ask()
        FAMILIES[space.family](TrialDraw(space, trial), TASKS[name])
        study.tell(trial, 1.0)
        if number in wanted:
            assert trial.params == pytest.approx(named(wanted[number])), number


def named(said: tuple[object, ...]) -> dict[str, object]:
    """Published values by the names of their hyperparameters."""
    match said:
        case (tuple(units), kernel, tuple(rates), penalty, batch):
            widths = {f"num_FC_UNITS_{n}": value for n, value in enumerate(units)}
            parts = {f"DROPOUT_{n}": value for n, value in enumerate(rates)}
            last = {"reg_beta": penalty, "batch_size": batch}
            return {"num_FC_layers": len(units), **widths, "filter_size": kernel, **parts, **last}
        case _:
            return dict(zip(("filter_size", "reg_beta", "batch_size"), said, strict=True))


@pytest.mark.parametrize("form", FORMS)
def test_hyperparameters_are_asked_for_in_the_published_order(form: Form) -> None:
    space = fixed(space_of("passos-classification", form), {"num_FC_layers": 2})
    draw = RandomDraw(space, np.random.default_rng(0))
    passos_classification(draw, WHEAT)
    middle = ["num_FC_UNITS_0", "num_FC_UNITS_1", "filter_size", "DROPOUT_0", "DROPOUT_1"]
    assert searched(space, draw.drawn) == [*middle, "reg_beta", "batch_size"]


@settings(max_examples=60)
@given(st.sampled_from(sorted(TASKS)), st.sampled_from(FORMS), st.integers(0, 10_000))
def test_only_the_published_form_has_hyperparameters_that_touch_nothing(name: str, form: Form, seed: int) -> None:
    space = space_of(name, form)
    draw = RandomDraw(space, np.random.default_rng(seed))
    family = FAMILIES[space.family]
    recipe = family(draw, TASKS[name])
    asked = [one for one in searched(space, draw.drawn) if one != "num_FC_layers"]
    dead = [one for one in asked if family(GivenDraw({**draw.drawn, one: other(draw, one)}), TASKS[name]) == recipe]
    assert dead == (["num_FC_UNITS_0", "DROPOUT_0"] if (name, form) == ("passos-classification", "published") else [])


def other(draw: RandomDraw, one: str) -> Value:
    """Another value of the range."""
    match draw.space.range(one):
        case IntRange(low, high) | FloatRange(low, high):
            return high if draw.drawn[one] == low else low
        case _:
            raise AssertionError(one)


def test_published_names_belong_to_the_groups_that_the_names_of_the_house_belong_to() -> None:
    draw = RandomDraw(fixed(space_of("passos-classification"), {"num_FC_layers": 1}), np.random.default_rng(0))
    passos_classification(draw, WHEAT)
    groups = [group_of(one) for one in ("num_FC_layers", *searched(draw.space, draw.drawn))]
    assert groups == ["FC-block", "FC-block", "Conv-block", "FC-block", "training", "training"]


@pytest.mark.parametrize("layers", range(1, 6))
def test_a_published_classifier_has_one_hidden_layer_less_than_its_number_says(layers: int) -> None:
    for form, missing in (("published", 1), ("corrected", 0)):
        draw = RandomDraw(space_of("passos-classification"), np.random.default_rng(layers))
        draw.drawn |= {"num_FC_layers": layers, "form": form}
        dense = [layer for layer in passos_classification(draw, WHEAT).layers if isinstance(layer, Dense)]
        assert len(dense) == layers - missing + 1


def test_forms_differ_in_what_the_module_says_and_in_nothing_else() -> None:
    published, corrected = (passos_regression(GivenDraw({**REGRESSION_OPTIMUM, "form": form}), MANGO) for form in FORMS)
    schedule = replace(published.schedule, watch="error", restore="best")
    assert replace(published, schedule=schedule, scaled_target=True) == corrected
    published, corrected = (
        passos_classification(GivenDraw({**CLASSIFICATION_OPTIMUM, "form": form}), WHEAT) for form in FORMS
    )
    schedule = replace(published.schedule, watch="error", restore="best")
    assert replace(published, schedule=schedule, layers=corrected.layers) == corrected
    assert {layer.penalised for layer in corrected.layers if isinstance(layer, Dense)} == {True}


@settings(max_examples=200)
@given(
    st.sampled_from(sorted(TASKS)),
    st.sampled_from(FORMS),
    st.sampled_from(LAYOUTS),
    st.sampled_from([50, 103, 200]),
    st.integers(0, 10_000),
)
def test_every_draw_is_a_network(name: str, form: Form, layout: str, points: int, seed: int) -> None:
    space = space_of(name, form, layout)
    draw = RandomDraw(space, np.random.default_rng(seed))
    recipe = FAMILIES[space.family](draw, replace(TASKS[name], points=points))
    shape = prepared_shape(recipe.channels, recipe.layout, points)
    assert shape == ((1, 6 * points) if layout == "concatenate" else (6, points))
    made = shapes(recipe.layers, shape)
    assert made[0] == (1, shape[1])
    assert made[-1] == (TASKS[name].outputs, 1)
    assert draw.repairs == []
    assert FAMILIES[space.family](GivenDraw(draw.drawn), TASKS[name]) == recipe


@pytest.mark.parametrize("kernel", range(3, 21))
def test_a_filter_of_any_width_makes_as_many_points_as_it_sees(kernel: int) -> None:
    """Zeros to the left are the smaller half, in Keras as in torch."""
    assert window(1200, kernel, 1, "same") == (1200, (kernel - 1) // 2, kernel // 2)


def test_a_batch_larger_than_the_rows_holds_all_of_them_and_says_so() -> None:
    draw = GivenDraw(REGRESSION_OPTIMUM)
    assert passos_regression(draw, replace(MANGO, rows=90)).schedule.batch == 90
    assert draw.repairs == ["the batch was larger than the calibration rows, so it holds all of them"]


@pytest.mark.parametrize(
    ("name", "task", "sentence"),
    [
        ("passos-regression", WHEAT, "for a number, but 'variety' has classes; passos-classification"),
        ("passos-classification", MANGO, "for classes, but 'dry matter' is a number; passos-regression"),
    ],
)
def test_a_target_of_the_other_kind_is_one_sentence(name: str, task: Task, sentence: str) -> None:
    with pytest.raises(SettingError, match=f"^the space '{name}' makes no network here: it is {sentence}"):
        rehearse(load_space(name), task)


@pytest.mark.parametrize(("one", "value"), [("form", "fixed"), ("layout", "stacked"), ("optimiser", "adamw")])
def test_a_word_that_the_family_does_not_know_is_one_sentence(one: str, value: str) -> None:
    with pytest.raises(SettingError, match=rf"^{one} must be one of .*, got '{value}'"):
        passos_regression(GivenDraw({**REGRESSION_OPTIMUM, one: value}), MANGO)


@pytest.mark.parametrize(
    ("layers", "shape", "fan_in"),
    [
        (passos_regression(GivenDraw(REGRESSION_OPTIMUM), MANGO).layers[:1], (1, 618), 45),
        (passos_regression(GivenDraw(REGRESSION_OPTIMUM), MANGO).layers[:1], (6, 103), 6 * 45),
        ((Dense(128),), (618, 1), 618),
        ((Dense(30, penalised=False),), (334, 1), 334),
    ],
    ids=["filter over blocks", "filter over channels", "dense", "output"],
)
def test_networks_start_from_a_cut_he_normal_and_no_bias(layers: Layers, shape: tuple[int, int], fan_in: int) -> None:
    """Keras's he_normal: deviation sqrt(2 / fan_in) after the cut at two, so 2.2737 times that at most; biases zero."""
    members = -(-40_000 // parameters(layers, shape))
    stack = begin(layers, shape, [torch.Generator().manual_seed(seed) for seed in range(members)])
    numbers = torch.cat([stack.kernels, stack.others], dim=1).flatten()
    kernels = numbers[numbers != 0]
    biases = members * shapes(layers, shape)[-1][0]
    wanted = (2 / fan_in) ** 0.5
    assert numbers.numel() - kernels.numel() == biases
    assert kernels.std().item() == pytest.approx(wanted, rel=0.015)
    assert abs(kernels.mean().item()) < 0.02 * wanted
    assert 2.2 * wanted < kernels.abs().max().item() <= 2.2737 * wanted * 1.0001


def test_the_space_for_small_sets_makes_the_recipes_it_always_made() -> None:
    """The digits are what spectune 0.1 said of these draws."""
    space = load_space("passos")
    number = Task("soc", rows=200, points=210, signal="absorbance")
    kinds = Task("kind", classes=("a", "b", "c"), rows=200, points=120, signal="absorbance")
    for task, digits in ((number, ("bc6a70331617", "b4c768803bc4")), (kinds, ("cca9bd2129d2", "36c8776f4e3d"))):
        made = [FAMILIES["passos"](RandomDraw(space, np.random.default_rng(seed)), task).id for seed in (0, 1)]
        assert tuple(made) == digits
