"""A few draws before a search, so that what is wrong with all of them is told at once."""

from __future__ import annotations

import numpy as np

from spectune.errors import SettingError
from spectune.networks.families import Family
from spectune.networks.space import RandomDraw, Space
from spectune.spectra.spectra import Task
from spectune.tuning.study import family

DRAWS = 20


def rehearse(space: Space, task: Task) -> None:
    """Draws some recipes for the task at random and forgets them.

    Raises:
        SettingError: the family does not exist, or refuses all draws for the same reason (a range
            that is missing, a value of the wrong kind, spectra that the space is not made for).
    """
    made = family(space)
    reasons = {_refusal(made, RandomDraw(space, np.random.default_rng(seed)), task) for seed in range(DRAWS)}
    if len(reasons) == 1 and (reason := reasons.pop()):
        raise SettingError(f"the space {space.name or space.family!r} makes no network here: {reason}")


def _refusal(made: Family, draw: RandomDraw, task: Task) -> str:
    """Why a family refuses a draw; empty when it does not."""
    try:
        made(draw, task)
    except SettingError as error:
        return str(error)
    return ""
