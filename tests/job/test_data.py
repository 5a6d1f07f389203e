"""What is decided before a network is trained: the space that is searched, and the seed of the search."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spectune.errors import SettingError
from spectune.files.runs import fingerprint
from spectune.files.settings import Settings
from spectune.job.data import prepared
from spectune.job.networks import plan
from spectune.networks.space import Fixed, IntRange
from spectune.synthesis.fruit import fruit

PAPER = Settings("fruit.csv", "dry_matter", space="shen2021", folds=3)
FRUIT = fruit(60, 1)


def test_batches_are_searched_up_to_the_calibration_rows() -> None:
    work = prepared(PAPER, FRUIT)
    assert work.space.range("batch") == IntRange(16, len(work.spectra.calibration))
    assert work.problem.task.signal == FRUIT.signal == "absorbance"


def test_hyperparameters_are_fixed_as_the_settings_say() -> None:
    work = prepared(replace(PAPER, fix=("batch=500", "conv.*.stride=4", "rate=0.01")), FRUIT)
    assert [work.space.range(name) for name in ("batch", "conv.3.stride", "rate")] == [
        Fixed(500),
        Fixed(4),
        Fixed(0.01),
    ]
    plain = prepared(PAPER, FRUIT)
    assert fingerprint(work.spectra, work.space) != fingerprint(plain.spectra, plain.space)


def test_the_seed_of_the_search_changes_no_fold() -> None:
    works = [prepared(replace(PAPER, seed=3, search_seed=seed), FRUIT) for seed in (None, 7)]
    assert [plan(work).seed for work in works] == [3, 7]
    first, second = (work.fold_of.tolist() for work in works)
    assert first == second


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"fix": ("bacth=3",)}, "the space 'shen2021' has no hyperparameter 'bacth' to fix; did you mean batch?"),
        ({"fix": ("batch=many",)}, "batch can be fixed to a whole number, got 'many'"),
        ({"fix": ("optimiser=adma",)}, "the space 'shen2021' makes no network here: optimiser must be one of adam"),
        ({"fix": ("channel.2=SNW",)}, "the space 'shen2021' makes no network here: 'SNW' is not a preprocessing step"),
    ],
)
def test_what_cannot_be_searched_is_told_before_anything_is_begun(said: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingError) as caught:
        prepared(replace(PAPER, **said), FRUIT)  # type: ignore[arg-type]
    assert str(caught.value).startswith(sentence)


def test_the_space_of_the_paper_asks_for_the_kind_of_spectra_where_it_is_not_known() -> None:
    with pytest.raises(SettingError, match=r"the signal of these is unknown; say which it is with --signal$"):
        prepared(PAPER, replace(FRUIT, signal="unknown"))
