"""``lr = "auto"``: the range of learning rates of a search by range tests, and a test of its winner.

The identity of a run is that of the whole space, as its settings give it: the narrowed one follows
from it and from the record in the run folder.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path

from spectune.assessment.lr_range import (
    Narrowing,
    narrowed_words,
    narrowing,
    rate,
    suggestion,
    winner_words,
)
from spectune.errors import RunError, SettingError
from spectune.files.lr_ranges import RECORD, load_narrowing, save_narrowing
from spectune.files.runs import count_trials
from spectune.files.spaces import fixes
from spectune.job.data import BATCHES, Prepared
from spectune.job.ending import machine
from spectune.job.lr_range import Asked, members_of, middle_recipe
from spectune.networks.middle import spread
from spectune.networks.narrowing import between, is_number
from spectune.networks.recipe import Recipe
from spectune.progress import Progress
from spectune.training.range_test import RangeTest, range_test

RATE = "rate"
"""Name of the learning rate in a space."""


def narrowed(work: Prepared, folder: Path) -> Generator[Progress, None, tuple[Prepared, Mapping[str, str]]]:
    """The job with the range of learning rates that range tests suggest, and what to say of it.

    What was found is kept in the folder of the run, so one that goes on searches in the same range.
    Without ``lr = "auto"`` nothing is done.

    Raises:
        RunError: trials without the record of the range they were searched in.
        SettingError: a batch size at which no member survives the first rate.
    """
    if work.settings.lr != "auto":
        return work, {}
    if RATE in fixes(work.settings.fix) or not is_number(work.space.find(RATE)):
        said = f"as the space {work.space.name or work.space.family!r} says: it has no range of learning rates"
        yield Progress("range", 1, 1, f"learning rate {said}, so none is narrowed")
        return work, {"learning rate": said}
    found = load_narrowing(folder)
    if found is None:
        if count_trials(folder):
            raise RunError(
                f"{folder / RECORD} is missing, but the trials beside it were searched in the range that it says; "
                f"restore it, or run again with another --out"
            )
        found = yield from _narrowing(work)
        save_narrowing(folder, found)
    steps = len(found.suggestions) + 1
    yield Progress("range", steps, steps, f"learning rate {narrowed_words(found)}")
    space = between(work.space, RATE, found.low, found.high)
    return replace(work, space=space), {"learning rate": narrowed_words(found)}


def winners_range(work: Prepared, recipe: Recipe) -> Generator[Progress, None, Mapping[str, str]]:
    """Whether the winner's learning rate lies inside the range of its own test, in words."""
    if work.settings.lr != "auto":
        return {}
    try:
        said = winner_words(recipe.schedule.rate, _tested(work, recipe))
    except SettingError as error:
        said = f"{rate(recipe.schedule.rate)}; its own range test says nothing: {error}"
    yield Progress("range", 1, 1, f"learning rate of the winner: {said}")
    return {"learning rate of the winner": said}


def _narrowing(work: Prepared) -> Generator[Progress, None, Narrowing]:
    """One range test for the smallest, middle and largest batch that the space can draw."""
    recipe, origin = middle_recipe(work.space, work.problem.task, work.settings.epochs)
    found = next((given for given in map(work.space.find, BATCHES) if given is not None), None)
    batches = spread(found) if found is not None else ()
    sizes = batches or (recipe.schedule.batch,)
    made = []
    for batch in sizes:
        test = _tested(work, replace(recipe, schedule=replace(recipe.schedule, batch=batch)))
        made.append(suggestion(batch, test))
        said = f"{origin} in batches of {batch}: at most {rate(test.high)}"
        yield Progress("range", len(made), len(sizes) + 1, said)
    return narrowing(tuple(made), origin)


def _tested(work: Prepared, recipe: Recipe) -> RangeTest:
    cuts, seeds = members_of(work.folds, Asked(seed=work.settings.seed))
    calibration, what = work.spectra.calibration, machine(work.settings)
    return range_test(recipe, calibration.x, calibration.y, work.problem.task, cuts, seeds, machine=what)
