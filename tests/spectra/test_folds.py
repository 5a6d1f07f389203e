"""Folds partition the rows, keep groups together, spread classes, and never mix roles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spectune.errors import DataError
from spectune.spectra.axis import Axis
from spectune.spectra.folds import cut, folds, refit_fold
from spectune.spectra.spectra import Spectra, Task


def spectra(groups: list[int], classes: list[int] | None = None) -> Spectra:
    rows = len(groups)
    y = np.arange(rows, dtype=float) if classes is None else np.asarray(classes, dtype=float)
    names = () if classes is None else tuple("abc"[: max(classes) + 1])
    return Spectra(
        x=np.zeros((rows, 2), dtype=np.float32),
        axis=Axis((1.0, 2.0)),
        y=y,
        task=Task("t", classes=names),
        ids=np.asarray([str(row) for row in range(rows)]),
        groups=np.asarray(groups, dtype=np.intp),
        roles=np.full(rows, "cal"),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Spectra, int, int]:
    rows, k = draw(st.integers(16, 60)), draw(st.integers(2, 5))
    shape = draw(st.sampled_from(["free", "grouped", "classes", "grouped classes"]))
    groups = list(range(rows))
    if "grouped" in shape:
        groups = [row // 2 for row in range(rows)]
    classes = [(row // 2) % 3 for row in range(rows)] if "classes" in shape else None
    return spectra(groups, classes), k, draw(st.integers(0, 100))


@settings(max_examples=80)
@given(cases())
def test_folds_partition_the_rows_and_respect_groups(case: tuple[Spectra, int, int]) -> None:
    made, k, seed = case
    assume(made.task.regression or k <= np.unique(made.groups[made.y == 0]).size)
    found = folds(made, k, seed)
    assert len(found) == k
    np.testing.assert_array_equal(np.sort(np.concatenate([fold.scored for fold in found])), np.arange(len(made)))
    for fold in found:
        parts = (fold.train, fold.tuning, fold.scored)
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(made)))
        assert all(part.size for part in parts)
        groups = [set(made.groups[part]) for part in parts]
        assert not groups[0] & groups[1]
        assert not (groups[0] | groups[1]) & groups[2]
        assert set(made.y[fold.train]) == set(made.y) or made.task.regression


@given(st.integers(0, 50))
@settings(max_examples=20)
def test_the_same_seed_makes_the_same_folds(seed: int) -> None:
    made = spectra([row // 3 for row in range(30)])
    for one, other in zip(folds(made, 3, seed), folds(made, 3, seed), strict=True):
        np.testing.assert_array_equal(one.tuning, other.tuning)


def test_a_cut_takes_about_its_part_and_whole_groups() -> None:
    made = spectra([row // 4 for row in range(80)])
    rest, share = cut(made, 0.25, 0)
    assert share.size == 20
    assert not set(made.groups[rest]) & set(made.groups[share])


def test_a_refit_scores_nothing() -> None:
    fold = refit_fold(spectra(list(range(40))), 1)
    assert (fold.train.size, fold.tuning.size, fold.scored.size) == (35, 5, 0)


@pytest.mark.parametrize(
    ("groups", "classes", "k", "message"),
    [
        (list(range(4)), None, 5, "5 folds need at least 5 rows, but only 4 are there"),
        ([0, 0, 1, 1, 2, 2], None, 4, "4 folds need at least 4 groups, but only 3"),
        (
            list(range(9)),
            [0, 0, 0, 0, 0, 0, 0, 0, 1],
            3,
            "class 'b' of 't' has 1 calibration row, but cross-validation",
        ),
        (list(range(9)), None, 1, "at least 2 folds"),
        (list(range(9)), [0, 0, 0, 1, 1, 1, 2, 2, 2], 4, "4 folds need a class with at least 4 rows; use fewer folds"),
    ],
)
def test_too_little_is_explained(groups: list[int], classes: list[int] | None, k: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        folds(spectra(groups, classes), k, 0)
