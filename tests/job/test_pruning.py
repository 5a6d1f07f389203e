"""The look at pruned trials of a small run: the rows and folds of its search, kept trial by trial, and shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from sketches import sketched
from spectune.cli.app import run as command
from spectune.errors import RunError, SettingError
from spectune.files.prunings import load_again, load_regret
from spectune.files.runs import load_outcome
from spectune.files.settings import Settings
from spectune.job import Result, run
from spectune.job.pruning import audit, searched_with
from spectune.progress import Progress
from spectune.synthesis.fruit import fruit
from spectune.tuning.pruning import Regret, ended_at_rungs

SMALL = Settings(
    "fruit.csv", "dry_matter", out="-", group="fruit", trials=14, folds=2, epochs=9, replicates=1, top=1, cores=1,
    explain=False, objective="overfit",
)  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny finished run that pruned some of its trials."""
    folder = tmp_path_factory.mktemp("runs") / "fruit"
    with sketched():
        list(run(replace(SMALL, out=str(folder)), fruit(150, 1)))
    return folder


def test_a_run_by_the_over_fit_objective_keeps_both_numbers_and_says_what_it_minimised(finished: Path) -> None:
    outcome = load_outcome(finished)
    complete = [trial for trial in outcome.trials if trial.value is not None]
    assert complete
    for trial in complete:
        own = [
            0.5 * scored + 0.5 * abs(scored**2 - calibrated**2)
            for scored, calibrated in zip(trial.rungs[-1].fold_errors, trial.calibrated, strict=True)
        ]
        assert trial.objective == pytest.approx(sum(own) / len(own), rel=1e-3)
        assert all(penalty > 0 for penalty in trial.penalties)
    page = (finished / "report.html").read_text()
    assert "0.5 × the RMSE on the rows a fold holds out + 0.5 × the distance" in page


def test_a_finished_run_that_older_settings_describe_is_not_done_again(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = load_outcome(finished)
    without = {name: value for name, value in outcome.settings.items() if name not in ("startup", "reduction", "lr")}
    monkeypatch.setattr(sys.modules["spectune.job.run"], "load_outcome", lambda _: replace(outcome, settings=without))
    *_, last = steps = list(run(replace(SMALL, out=str(finished)), fruit(150, 1)))
    assert len(steps) == 2
    assert isinstance(last, Result)
    assert last.outcome.settings == without


def test_an_interrupted_look_goes_on_and_repeats_what_the_search_saw(finished: Path) -> None:
    pruned = ended_at_rungs(load_outcome(finished).trials)
    assert len(pruned) >= 2
    steps = audit(finished, 2)
    for step in steps:
        if isinstance(step, Progress) and step.stage == "pruning" and step.done == 1:
            steps.close()
    kept = {path: path.read_bytes() for path in (finished / "pruning").iterdir()}
    assert len(kept) == 1
    assert not (finished / "pruning.json").exists()
    *_, found = audit(finished, 2)
    assert {path: path.read_bytes() for path in kept} == kept
    assert isinstance(found, Regret)
    assert found == load_regret(finished)
    assert len(found.again) == 2
    for one in found.again:
        again = load_again(finished, one.number)
        before = next(trial for trial in pruned if trial.number == one.number)
        assert again is not None
        assert again.rungs[: len(before.rungs)] == before.rungs
        assert one.final == again.objective
    page = (finished / "pruning.html").read_text()
    assert "error with over-fit term at the end" in page
    assert f"spectune pruning {finished} --sample 2 --seed 0" in page


@pytest.mark.usefixtures("sketches")
def test_a_larger_sample_goes_on_from_a_smaller_one(finished: Path) -> None:
    *_, small = audit(finished, 1)
    *_, large = audit(finished, 100)
    assert isinstance(small, Regret)
    assert isinstance(large, Regret)
    assert set(small.again) <= set(large.again)
    assert len(large.again) == large.pruned


def test_rows_and_folds_are_those_of_the_search_and_test_rows_are_not_among_them(finished: Path) -> None:
    outcome = load_outcome(finished)
    work = searched_with(outcome, finished, None)
    assert len(work.problem.y) == len(outcome.spectra.calibration)
    assert (work.fold_of == outcome.fold_of).all()
    with pytest.raises(RunError, match="cannot be made again"):
        searched_with(replace(outcome, fold_of=1 - outcome.fold_of), finished, None)


def test_what_cannot_be_looked_at_is_said_in_one_sentence(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RunError, match="there is no run folder"):
        list(audit(tmp_path / "nowhere"))
    for told, sentence in (({"count": 0}, "from 1 to 10000, got 0"), ({"seed": -1}, "seed must be from 0")):
        with pytest.raises(SettingError, match=sentence):
            list(audit(finished, **told))
    outcome = load_outcome(finished)
    whole = tuple(trial for trial in outcome.trials if trial.state == "complete")
    monkeypatch.setattr("spectune.job.pruning.load_outcome", lambda _: replace(outcome, trials=whole))
    with pytest.raises(RunError, match="nothing that pruning threw away"):
        list(audit(finished))


def test_a_record_that_was_changed_is_told_from_a_good_one(finished: Path) -> None:
    list(audit(finished, 1))
    path = next((finished / "pruning").iterdir())
    whole = path.read_text()
    path.write_text(whole.replace('"seed": ', '"seed": 1'))
    try:
        with pytest.raises(RunError, match="damaged"):
            load_again(finished, int(path.stem))
    finally:
        path.write_text(whole)


def test_the_command_prints_what_pruning_threw_away(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["pruning", str(finished), "--sample", "2", "-j", "1"]) == 0
    shown = capsys.readouterr().out
    for word in ("went on to the end", "Better than the median", "rank correlation", "pruning.html"):
        assert word in shown
    assert command(["pruning", str(finished / "nowhere")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: there is no run folder")
    assert said.count("\n") == 1


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(
    finished: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Iterator[Progress]:
        yield Progress("read", 1, 1, "read")
        raise KeyboardInterrupt

    monkeypatch.setattr("spectune.cli.pruned.audit", interrupted)
    assert command(["pruning", str(finished), "--sample", "3"]) == 2
    said = capsys.readouterr().err
    assert said.endswith(f"continue with: spectune pruning {finished} --sample 3 --seed 0\n")


@pytest.mark.usefixtures("sketches")
def test_a_search_of_two_numbers_ends_with_the_lowest_error_of_the_choices_of_weights(tmp_path: Path) -> None:
    settings = replace(SMALL, out=str(tmp_path / "run"), trials=4, top=2, objective="pareto", pruner="none")
    *_, last = run(settings, fruit(90, 1))
    assert isinstance(last, Result)
    outcome = last.outcome
    assert all(trial.objective is None and trial.state == "complete" for trial in outcome.trials)
    assert min(outcome.replicates, key=lambda recipe: sum(outcome.replicates[recipe])) == outcome.recipe.id
    page = (last.folder / "report.html").read_text()
    assert "two numbers side by side" in page
    assert "Error and over-fit" in page
    assert asdict(settings)["objective"] == outcome.settings["objective"]
