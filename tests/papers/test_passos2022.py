"""The tutorial of Passos & Mishra (2022): what the published procedure does, and ours beside it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sketches import sketched
from spectune.cli.app import run as command
from spectune.files.read import read
from spectune.files.settings import Settings
from spectune.networks.families.passos import REGRESSION_OPTIMUM, base_recipe, passos_regression
from spectune.networks.space import GivenDraw
from spectune.papers.passos2022.data import simulated_mango, simulated_wheat
from spectune.papers.passos2022.experiment import Plan, experiment
from spectune.papers.passos2022.figures import agreement
from spectune.papers.passos2022.ordinary import from_table
from spectune.papers.passos2022.page import experiment_page
from spectune.papers.passos2022.procedure import SEED, last, refit_fold, saved, sets
from spectune.papers.passos2022.published import bare, published_space, search_plan, search_work
from spectune.papers.passos2022.tables import models_grid
from spectune.tuning.record import Rung, Trial
from steps import ended

ROWS, EPOCHS = 150, 6


def settings(folder: Path, **more: object) -> Settings:
    told = Settings(
        "simulated", "dry_matter", str(folder), trials=3, folds=2, epochs=EPOCHS, top=1, replicates=1, startup=2,
        space="passos-regression", cores=1, explain=False,
    )  # fmt: skip
    return replace(told, **more)  # type: ignore[arg-type]


def test_columns_of_a_regression_are_standardised_with_tuning_rows_and_those_of_classes_without() -> None:
    mango, wheat = sets(simulated_mango(ROWS, 1)), sets(simulated_wheat(600, 1))
    for rows, chosen in ((mango, mango.learnt), (wheat, wheat.calibration)):
        np.testing.assert_allclose(rows.x[chosen].mean(axis=0), 0, atol=1e-4)
        np.testing.assert_allclose(rows.x[chosen].std(axis=0), 1, atol=1e-3)
    assert np.abs(mango.x[mango.calibration].mean(axis=0)).max() > 1e-3
    assert mango.x.shape[1] == 6 * 103


def test_the_published_fold_scores_the_rows_that_stop_it_and_never_a_test_row() -> None:
    rows = sets(simulated_mango(ROWS, 1))
    assert rows.fold.tuning is rows.fold.scored
    assert not np.intersect1d(rows.test, np.concatenate([rows.fold.train, rows.fold.tuning])).size
    again = refit_fold(rows)
    assert np.array_equal(np.sort(again.train), np.sort(rows.learnt))
    assert not np.intersect1d(again.train, rows.test).size


def test_a_published_search_draws_under_the_published_names_and_judges_by_what_training_watches() -> None:
    rows = sets(simulated_mango(ROWS, 1))
    work = search_work(rows, Settings("a", "b", "c"), Path("c"), 1)
    plan = search_plan(work)
    assert (plan.judge, plan.per_bracket, plan.multivariate, plan.alike) == ("watched", True, True, True)
    assert (plan.startup, plan.least, plan.reduction, plan.seed) == (50, 50, 4, 124)
    assert (plan.objective, plan.overfit) == ("overfit", 0.5)
    assert work.settings.seed == SEED
    assert [name for name, given in published_space(regression=True).ranges.items() if given.kind != "fixed"] == [
        "filter_size", "reg_beta", "batch_size",
    ]  # fmt: skip


def test_checkpoint_and_last_training_differ_from_the_trial_only_as_published() -> None:
    rows = sets(simulated_mango(ROWS, 1))
    recipe = bare(passos_regression(GivenDraw(REGRESSION_OPTIMUM), rows.task), None)
    assert replace(saved(recipe).schedule, keep_from=0) == recipe.schedule
    assert saved(recipe).schedule.keep_from == 151
    final = last(saved(recipe), regression=True)
    assert final.layers == recipe.layers
    assert (final.schedule.rate, final.schedule.epochs, final.schedule.keep_from) == (0.001, 600, 0)
    assert final.schedule.best_delta == 1e-3
    assert not bare(base_recipe(rows.task), 3).standardised
    assert bare(base_recipe(rows.task), 3).schedule.epochs == 3


def test_agreement_is_the_rank_correlation_of_first_rung_and_objective() -> None:
    def trial(number: int, rung: float, end: float) -> Trial:
        rungs = (Rung(50, (rung,)), Rung(450, (end,)))
        return Trial(number, "complete", {}, value=end, objective=end, rungs=rungs)

    falling = [trial(number, 10 - number, float(number + 1)) for number in range(6)]
    assert agreement(falling) == pytest.approx(-1)
    assert agreement(falling[:4]) is None


def test_both_procedures_stand_side_by_side_in_one_folder_and_go_on_from_what_is_there(tmp_path: Path) -> None:
    spectra = simulated_mango(ROWS, 1)
    with sketched():
        faithful = ended(experiment(Plan(settings(tmp_path), faithful=True), spectra))
    assert faithful.ours is None
    assert faithful.procedure is not None
    (search,) = faithful.procedure.searches
    assert sum(trial.state != "rejected" for trial in search.trials) == 3
    assert search.checkpoint.output.shape == (ROWS,)
    with sketched():
        both = ended(experiment(Plan(settings(tmp_path), pruned=1), spectra))
    assert both.procedure is not None
    assert both.ours is not None
    assert np.array_equal(both.procedure.searches[0].last.output, search.last.output)
    names = [row[0] for row in models_grid(both).rows]
    assert "paper: base network" in names
    assert "published procedure: after the last training" in names
    assert "ours: PLS" in names
    assert "ours: published optimum" in names
    longer = Plan(replace(settings(tmp_path), trials=4), faithful=True)
    with sketched():
        again = ended(experiment(longer, spectra))
    assert again.ours is not None
    assert again.ours.outcome.trials == both.ours.outcome.trials
    text = experiment_page(both, "spectune paper passos2022 regression")
    assert "simulated" in text
    assert not re.search(r'(href|src)="http', text)


def test_a_file_of_ones_own_gives_tuning_rows_and_further_test_rows(tmp_path: Path) -> None:
    assert command(["simulate", str(tmp_path / "fruit.csv"), "--rows", "60"]) == 0
    table = read(tmp_path / "fruit.csv")
    labels = np.asarray(["cal"] * 40 + ["test"] * 10 + ["shift"] * 10)
    table = replace(table, columns={**table.columns, "split": labels})
    spectra, further = from_table(table, settings(tmp_path, target="dry_matter", split="split"))
    assert {name: int((spectra.roles == name).sum()) for name in ("cal", "tuning", "test")} == {
        "cal": 26, "tuning": 14, "test": 10,
    }  # fmt: skip
    assert list(further) == ["shift"]
    assert further["shift"].x.shape == (10, table.x.shape[1])


def test_the_command_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    for words, sentence in {
        "regression": "needs either --data FILE or --simulate N",
        "regression --simulate 100 --target a": "leave --target out",
        "classification --simulate 600 --seeds 0": "seeds must be from 1",
        "regression --data nowhere.mat": "nowhere.mat",
    }.items():
        assert command(["paper", "passos2022", *words.split()]) == 2
        assert sentence in capsys.readouterr().err
