"""From a table to spectra with roles: every decision is right, or one sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectune.errors import DataError, SettingError
from spectune.spectra.axis import Axis
from spectune.spectra.select import axis_difference, select
from spectune.spectra.spectra import Spectra
from spectune.spectra.table import Signal, Table


def table(rows: int = 40, **columns: Any) -> Table:
    """Random distinct spectra with ids, a target ``fat`` and further columns."""
    random = np.random.default_rng(rows)
    known: dict[str, object] = {"id": [f"s{k}" for k in range(rows)], "fat": random.random(rows) * 9 + 1}
    arrays = {name: np.asarray(values) for name, values in {**known, **columns}.items()}
    made = {name: array.astype(float) if array.dtype.kind in "if" else array for name, array in arrays.items()}
    x = random.standard_normal((rows, 12)).astype(np.float32)
    return Table(x, Axis(tuple(range(1100, 1124, 2)), "nm"), made, "soil.csv")


def said(spectra: Spectra, words: str) -> bool:
    return any(words in note for note in spectra.notes)


def test_a_split_column_gives_the_roles_and_other_labels_are_left_out_and_counted() -> None:
    split = ["Train"] * 20 + ["TEST"] * 10 + ["val"] * 6 + ["shift"] * 3 + [""]
    found = select(table(split=split), "fat")
    assert (len(found.calibration), len(found.test)) == (20, 10)
    assert said(found, "val (6), shift (3), without a label (1)")
    assert found.ids.tolist() == [f"s{k}" for k in range(30)]


def test_validation_rows_are_the_test_where_no_row_is_called_so() -> None:
    found = select(table(Set=["cal"] * 25 + ["Val"] * 15), "fat", split="Set")
    assert len(found.test) == 15
    assert said(found, "validation rows are the test set")


def test_a_split_under_another_name_counts_only_when_named() -> None:
    other = table(Set=["cal"] * 25 + ["test"] * 15)
    assert len(select(other, "fat").test) == 8
    assert len(select(other, "fat", split="Set").test) == 15


@settings(max_examples=30)
@given(st.integers(20, 60), st.integers(2, 5), st.integers(0, 9), st.floats(0.1, 0.5))
def test_a_cut_test_set_keeps_groups_on_one_side_and_says_so(rows: int, size: int, seed: int, part: float) -> None:
    found = select(table(rows, animal=np.arange(rows) // size), "fat", group="animal", seed=seed, test_part=part)
    assert not np.intersect1d(found.calibration.groups, found.test.groups).size
    assert len(found.calibration) + len(found.test) == rows
    assert said(found, f"(seed {seed}, whole groups together)")
    again = select(table(rows, animal=np.arange(rows) // size), "fat", group="animal", seed=seed, test_part=part)
    np.testing.assert_array_equal(found.roles, again.roles)


def test_replicates_are_recognised_by_ids_and_by_spectra_and_joined() -> None:
    plain = table(40, sample=[f"c{k // 2}" for k in range(40)])
    twin = plain.x.copy()
    twin[39] = twin[0]
    found = select(replace(plain, x=twin), "fat")
    assert np.unique(found.groups).size == 19
    assert found.groups[0] == found.groups[1] == found.groups[38] == found.groups[39]
    assert said(found, "40 rows share their 'sample' with others (20 groups)")
    assert said(found, "2 rows have a near-identical twin (1 groups)")


def test_groups_on_both_sides_of_a_given_split_are_a_warning() -> None:
    crossed = table(40, split=["cal", "test"] * 20, sample=[f"c{k // 4}" for k in range(40)])
    assert said(
        select(crossed, "fat"),
        "warning: 10 group(s) of replicates stand on both sides of the given split (20 test rows)",
    )


def test_another_table_gives_the_test_rows() -> None:
    calibration, test = table(40), table(15)
    found = select(calibration, "fat", test=replace(test, source="new.csv"))
    assert (len(found.calibration), len(found.test)) == (40, 15)
    assert not found.grouped
    assert said(found, "the 15 test rows come from new.csv")


def test_a_test_file_without_the_target_is_told() -> None:
    blank = replace(table(15), columns={"id": np.asarray([f"n{k}" for k in range(15)])}, source="new.csv")
    with pytest.raises(DataError, match=r"no row of the test file new\.csv has a value of 'fat'"):
        select(table(), "fat", test=blank)


def test_rows_without_a_target_are_dropped_and_counted() -> None:
    fat = np.where(np.arange(40) % 4 == 0, np.nan, np.arange(40.0) ** 2 + 1)
    found = select(table(fat=fat), "fat")
    assert len(found) == 30
    assert said(found, "10 row(s) without a value of 'fat' were left out")
    assert found.task.rows == len(found.calibration)
    assert found.task.positive
    assert found.task.skew > 0


def test_the_condition_chooses_rows_first() -> None:
    found = select(table(instrument=["a", "b"] * 20), "fat", where='instrument == "b"')
    assert len(found) == 20
    assert said(found, '20 of 40 rows fulfil instrument == "b"')


def test_words_and_two_valued_numbers_are_classes_and_other_numbers_are_not() -> None:
    kinds = table(word=["b", "a"] * 20, binary=[0, 1] * 20, grade=[1, 2, 3, 4] * 10)
    assert select(kinds, "word").task.classes == ("a", "b")
    assert select(kinds, "binary").task.classes == ("0", "1")
    assert select(kinds, "grade").task.regression
    assert said(select(kinds, "grade"), "'grade' has 4 whole numbers, taken as a quantity and not as classes")
    assert select(kinds, "grade", classes=True).task.classes == ("1", "2", "3", "4")
    assert select(kinds, "binary", classes=False).task.regression
    assert select(kinds, "word").y.tolist() == [1.0, 0.0] * 20


def test_the_unit_comes_from_the_file_or_the_name() -> None:
    named = table(40, **{"fat (%)": np.arange(40.0)})
    assert select(named, "fat (%)").task.unit == "%"
    assert select(replace(table(), units={"fat": "g/kg"}), "fat").task.unit == "g/kg"
    assert select(table(), "FAT").task.target == "fat"


ONE_CLASS_RARE = ["a"] * 20 + ["b"] * 19 + ["c"]
ONLY_TEST = ["a"] * 20 + ["b"] * 15 + ["c"] * 5


@pytest.mark.parametrize(
    ("columns", "options", "told"),
    [
        ({}, {"target": "fatt"}, "no column 'fatt' .* did you mean 'fat'"),
        ({}, {"target": "1104"}, "'1104' is a point of the spectra"),
        ({"fat": [2.0] * 40}, {}, "the same everywhere"),
        ({"fat": [np.nan] * 40}, {}, "has no value in the chosen rows"),
        ({"fat": ["1.5"] * 39 + ["1.5x"]}, {}, "should hold numbers, but '1.5x' stands in it"),
        ({}, {"group": "animal"}, "no column 'animal'"),
        ({}, {"split": "part"}, "no column 'part'"),
        ({"split": ["a", "b"] * 20}, {}, "column 'split' names no calibration rows.* 'a', 'b'"),
        ({"split": ["cal"] * 7 + ["test"] * 33}, {}, "only 7 calibration rows"),
        ({"fat": [np.nan] * 35 + [1.0, 2, 3, 4, 5]}, {}, "only 5 calibration rows"),
        ({"kind": ONE_CLASS_RARE}, {"target": "kind"}, "class 'c' of 'kind' has one calibration row"),
        (
            {"kind": ONLY_TEST, "split": ["cal"] * 35 + ["test"] * 5},
            {"target": "kind"},
            "class 'c' of 'kind' occurs in test rows only",
        ),
        ({"farm": ["a"] * 40}, {"group": "farm"}, "all rows belong to one group"),
        ({}, {"where": "fat > 1000"}, "no row of soil.csv"),
    ],
)
def test_what_cannot_be_used_is_one_clear_sentence(columns: dict[str, Any], options: dict[str, str], told: str) -> None:
    given_options = {"target": "fat", **options}
    with pytest.raises(DataError, match=told) as caught:
        select(table(**columns), **given_options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("signal", ["reflectance", "unknown"])
def test_the_task_tells_the_kind_of_spectra(signal: Signal) -> None:
    assert select(replace(table(), signal=signal), "fat").task.signal == signal


def test_settings_that_contradict_each_other_are_setting_errors() -> None:
    with pytest.raises(SettingError, match="choose one"):
        select(table(), "fat", split="split", test=table())
    with pytest.raises(SettingError, match="between 0 and 1"):
        select(table(), "fat", test_part=1.5)


def test_a_test_file_with_another_axis_is_told_how_it_differs() -> None:
    other = replace(table(), axis=Axis(tuple(range(1101, 1125, 2)), "nm"), source="new.csv")
    with pytest.raises(DataError, match=r"new\.csv has another axis than soil.csv: point 1 at 1100 against 1101 nm"):
        select(table(), "fat", test=other)
    assert "unit nm against cm-1" in axis_difference(Axis((1.0, 2.0), "nm"), Axis((1.0, 2.0), "cm-1"))
    assert axis_difference(Axis((1.0, 2.0)), Axis((1.0, 2.0))) == ""
