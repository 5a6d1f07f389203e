"""The page on pruned trials, and the sentences that say what a search minimised."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from outcomes import Wish, outcome
from spectune.report.figures.pruning import pruning_picture
from spectune.report.pruning import headline, pruning_page, pruning_sections, reasons, rungs_rows
from spectune.report.sheets import replicates_sentence, search_sentence
from spectune.tuning.pruning import Ending, Regret

FOUND = Regret(
    9,
    (1 / 9, 1 / 3),
    (
        Ending(0, False, (3.0, 2.0), 1.0),
        Ending(1, False, (4.0, 3.0), 2.0),
        Ending(2, True, (5.0, 4.0), 0.5),
        Ending(3, True, (6.0,), 3.0),
        Ending(4, True, (7.0,), None),
    ),
)


def test_the_answer_counts_what_would_have_been_the_best() -> None:
    assert headline(FOUND).startswith("Of 3 pruned trials that went on to the end, 1 would have been better")
    none = replace(FOUND, endings=FOUND.endings[:2])
    assert "none would have been the best" in headline(none)


def test_every_share_has_its_interval_and_trials_that_diverged_are_told() -> None:
    told = " ".join(reasons(FOUND))
    assert "Better than the best complete trial (1.00): 1 of 3 (95 % interval of the share 6 to 79 %)" in told
    assert "1 trial of them diverged" in told


def test_rungs_say_how_many_trials_they_know() -> None:
    assert rungs_rows(FOUND) == [["11 % of the epochs", "4", "0.40"], ["33 % of the epochs", "3", "−0.50"]]


def test_complete_and_pruned_trials_are_told_apart_in_the_picture() -> None:
    words = [element.text or "" for element in ElementTree.fromstring(pruning_picture(FOUND, "error")).iter()]  # noqa: S314
    for word in ("complete", "pruned, trained on", "best complete trial", "after 11 % of the epochs"):
        assert word in words


def test_the_page_says_everything_once() -> None:
    page = pruning_page(FOUND, outcome(), "spectune pruning runs/demo --sample 3 --seed 0")
    assert page.count("3 of the pruned ones, drawn at random, were trained on") == 1
    assert "spectune pruning runs/demo --sample 3 --seed 0" in page
    assert [section.title for section in pruning_sections(FOUND)] == ["What pruning threw away"]


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({}, "It minimised the mean over folds of the RMSE on the rows a fold holds out."),
        (
            {"objective": "overfit", "overfit": 0.25},
            "0.75 × the RMSE on the rows a fold holds out + 0.25 × the distance",
        ),
        ({"objective": "overfit"}, "units mixed as published by Passos & Mishra (2022)"),
        ({"objective": "pareto"}, "two numbers side by side, means over folds: the RMSE on the rows"),
    ],
)
def test_a_report_says_which_number_was_minimised(told: dict[str, object], sentence: str) -> None:
    made = outcome()
    settings = {**made.settings, **told}
    assert sentence in search_sentence(replace(made, settings=settings))


def test_classes_are_searched_by_log_loss_or_by_wrong_classes() -> None:
    made = outcome(Wish(target="kind", classes=("a", "b", "c"), unit=""))
    assert "the log-loss on the rows a fold holds out" in search_sentence(made)
    by_accuracy = replace(made, settings={**made.settings, "objective": "accuracy"})
    assert "the part of wrong classes among the rows a fold holds out" in search_sentence(by_accuracy)
    assert replicates_sentence(by_accuracy).endswith("chosen by the number that the search minimised.")
    assert "chosen by the number" not in replicates_sentence(made)
