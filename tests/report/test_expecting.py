"""The section on what to expect of a prediction: said where it is known, and honest where a promise is not kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outcomes import Wish, outcome
from spectune.assessment.outcome import Expectation
from spectune.report.expecting import expected
from spectune.report.page import report

MADE = outcome(Wish(rows=30, test_rows=10, points=12, trials=5))
TITLE = "What to expect of a prediction"
KEPT = Expectation(
    level=0.9,
    kind="constant",
    size=1.234,
    rows=40,
    groups=20,
    covered=37,
    low=0.7,
    high=0.98,
    flagged=2,
    sound=36,
    alarms=0.0125,
    behind=160,
    together=80,
)


def words(found: Expectation) -> str:
    section = expected(replace(MADE, expectation=found))
    assert section is not None
    return " ".join([*section.sentences, section.caption, *(cell for row in section.grid.rows for cell in row)])


def test_every_number_is_said() -> None:
    said = words(KEPT)
    for part in ("90 %", "± 1.23 % on average", "80 independent", "37 of 40", "36 of 38", "2 of 40", "1.2 %"):
        assert part in said
    assert "count groups and not rows" in said


def test_a_promise_that_test_rows_do_not_keep_is_called_so() -> None:
    broken = replace(KEPT, covered=28, low=0.48, high=0.85)
    assert "On the test rows it is not kept" in words(broken)
    assert "On the test rows it is not kept" not in words(KEPT)


def test_sets_of_classes_are_counted_in_classes() -> None:
    said = words(replace(KEPT, kind="sets", size=1.16, groups=40))
    assert "comes a set of classes" in said
    assert "mean classes in a set" in said
    assert "count groups" not in said


@pytest.mark.usefixtures("sketches")
def test_a_page_has_the_section_only_where_it_is_known() -> None:
    assert TITLE not in report(MADE)
    assert report(replace(MADE, expectation=KEPT)).count(TITLE) == 2
