"""Range tests as a job: which rows they see, what they leave behind, and the range that a search is given."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from spectune.assessment.lr_range import (
    LrRange,
    Narrowing,
    Suggestion,
    headline,
    narrowing,
    place,
    reasons,
    winner_words,
)
from spectune.cli.app import run as command
from spectune.errors import RunError, SettingError
from spectune.files.compare_settings import checked_comparison
from spectune.files.lr_ranges import RECORD, load_narrowing, save_narrowing
from spectune.files.runs import load_trials
from spectune.files.settings import Settings
from spectune.files.spaces import load_space
from spectune.files.tables import spectra_table, write_table
from spectune.job import Result, run
from spectune.job.comparing import compare
from spectune.job.data import Prepared, prepared
from spectune.job.lr_range import Asked, lr_range, middle_recipe, of_run
from spectune.job.narrowing import narrowed, winners_range
from spectune.networks.space import FloatRange
from spectune.progress import Progress
from spectune.report.figures.lr_range import range_picture
from spectune.report.lr_range import sections
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.synthesis.fruit import fruit
from spectune.training.range_test import RangeTest

Value = TypeVar("Value")

SMALL = Settings(
    "fruit.csv", "dry_matter", out="-", lr="auto", trials=3, folds=2, epochs=3, replicates=1, top=1, cores=1,
    explain=False, seed=5, space="passos", fix=("batch=32",),
)  # fmt: skip
QUICK = Asked(seeds=2, steps=40)


def work(**changes: Any) -> Prepared:
    return prepared(replace(SMALL, **changes), fruit(90, 1))


def as_if(low: float = 1e-4, highs: tuple[float, ...] = (0.002, 0.004)) -> RangeTest:
    """A range test as it might have been."""
    rates, curves = np.geomspace(1e-5, 1, 30), np.full((len(highs), 30), 0.5)
    high = float(np.median(highs))
    return RangeTest(rates, curves, curves, curves, 2 * curves, np.full(2, low), np.asarray(highs), low, high)


def found(**changes: Any) -> LrRange:
    recipe, origin = middle_recipe(load_space("passos"), Task("fat", rows=100, points=100))
    made = LrRange(recipe, Task("fat", rows=100, points=100), 80, as_if(), origin=origin, family="passos")
    return replace(made, **changes)


def finish(settings: Settings) -> Result:
    *_, last = run(settings, fruit(90, 1))
    assert isinstance(last, Result)
    return last


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return finish(replace(SMALL, out=str(tmp_path_factory.mktemp("runs") / "fruit")))


def value_of(steps: Generator[Progress, None, Value]) -> Value:
    """What a generator returns."""
    found: list[Value] = []

    def followed() -> Generator[Progress, None, None]:
        found.append((yield from steps))

    list(followed())
    return found[0]


def test_only_training_rows_are_seen() -> None:
    """Spoilt targets and spectra of every other row change nothing."""
    made = work()
    rows, task = made.spectra.calibration, made.problem.task
    recipe, _ = middle_recipe(made.space, task)
    cut = Fold(made.folds[0].train, made.folds[0].tuning, made.folds[0].scored)
    x, y = rows.x.copy(), rows.y.copy()
    others = np.concatenate([cut.tuning, cut.scored])
    x[others], y[others] = 1e3, -1e6
    plain, spoilt = (last(recipe, *data, task, [cut]) for data in ((rows.x, rows.y), (x, y)))
    np.testing.assert_array_equal(plain.test.losses, spoilt.test.losses)


def last(recipe: Any, x: NDArray[np.float32], y: NDArray[np.float64], task: Task, cuts: list[Fold]) -> LrRange:
    *_, made = lr_range(recipe, x, y, task, cuts, QUICK)
    assert isinstance(made, LrRange)
    return made


def test_members_take_the_folds_in_turn_and_more_of_them_change_none() -> None:
    made = work()
    rows, task = made.spectra.calibration, made.problem.task
    recipe, _ = middle_recipe(made.space, task)
    *_, few = lr_range(recipe, rows.x, rows.y, task, made.folds, QUICK)
    *_, many = lr_range(recipe, rows.x, rows.y, task, made.folds, replace(QUICK, seeds=4))
    assert isinstance(few, LrRange)
    assert isinstance(many, LrRange)
    steps = min(few.test.rates.size, many.test.rates.size)
    np.testing.assert_allclose(few.test.losses[:, :steps], many.test.losses[:2, :steps], rtol=1e-4)


def test_the_middle_of_a_space_is_its_first_start_or_the_middle_of_its_ranges() -> None:
    task = Task("fat", rows=100, points=100)
    recipe, origin = middle_recipe(load_space("default"), task)
    assert (recipe.schedule.batch, recipe.schedule.penalty, recipe.gain) == (64, 3e-3, 0.4)
    assert origin == "the first start of the space 'default'"
    recipe, origin = middle_recipe(load_space("passos"), task, epochs=20)
    assert (recipe.schedule.batch, recipe.schedule.penalty, recipe.schedule.epochs) == (128, 0.025, 20)
    assert origin == "the middle of every range of the space 'passos'"


def test_every_shipped_space_has_a_middle() -> None:
    for name in ("default", "passos", "shen"):
        for points in (60, 200, 1000):
            recipe, _ = middle_recipe(load_space(name), Task("fat", rows=100, points=points, skew=2.0, positive=True))
            assert recipe.layers


def test_the_range_of_a_search_goes_from_a_tenth_of_the_lowest_suggestion_to_the_highest_within_bounds() -> None:
    batches = tuple(Suggestion(batch, 1e-5, high, (high,)) for batch, high in ((16, 0.002), (64, 0.004), (256, 0.9)))
    assert narrowing(batches[:2]) == Narrowing(0.0002, 0.004, batches[:2])
    assert narrowing(batches) == Narrowing(0.0002, 0.1, batches)
    tiny = (Suggestion(16, 1e-8, 1e-7, (1e-7,)),)
    assert (narrowing(tiny).low, narrowing(tiny).high) == (1e-5, 1e-4)


def test_a_search_draws_its_learning_rates_in_the_range_that_was_found(done: Result) -> None:
    kept = load_narrowing(done.folder)
    assert kept is not None
    rates = [float(trial.values["rate"]) for trial in done.outcome.trials]
    assert len(set(rates)) > 1
    assert all(kept.low <= rate <= kept.high for rate in rates)
    assert done.outcome.space is not None
    assert done.outcome.space.range("rate") == FloatRange(kept.low, kept.high, log=True)
    assert [one.batch for one in kept.suggestions] == [32]


def test_the_facts_say_what_was_searched_and_whether_the_winner_lies_in_its_own_range(done: Result) -> None:
    facts = done.outcome.facts
    assert facts["learning rate"].startswith("searched from ")
    assert "at batches of 32" in facts["learning rate"]
    own = facts["learning rate of the winner"]
    assert "its own range test suggests at most" in own
    assert any(f"it lies {word} the range" in own for word in ("below", "inside", "above"))
    assert "learning rate of the winner" in (done.folder / "report.html").read_text()


@pytest.mark.usefixtures("sketches")
def test_a_run_that_was_killed_goes_on_in_the_same_space_and_ends_as_one_that_was_not(
    done: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed right after the range test, and again after the first trial; the test is made only once."""
    settings = replace(SMALL, out=str(tmp_path / "run"))
    stopped = run(settings, fruit(90, 1))
    for step in stopped:
        if isinstance(step, Progress) and step.stage == "range" and step.done == step.total:
            stopped.close()
    before = (tmp_path / "run" / RECORD).read_bytes()
    assert not load_trials(tmp_path / "run")

    def never(*_: object) -> Iterator[Progress]:
        raise AssertionError("the range test was made again")

    monkeypatch.setattr("spectune.job.narrowing._narrowing", never)
    stopped = run(settings, fruit(90, 1))
    for step in stopped:
        if isinstance(step, Progress) and step.stage == "search":
            stopped.close()
    assert len(load_trials(tmp_path / "run")) == 1
    again = finish(settings)
    assert (tmp_path / "run" / RECORD).read_bytes() == before == (done.folder / RECORD).read_bytes()
    assert [trial.values for trial in again.outcome.trials] == [trial.values for trial in done.outcome.trials]
    assert [trial.value for trial in again.outcome.trials] == [trial.value for trial in done.outcome.trials]


def test_a_run_goes_on_in_the_range_that_is_kept_even_if_a_test_would_now_say_otherwise(tmp_path: Path) -> None:
    other = Narrowing(0.00123, 0.00321, (Suggestion(32, 1e-4, 0.00321, (0.00321,)),))
    save_narrowing(tmp_path, other)
    searched, facts = value_of(narrowed(work(), tmp_path))
    assert searched.space.range("rate") == FloatRange(0.00123, 0.00321, log=True)
    assert "searched from 0.0012 to 0.0032" in facts["learning rate"]


def test_values_to_start_with_are_brought_into_the_range_that_was_found(tmp_path: Path) -> None:
    save_narrowing(tmp_path, Narrowing(0.00123, 0.00321, ()))
    searched, _ = value_of(narrowed(work(space="default"), tmp_path))
    assert searched.space.starts
    assert [start["rate"] for start in searched.space.starts] == [0.00123] * len(searched.space.starts)


def test_trials_without_the_record_of_their_range_are_refused(done: Result, tmp_path: Path) -> None:
    trials = tmp_path / "trials"
    trials.mkdir()
    for path in (done.folder / "trials").iterdir():
        (trials / path.name).write_bytes(path.read_bytes())
    with pytest.raises(RunError, match=r"lr-range\.json is missing, but the trials beside it were searched"):
        list(narrowed(work(), tmp_path))


def test_a_damaged_record_is_told_from_a_good_one(tmp_path: Path) -> None:
    save_narrowing(tmp_path, Narrowing(1e-4, 1e-3, ()))
    path = tmp_path / RECORD
    path.write_text(path.read_text().replace("0.001", "0.002"))
    with pytest.raises(RunError, match="damaged"):
        load_narrowing(tmp_path)
    assert load_narrowing(tmp_path / "nowhere") is None


def test_a_run_begun_with_one_kind_of_learning_rates_does_not_go_on_with_the_other(done: Result) -> None:
    with pytest.raises(RunError, match="lr is 'auto' there and 'space' here"):
        finish(replace(SMALL, out=str(done.folder), lr="space"))


def test_a_space_without_a_range_of_rates_is_left_alone_and_says_so(tmp_path: Path) -> None:
    made = work(fix=("rate=0.001",))
    assert "has no range of learning rates" in next(narrowed(made, tmp_path)).sentence
    assert value_of(narrowed(made, tmp_path))[0] is made
    assert not (tmp_path / RECORD).exists()


def test_without_auto_nothing_is_tested(tmp_path: Path) -> None:
    made = work(lr="space")
    recipe, _ = middle_recipe(made.space, made.problem.task)
    for steps in (narrowed(made, tmp_path), winners_range(made, recipe)):
        assert list(steps) == []


@pytest.mark.usefixtures("sketches")
def test_a_comparison_gives_all_its_searches_the_same_range(tmp_path: Path) -> None:
    arms = {"arms": ["random", "tpe"], "trials": [2, 2], "seeds": 1, "out": str(tmp_path / "compared")}
    shared = {name: getattr(SMALL, name) for name in ("data", "target", "lr", "folds", "epochs", "space", "fix")}
    told = {**shared, **arms, "cores": 1}
    *_, compared = compare(checked_comparison(told, "the test"), fruit(90, 1))
    kept = load_narrowing(tmp_path / "compared")
    assert kept is not None
    trials = [trial for folder in (tmp_path / "compared").glob("*/trials") for trial in load_trials(folder.parent)]
    assert len(trials) == 4
    assert all(kept.low <= float(trial.values["rate"]) <= kept.high for trial in trials)
    assert "searched from" in compared.facts["learning rate"]  # type: ignore[union-attr]


def test_the_winner_of_a_run_is_tested_on_its_own_data_and_a_page_and_a_table_are_left(done: Result) -> None:
    *_, made = of_run(done.folder, QUICK, "spectune lr-range --run HERE", done.folder)
    assert isinstance(made, LrRange)
    assert made.recipe == done.outcome.recipe
    page = (done.folder / "lr-range.html").read_text()
    assert "the winner of the run" in page
    assert "spectune lr-range --run HERE" in page
    head, *lines = (done.folder / "lr-range.csv").read_text().splitlines()
    assert head == "style,member,rate,loss,penalty,smoothed loss,smoothed loss with penalty"
    assert len(lines) == 2 * made.test.rates.size


def test_numbers_that_make_no_range_test_are_refused() -> None:
    with pytest.raises(SettingError, match="from 1 to 50 seeds and from 20 to 10000 steps, got 0 and 200"):
        Asked(seeds=0)
    with pytest.raises(SettingError, match=r"must rise, from above 0 to at most 1000; got 1 to 0\.1"):
        Asked(low=1, high=0.1)


def test_the_answer_names_the_largest_rate_and_how_far_members_agree() -> None:
    assert headline(found()) == (
        "Learning rates from 0.0001 to 0.003 train this network; take 0.003 as the largest of a schedule."
    )
    assert "finds no clear range" in headline(found(test=as_if(low=0.01)))
    assert "between 0.002 and 0.004 (2 members)." in reasons(found())[1]
    assert "disagree" in reasons(found(test=as_if(highs=(0.001, 0.009))))[1]
    assert "One member alone" in reasons(found(test=as_if(highs=(0.001,))))[1]


@pytest.mark.parametrize(("value", "word"), [(2e-4, "below"), (3.1e-4, "inside"), (3e-3, "inside"), (3.1e-3, "above")])
def test_a_rate_lies_below_inside_or_above_a_tenth_of_the_suggestion_and_the_suggestion(
    value: float, word: str
) -> None:
    assert place(value, as_if()) == word
    assert f"it lies {word} the range" in winner_words(value, as_if())


def test_what_the_papers_authors_saw_stands_beside_ours_for_their_family_only() -> None:
    """Passos & Mishra (2022): 1e-6 and 2.5e-3 for regression, 1e-7 and 2.5e-3 for classification, by eye."""
    classes = Task("kind", classes=("a", "b"), rows=100, points=100)
    assert found().by_eye == (1e-6, 2.5e-3)
    assert found(task=classes).by_eye == (1e-7, 2.5e-3)
    assert found(family="shen").by_eye is None
    curve, _ = sections(found())
    other, _ = sections(found(family="shen"))
    assert "by eye" in str(curve.parts)
    assert "by eye" not in str(other.parts)


def test_a_test_alone_is_drawn_as_the_one_panel_of_a_page() -> None:
    alone = range_picture(as_if(), (1e-4, 2.5e-3))
    assert alone.count("Passos &amp; Mishra (2022), by eye") == 1
    assert "by eye" not in range_picture(as_if())


def test_the_command_prints_the_suggestion_and_writes_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "fruit.csv", spectra_table(fruit(80, 1)))
    line = "lr-range fruit.csv -t dry_matter --space passos --seeds 2 --steps 30 --from 1e-4 --folds 3 -j 1 --published"
    assert command(line.split()) == 0
    shown = capsys.readouterr().out
    for word in ("take 0.", "Passos & Mishra", "published", "runs/lr-range-fruit-dry_matter/lr-range.html"):
        assert word in shown
    page = (tmp_path / "runs" / "lr-range-fruit-dry_matter" / "lr-range.html").read_text()
    assert "--from 0.0001" in page
    assert "as published" in page


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lr-range", "needs a file of spectra and a target"),
        ("lr-range soil.csv", "or a finished run"),
        ("lr-range --run runs/x --space shen", "--run has its own data, folds and network; leave out space"),
        ("lr-range --run runs/nowhere", "there is no run folder"),
        ("lr-range soil.csv -t y --seeds many", "'--seeds'"),
        ("lr-range soil.csv -t y --seeds 99", "from 1 to 50 seeds"),
        ("lr-range soil.csv -t y --from 1 --to 0.1", "must rise"),
        ("lr-range nowhere.csv -t y", "nowhere.csv"),
    ],
)
def test_a_mistaken_command_line_is_one_sentence_and_two(
    line: str, words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(line.split()) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert words in said
