"""From the parameters of an estimator to the recipe of its network.

Hyperparameters have the names of search spaces. The house family has a default for each of its
own: the first start of the default space, which is right for a first look at small sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from spectune.errors import SettingError
from spectune.estimators.given import plain
from spectune.files.border import close_to
from spectune.files.spaces import load_space, space_names
from spectune.networks.recipe import Recipe
from spectune.networks.space import Fixed, GivenDraw, Space, Value
from spectune.spectra.channels import parse_channels
from spectune.spectra.spectra import Task
from spectune.tuning.study import checked, family

HOUSE = "default"
"""The space whose starts are the defaults."""


@dataclass(frozen=True)
class Said:
    """What is said of a network.

    Attributes:
        family: of networks.
        values: hyperparameters by name; what they leave out has the default of the house family.
        channels: words of the channels, which then are as they say; None to leave them to ``values``.
        epochs: of the training, whatever the family makes of it; None to leave it so.
    """

    family: str
    values: Mapping[str, Any] = field(default_factory=dict)
    channels: str | None = None
    epochs: int | None = None


class _Asked(GivenDraw):
    """Given values that remember which of them were asked for."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        super().__init__(values)
        self.asked: dict[str, None] = {}

    def value(self, name: str) -> Value:
        """The given value."""
        self.asked[name] = None
        return super().value(name)


def recipe_of(said: Said, task: Task) -> Recipe:
    """The recipe of a network, which can be built for the spectra of the task.

    Raises:
        SettingError: values that are missing, that nobody asks for, or that make no network.
    """
    given = plain(said.values) | ({} if said.channels is None else {"channels": "RAW"})
    draw = _Asked({**defaults(said.family), **given})
    recipe = family(Space(said.family))(draw, task)
    for name in given:
        if name not in draw.asked and not _known(said.family, name):
            known = ", ".join(draw.asked)
            raise SettingError(
                f"a network of the family {said.family!r} has no {name!r}{close_to(name, draw.asked)}; it has {known}"
            )
    made = _of_length(_with_channels(recipe, said.channels), said.epochs)
    checked(made, task.points)
    return made


def defaults(name: str) -> Mapping[str, Value]:
    """Hyperparameters that a network of a family has where nothing else is said; none but for the house family."""
    space = _shipped()[HOUSE]
    if name != space.family:
        return {}
    fixed = {known: found.value for known, found in space.ranges.items() if isinstance(found, Fixed)}
    return fixed | {known: value for start in reversed(space.starts) for known, value in start.items()}


@cache
def _shipped() -> Mapping[str, Space]:
    return {name: load_space(name) for name in space_names()}


def _known(name: str, parameter: str) -> bool:
    """Whether networks of a family may have a hyperparameter that this one was not asked for."""
    return any(space.family == name and space.find(parameter) for space in _shipped().values())


def _with_channels(recipe: Recipe, words: str | None) -> Recipe:
    """The recipe with these channels behind the steps, if any, that make long spectra shorter."""
    if words is None:
        return recipe
    (shortened,) = recipe.channels
    return replace(recipe, channels=tuple((*shortened, *channel) for channel in parse_channels(words)))


def _of_length(recipe: Recipe, epochs: int | None) -> Recipe:
    if epochs is None or epochs == recipe.schedule.epochs:
        return recipe
    warmup = min(recipe.schedule.warmup, epochs // 10)
    return replace(recipe, schedule=replace(recipe.schedule, epochs=epochs, warmup=warmup))
