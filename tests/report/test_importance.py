"""The importance of hyperparameters as a picture, as tables and in words, for any page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from outcomes import Wish, outcome
from spectune.report.drawing import GREY
from spectune.report.figures.importance import MOST_BARS, importance_picture
from spectune.report.importance import importance_caption, importance_sentences
from spectune.report.page import report
from spectune.report.tables.importance import interactions_grid, shares_grid
from spectune.tuning.shares import Importance

SMALL = Wish(rows=40, test_rows=8, points=60, trials=6, folds=4)


def made() -> Importance:
    importance = outcome(SMALL).importance
    assert importance is not None
    return importance


def texts(svg: str) -> dict[str, str]:
    """Texts of a picture with the style of each."""
    return {words: style for style, words in re.findall(r"<text([^>]*)>([^<]*)</text>", svg)}


def none_matters() -> Importance:
    return replace(made(), shares=tuple(replace(share, matters=False) for share in made().shares))


def test_names_that_chance_explains_are_grey_and_conditional_ones_have_a_dagger() -> None:
    words = texts(importance_picture(made()))
    assert GREY.lower() in words["augment"].lower()
    assert GREY.lower() not in words["rate"].lower()
    assert "conv.1.kernel †" in words


def test_every_group_has_the_sum_of_its_shares() -> None:
    words = texts(importance_picture(made()))
    assert {"training 0.53 ± 0.02", "input channels 0.16 ± 0.02", "FC-block 0.02 ± 0.02"} <= set(words)


def test_a_picture_of_many_hyperparameters_draws_the_largest_and_says_so() -> None:
    first = made().shares[0]
    many = replace(made(), shares=tuple(replace(first, name=f"rate.{number}") for number in range(60)))
    words = texts(importance_picture(many))
    assert f"rate.{MOST_BARS - 1}" in words
    assert f"rate.{MOST_BARS}" not in words
    assert f"The {MOST_BARS} largest of 60 are drawn." in importance_caption(many)


def test_words_name_what_matters_and_what_cannot_be_told_from_a_dummy() -> None:
    said = " ".join(importance_sentences(made()))
    assert "rate, channels, conv.1.kernel, penalty and batch matter" in said
    assert "The other 3 cannot be told from a dummy" in said
    assert "Interactions stand out for rate × penalty:" in said
    assert "† exists in some trials only" in said
    assert "from 3 complete trials of a TPE search" in importance_caption(replace(made(), trials=3))


def test_words_do_not_find_what_is_not_there() -> None:
    said = " ".join(importance_sentences(replace(none_matters(), interactions=())))
    assert "No hyperparameter explains more" in said
    assert "No two of them interact" in said


def test_both_methods_stand_beside_each_other() -> None:
    grid = shares_grid(made())
    assert grid.head[2:] == ("share", "deviation", "PED-ANOVA")
    assert grid.marked == (0, 1, 2, 3, 4)
    assert interactions_grid(made()).marked == (0,)
    assert len(interactions_grid(made()).rows) == 2


@pytest.mark.usefixtures("sketches")
def test_a_page_shows_importance_with_its_method_and_sampler() -> None:
    page = report(outcome(SMALL))
    assert "functional ANOVA (Hutter et al. 2014)" in page
    assert "TPE search" in page
    assert "PED-ANOVA" in page


def test_names_never_become_markup() -> None:
    hostile = "<script>alert(1)</script>&$\\frac{"
    strange = replace(
        made(),
        shares=tuple(replace(share, name=hostile) for share in made().shares),
        interactions=tuple(replace(pair, one=hostile) for pair in made().interactions),
    )
    assert "<script" not in report(replace(outcome(SMALL), importance=strange))
