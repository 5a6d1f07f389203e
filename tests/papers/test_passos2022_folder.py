"""The folder of the tutorial of Passos & Mishra (2022): one set of spectra, and commands that lead back to it."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketches import sketched
from spectune.cli import paper, paper_passos2022
from spectune.cli.app import run as command
from spectune.cli.options import OPTIONS
from spectune.errors import RunError
from spectune.files.read import read
from spectune.files.runs import continue_command, load_outcome
from spectune.files.settings import Settings
from spectune.job.data import prepared
from spectune.papers.passos2022 import repeating
from spectune.papers.passos2022.basis import settle_optimum
from spectune.papers.passos2022.cuts import cut_words
from spectune.papers.passos2022.data import simulated_mango
from spectune.papers.passos2022.experiment import Plan, experiment
from spectune.papers.passos2022.material import as_table
from spectune.papers.passos2022.ordinary import from_table
from spectune.papers.passos2022.page import experiment_page
from spectune.papers.passos2022.published import PublishedRun, loaded
from spectune.papers.passos2022.repeating import asked, ours_command, published_command
from spectune.progress import Progress
from steps import ended

ROWS, EPOCHS = 120, 4
SPECTRA, OTHERS = simulated_mango(ROWS, 1), simulated_mango(ROWS - 20, 1)
ASKED = "spectune paper passos2022 regression --simulate 120"


def settings(folder: Path, **more: object) -> Settings:
    told = Settings(
        "simulated", "dry_matter", str(folder), trials=2, folds=2, epochs=EPOCHS, top=1, replicates=1, startup=2,
        space="passos-regression", cores=1, explain=False, seed=1,
    )  # fmt: skip
    return replace(told, **more)  # type: ignore[arg-type]


def files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    ended(experiment(Plan(settings(folder), faithful=True, asked=ASKED), SPECTRA))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "experiment")


@pytest.mark.parametrize("faithful", [True, False])
def test_a_folder_of_other_spectra_is_refused_before_any_work_by_either_procedure(folder: Path, faithful: bool) -> None:
    before = files(folder)
    with pytest.raises(RunError, match=r"it stands on 70 \+ 35 \+ 15 .* and here are 58 \+ 29 \+ 13 ") as caught:
        ended(experiment(Plan(settings(folder), faithful), OTHERS))
    assert "choose another --out, or repeat that experiment with: spectune paper passos2022 reg" in str(caught.value)
    assert files(folder) == before


@pytest.mark.parametrize("changed", ["x", "y", "roles"])
def test_one_other_value_or_role_makes_other_spectra(folder: Path, changed: str) -> None:
    values = getattr(SPECTRA, changed).copy()
    if changed == "roles":
        test, cal = (np.flatnonzero(values == role)[0] for role in ("test", "cal"))
        values[[test, cal]] = "cal", "test"
    else:
        values[0] += 0.01
    with pytest.raises(RunError, match="its spectra, targets or roles are not those of 70"):
        ended(experiment(Plan(settings(folder), faithful=True), replace(SPECTRA, **{changed: values})))


def test_a_base_network_alone_goes_on_with_its_own_spectra_and_epochs_only(folder: Path) -> None:
    shutil.rmtree(folder / "published" / "search-0")
    for path in (folder / "published").glob("search-0.*"):
        path.unlink()
    with pytest.raises(RunError, match="it stands on 70"):
        ended(experiment(Plan(settings(folder), faithful=True), OTHERS))
    with pytest.raises(RunError, match=f"epochs is {EPOCHS} there and as published here"):
        ended(experiment(Plan(settings(folder, epochs=None), faithful=True), SPECTRA))
    base = (folder / "published" / "base.json").stat().st_mtime_ns
    assert ended(experiment(Plan(settings(folder), faithful=True), SPECTRA)).procedure is not None
    assert (folder / "published" / "base.json").stat().st_mtime_ns == base


def test_a_folder_of_an_earlier_version_is_known_by_its_search_or_refused(folder: Path) -> None:
    record = folder / "published" / "basis.json"
    record.unlink()
    with pytest.raises(RunError, match="its spectra, targets or roles are not those of 58") as caught:
        ended(experiment(Plan(settings(folder), faithful=True), OTHERS))
    assert "spectune tune" not in str(caught.value)
    with pytest.raises(RunError, match=f"epochs is {EPOCHS} there and 5 here"):
        ended(experiment(Plan(settings(folder, epochs=5), faithful=True), SPECTRA))
    assert ended(experiment(Plan(settings(folder), faithful=True), SPECTRA)).procedure is not None
    assert record.exists()
    record.unlink()
    shutil.rmtree(folder / "published" / "search-0")
    with pytest.raises(RunError, match=r"does not tell which spectra .* or remove .*published and begin again"):
        ended(experiment(Plan(settings(folder), faithful=True), SPECTRA))


def test_ours_of_other_spectra_is_refused_before_the_published_procedure_begins(tmp_path: Path) -> None:
    steps = experiment(Plan(settings(tmp_path), asked=ASKED), OTHERS)
    for step in steps:
        if isinstance(step, Progress) and step.stage == "search":
            steps.close()
    assert (tmp_path / "ours" / "identity.json").exists()
    with pytest.raises(RunError, match="its spectra, targets, roles or groups are not those of simulated") as caught:
        ended(experiment(Plan(settings(tmp_path), faithful=True), SPECTRA))
    assert f"repeat that experiment with: {ASKED} --trials 2" in str(caught.value)
    assert not (tmp_path / "published").exists()


def test_a_published_optimum_is_kept_for_what_it_was_trained_on_and_removed_for_anything_else(tmp_path: Path) -> None:
    def settled(known: bool = False, **more: object) -> bool:
        told = settings(tmp_path / "ours", target="dry_matter", split="split", group="group", **more)
        work = prepared(told, as_table(SPECTRA))
        path = settle_optimum(tmp_path, work, known)
        there = path.exists()
        path.write_text("an optimum")
        return there

    (tmp_path / "optimum.json").write_text("of an earlier version, of who knows what")
    assert not settled()
    assert settled()
    assert not settled(replicates=2)
    assert not settled(folds=3)
    (tmp_path / "optimum-basis.json").unlink()
    assert settled(known=True, folds=3)
    assert not settled(known=True)


def test_both_procedures_have_a_command_and_their_runs_name_it(folder: Path) -> None:
    plan = Plan(settings(folder, objective="pareto", pruner="none", where="season < 3"), asked=ASKED, pruned=4)
    with sketched():
        both = ended(experiment(plan, SPECTRA))
    told = "--epochs 4 --seed 1 --cores 1"
    published, ours = paper_passos2022.commands(both).splitlines()
    assert published == f"{ASKED} --faithful --trials 2 {told} --out {folder}-again"
    for option in ("--folds 2", "--startup 2", "--lr space", "--objective pareto", "--top 1", "--pruned 4"):
        assert option in ours
    assert "--faithful" not in ours
    assert "--space" not in ours
    for name in ("ours", "published/search-0"):
        assert continue_command(folder / name).startswith(ASKED)
        header = (folder / name / "run.toml").read_text().splitlines()[0]
        assert header.endswith(continue_command(folder / name))
    (folder / "ours" / "outcome.json").rename(folder / "kept.json")
    with pytest.raises(RunError, match=f"continue it with: {ASKED} --trials 2"):
        load_outcome(folder / "ours")
    (folder / "kept.json").rename(folder / "ours" / "outcome.json")
    with sketched():
        again = ended(experiment(Plan(settings(folder, folds=5, lr="auto"), faithful=True, asked=ASKED), SPECTRA))
        text = experiment_page(again, paper_passos2022.commands(again))
    assert again.ours is not None
    assert again.ours.outcome.settings["folds"] == 2
    assert "Ours: 2 folds" in text
    assert f"cut to {EPOCHS} epochs" in text


def test_a_page_says_what_was_cut_and_whether_the_checkpoint_ever_looked(made: Path) -> None:
    run = loaded(settings(made))
    assert run is not None
    said = cut_words(run, True)
    assert said.startswith("The published procedure is cut to 4 epochs (published 450, and 600 in the last training)")
    assert " and 2 trials (published 500). The training of its best trial ends at epoch 4" in said
    (first,) = run.searches
    whole = replace(first.told, epochs=None, trials=500)

    def trained(epochs: int) -> PublishedRun:
        checkpoint = replace(first.checkpoint, training=np.ones(epochs))
        return replace(run, searches=(replace(first, told=whole, checkpoint=checkpoint),))

    assert cut_words(trained(152), True) == ""
    assert cut_words(trained(151), True).startswith("The training of its best trial ends at epoch 151")


def test_searches_come_in_the_order_of_their_numbers(folder: Path) -> None:
    at = folder / "published"
    for number in range(1, 12):
        shutil.copytree(at / "search-0", at / f"search-{number}")
        for end in ("json", "npz"):
            shutil.copy(at / f"search-0.{end}", at / f"search-{number}.{end}")
        told = (at / "search-0" / "run.toml").read_text()
        named = re.sub("search_seed = .*", f"search_seed = {123 + number}", told)
        (at / f"search-{number}" / "run.toml").write_text(named)
    run = loaded(settings(folder))
    assert run is not None
    assert [one.told.search_seed for one in run.searches] == list(range(123, 135))


@pytest.mark.parametrize("option", ["split", "group", "where", "test-part", "unit", "signal", "sheet"])
def test_what_only_a_file_of_ones_own_has_is_refused_with_a_published_file(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = {"test-part": "0.3", "unit": "nm", "signal": "absorbance"}.get(option, "a")
    for data in ("regression --data mango.mat", "classification --data wheat/", "regression --simulate 100"):
        assert command(["paper", "passos2022", *data.split(), f"--{option}", value]) == 2
        assert f"leave --{option} out" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        "regression --data mango.mat --faithful second.mat",
        "regression --data mine.csv --target a second.csv",
        "classification --data mine.csv --target a second.csv",
        "classification --simulate 600 second.csv",
    ],
)
def test_a_second_file_is_refused_where_one_is_read(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["paper", "passos2022", *words.split()]) == 2
    assert re.search(r"leave second\.(csv|mat) out", capsys.readouterr().err)


def told(words: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Settings, tuple[str, ...], dict[str, Any]]:
    """What the experiment gets to know of these words."""
    found: list[Any] = []
    monkeypatch.setattr(paper_passos2022, "follow_experiment", lambda one, _, more, own: found.extend((one, more, own)))
    assert command(["paper", "passos2022", *words.split()]) == 0
    return found[0], found[1], found[2]


def test_two_objectives_are_searched_without_a_pruner(monkeypatch: pytest.MonkeyPatch) -> None:
    for words, pruner in (("--objective pareto", "none"), ("--objective overfit", "hyperband"), ("", "hyperband")):
        assert told(f"regression --simulate 100 {words}", monkeypatch)[0].pruner == pruner


def test_every_option_of_the_command_can_stand_in_the_one_that_repeats_it() -> None:
    said = {"files", "data", "simulate", "faithful", "trials", "seeds", "pruned", "out"}
    offered = {name for name in OPTIONS if name in paper.ROOM} | set(paper.TUTORIAL)
    assert offered == {*repeating.DATA, *repeating.PUBLISHED, *repeating.OURS, *said}


def test_the_command_that_repeats_means_what_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    words = (
        "classification --data mine.csv --target kind --split set --test-part 0.3 --trials 7 --folds 3 --fix a=1 "
        "--fix b=2 --epochs 9 --objective overfit --overfit 0.2 --startup 4 --lr space --seed 3 --cores 2 "
        "--precision bf16 --top 2 --replicates 4 --pruned 0 --out some/where"
    )
    one, more, own = told(words, monkeypatch)
    up_to = asked(one, False, more, own.get("simulate"), own["named"])
    again = ours_command(up_to, one, own["pruned"], False, Path("some/where"))
    assert told(again.removeprefix("spectune paper passos2022 "), monkeypatch) == (one, more, own)
    faithful, _, _ = told("regression --simulate 90 --faithful --seeds 3 --epochs 8", monkeypatch)
    up_to = asked(faithful, True, (), 90, False)
    assert published_command(up_to, faithful, 3, faithful.folder) == (
        "spectune paper passos2022 regression --simulate 90 --faithful --trials 500 --seeds 3 --epochs 8 "
        "--out runs/passos2022-regression"
    )


def test_further_test_rows_obey_the_condition_on_rows(tmp_path: Path) -> None:
    assert command(["simulate", str(tmp_path / "fruit.csv"), "--rows", "60"]) == 0
    table = read(tmp_path / "fruit.csv")
    columns = {"split": np.repeat(["cal", "test", "shift"], [40, 10, 10]), "device": np.tile(["a", "b"], 30)}
    table = replace(table, columns={**table.columns, **columns})
    _, further = from_table(table, settings(tmp_path, target="dry_matter", split="split", where='device == "a"'))
    assert further["shift"].x.shape[0] == 5
    np.testing.assert_array_equal(further["shift"].x, table.x[50::2])
