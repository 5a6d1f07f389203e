"""Who trains a search changes neither a trial nor what is kept, and how many were at work is said."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spectune.errors import RunError, SettingError
from spectune.files.runs import load_begun, load_outcome, load_trials
from spectune.files.settings import Settings
from spectune.files.spectra_files import write_spectra
from spectune.files.staffing import Staff, load_staff, save_staff
from spectune.job import Result, run
from spectune.job.data import Prepared, prepared
from spectune.job.measuring import BETTER, ends
from spectune.job.networks import plan, time_left
from spectune.job.price import Outlook, Price, outlook
from spectune.job.staffing import staffed
from spectune.progress import Progress
from spectune.spectra.table import Table
from spectune.synthesis.fruit import fruit
from spectune.training.crew import alone
from spectune.training.pacing import Sample, Split
from spectune.tuning.plan import Plan
from spectune.tuning.pool import Order, trained
from spectune.tuning.record import Rung, Trial
from spectune.tuning.study import draw_recipe, member_seeds
from zygote import Zygote, zygote

SMALL = Settings(
    "fruit.csv", "dry_matter", out="-", trials=5, folds=3, epochs=9, replicates=1, top=1, cores=2, seed=5,
    explain=False, storage="none",
)  # fmt: skip

pytestmark = [pytest.mark.xdist_group("processes"), pytest.mark.usefixtures("sketches")]


def table(rows: int = 90) -> Table:
    return fruit(rows, 1)


def finish(settings: Settings) -> tuple[Result, list[Progress]]:
    *steps, last = run(settings, table())
    assert isinstance(last, Result)
    return last, [step for step in steps if isinstance(step, Progress)]


def told(steps: Sequence[Progress]) -> list[str]:
    return [step.sentence for step in steps if step.stage == "plan"]


def again(work: Prepared, trial: Trial) -> Trial:
    """A trial trained in this process from what is kept of it; it ends where it ended."""

    def ends_there(rung: Rung) -> bool:
        return trial.state == "pruned" and rung.epoch == trial.rungs[-1].epoch

    how, rows = plan(work), work.spectra.calibration
    seeds = member_seeds(how.seed, how.stream(trial.number), len(work.folds))
    begun = Trial(trial.number, "pruned", trial.values, parameters=trial.parameters, seed=trial.seed)
    order = Order(
        replace(begun, repairs=trial.repairs),
        draw_recipe(work.space, work.problem.task, trial.values, how.epochs),
        tuple(seeds),
    )
    fitter = alone(rows.x, rows.y, rows.task)
    return trained(order, fitter, work.problem, how, ends_there, lambda: 0.0)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that two workers trained."""
    folder = tmp_path_factory.mktemp("runs") / "two"
    _, steps = finish(replace(SMALL, out=str(folder), workers=2))
    assert told(steps)[0].endswith("with 2 workers of 1 core")
    assert {step.under_way for step in steps if step.stage == "search"} <= {0, 1, 2}
    return folder


def test_two_workers_end_as_many_trials_as_were_asked_for_each_once(two: Path) -> None:
    ended = [trial.number for trial in load_trials(two) if trial.state != "rejected"]
    assert sorted(ended) == list(range(SMALL.trials))
    assert load_begun(two) == ()


def test_a_trial_of_a_worker_is_the_trial_of_this_process(two: Path) -> None:
    work = prepared(replace(SMALL, out=str(two)), table())
    for trial in load_trials(two):
        assert again(work, trial) == replace(trial, seconds=0.0)


def test_the_report_says_how_many_trials_were_trained_at_once(two: Path) -> None:
    assert load_outcome(two).facts["workers"].startswith("up to 2 trials at once; in which order they ended")


def test_a_finished_run_is_given_back_whoever_is_to_do_the_work(two: Path) -> None:
    _, steps = finish(replace(SMALL, out=str(two), workers="auto", cores=1))
    assert [step.stage for step in steps] == ["read"]


def test_a_run_goes_on_with_another_number_of_workers_and_still_says_how_many_there_were(two: Path) -> None:
    before = load_trials(two)
    result, steps = finish(replace(SMALL, out=str(two), trials=SMALL.trials + 1))
    assert load_trials(two)[: len(before)] == before
    assert told(steps)[0].startswith(f"1 of {SMALL.trials + 1} trials are left")
    assert result.outcome.facts["workers"].startswith("up to 2 trials at once")


def test_one_worker_is_this_process(tmp_path: Path) -> None:
    result, steps = finish(replace(SMALL, out=str(tmp_path / "one"), workers=1))
    assert told(steps)[0].endswith(" on 2 cores")
    assert {step.under_way for step in steps} == {0}
    assert result.outcome.facts["workers"] == "1 trial at a time"
    assert load_staff(result.folder) is None


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with zygote(tmp_path_factory.mktemp("zygote")) as one:
        yield one


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system makes no process like another")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_trials_that_were_cut_off_are_trained_again_with_their_values(
    ending: signal.Signals, made: Zygote, tmp_path: Path
) -> None:
    data, folder = tmp_path / "fruit.csv", tmp_path / "run"
    write_spectra(data, table(300))
    told = {"trials": 7, "folds": 3, "cores": 2, "replicates": 0, "top": 1, "storage": "none"}
    options = [word for name, value in told.items() for word in (f"--{name}", str(value))]
    command = ["tune", str(data), "-t", "dry_matter", "-o", str(folder), "--no-explain", *options]
    child = made.begin([*command, "--workers", "2"])
    until(lambda: len(load_trials(folder)) > 0 and len(cut_off(folder)) == 2)
    asked = time.monotonic()
    os.kill(child, ending)
    code = made.end()
    assert time.monotonic() - asked < 20
    assert code == (2 if ending == signal.SIGINT else -signal.SIGKILL), made.said
    if ending == signal.SIGINT:
        assert made.said.splitlines()[-1].startswith("error: stopped;"), made.said
    cut = cut_off(folder)
    assert 1 <= len(cut) <= 2
    made.begin(command)
    assert made.end() == 0, made.said
    ended = {trial.number: trial for trial in load_trials(folder)}
    assert sorted(number for number, trial in ended.items() if trial.state != "rejected") == list(range(7))
    for number, trial in cut.items():
        assert (ended[number].values, ended[number].seed) == (trial.values, trial.seed)
    assert load_outcome(folder).facts["workers"].startswith("up to 2 trials at once")


def cut_off(folder: Path) -> dict[int, Trial]:
    """Trials that have begun and not ended, by number."""
    ended = {trial.number for trial in load_trials(folder)}
    return {trial.number: trial for trial in load_begun(folder) if trial.number not in ended}


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 240
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def planned(work: Prepared, folder: Path) -> tuple[Staff | None, list[str]]:
    """What is decided, and what is said of it; no time passes."""
    steps, said = staffed(work, folder, lambda: 0.0), list[str]()
    while True:
        try:
            said.append(next(steps).sentence)
        except StopIteration as end:
            return end.value, said


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """A job of a search that is worth more workers, on four cores."""
    monkeypatch.setattr("spectune.job.measuring.WORTH", 0.0)
    monkeypatch.setattr("spectune.job.measuring.memory", lambda: 1 << 40)
    settings = replace(SMALL, out=str(tmp_path), workers="auto", trials=400, cores=4)
    return prepared(settings, table())


def paced(monkeypatch: pytest.MonkeyPatch, rates: dict[int, float]) -> list[tuple[Split, ...]]:
    """Stands in for trying: so many epochs a second by so many workers; the list gets what was asked for."""
    asked: list[tuple[Split, ...]] = []

    def paces(tried: Sample, among: tuple[Split, ...], seconds: float) -> Iterator[float]:
        assert tried.folds
        assert seconds * len(among) == pytest.approx(2.0)
        asked.append(among)
        yield from (rates[split.workers] for split in among)

    monkeypatch.setattr("spectune.job.measuring.paces", paces)
    return asked


def test_what_auto_chose_is_said_with_what_was_measured_and_kept(
    work: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = paced(monkeypatch, {1: 10.0, 2: 19.0, 4: 31.0})
    staff, said = planned(work, tmp_path)
    assert staff == Staff(4, 1, 4, 31.0)
    assert "10 by 1 worker of 4 cores, 19 by 2 workers of 2 cores, 31 by 4 workers of 1 core" in said[0]
    assert said[1].endswith("with 4 workers of 1 core")
    again, said = planned(work, tmp_path)
    assert (again, said[0]) == (staff, "4 workers of 1 core, as measured before")
    assert len(asked) == 1
    fewer = replace(work, settings=replace(work.settings, cores=2))
    found, _ = planned(fewer, tmp_path)
    assert (found, len(asked)) == (Staff(2, 1, 2, 19.0), 2)


@pytest.mark.parametrize("rates", [{1: 10.0, 2: 10.9, 4: 10.5}, {1: 10.0, 2: 5.0, 4: 1.0}])
def test_more_workers_are_chosen_only_if_the_search_ends_clearly_sooner(
    rates: dict[int, float], work: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paced(monkeypatch, rates)
    staff, said = planned(work, tmp_path)
    assert staff is None
    assert said[0].startswith("1 worker of 4 cores;")


def test_workers_are_tried_neither_for_a_short_search_nor_beyond_memory(
    work: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = paced(monkeypatch, {1: 10.0, 2: 20.0, 3: 40.0})
    monkeypatch.setattr("spectune.job.measuring.memory", lambda: int(3.9 * (300 << 20) / 0.8))
    staff, _ = planned(work, tmp_path)
    assert max(split.workers for split in asked[0]) == 3
    assert staff == Staff(3, 1, 4, 40.0)
    monkeypatch.setattr("spectune.job.measuring.WORTH", 1e9)
    staff, said = planned(work, tmp_path / "elsewhere")
    assert staff is None
    assert "more would first have to start" in said[0]
    assert len(asked) == 1


def test_more_workers_than_there_is_memory_for_are_refused(
    work: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spectune.job.measuring.memory", lambda: 1 << 30)
    many = replace(work, settings=replace(work.settings, workers=50))
    with pytest.raises(SettingError, match=r"50 workers need about \d+\.\d GB of memory, and there is enough for 2;"):
        planned(many, tmp_path)


def test_a_device_that_is_not_there_is_refused_before_there_is_a_folder(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(SettingError, match="torch finds no GPU here; leave device at cpu"):
        finish(replace(SMALL, out=str(tmp_path / "run"), device="cuda"))
    assert not (tmp_path / "run").exists()


def test_who_trains_is_kept_as_it_was(tmp_path: Path) -> None:
    staff = Staff(3, 2, 7, 12.5, 3)
    assert load_staff(tmp_path) is None
    save_staff(tmp_path, staff)
    assert load_staff(tmp_path) == staff
    path = tmp_path / "workers.json"
    path.write_text(path.read_text().replace("12.5", "12.6"))
    with pytest.raises(RunError, match="damaged"):
        load_staff(tmp_path)


@given(st.integers(1, 500), st.integers(1, 64), st.floats(0.1, 1e3), st.floats(0, 60))
def test_a_search_takes_whole_rounds_and_the_start_of_its_workers(
    left: int, workers: int, rate: float, start: float
) -> None:
    cost = Price(left, left, 5, Outlook(0.0, 1.0), 12, 0, 100)
    one = ends(cost, Split(1, 1), rate, start)
    many = ends(cost, Split(workers, 1), rate * workers, start)
    assert one == pytest.approx(left * 100 / rate)
    assert many >= one / workers + start * (workers > 1) - 1e-9 * one
    assert many <= one / workers + start + 100 / rate + 1e-9 * one
    assert BETTER < 1


@given(st.integers(2, 1000), st.sampled_from(["hyperband", "median", "none"]))
def test_pruning_saves_epochs_and_never_all_of_them(trials: int, pruner: str) -> None:
    found = outlook(Plan(trials=trials, pruner=pruner))  # type: ignore[arg-type]
    assert 0 <= found.ended < 1
    assert 0 < found.epochs <= 1
    assert (found.ended == 0) == (found.epochs == 1)


@given(st.integers(1, 100), st.integers(0, 100), st.integers(0, 16), st.floats(0.1, 1e4))
def test_time_left_is_that_of_the_trials_left_and_none_at_the_end(
    ended: int, more: int, under_way: int, seconds: float
) -> None:
    others = min(under_way, more)
    assert time_left(seconds, ended, 0, 0) == 0
    assert time_left(seconds, ended, more, 0) == pytest.approx(seconds / ended * more)
    assert time_left(seconds, ended, more, others) <= time_left(seconds, ended, more, 0)
