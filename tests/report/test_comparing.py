"""The page of a comparison: what its sentences, tables and figures say."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from spectune.report.compared import FEWEST_SEEDS, ranking, reasons, sentence
from spectune.report.comparing import comparison_page
from spectune.report.figures.compare import courses_picture, finals_picture
from spectune.report.tables.compare import arms_grid, gaps_grid, savings_grid, speed_grid
from spectune.spectra.spectra import Task
from spectune.tuning.compare import Comparison
from spectune.tuning.courses import Course

TASK = Task("carbon", "g/kg", rows=240, points=100)
FACTS = {"command": "spectune compare --config compare.toml", "spectune": "0.1.0"}


def made(arm: str, seed: int, best: list[float], seconds: float = 60.0) -> Course:
    count = len(best)
    elapsed = tuple(seconds * (place + 1) for place in range(count))
    return Course(arm, seed, tuple(best), elapsed, tuple(range(9, 9 * count + 1, 9)), count, 0, 1)


def comparison(arms: dict[str, list[list[float]]], task: Task = TASK, starts: int = 0) -> Comparison:
    courses = tuple(made(arm, seed, one) for arm, found in arms.items() for seed, one in enumerate(found))
    return Comparison("soil.csv", task, 5, courses, starts, FACTS)


def lower(seeds: int) -> Comparison:
    """In every seed ``tpe`` halves the error of ``random`` and is as good after half the trials."""
    random = [[8.0 + seed, 6.0 + seed, 5.0 + seed, 4.0 + seed] for seed in range(seeds)]
    return comparison({"random": random, "tpe": [[one[0], one[3], one[3] / 2, one[3] / 2] for one in random]})


def texts(svg: str) -> set[str]:
    return {element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("}text")}  # noqa: S314


def test_the_method_with_the_lowest_mean_comes_first() -> None:
    assert [arm for arm, _ in ranking(lower(3))] == ["tpe", "random"]


def test_methods_are_ranked_after_as_many_trials() -> None:
    """After two trials each, ``short`` is ahead, though ``long`` gets lower later."""
    found = comparison({"long": [[5.0, 4.0, 1.0]], "short": [[5.0, 3.0]]})
    assert ranking(found) == (("short", 3.0), ("long", 4.0))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (lower(1), "but one seed cannot tell methods apart"),
        (lower(3), "tpe is ahead of random in all 3 seeds (after 4 trials each RMSE 2.50 against 5.00 g/kg"),
        (lower(3), f"so few seeds cannot rule out chance; {FEWEST_SEEDS} could"),
        (lower(6), "tpe finds better networks than random: after 4 trials each"),
        (comparison({"tpe": [[1.0], [2.0]], "random": [[2.0], [1.1]]}), "cannot be told apart"),
        (comparison({"tpe": [[1.0], [2.0]], "random": [[1.0], [2.0]]}), "found equally good networks in every seed"),
    ],
)
def test_the_sentence_claims_no_more_than_the_seeds_show(found: Comparison, words: str) -> None:
    assert words in sentence(found)


def test_the_reasons_say_how_much_sooner() -> None:
    """The five finals of other seeds are worse or better, so the median of the 36 pairs is not that of equal seeds."""
    first = reasons(comparison({"tpe": [[4.0, 1.0, 1.0, 1.0]], "random": [[9.0, 8.0, 7.0, 2.0]]}))[0]
    assert "To be as good as random became, tpe needs 2.0 times fewer trials and 2.0 times less time" in first
    assert "After as much time, tpe minus random is −1.00 g/kg" in first


def test_what_was_not_reached_is_said() -> None:
    found = comparison({"random": [[9.0, 3.0]], "tpe": [[8.0, 2.0], [7.0, 4.0]]})
    rows = dict((row[0], row[1:]) for row in speed_grid(found).rows)
    assert rows["tpe against random"][0] == "1 of 2"
    assert rows["random against tpe"] == ("1 of 2", "<1.0 (<1.0 to 1.0)", "<1.0 (<1.0 to 1.0)")


def test_every_method_has_a_row_and_every_pair_a_difference() -> None:
    found = comparison({arm: [[3.0, 2.0], [4.0, 1.0]] for arm in ("tpe", "random", "tpe+median")})
    assert [row[0] for row in arms_grid(found).rows] == ["tpe", "random", "tpe+median"]
    assert arms_grid(found).rows[0][1:] == ("2", "2", "4", "0", "2", "2 min 0 s", "1.50", "0.71", "1.00")
    assert [row[0] for row in gaps_grid(found).rows] == [
        "tpe minus random",
        "tpe minus tpe+median",
        "random minus tpe+median",
    ]
    assert [row[0] for row in savings_grid(found).rows] == ["tpe+median against tpe"]
    assert len(speed_grid(found).rows) == 6


def test_a_page_is_whole_and_holds_no_script() -> None:
    found = comparison({arm: [[3.0, 2.0], [4.0, 1.0]] for arm in ("tpe", "random", "tpe+median")}, starts=3)
    page = comparison_page(found)
    assert page == comparison_page(found)
    assert "<script" not in page
    assert "http" not in page.split("</head>")[1]
    for words in (
        "tpe, random and tpe+median on carbon (g/kg)",
        "What ending trials early saves",
        "the same 3 networks",
    ):
        assert words in page


def test_names_from_outside_are_escaped() -> None:
    task = Task("<b>fat</b>", rows=9, points=5)
    page = comparison_page(comparison({"tpe": [[2.0]], "random": [[1.0]]}, task))
    assert "<b>fat</b>" not in page


@pytest.mark.parametrize(
    "arms",
    [
        {"tpe": [[3.0, 2.0], [400.0, 1.0]], "random": [[3.0], [2.0]]},
        {"tpe": [[np.inf, np.inf]], "random": [[np.inf, 2.0]]},
        {"tpe": [[0.0, 0.0]], "random": [[0.0, 0.0]]},
    ],
)
def test_a_search_without_a_network_is_drawn_and_told_as_such(arms: dict[str, list[list[float]]]) -> None:
    courses = []
    for one in comparison(arms).courses:
        best = tuple(None if np.isinf(error) else error for error in one.best if error is not None)
        courses.append(Course(one.arm, one.seed, best, one.elapsed, one.epochs, one.complete, one.pruned, one.rejected))
    found = Comparison("soil.csv", TASK, 5, tuple(courses), 0, FACTS)
    assert {"tpe", "random"} <= texts(courses_picture(found))
    assert {"tpe", "random"} <= texts(finals_picture(found))
    assert "nan" not in comparison_page(found).split("</style>")[1].replace("aria-label", "")


def test_methods_of_which_one_found_nothing_are_not_compared() -> None:
    nothing = Course("tpe", 0, (None, None), (1.0, 2.0), (3, 6), 0, 2, 0)
    found = Comparison("soil.csv", TASK, 5, (nothing, made("random", 0, [3.0, 2.0])), 0, FACTS)
    assert sentence(found) == "random and tpe cannot be compared: in no seed have both a complete trial"
    assert "tpe has no complete trial, so there is nothing for random to reach." in reasons(found)[0]


def test_long_searches_are_drawn_in_hours() -> None:
    courses = (made("tpe", 0, [3.0, 2.0], 5000.0), made("random", 0, [3.0, 2.0], 60.0))
    assert "time (h, of all trials)" in texts(courses_picture(Comparison("soil.csv", TASK, 5, courses, 0, FACTS)))
