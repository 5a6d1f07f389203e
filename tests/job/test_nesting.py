"""Nested validation of small simulated sets: outer rows are predicted once, seen by nothing, and work goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from sketches import sketched
from spectune.assessment.nested import Nested
from spectune.assessment.outcome import Outcome
from spectune.cli.app import run as command
from spectune.errors import DataError, RunError, SettingError
from spectune.files.runs import load_outcome, load_trials
from spectune.files.settings import Settings
from spectune.job import Result
from spectune.job.data import prepared
from spectune.job.nesting import around, nested
from spectune.job.run import carried_out
from spectune.progress import Progress
from spectune.spectra.table import Table
from spectune.synthesis.fruit import fruit

pytestmark = pytest.mark.usefixtures("sketches")

SMALL = Settings(
    "fruit.csv", "dry_matter", out="-", group="fruit", trials=2, folds=2, epochs=4, replicates=1, top=1, cores=1
)
OUTER = 2


def table(rows: int = 64) -> Table:
    return fruit(rows, 1)


def finish(settings: Settings, spectra: Table, outer: int = OUTER) -> Nested:
    *_, last = nested(settings, outer, spectra)
    assert isinstance(last, Nested)
    return last


@dataclass(frozen=True, eq=False)
class Done:
    """A nested validation that was stopped in its second outer fold and gone on with.

    ``first`` is the outcome of the first outer fold as it was kept before the stop; ``trials`` those of the second.
    """

    found: Nested
    folder: Path
    first: bytes
    trials: int


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("runs") / "nested"
    settings = replace(SMALL, out=str(folder))
    steps = nested(settings, OUTER, table())
    with sketched():
        for step in steps:
            if isinstance(step, Progress) and step.stage == "search" and step.sentence.startswith("outer fold 2"):
                steps.close()
    assert not (folder / "nested.html").exists()
    first, trials = (folder / "outer-1" / "outcome.json").read_bytes(), len(load_trials(folder / "outer-2"))
    return Done(finish(settings, table()), folder, first, trials)


def alone(settings: Settings, spectra: Table, number: int) -> Outcome:
    """The job of one outer fold, as the nested validation does it."""
    *_, last = carried_out(around(prepared(settings, spectra), OUTER)[number])
    assert isinstance(last, Result)
    return last.outcome


def outer_outcomes(folder: Path) -> list[Outcome]:
    return [load_outcome(folder / f"outer-{number + 1}") for number in range(OUTER)]


def test_outer_folds_share_out_the_calibration_rows_in_whole_groups() -> None:
    work = prepared(replace(SMALL, out="runs/x"), table())
    calibration = work.spectra.calibration
    works = around(work, 4)
    left_out = [np.flatnonzero(one.spectra.roles == "test") for one in works]
    assert sorted(np.concatenate(left_out)) == list(range(len(calibration)))
    for one, rows in zip(works, left_out, strict=True):
        np.testing.assert_array_equal(one.spectra.ids, calibration.ids)
        assert not set(calibration.groups[rows]) & set(one.spectra.calibration.groups)
        for fold in one.folds:
            seen = np.concatenate([fold.train, fold.tuning, fold.scored])
            assert seen.max() < len(one.spectra.calibration)
        assert one.spectra.task.rows == len(calibration) - rows.size
    assert len({one.settings.seed for one in works}) == 4
    assert len({one.settings.folder for one in works}) == 4


def test_what_networks_know_of_the_target_comes_from_training_rows_alone() -> None:
    """A single row below zero forbids logarithms everywhere but in the fold that leaves it out."""
    spectra = table()
    target = spectra.column("dry_matter").astype(float)
    target[0] = -1.0
    work = prepared(replace(SMALL, out="runs/x"), replace(spectra, columns={**spectra.columns, "dry_matter": target}))
    assert not work.spectra.task.positive
    positive = [one.spectra.task.positive for one in around(work, 3)]
    assert sorted(positive) == [False, False, True]


def test_every_calibration_row_is_predicted_once_and_kept_with_both_numbers(done: Done) -> None:
    found, folder = done.found, done.folder
    outcomes = outer_outcomes(folder)
    assert len(found.spectra) == sum(len(outcome.spectra.test) for outcome in outcomes)
    assert found.closed == len(prepared(replace(SMALL, out="x"), table()).spectra.test)
    for number, outcome in enumerate(outcomes):
        rows = found.fold_of == number
        np.testing.assert_array_equal(found.network.output[rows], outcome.model(outcome.network).test)
        np.testing.assert_array_equal(found.model("PLS").output[rows], outcome.model("PLS").test)
        own = outcome.model(outcome.network).validated
        rmse = float(np.sqrt(np.mean((own - outcome.spectra.calibration.y) ** 2)))
        assert found.network.inner[number] == pytest.approx(rmse)
    lines = (folder / "predictions.csv").read_text().splitlines()
    assert lines[0] == (
        "id,outer fold,measured,predicted by mean,predicted by PLS,predicted by ridge,predicted by SVR,"
        "predicted by tuned network"
    )
    assert len(lines) == 1 + len(found.spectra)
    assert "optimism" in (folder / "nested.html").read_text()


def test_outer_rows_are_seen_by_nothing_before_they_are_predicted(done: Done, tmp_path: Path) -> None:
    """Spoilt rows of the first outer fold change its predictions and errors; all that was chosen stays to the bit."""
    spectra = table()
    work = prepared(replace(SMALL, out="x"), spectra)
    left_out = np.flatnonzero(around(work, OUTER)[0].spectra.roles == "test")
    rows = np.concatenate(
        [np.flatnonzero(work.spectra.roles == "cal")[left_out], np.flatnonzero(work.spectra.roles == "test")]
    )
    spoilt, target = spectra.x.copy(), spectra.column("dry_matter").copy()
    spoilt[rows] += np.linspace(0, 3, spoilt.shape[1], dtype=np.float32)
    target[rows] = target[rows][::-1] * 1.5
    other = replace(spectra, x=spoilt, columns={**spectra.columns, "dry_matter": target})
    after = alone(replace(SMALL, out=str(tmp_path / "spoilt")), other, 0)
    before = load_outcome(done.folder / "outer-1")
    assert [trial.values for trial in before.trials] == [trial.values for trial in after.trials]
    assert [trial.value for trial in before.trials] == [trial.value for trial in after.trials]
    assert before.recipe == after.recipe
    for model in before.models:
        assert model.settings == after.model(model.name).settings
        np.testing.assert_array_equal(model.validated, after.model(model.name).validated)
        np.testing.assert_array_equal(model.calibration, after.model(model.name).calibration)
    assert not np.array_equal(before.model("PLS").test, after.model("PLS").test)


def test_a_nested_validation_goes_on_where_it_stopped(done: Done, tmp_path: Path) -> None:
    assert done.trials == 1
    assert (done.folder / "outer-1" / "outcome.json").read_bytes() == done.first
    whole = alone(replace(SMALL, out=str(tmp_path / "whole")), table(), 1)
    for model in whole.models:
        np.testing.assert_array_equal(model.test, load_outcome(done.folder / "outer-2").model(model.name).test)


def test_a_finished_one_is_given_back_without_a_search(done: Done) -> None:
    found, folder = done.found, done.folder
    steps = list(nested(replace(SMALL, out=str(folder)), OUTER, table()))
    assert {step.stage for step in steps if isinstance(step, Progress)} == {"read", "outer", "report"}
    last = steps[-1]
    assert isinstance(last, Nested)
    assert last.verdict == found.verdict


def test_each_outer_fold_can_be_reported_alone_and_says_what_it_is(done: Done) -> None:
    folder = done.folder
    assert command(["report", str(folder / "outer-1")]) == 0
    outcome = load_outcome(folder / "outer-1")
    assert outcome.facts["command"].startswith("spectune nested --config")
    assert any("outer fold 1 of 2 of a nested validation" in note for note in outcome.spectra.notes)


def test_folders_of_others_are_refused_and_left_alone(done: Done, tmp_path: Path) -> None:
    folder = done.folder
    with pytest.raises(RunError, match="belongs to another nested validation: outer is 2 there and 3 here"):
        finish(replace(SMALL, out=str(folder)), table(), outer=3)
    with pytest.raises(RunError, match="seed is 0 there and 9 here"):
        finish(replace(SMALL, out=str(folder), seed=9), table())
    with pytest.raises(RunError, match="its spectra, targets or roles are not those that are there now"):
        finish(replace(SMALL, out=str(folder)), table(56))
    with pytest.raises(RunError, match="is not the folder of a nested validation"):
        finish(replace(SMALL, out=str(folder / "outer-1")), table())
    (tmp_path / "own.txt").write_text("mine")
    with pytest.raises(RunError, match="is not the folder of a nested validation"):
        finish(replace(SMALL, out=str(tmp_path)), table())
    assert [path.name for path in tmp_path.iterdir()] == ["own.txt"]


def test_folds_that_cannot_be_made_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    spectra = table()
    kinds = np.where(np.arange(len(spectra)) < 4, "rare", np.where(np.arange(len(spectra)) % 4 < 2, "a", "b"))
    rare = replace(spectra, columns={**spectra.columns, "kind": kinds})
    with pytest.raises(DataError, match=r"outside outer fold .: class 'rare' of 'kind' has 1 calibration group"):
        finish(replace(SMALL, target="kind", out=str(tmp_path / "run")), rare)
    with pytest.raises(SettingError, match="from 2 to 20 outer folds, got 1"):
        finish(replace(SMALL, out=str(tmp_path / "run")), spectra, outer=1)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nested", "spectune nested needs a file of spectra and a target"),
        ("nested fruit.csv", "spectune nested needs the column to predict"),
        ("nested fruit.csv -t dry_matter --outer 1", "from 2 to 20 outer folds, got 1"),
        ("nested fruit.csv -t dry_matter --outer 21", "from 2 to 20 outer folds, got 21"),
        ("nested nothing.csv -t dry_matter", "nothing.csv"),
    ],
)
def test_a_mistaken_command_line_is_one_sentence_and_two(
    line: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(line.split()) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert shown.count("\n") == 1
    assert words in shown


def test_the_command_nests_classes_too_and_leaves_the_folder_of_tune_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(["simulate", "fruit.csv", "--rows", "80", "--seed", "1"]) == 0
    line = "nested fruit.csv -t cultivar --group fruit --outer 2 --trials 1 --folds 2 --epochs 3 --replicates 1 -j 1"
    assert command([*line.split(), "--top", "1"]) == 0
    shown = capsys.readouterr().out
    for word in ("optimism", "inner and outer balanced accuracy", "tuned network", "PLS-DA", "test rows stayed closed"):
        assert word in shown
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["fruit-cultivar-nested"]
    assert "balanced accuracy" in (tmp_path / "runs" / "fruit-cultivar-nested" / "nested.html").read_text()


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(
    done: Done, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Iterator[Progress]:
        yield Progress("read", 1, 1, "read")
        raise KeyboardInterrupt

    monkeypatch.setattr("spectune.cli.nesting.nested", interrupted)
    line = ["nested", "fruit.csv", "-t", "dry_matter", "--outer", "2", "--out"]
    assert command([*line, str(done.folder)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: stopped; 2 of 2 outer folds are done")
    assert said.endswith(f"spectune nested --config {done.folder}/run.toml --outer 2 --out {done.folder}\n")
    assert command([*line, str(tmp_path / "new")]) == 2
    assert "nothing is lost" in capsys.readouterr().err
