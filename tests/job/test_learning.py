"""The learning curve of a small run: held-out rows only score, and an interrupted one goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketches import sketched
from spectune.assessment.learning import LearningCurve, Point
from spectune.assessment.outcome import Outcome
from spectune.assessment.subsets import shares, subset
from spectune.cli.app import run as command
from spectune.errors import DataError, RunError, SettingError
from spectune.files.points import load_point, save_point
from spectune.files.runs import load_outcome
from spectune.files.settings import Settings
from spectune.job import run
from spectune.job.learning import Study, baseline_outputs, learning_curve, measured, studied
from spectune.networks.recipe import Recipe
from spectune.progress import Progress
from spectune.spectra.folds import Fold
from spectune.synthesis.fruit import fruit
from spectune.training.crew import Fitter, Fitting, alone
from spectune.training.fit import Fitted

pytestmark = pytest.mark.usefixtures("sketches")

SMALL = Settings(
    "fruit.csv", "dry_matter", out="-", group="fruit", trials=1, folds=3, epochs=4, replicates=1, top=1, cores=1,
    explain=False,
)  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny finished run."""
    folder = tmp_path_factory.mktemp("runs") / "fruit"
    with sketched():
        list(run(replace(SMALL, out=str(folder)), fruit(150, 1)))
    return folder


@pytest.fixture(scope="module")
def study(finished: Path) -> Study:
    return studied(load_outcome(finished), finished, None)


def fitter_of(study: Study, seen: list[Fold]) -> Fitter:
    """The plain fitter, which notes the folds it is given."""
    spectra = study.spectra
    inner = alone(spectra.x, spectra.y, spectra.task)

    def fitting(
        recipe: Recipe, folds: Sequence[Fold], seeds: Sequence[int], rungs: Sequence[int], start: Fitted | None = None
    ) -> Fitting:
        seen.extend(folds)
        return inner(recipe, folds, seeds, rungs, start)

    return fitting


def test_the_folds_are_those_of_the_run(study: Study) -> None:
    fold_of = study.outcome.fold_of
    for number, (rest, scored) in enumerate(zip(study.rests, study.held_out, strict=True)):
        assert set(fold_of[scored]) == {number}
        assert number not in set(fold_of[rest])
        assert sorted([*rest, *scored]) == list(range(fold_of.size))


def test_networks_train_inside_the_subset_of_their_fold_and_only_score_what_it_holds_out(study: Study) -> None:
    seen: list[Fold] = []
    several = replace(study, seeds=2)
    point = measured(several, 0.6, 1, fitter_of(several, seen))
    assert len(seen) == 2 * len(study.rests)
    for number, fold in enumerate(seen):
        place = number % len(study.rests)
        np.testing.assert_array_equal(fold.scored, study.held_out[place])
        own = np.concatenate([fold.train, fold.tuning])
        assert set(own) <= set(study.rests[place])
        assert np.unique(own).size == own.size
        groups = study.spectra.groups
        assert not set(groups[fold.train]) & set(groups[fold.tuning])
        assert 0.6 * study.rests[place].size <= own.size < study.rests[place].size
    assert {len(errors) for errors in point.errors.values()} == {len(study.rests)}
    assert list(point.errors) == ["mean", "PLS", study.outcome.network]


def test_pls_and_the_mean_know_nothing_of_the_rows_they_are_scored_on(study: Study) -> None:
    """Targets of held-out rows, however spoilt, change no output; their spectra change only their own."""
    spectra, scored = study.spectra, study.held_out[0]
    part = subset(spectra, study.rests[0], 0.5, 1)
    before = baseline_outputs(spectra, part, scored, 7)
    target, x = spectra.y.copy(), spectra.x.copy()
    target[scored] = -1000 * target[scored][::-1]
    x[scored[0]] += 1
    after = baseline_outputs(replace(spectra, y=target, x=x), part, scored, 7)
    np.testing.assert_array_equal(before["mean"], after["mean"])
    np.testing.assert_allclose(before["PLS"][1:], after["PLS"][1:], rtol=1e-12)
    assert before["PLS"][0] != after["PLS"][0]


def test_the_same_point_is_made_twice_to_the_bit(study: Study) -> None:
    one, other = (measured(study, 0.5, 0, fitter_of(study, [])) for _ in range(2))
    assert one == other


def test_an_interrupted_curve_goes_on_and_gives_what_an_uninterrupted_one_gives(finished: Path, study: Study) -> None:
    steps = learning_curve(finished, 1)
    for step in steps:
        if isinstance(step, Progress) and step.stage == "learning" and step.done == 2:
            steps.close()
    kept = {path: path.read_bytes() for path in (finished / "learning").iterdir()}
    assert len(kept) == 2
    assert not (finished / "learning-curve.html").exists()
    *_, found = learning_curve(finished, 1)
    assert isinstance(found, LearningCurve)
    assert {path: path.read_bytes() for path in kept} == kept
    sizes = shares(study.spectra, study.rests)
    assert [point.share for point in found.points] == pytest.approx(list(sizes))
    first = measured(study, sizes[0], 0, fitter_of(study, []))
    assert found.points[0] == first
    page = (finished / "learning-curve.html").read_text()
    assert "What the fitted laws say" in page
    assert f"spectune learning-curve {finished} --subsets 1" in page


def test_the_largest_size_is_all_rows_outside_each_fold(finished: Path, study: Study) -> None:
    *_, found = learning_curve(finished, 1)
    assert isinstance(found, LearningCurve)
    assert found.rows[-1] == pytest.approx(np.mean([rest.size for rest in study.rests]))
    assert found.groups[-1] < found.rows[-1]
    assert found.network.name == study.outcome.network


def test_points_of_other_data_recipes_or_folds_are_not_taken(finished: Path, study: Study, tmp_path: Path) -> None:
    point = Point(0.5, 0, 30.0, 15.0, {"mean": (1.0, 2.0)})
    save_point(tmp_path, point, study.mark)
    assert load_point(tmp_path, 0.5, 0, study.mark) == point
    assert load_point(tmp_path, 0.5, 1, study.mark) is None
    outcome: Outcome = study.outcome
    others = [
        replace(outcome, fold_of=outcome.fold_of[::-1].copy()),
        replace(outcome, spectra=replace(outcome.spectra, y=outcome.spectra.y + 1)),
        replace(outcome, recipe=replace(outcome.recipe, layers=outcome.recipe.layers[1:])),
    ]
    for other in others:
        mark = studied(other, finished, None).mark
        assert mark != study.mark
        assert load_point(tmp_path, 0.5, 0, mark) is None


def test_a_damaged_point_is_told_from_a_good_one(tmp_path: Path) -> None:
    save_point(tmp_path, Point(0.5, 0, 30.0, 15.0, {"mean": (1.0, 2.0)}), "mark")
    path = next((tmp_path / "learning").iterdir())
    path.write_text(path.read_text().replace("30.0", "31.0"))
    with pytest.raises(RunError, match="damaged"):
        load_point(tmp_path, 0.5, 0, "mark")


def test_what_cannot_be_done_is_said_in_one_sentence(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no run folder"):
        list(learning_curve(tmp_path / "nowhere"))
    with pytest.raises(RunError, match="is not the folder of a run"):
        list(learning_curve(tmp_path))
    with pytest.raises(SettingError, match="from 1 to 50, got 0"):
        list(learning_curve(finished, 0))


def test_too_small_a_run_is_refused(study: Study) -> None:
    few = study.spectra.rows(np.arange(30))
    with pytest.raises(DataError, match="30 calibration rows are too few for a learning curve"):
        shares(few, [np.arange(20)])


def test_the_command_prints_the_advice_and_mistakes_are_one_sentence(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["learning-curve", str(finished), "--subsets", "1", "-j", "1"]) == 0
    shown = capsys.readouterr().out
    for word in ("twice as many samples", "extrapolation", "network − PLS", "learning-curve.html"):
        assert word in shown
    for line, words in (
        (["learning-curve", str(tmp_path / "nowhere")], "there is no run folder"),
        (["learning-curve", str(finished), "--subsets", "0"], "'--subsets'"),
        (["learning-curve"], "Missing argument 'RUN'"),
    ):
        assert command(line) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        assert said.count("\n") == 1
        assert words in said


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(
    finished: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Iterator[Progress]:
        yield Progress("read", 1, 1, "read")
        raise KeyboardInterrupt

    monkeypatch.setattr("spectune.cli.learning.learning_curve", interrupted)
    assert command(["learning-curve", str(finished), "--subsets", "2"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: stopped; ")
    assert said.endswith(f"continue with: spectune learning-curve {finished} --subsets 2\n")
