"""The page of Passos & Mishra (2022): what it says is what was done, and only that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from sketches import sketched
from spectune.files.records import keep, kept
from spectune.files.settings import Settings
from spectune.metrics import ClassScores, RegressionScores
from spectune.networks.families.passos import (
    CLASSIFICATION_OPTIMUM,
    REGRESSION_OPTIMUM,
    passos_classification,
    passos_regression,
)
from spectune.networks.space import GivenDraw
from spectune.papers.passos2022 import published
from spectune.papers.passos2022.data import simulated_mango, simulated_wheat
from spectune.papers.passos2022.experiment import Experiment, Plan, experiment
from spectune.papers.passos2022.figures import agreement
from spectune.papers.passos2022.material import Published
from spectune.papers.passos2022.page import experiment_page
from spectune.papers.passos2022.procedure import last, saved, sets
from spectune.papers.passos2022.reported import differences
from spectune.papers.passos2022.standing import beside_words, reached_words, spread_words, standing
from spectune.papers.passos2022.tables import models_grid, searches_grid, stage_scores
from spectune.report import wording
from spectune.tuning.record import Rung, Trial
from steps import ended


@dataclass(frozen=True, eq=False)
class Made:
    """An experiment with its page."""

    found: Experiment
    text: str


def settings(folder: Path, spectra: Published, epochs: int) -> Settings:
    space = "passos-classification" if spectra.classes else "passos-regression"
    return Settings(
        "simulated", spectra.target, str(folder), trials=3, folds=2, epochs=epochs, top=1, replicates=1, startup=2,
        space=space, cores=1, explain=False,
    )  # fmt: skip


def made(folder: Path, spectra: Published, epochs: int, faithful: bool = True, seeds: int = 1) -> Made:
    with sketched():
        plan = Plan(settings(folder, spectra, epochs), faithful, seeds, pruned=0)
        found = ended(experiment(plan, spectra))
        return Made(found, experiment_page(found, "spectune paper passos2022 ..."))


@pytest.fixture(scope="module")
def number(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Made]:
    """The published procedure, with two searches, and then ours beside it."""
    folder, spectra = tmp_path_factory.mktemp("number"), simulated_mango(150, 1)
    return made(folder, spectra, 6, seeds=2), made(folder, spectra, 6, faithful=False)


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("classes"), simulated_wheat(600, 1), 3)


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def cells(found: Experiment, name: str) -> list[str]:
    (row,) = (row for row in models_grid(found).rows if row[0] == name)
    return [re.sub(r"<[^>]+>", "", str(cell)) for cell in row[1:]]


def test_the_checkpoint_of_classes_goes_by_the_loss_and_that_of_a_number_by_the_loss_that_is_watched() -> None:
    """Notebook for classes: early stop, plateau and pruner name ``val_acc``, the checkpoint keeps its default."""
    wheat, mango = sets(simulated_wheat(600, 1)), sets(simulated_mango(150, 1))
    classifier = passos_classification(GivenDraw(CLASSIFICATION_OPTIMUM), wheat.task)
    regressor = passos_regression(GivenDraw(REGRESSION_OPTIMUM), mango.task)
    kept_as = saved(classifier).schedule
    assert (kept_as.keep_from, kept_as.keep_by, kept_as.watch) == (151, "loss", "accuracy")
    assert replace(kept_as, keep_from=0, keep_by="watched") == classifier.schedule
    assert (saved(regressor).schedule.keep_by, saved(regressor).schedule.watch) == ("watched", "loss")
    assert last(saved(classifier), regression=False).schedule.keep_by == "watched"


def test_a_checkpoint_that_never_looked_is_the_network_that_was_scored(
    number: tuple[Made, Made], classes: Made
) -> None:
    """The winner is trained again with its own seed, so all differences between the two rows are the checkpoint's."""
    for found in (number[0].found, classes.found):
        assert found.procedure is not None
        for search in found.procedure.searches:
            assert search.checkpoint.tuning[0] == pytest.approx(search.winner.tuning_curves[0][0], rel=1e-3)
            scored = stage_scores(search.checkpoint, found.rows)[1]
            match scored:
                case RegressionScores():
                    assert scored.rmse == pytest.approx(search.winner.value, rel=1e-4)
                case ClassScores():
                    assert 1 - scored.accuracy == pytest.approx(search.winner.minimised)


def test_a_winner_that_was_kept_without_its_seed_is_trained_again(tmp_path: Path) -> None:
    spectra = simulated_mango(150, 1)
    first = made(tmp_path, spectra, 3).found
    path = tmp_path / "published" / "search-0.json"
    old = kept(path, "winner", published._WINNERS)
    keep(path, "winner", replace(old, seed=0, checkpoint=replace(old.checkpoint, output=old.checkpoint.output + 1)))
    again = made(tmp_path, spectra, 3).found
    assert first.procedure is not None
    assert again.procedure is not None
    one, other = first.procedure.searches[0].checkpoint, again.procedure.searches[0].checkpoint
    np.testing.assert_array_equal(one.output, other.output)


def test_the_row_of_the_best_trial_as_scored_is_worked_out_from_what_was_kept_of_it(
    number: tuple[Made, Made], classes: Made
) -> None:
    found = number[0].found
    assert found.procedure is not None
    winner, rows = found.procedure.searches[0].winner, found.rows
    shown = cells(found, "published procedure: best trial, as scored")
    assert winner.value is not None
    assert float(shown[0]) == pytest.approx(winner.calibrated[0], rel=5e-3)
    assert float(shown[2]) == pytest.approx(winner.value, rel=5e-3)
    r2 = 1 - winner.value**2 / rows.y[rows.tuning].var()
    assert float(shown[3].replace("−", "-")) == pytest.approx(r2, rel=5e-3)
    assert shown[4:] == ["–", "–"]
    assert shown[:4] == cells(found, "published procedure: best trial, checkpoint")[:4]
    assert f"trial {winner.number}, epoch 6, objective" in number[0].text
    assert classes.found.procedure is not None
    said = cells(classes.found, "published procedure: best trial, as scored")
    assert (said[0], said[2]) == ("–", "–")
    assert float(said[1]) == pytest.approx(1 - (classes.found.procedure.searches[0].winner.minimised or 0), abs=5e-4)


def test_a_trial_without_any_wrong_row_counts_in_the_agreement() -> None:
    trials = [
        Trial(place, "complete", {}, value=0.1, objective=end, rungs=(Rung(50, (first,)), Rung(450, (end,))))
        for place, (first, end) in enumerate([(0.1, 0.0), (0.2, 0.0), (0.3, 0.2), (0.4, 0.3), (0.5, 0.4)])
    ]
    assert agreement(trials) == pytest.approx(0.9747, abs=1e-4)
    assert agreement(trials[:4]) is None


def test_searches_with_an_objective_of_zero_have_a_spread_from_zero(number: tuple[Made, Made]) -> None:
    found = number[0].found
    assert found.procedure is not None
    one, other = found.procedure.searches
    still = replace(found.procedure, searches=(replace(one, winner=replace(one.winner, objective=0.0)), other))
    assert re.search(r"objective 0 to 0\.\d|objective 0 to [1-9]", spread_words(replace(found, procedure=still)))
    assert "objective 0 to" not in spread_words(found)


def test_only_differences_of_the_task_are_listed(number: tuple[Made, Made], classes: Made) -> None:
    assert "checkpoint goes by the validation loss" in plain(classes.text)
    assert "standardised with calibration and tuning rows together" in plain(number[0].text)
    for words in (
        "runs against the objective",
        "standardised with calibration and tuning rows together",
        "a fruit has",
    ):
        assert words not in plain(classes.text)
    assert "leaves out its first layer" not in plain(number[0].text)
    assert "a fruit has two or three" in " ".join(differences(True, True))
    assert "a fruit has two or three" not in " ".join(differences(True, False))


def test_a_page_of_classes_says_what_stops_what_saves_and_how_each_class_fares(classes: Made) -> None:
    text = plain(classes.text)
    assert "accuracy stops it and lowers its rate" in text
    assert "training watches it together with the penalty" not in text
    assert "test rows of each true class by what they were called" in text
    assert "mean of classes (macro)" in text
    assert "objective of the trials that ran to their end against their hyperparameters" in text


def test_a_page_of_a_number_draws_slices_and_both_bounds_of_the_range_test(number: tuple[Made, Made]) -> None:
    text, found = plain(number[0].text), number[0].found
    assert "training watches it together with the penalty" in text
    assert "By the rule used here the loss begins to fall at" in text
    assert "objective of the trials that ran to their end against their hyperparameters" in text
    assert found.procedure is not None
    assert "Precision" not in text


def test_a_page_speaks_of_what_is_there_only(number: tuple[Made, Made], classes: Made) -> None:
    for faithful in (number[0].text, classes.text):
        assert "Ours:" not in plain(faithful)
        assert "Ours opened" not in plain(faithful)
        assert "and of ours" not in plain(faithful)
        assert "These spectra are simulated, not measured." in plain(faithful)
        assert "-0.80" not in plain(faithful)
        assert not re.search(r"\. these spectra", plain(faithful))
    both = plain(number[1].text)
    assert "Ours opened the test rows once, after every choice." in both
    assert "and of ours" in both
    assert searches_grid(number[0].found).rows[0][5] == "−0.80"


def test_the_unit_of_the_papers_rows_is_said_and_another_one_kept_apart(number: tuple[Made, Made]) -> None:
    assert "RMSE is in % of dry matter." in plain(number[0].text)
    found = number[0].found
    with sketched():
        other = replace(found, spectra=replace(found.spectra, target="carotene", unit="ug/g", source="cassava"))
        text = plain(experiment_page(other, "spectune ..."))
    assert "RMSE of the paper is in % of dry matter of mango, that of the other rows in ug/g of carotene" in text
    assert "other spectra than these" in text


def trials() -> Iterator[Trial]:
    """Ten seconds each but the rejected one; the best is the third that ended."""
    for place, (state, value) in enumerate(
        [("complete", 3.0), ("rejected", None), ("pruned", None), ("complete", 1.0), ("complete", 2.0)]
    ):
        seconds = 0.0 if state == "rejected" else 10.0
        yield Trial(place, state, {}, value=value, seconds=seconds)  # type: ignore[arg-type]


def test_a_search_stands_after_a_time_where_the_trials_ended_by_then_left_it() -> None:
    told = list(trials())
    assert [(one.ended, one.best and one.best.number) for one in (standing(told, t) for t in (5, 10, 25, 30, 99))] == [
        (0, None), (1, 0), (2, 0), (3, 3), (4, 3),
    ]  # fmt: skip
    assert standing(told).seconds == 40


def test_the_page_says_how_ours_stands_to_the_published_procedure(number: tuple[Made, Made]) -> None:
    found = number[1].found
    assert found.ours is not None
    assert found.procedure is not None
    search, outcome = found.procedure.searches[0], replace(found.ours.outcome, trials=tuple(trials()))
    told = replace(found, ours=replace(found.ours, outcome=outcome))

    def after(seconds: float) -> str:
        short = replace(search, trials=(replace(search.winner, seconds=seconds),))
        return beside_words(replace(told, procedure=replace(found.procedure, searches=(short,))))  # type: ignore[type-var]

    unit = found.spectra.unit
    first = f"its final best, an RMSE of 1.00 {unit} (mean of folds), with trial 3, after 30 s of trial time"
    assert first in after(25)
    assert f"after the 25 s that the published search took it stood at an RMSE of 3.00 {unit}" in after(25)
    assert "with 2 trials of 4 ended" in after(25)
    assert "it stood at no complete trial, with 0 trials of 4 ended" in after(5)
    assert "its 4 trials took 40 s altogether, those of the published search 1 min 0 s" in after(60)
    theirs, own = (
        stage_scores(search.last, found.rows)[2], outcome.scores(outcome.network, "test")
    )  # fmt: skip
    assert isinstance(theirs, RegressionScores)
    assert isinstance(own, RegressionScores)
    change = 100 * (own.rmse / theirs.rmse - 1)
    assert f"({abs(change):.0f} % {'lower' if change < 0 else 'higher'})" in after(5)
    assert beside_words(number[0].found) == ""
    assert "What was scored, what was saved" in plain(number[1].text)


def test_words_of_class_folds_say_that_their_error_is_a_log_loss(number: tuple[Made, Made]) -> None:
    found = number[1].found
    task = replace(found.rows.task, classes=("a", "b"))
    assert "reach a log-loss of" in reached_words(replace(found, rows=replace(found.rows, task=task)))
    assert found.ours is not None
    goal = wording.number(float(np.mean(found.ours.optimum.fold_errors)))
    assert f"reach an RMSE of {goal} % (mean of folds)" in reached_words(found)
