"""Work spread over threads of the core, or over processes, gives what one thread gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from spectune.errors import ShapeError
from spectune.networks.layers import Act, Conv, Dense, Flatten
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.checkpoint import Checkpoint
from spectune.training.crew import Completed, Fitter, Reached, crew
from spectune.training.machine import Machine
from spectune.training.native import core

RECIPE = Recipe(parse_channels("SNV"), (Flatten(), Dense(6), Act("elu"), Dense(1)), Schedule(epochs=9, batch=8))


def material() -> tuple[np.ndarray, np.ndarray, Task, list[Fold]]:
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 20)).cumsum(axis=1).astype(np.float32)
    order = random.permutation(40)
    folds = [
        Fold(np.roll(order, 8 * k)[:28], np.roll(order, 8 * k)[28:32], np.roll(order, 8 * k)[32:]) for k in range(5)
    ]
    return x, x[:, 4].astype(np.float64), Task("t", rows=40, points=20), folds


def reports(fitter: Fitter, folds: Sequence[Fold]) -> list[Reached | Completed]:
    found = fitter(RECIPE, folds, range(5), (3, 6))
    return [report for report in found if not isinstance(report, Checkpoint)]


ENGINES = [Machine("torch"), pytest.param(Machine("core"), marks=pytest.mark.skipif(core() is None, reason="no core"))]


@pytest.fixture(scope="module", params=ENGINES, ids=["processes", "threads"])
def crews(request: pytest.FixtureRequest) -> Iterator[tuple[Fitter, Fitter]]:
    """One worker, and two."""
    x, y, task, _ = material()
    with crew(x, y, task, 1, request.param) as one, crew(x, y, task, 2, request.param) as two:
        yield one, two


def test_two_workers_report_what_one_does(crews: tuple[Fitter, Fitter]) -> None:
    one, two = (reports(fitter, material()[-1]) for fitter in crews)
    assert [type(report) for report in one] == [type(report) for report in two] == [Reached, Reached, Completed]
    for left, right in zip(one, two, strict=True):
        np.testing.assert_allclose(left.scored, right.scored, rtol=1e-5)
    assert isinstance(one[-1], Completed)
    assert isinstance(two[-1], Completed)
    np.testing.assert_allclose(one[-1].tuning, two[-1].tuning, rtol=1e-4)
    assert one[-1].tuning.shape == (5, 9)
    assert two[-1].fitted.members == 5


def test_a_fit_that_is_left_early_makes_way_for_the_next(crews: tuple[Fitter, Fitter]) -> None:
    folds = material()[-1]
    first = crews[1](RECIPE, folds, range(5), (3, 6))
    assert isinstance(next(first), Reached)
    first.close()
    assert isinstance(reports(crews[1], folds)[-1], Completed)


def test_a_wrong_recipe_is_reported_by_the_worker() -> None:
    x, y, task, folds = material()
    wrong = Recipe(parse_channels("SNV"), (Conv(2, 50, 1, "valid"), Flatten(), Dense(1)), Schedule(epochs=2))
    with crew(x, y, task, 2, Machine("torch")) as fitter, pytest.raises(ShapeError, match="50 does not fit in 20"):
        list(fitter(wrong, folds, range(5), ()))
