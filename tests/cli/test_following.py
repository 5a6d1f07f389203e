"""Progress: plain lines in a file, a bar on a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator

import pytest
from rich.console import Console

from outcomes import Wish, outcome
from spectune.assessment.outcome import Outcome
from spectune.cli.following import STAGES, follow
from spectune.cli.showing import models_table
from spectune.errors import Stopped
from spectune.progress import Progress


def work() -> Iterator[Progress | str]:
    yield Progress("read", 1, 1, "240 spectra, 100 points")
    yield Progress("search", 1, 3, "trial 0: 0.912 [complete]", best=0.912, left=200)
    yield Progress("search", 2, 3, "trial 1: pruned at epoch 27", best=0.912, left=61)
    yield Progress("search", 3, 3, "trial 2: 0.71", best=0.71)
    yield "the result"


def several() -> Iterator[Progress | str]:
    yield Progress("plan", 0, 1, "4 workers of 1 core; epochs of a middle network a second: 10 by 1, 31 by 4")
    yield Progress("plan", 1, 1, "3 trials of 5 networks each, then 12 trainings of the best: about 4 min")
    yield Progress("search", 1, 3, "trial 1: 0.912", best=0.912, left=200, under_way=2)
    yield Progress("search", 3, 3, "trial 2: 0.71", best=0.71)
    yield "the result"


def shown(terminal: bool, steps: Callable[[], Iterator[Progress | str]] = work, width: int = 120) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width)
    assert follow(steps(), console) == "the result"
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_file_gets_one_plain_line_a_step() -> None:
    assert shown(terminal=False).splitlines() == [
        "reading 1/1: 240 spectra, 100 points",
        "searching 1/3: trial 0: 0.912 [complete]; best so far 0.912; about 3 min 20 s left",
        "searching 2/3: trial 1: pruned at epoch 27; best so far 0.912; about 1 min 1 s left",
        "searching 3/3: trial 2: 0.71; best so far 0.71",
    ]


def test_a_terminal_gets_a_bar_a_stage() -> None:
    text = shown(terminal=True)
    assert STAGES["search"] in text
    assert "3/3" in text
    assert "best so far 0.71" in text


def test_what_a_search_will_take_is_a_line_without_a_count_and_those_under_way_are_counted() -> None:
    assert shown(terminal=False, steps=several).splitlines() == [
        "planning: 4 workers of 1 core; epochs of a middle network a second: 10 by 1, 31 by 4",
        "planning: 3 trials of 5 networks each, then 12 trainings of the best: about 4 min",
        "searching 1/3: trial 1: 0.912; best so far 0.912; 2 under way; about 3 min 20 s left",
        "searching 3/3: trial 2: 0.71; best so far 0.71",
    ]


@pytest.mark.parametrize(("width", "words"), [(80, "3 min 20 s left, best 0.912, 2 at"), (120, "2 under way")])
def test_a_narrow_terminal_gets_fewer_words_and_every_line_fits(width: int, words: str) -> None:
    def until_now() -> Iterator[Progress | str]:
        yield from list(several())[:3]
        yield "the result"

    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown(terminal=True, steps=until_now, width=width))
    assert max(len(line) for line in re.split(r"[\r\n]+", text)) <= width
    assert words in text
    assert "\r3 trials of 5 networks each, then 12 trainings" in text


def test_work_that_ends_without_a_result_is_said_so() -> None:
    with pytest.raises(Stopped):
        follow(iter([Progress("read", 1, 1, "read")]), Console(file=io.StringIO()))


@pytest.mark.parametrize("wish", [Wish(), Wish(classes=("Greece", "Italy", "Spain"), use="PLS-DA")])
def test_the_table_at_the_end_names_every_model_with_its_errors(wish: Wish) -> None:
    made: Outcome = outcome(wish)
    console = Console(file=io.StringIO(), width=140)
    console.print(models_table(made))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    for model in made.models:
        assert model.name in text
    assert ("RMSECV" in text) == made.spectra.task.regression
    assert "160 calibration and 43 test rows" in text
