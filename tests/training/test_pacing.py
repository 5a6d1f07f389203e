"""Paces are measured on training rows of the real folds, by trainings that are under way at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.errors import DataError
from spectune.networks.layers import Act, Dense, Flatten
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold, folds
from spectune.spectra.select import select
from spectune.spectra.spectra import Spectra
from spectune.synthesis.fruit import fruit
from spectune.training.machine import Machine
from spectune.training.pacing import Sample, Split, pace, paces, sample, splits

RECIPE = Recipe(parse_channels("SNV"), (Flatten(), Dense(4), Act("elu"), Dense(1)), Schedule(epochs=3, patience=2))


def spectra(rows: int) -> Spectra:
    return select(fruit(rows, 1), "dry_matter").calibration


def tried(rows: int = 60, recipe: Recipe = RECIPE) -> Sample:
    found = spectra(rows)
    return sample(recipe, found.x, found.y, found.task, folds(found, 3, 0), Machine())


def ticking(step: float) -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += step


@given(st.integers(1, 200), st.integers(1, 300))
def test_splits_begin_with_one_training_and_never_use_more_cores_than_there_are(cores: int, most: int) -> None:
    found = splits(cores, most)
    assert found[0] == Split(1, cores)
    assert all(1 <= split.workers <= most and split.workers * split.threads <= cores for split in found)
    assert max(split.workers for split in found) == min(cores, most)
    assert [split.workers for split in found] == sorted({split.workers for split in found})


@given(st.integers(20, 3000), st.integers(1, 600))
def test_a_sample_has_training_and_tuning_rows_of_the_folds_and_no_scored_row(rows: int, batch: int) -> None:
    """``x`` is its own row number, so that rows are known again."""
    x = np.arange(rows, dtype=np.float32)[:, None] * np.ones(8, dtype=np.float32)
    held_out = np.arange(rows) % 5 == 0
    scored, rest = np.flatnonzero(held_out), np.flatnonzero(~held_out)
    fold = Fold(rest[2:], rest[:2], scored)
    recipe = replace(RECIPE, schedule=Schedule(batch=batch))
    found = sample(recipe, x, np.arange(rows, dtype=float), spectra(60).task, [fold, fold], Machine())
    for own in found.folds:
        assert own.scored.size == 0
        assert set(found.x[own.train, 0].astype(int)) <= set(fold.train)
        assert set(found.x[own.tuning, 0].astype(int)) <= set(fold.tuning)
        np.testing.assert_array_equal(found.x[:, 0], found.y)
    assert found.whole == pytest.approx(fold.train.size / found.folds[0].train.size)
    assert found.folds[0].train.size == min(fold.train.size, max(1024, 4 * batch))


def test_a_pace_is_epochs_in_a_second_of_the_clock() -> None:
    clock = ticking(0.5)
    assert pace(tried(), 1, 10.0, clock=lambda: next(clock)) == pytest.approx(2.0)


def test_an_epoch_of_part_of_the_rows_counts_as_that_part() -> None:
    clock = ticking(0.5)
    assert pace(replace(tried(), whole=4.0), 1, 10.0, clock=lambda: next(clock)) == pytest.approx(0.5)


def test_a_training_that_would_have_ended_is_watched_on_until_enough_is_known() -> None:
    """The recipe stops after three epochs at most; the clock is asked before the first and after every epoch."""
    clock, asked = ticking(1.0), list[float]()

    def told() -> float:
        asked.append(next(clock))
        return asked[-1]

    pace(tried(), 1, 20.0, clock=told)
    pace(tried(), 1, 20.0, most=10, clock=told)
    assert len(asked) == 21 + 11


@pytest.mark.xdist_group("processes")
def test_trainings_side_by_side_have_processes_of_their_own_and_their_paces_add_up() -> None:
    one, two = paces(tried(), (Split(1, 1), Split(2, 1)), 0.2)
    assert one > 0
    assert two > 0


@pytest.mark.xdist_group("processes")
def test_what_a_process_cannot_train_is_said_by_it() -> None:
    found = tried()
    negative = replace(found, recipe=replace(found.recipe, transform="log"), y=found.y - 1000)
    with pytest.raises(DataError, match="log"):
        list(paces(negative, (Split(1, 1),), 0.1))
