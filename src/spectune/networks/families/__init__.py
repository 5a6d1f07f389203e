"""Families of networks: each a function from a draw and a task to a recipe."""

from __future__ import annotations

from collections.abc import Callable

from spectune.networks.families.funnel import funnel
from spectune.networks.families.passos import passos, passos_classification, passos_regression
from spectune.networks.families.published import published
from spectune.networks.families.shen import shen
from spectune.networks.recipe import Recipe
from spectune.networks.space import Draw
from spectune.spectra.spectra import Task

Family = Callable[[Draw, Task], Recipe]

FAMILIES: dict[str, Family] = {
    "funnel": funnel,
    "passos": passos,
    "passos-classification": passos_classification,
    "passos-regression": passos_regression,
    "published": published,
    "shen": shen,
}
