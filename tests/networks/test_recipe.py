"""The identity of a recipe holds over versions of spectune."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from spectune.errors import SettingError
from spectune.networks.layers import Act, BatchNorm, Conv, Dense, Dropout, Flatten, Residual
from spectune.networks.recipe import LATER, Recipe, Schedule
from spectune.spectra.channels import parse_channels

RECIPE = Recipe(
    parse_channels("RAW | SNV+D1"),
    (Conv(4, 3), BatchNorm(), Act("leaky_relu"), Residual((Act("elu"),)), Flatten(), Dropout(0.2), Dense(1)),
    Schedule(patience=5),
)


def test_a_recipe_of_the_first_version_keeps_its_identity() -> None:
    """The digits are what spectune 0.1 said before slopes, starts and the like could be chosen."""
    assert RECIPE.id == "8835686d0c55"


@pytest.mark.parametrize(
    "other",
    [
        replace(RECIPE, start="glorot_uniform"),
        replace(RECIPE, standardised=False),
        replace(RECIPE, schedule=replace(RECIPE.schedule, best_delta=1e-4)),
        replace(RECIPE, layers=(*RECIPE.layers[:2], Act("leaky_relu", 0.1), *RECIPE.layers[3:])),
        replace(RECIPE, gain=0.5),
        replace(RECIPE, scaled_target=False),
        replace(RECIPE, schedule=replace(RECIPE.schedule, watch="loss")),
        replace(RECIPE, schedule=replace(RECIPE.schedule, restore="stopped")),
        replace(RECIPE, schedule=replace(RECIPE.schedule, keep_from=151)),
        replace(RECIPE, schedule=replace(RECIPE.schedule, keep_by="loss")),
        replace(RECIPE, layers=(*RECIPE.layers[:-1], Dense(1, penalised=False))),
    ],
    ids=[
        "start",
        "standardised",
        "best_delta",
        "slope",
        "gain",
        "scaled_target",
        "watch",
        "restore",
        "keep_from",
        "keep_by",
        "penalised",
    ],
)
def test_recipes_that_differ_have_identities_that_differ(other: Recipe) -> None:
    assert other.id != RECIPE.id


def test_a_layer_within_a_layer_keeps_its_identity() -> None:
    """The digits are what spectune said before a layer could be freed of the penalty."""
    nested, freed = (Residual((Dense(4, penalised=one), Dense(12))) for one in (True, False))
    assert replace(RECIPE, layers=(Flatten(), nested, Dense(1))).id == "19ffd04f2ede"
    assert replace(RECIPE, layers=(Flatten(), freed, Dense(1))).id != "19ffd04f2ede"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            lambda: Recipe(RECIPE.channels, RECIPE.layers, scaled_target=False, transform="log"),
            "takes no transform, but log",
        ),
        (lambda: Schedule(keep_from=-1), "must not lie below 0; got -1"),
    ],
)
def test_settings_that_contradict_are_refused_in_a_sentence(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        wrong()


def test_a_recipe_kept_by_the_first_version_is_read() -> None:
    kept = without_later(json.loads(json.dumps(asdict(RECIPE))))
    assert TypeAdapter(Recipe).validate_python(kept) == RECIPE


def without_later(tree: Any) -> Any:
    match tree:
        case dict():
            return {name: without_later(value) for name, value in tree.items() if name not in LATER}
        case list():
            return [without_later(value) for value in tree]
        case _:
            return tree
