"""Replicates: copies are found, distinct samples are not merged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.files.read import read
from spectune.spectra.replicates import equal_labels, merge_groups, near_identical, repeated

DATA = Path(__file__).parents[2].parent / "shared" / "data"
SETS = sorted(path.parent.name for path in DATA.glob("*/spectra.parquet"))
COPIES = {"tecator": (24, 48), "fruit_puree": (1, 2)}
GROUPS = st.lists(st.integers(0, 6), min_size=1, max_size=30)


@pytest.mark.skipif(not SETS, reason="the shared data sets are not here")
@pytest.mark.parametrize("name", SETS)
def test_only_the_known_copies_are_near_identical(name: str) -> None:
    table = read(DATA / name / "spectra.parquet")
    groups = near_identical(table.x)
    assert repeated(groups) == COPIES.get(name, (0, 0))
    if name == "tecator":
        known = equal_labels(table.column("spectrum_group").astype(np.str_))
        np.testing.assert_array_equal(groups, known)


def smooth(rows: int, points: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.asarray(random.standard_normal((rows, 6)) @ random.standard_normal((6, points)), dtype=np.float32)


@given(st.integers(3, 40), st.integers(5, 60), st.integers(0, 50), st.integers(1, 5))
def test_rounded_copies_stand_with_their_originals(rows: int, points: int, seed: int, copies: int) -> None:
    x = smooth(rows, points, seed)
    rounded = x[:copies] * np.float32(1 + 1e-6)
    groups = near_identical(np.concatenate([x, rounded]))
    assert groups[rows:].tolist() == groups[: min(rows, copies)].tolist()
    assert np.unique(groups).size == rows


def test_many_rows_need_no_matrix_of_all_pairs() -> None:
    x = np.tile(smooth(4000, 30, 1), (5, 1))
    groups = near_identical(x)
    assert repeated(groups) == (4000, 20_000)


def test_equal_and_constant_rows_are_one_group_and_few_rows_are_no_problem() -> None:
    assert near_identical(np.ones((50, 4))).max() == 0
    assert near_identical(np.asarray([[1.0, 2.0]])).tolist() == [0]
    assert near_identical(np.asarray([[1.0, 2.0], [3.0, 1.0]])).tolist() == [0, 1]


@given(GROUPS)
def test_merged_groups_are_the_components_of_both(labels: list[int]) -> None:
    one = np.asarray(labels)
    other = np.asarray(sorted(labels))
    merged = merge_groups(one, other)
    for grouping in (one, other):
        for value in np.unique(grouping):
            assert np.unique(merged[grouping == value]).size == 1
    np.testing.assert_array_equal(merge_groups(merged, one), merged)
    assert sorted(set(merged.tolist())) == list(range(merged.max() + 1))


def test_a_row_without_a_label_stands_alone() -> None:
    assert equal_labels(np.asarray(["a", "", "a", "", "b"])).tolist() == [0, 1, 0, 2, 3]
