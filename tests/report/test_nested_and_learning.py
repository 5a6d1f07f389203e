"""Pages and figures of nested validations and learning curves."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from nestings import KINDS, SIZES, curve, done, errors
from spectune.assessment.nested import NETWORK, Nested
from spectune.assessment.outcome import CNN
from spectune.assessment.powerlaw import PowerLaw
from spectune.files.settings import Settings
from spectune.report.figures.learning import lead_picture, learning_picture
from spectune.report.figures.nested import (
    confusions_picture,
    differences_picture,
    promises_picture,
    unseen_picture,
)
from spectune.report.learning import laws_grid, learning_page, sizes_head, sizes_rows
from spectune.report.nesting import SEEN, errors_grid, nested_page

SETTINGS = Settings("fat.csv", "fat")
LAW = PowerLaw(0.3, 10.0, 0.5)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("}text")]  # noqa: S314


@pytest.fixture(scope="module")
def found() -> Nested:
    return done(errors(CNN=0.4), errors(CNN=0.5))


def test_both_numbers_and_the_optimism_stand_in_one_row_and_the_model_to_use_stands_out(found: Nested) -> None:
    grid = errors_grid(found)
    rows = {
        str(row[0]): [str(getattr(cell, "striptags", lambda cell=cell: cell)()) for cell in row] for row in grid.rows
    }
    assert rows[NETWORK][1:5] == ["0.400", "0.500", "0.500", "0.100"]
    assert list(rows)[-1] == SEEN
    assert [list(rows)[place] for place in grid.marked] == [NETWORK]
    assert len(grid.notes) == len(grid.rows)


def test_a_page_of_a_nested_validation_says_everything_once(found: Nested) -> None:
    page = nested_page(found, SETTINGS, "spectune nested --config runs/x/run.toml --outer 3 --out runs/x")
    assert found.verdict.sentence.split(":")[0] in page
    for word in ("Inner and outer error", "Rows that no model had seen", "What each outer fold chose", "PLS of fold 2"):
        assert word in page
    assert "<script" not in page
    assert "spectune nested --config runs/x/run.toml --outer 3" in page


def test_classes_have_a_page_of_their_own_measures() -> None:
    made = done(
        {**dict.fromkeys(KINDS, 0.3), "mean": 0.6, CNN: 0.1}, dict.fromkeys(KINDS, 0.3), classes=("a", "b", "c")
    )
    page = nested_page(made, SETTINGS, "spectune nested")
    assert "balanced accuracy, outer" in page
    assert SEEN not in page
    assert {"a", "b", "c"} <= set(texts(confusions_picture(made, (NETWORK, "PLS"))))


def test_figures_of_a_nested_validation_are_drawn_for_few_folds_and_for_many(found: Nested) -> None:
    assert {"outer fold 1", "outer fold 3", "PLS"} <= set(texts(unseen_picture(found, (NETWORK, "PLS"))))
    many = done(errors(), errors(), folds=9)
    assert not any(text.startswith("outer fold") for text in texts(unseen_picture(many, (NETWORK, "PLS"))))
    for picture in (promises_picture, differences_picture):
        assert {"PLS", "SVR"} <= set(texts(picture(found)))
        assert picture(many) == picture(many)


def test_a_learning_curve_shows_every_size_and_twice_the_largest() -> None:
    shown = texts(learning_picture(curve(LAW.at(SIZES), 2 * LAW.at(SIZES))))
    assert {"20", "200", "400", "PLS", "CNN", "mean"} <= set(shown)
    assert "400" not in texts(lead_picture(curve(LAW.at(SIZES), 2 * LAW.at(SIZES))))


def test_the_table_of_sizes_has_a_row_a_size_with_the_lead_and_its_interval() -> None:
    made = curve(LAW.at(SIZES), 2 * LAW.at(SIZES))
    assert sizes_head(made) == ("rows", "mean", "PLS", "CNN", "network − PLS", "95 % interval")
    rows = sizes_rows(made)
    assert [row[0] for row in rows] == ["20", "32", "50", "80", "130", "200"]
    assert rows[-1][2:5] == ["2.01", "1.01", "−1.01"]
    assert len(laws_grid(made).rows) == 2


def test_pages_of_learning_curves_are_made_with_laws_without_them_and_for_classes() -> None:
    many = curve(LAW.at(SIZES), 2 * LAW.at(SIZES))
    assert "saved by twice the rows" in learning_page(many, "spectune learning-curve runs/x")
    few = curve(LAW.at(SIZES)[:3], 2 * LAW.at(SIZES)[:3])
    assert "too few to fit a law" in learning_page(few, "spectune learning-curve runs/x")
    classes = curve(0.05 + 2 / SIZES, 0.1 + 2 / SIZES, classes=("a", "b"))
    assert "1 − balanced accuracy" in learning_page(classes, "spectune learning-curve runs/x")
    grouped = learning_page(replace(many, grouped=True, groups=many.rows / 2), "spectune learning-curve runs/x")
    assert "Rows belong together" in grouped


def test_errors_of_zero_are_drawn_too() -> None:
    made = curve(np.zeros(6), np.full(6, 0.1), classes=("a", "b"))
    assert "CNN" in texts(learning_picture(made))
    assert "<script" not in learning_page(made, "spectune learning-curve runs/x")
