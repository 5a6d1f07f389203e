"""The whole job on small simulated sets: repeatable, continued, honest, and kept as it was scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spectune.assessment.outcome import CNN, DENSE, Outcome
from spectune.errors import ModelError, RunError
from spectune.files.models import load_model, save_model
from spectune.files.runs import load_outcome, load_trials
from spectune.files.settings import Settings
from spectune.job import Result, run
from spectune.job.data import prepared
from spectune.job.lr_range import middle_recipe
from spectune.job.networks import refitted
from spectune.metrics import RegressionScores
from spectune.networks.recipe import Recipe
from spectune.progress import Progress
from spectune.spectra.axis import Axis
from spectune.spectra.folds import Fold
from spectune.spectra.table import Table
from spectune.synthesis.fruit import fruit
from spectune.training.crew import Fitting, alone
from spectune.training.fit import Fitted
from spectune.tuning.replicates import convolutional, replicate

pytestmark = pytest.mark.usefixtures("sketches")

SMALL = Settings("fruit.csv", "dry_matter", out="-", trials=3, folds=3, epochs=6, replicates=1, top=2, cores=1, seed=5)


def table(rows: int = 120) -> Table:
    return fruit(rows, 1)


def finish(settings: Settings, spectra: Table) -> Result:
    *_, last = run(settings, spectra)
    assert isinstance(last, Result)
    return last


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return finish(replace(SMALL, out=str(tmp_path_factory.mktemp("runs") / "fruit")), table())


def test_every_model_stands_beside_the_network_on_the_same_rows(done: Result) -> None:
    outcome = done.outcome
    names = [model.name for model in outcome.models]
    assert names == ["mean", "PLS", "ridge", "SVR", DENSE, CNN]
    assert outcome.network in (DENSE, CNN)
    assert convolutional(outcome.recipe) == (outcome.network == CNN)
    for name in names:
        for part, rows in (("calibration", outcome.spectra.calibration), ("test", outcome.spectra.test)):
            assert outcome.model(name).output(part).shape == rows.y.shape  # type: ignore[arg-type]


def test_the_run_is_kept_and_read_back(done: Result) -> None:
    assert {"run.toml", "report.html", "predictions.csv", "model"} <= {path.name for path in done.folder.iterdir()}
    kept = load_outcome(done.folder)
    assert kept.verdict == done.outcome.verdict
    assert kept.trials == done.outcome.trials == load_trials(done.folder)
    np.testing.assert_array_equal(kept.model(CNN).test, done.outcome.model(CNN).test)


def test_the_saved_weights_are_the_scored_weights(done: Result) -> None:
    test = done.outcome.spectra.test
    loaded = load_model(done.folder)
    predicted = loaded.predict(Table(test.x, test.axis)).mean
    np.testing.assert_array_equal(predicted, done.outcome.model(done.outcome.network).test)
    scored = done.outcome.scores(done.outcome.network, "test")
    assert isinstance(scored, RegressionScores)
    assert scored.rmse == pytest.approx(np.sqrt(np.mean((predicted - test.y) ** 2)))


def test_the_same_seed_gives_the_same_predictions_to_the_bit(done: Result, tmp_path: Path) -> None:
    again = finish(replace(SMALL, out=str(tmp_path / "again")), table())
    for model in done.outcome.models:
        np.testing.assert_array_equal(model.test, again.outcome.model(model.name).test)
        np.testing.assert_array_equal(model.validated, again.outcome.model(model.name).validated)
    assert again.outcome.verdict == done.outcome.verdict


def test_a_finished_run_is_given_back_without_work(done: Result) -> None:
    settings = replace(SMALL, out=str(done.folder))
    steps = list(run(settings, table()))
    assert [type(step) for step in steps] == [Progress, Result]


def test_more_trials_go_on_where_the_run_stopped(tmp_path: Path) -> None:
    settings = replace(SMALL, out=str(tmp_path / "run"), explain=False)
    steps = run(settings, table())
    for step in steps:
        if isinstance(step, Progress) and step.stage == "search" and step.done == 2:
            steps.close()
    before = load_trials(tmp_path / "run")
    assert len(before) == 2
    whole = finish(replace(settings, trials=4), table())
    ended = [trial for trial in whole.outcome.trials if trial.state != "rejected"]
    assert len(ended) == 4
    assert ended[0] == before[0]
    assert whole.outcome.facts["test rows opened"] == "1 time"
    longer = finish(replace(settings, trials=5), table())
    assert longer.outcome.facts["test rows opened"] == "2 times"


def test_a_run_that_was_stopped_while_going_on_is_not_taken_for_finished(tmp_path: Path) -> None:
    """The old outcome stays until the new one is whole; the same command goes on and replaces it."""
    settings = replace(SMALL, out=str(tmp_path / "run"), explain=False)
    finish(settings, table())
    longer = replace(settings, trials=5)
    steps = run(longer, table())
    for step in steps:
        if isinstance(step, Progress) and step.stage == "search":
            steps.close()
    ended = [trial for trial in finish(longer, table()).outcome.trials if trial.state != "rejected"]
    assert len(ended) == 5


def test_a_folder_of_another_run_is_refused_and_left_alone(done: Result) -> None:
    before = (done.folder / "outcome.json").read_bytes()
    with pytest.raises(RunError, match="belongs to another run: seed is 5 there and 6 here"):
        finish(replace(SMALL, out=str(done.folder), seed=6), table())
    assert (done.folder / "outcome.json").read_bytes() == before


def test_test_rows_choose_nothing(done: Result, tmp_path: Path) -> None:
    """Spoilt test rows change test scores only: search, networks and cross-validated outputs stay to the bit."""
    spectra = table()
    roles = spectra.column("split").astype(str)
    spoilt = spectra.x.copy()
    spoilt[roles == "test"] += np.linspace(0, 3, spoilt.shape[1], dtype=np.float32)
    target = spectra.column("dry_matter").copy()
    target[roles == "test"] = target[roles == "test"][::-1]
    other = replace(spectra, x=spoilt, columns={**spectra.columns, "dry_matter": target})
    outcome = finish(replace(SMALL, out=str(tmp_path / "spoilt")), other).outcome
    for model in done.outcome.models:
        np.testing.assert_array_equal(model.validated, outcome.model(model.name).validated)
        np.testing.assert_array_equal(model.calibration, outcome.model(model.name).calibration)
    assert [trial.value for trial in outcome.trials] == [trial.value for trial in done.outcome.trials]
    assert not np.array_equal(outcome.model(CNN).test, done.outcome.model(CNN).test)


def test_spectra_on_another_axis_are_refused(done: Result) -> None:
    spectra = table(20)
    shifted = replace(spectra, axis=Axis(tuple(v + 10 for v in spectra.axis.values), "nm"))
    with pytest.raises(ModelError, match=r"calibrated on 103 points, 684 to 990 nm.*694 to 1000 nm"):
        done.predict(shifted)


def test_a_damaged_model_is_told_from_a_good_one(done: Result, tmp_path: Path) -> None:
    save_model(tmp_path / "model", done.model)
    data = bytearray((tmp_path / "model" / "weights.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "model" / "weights.npz").write_bytes(data)
    with pytest.raises(ModelError, match="damaged"):
        load_model(tmp_path / "model")
    with pytest.raises(ModelError, match="holds no model"):
        load_model(tmp_path / "elsewhere")


@pytest.mark.parametrize("part", [0.1, 0.0])
def test_a_refit_goes_on_from_the_best_weights_with_the_rows_held_out_or_begins_anew(part: float) -> None:
    """The rows that choose a member's epoch are never among those it is trained on, and nothing is scored."""
    work = prepared(replace(SMALL, refit=True, refit_rate=part), table(90))
    calibration, asked = work.spectra.calibration, list[tuple[Recipe, Sequence[Fold], Sequence[int], Fitted | None]]()
    recipe, _ = middle_recipe(work.space, work.problem.task, 3)
    fitter = alone(calibration.x, calibration.y, work.problem.task)
    *_, (_, best) = replicate(recipe, {}, fitter, work.problem, 0, [0, 1])

    def listened(
        recipe: Recipe, folds: Sequence[Fold], seeds: Sequence[int], rungs: Sequence[int], start: Fitted | None = None
    ) -> Fitting:
        asked.append((recipe, folds, rungs, start))
        yield from fitter(recipe, folds, seeds, rungs, start)

    fitted = refitted(work, best, listened)
    [(told, folds, rungs, start)] = asked
    assert fitted.recipe == best.recipe
    assert (len(rungs), fitted.members) == (0, len(folds))
    assert all(fold.scored.size == 0 and not set(fold.train) & set(fold.tuning) for fold in folds)
    assert all(fold.train.size + fold.tuning.size == len(calibration) for fold in folds)
    if part:
        assert told.schedule.rate == pytest.approx(0.1 * recipe.schedule.rate)
        assert start is best.fitted
        again = [*work.folds, *work.folds]
        assert all(np.array_equal(fold.tuning, own.tuning) for fold, own in zip(folds, again, strict=True))
    else:
        assert (told, start, len(folds)) == (recipe, None, len(work.folds))


def test_a_refit_uses_all_calibration_rows_and_classes_are_judged_by_their_own_measures(tmp_path: Path) -> None:
    spectra = table(140)
    kinds = np.where(spectra.column("dry_matter").astype(float) > 15.5, "ripe", "green")
    labelled = replace(spectra, columns={**spectra.columns, "kind": kinds})
    settings = replace(SMALL, target="kind", out=str(tmp_path / "kinds"), refit=True)
    outcome: Outcome = finish(settings, labelled).outcome
    assert [model.name for model in outcome.models] == [
        "majority class", "PLS-DA", "logistic regression", "SVC", DENSE, CNN,
    ]  # fmt: skip
    scored = outcome.scores(CNN, "test")
    assert not isinstance(scored, RegressionScores)
    assert outcome.model(CNN).test.sum(axis=1) == pytest.approx(1)
    predictions = load_model(tmp_path / "kinds").predict(labelled)
    assert set(predictions.labels) <= {"ripe", "green"}
    assert predictions.members.shape[0] == 3


def test_the_model_of_a_run_has_intervals_and_knows_its_spectra(done: Result) -> None:
    """They are of the members that held the rows out, and the outcome says what they came to on the test rows."""
    interval, known = done.model.interval, done.outcome.expectation
    assert interval is not None
    assert known is not None
    assert (interval.folds, interval.rows) == (3, len(done.outcome.spectra.calibration))
    test = done.outcome.spectra.test
    said = done.predict(Table(test.x, test.axis))
    assert said.low is not None
    assert said.high is not None
    assert known.covered == ((test.y >= said.low) & (test.y <= said.high)).sum()
