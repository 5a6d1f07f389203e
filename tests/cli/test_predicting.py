"""``spectune predict``: intervals, sets and flags beside the predictions, also for runs made without them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spectune.assessment.outcome import Outcome
from spectune.cli.app import run
from spectune.files.models import Model, load_model, save_model
from spectune.files.runs import fingerprint, load_outcome, open_run, save_outcome
from spectune.files.settings import Settings
from spectune.files.spaces import load_space
from spectune.files.tables import spectra_table, write_table
from spectune.job.finishing import expected, finish, trusted
from spectune.spectra.table import Table
from trusted import table, trained

Say = Callable[..., str]
TRUST = ("interval.json", "interval.npz", "domain.json", "domain.npz")


def kept(folder: Path, model: Model, outcome: Outcome) -> Path:
    """The folder of a run with this model and outcome."""
    settings = Settings("fruit.csv", outcome.spectra.task.target, out=str(folder))
    with open_run(folder, settings, fingerprint(outcome.spectra, load_space("default"))) as opened:
        save_model(folder / "model", model)
        save_outcome(opened, outcome)
    return folder


@pytest.fixture(scope="module")
def number(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was made without intervals and flags."""
    return kept(tmp_path_factory.mktemp("runs") / "number", *trained())


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model, outcome = trained("kind", seeds=1)
    model = trusted(model, outcome)
    return kept(tmp_path_factory.mktemp("runs") / "classes", model, expected(model, outcome))


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """Fresh spectra, of which one is ten times too high."""
    spectra = table(60, seed=2)
    x = spectra.x.copy()
    x[7] *= 10
    write_table(tmp_path / "new.csv", spectra_table(replace(spectra, x=x)))
    return tmp_path / "new.csv"


@pytest.fixture
def predict(new: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    def said(folder: Path, *options: str, code: int = 0) -> str:
        capsys.readouterr()
        assert run(["predict", str(folder), str(new), "-o", str(new.parent / "p.csv"), *options]) == code
        told = capsys.readouterr()
        return told.out if code == 0 else told.err

    return said


def rows(new: Path) -> list[dict[str, str]]:
    with (new.parent / "p.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_predictions_stand_between_their_ends_and_a_strange_spectrum_is_named(
    number: Path, predict: Say, new: Path
) -> None:
    said = predict(number)
    found = rows(new)
    assert all(float(row["low90"]) <= float(row["predicted"]) <= float(row["high90"]) for row in found)
    assert "level" in found[7]["flag"]
    assert f"{sum(bool(row['flag']) for row in found)} of 60 spectra flagged" in said
    held = sum(float(row["low90"]) <= float(row["measured"]) <= float(row["high90"]) for row in found)
    assert f"90 % intervals hold {held} of 60 measured rows ({100 * held / 60:.0f} %, 95 % interval " in said


@pytest.mark.parametrize("use", ["CNN", "PLS"])
def test_predictions_of_a_network_that_is_not_the_one_to_use_come_with_what_is(
    use: str, tmp_path: Path, predict: Say
) -> None:
    model, outcome = trained()
    verdict = replace(outcome.verdict, use=use, sentence=f"Use {use}: it says so.")
    said = predict(kept(tmp_path / "run", model, replace(outcome, verdict=verdict)))
    instead = f"they are those of the {outcome.network}; the run says: Use PLS: it says so.\n"
    assert (instead in said) == (use != outcome.network)


def test_another_level_has_other_columns_and_wider_intervals(number: Path, predict: Say, new: Path) -> None:
    predict(number)
    usual = [float(row["high90"]) - float(row["low90"]) for row in rows(new)]
    said = predict(number, "--level", "0.97")
    wide = [float(row["high97"]) - float(row["low97"]) for row in rows(new)]
    assert all(one > other for one, other in zip(wide, usual, strict=True))
    assert "97 % intervals hold" in said


def test_a_level_that_the_samples_cannot_support_is_one_sentence(number: Path, predict: Say) -> None:
    said = predict(number, "--level", "0.9999", code=2)
    assert said.startswith("error: an interval of level 0.9999 needs 9999 independent calibration samples")
    assert said.count("\n") == 1


def test_classes_have_sets(classes: Path, predict: Say, new: Path) -> None:
    said = predict(classes)
    found = rows(new)
    assert all(row["class"] in row["set90"].split(" | ") for row in found)
    assert "90 % sets hold" in said


def test_a_run_made_without_intervals_gets_them_once(number: Path, predict: Say, new: Path) -> None:
    for name in TRUST:
        (number / "model" / name).unlink(missing_ok=True)
    assert load_model(number).interval is None
    predict(number)
    made = {name: (number / "model" / name).read_bytes() for name in TRUST}
    before = rows(new)
    predict(number)
    assert rows(new) == before
    assert {name: (number / "model" / name).read_bytes() for name in TRUST} == made


def test_what_is_kept_says_the_same_as_what_was_made(number: Path) -> None:
    outcome, fresh = load_outcome(number), table(40, seed=4)
    bare = replace(load_model(number), interval=None, domain=None)
    one, other = trusted(bare, outcome).predict(fresh), finish(number).predict(fresh)
    assert one.flags == other.flags
    assert one.low is not None
    assert other.low is not None
    np.testing.assert_array_equal(one.low, other.low)


def test_an_expectation_is_kept_with_the_run_and_counts_test_rows(classes: Path) -> None:
    outcome, model = load_outcome(classes), load_model(classes)
    known, test = outcome.expectation, outcome.spectra.test
    assert known is not None
    said = model.predict(Table(test.x, outcome.spectra.axis))
    assert said.sets is not None
    assert said.flags is not None
    assert known.covered == said.sets[np.arange(len(test)), test.y.astype(int)].sum()
    assert known.flagged == sum(map(bool, said.flags))
    assert known.rows == len(test)
    assert known.low < known.covered / known.rows <= known.high


@pytest.mark.usefixtures("sketches")
def test_the_report_says_what_to_expect_also_of_an_older_run(
    number: Path, classes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, words in ((number, "comes an interval that holds"), (classes, "comes a set of classes")):
        assert run(["report", str(folder)]) == 0
        page = (folder / "report.html").read_text(encoding="utf-8")
        assert "What to expect of a prediction" in page
        assert words in page


def test_a_refit_has_constant_intervals_of_its_cross_validated_residuals() -> None:
    """Members that are not those of the folds are recognised by what they say of the calibration rows."""
    model, outcome = trained(seeds=1)
    other, _ = trained(seeds=2, epochs=3)
    made = trusted(other, outcome)
    assert made.interval is not None
    assert made.domain is not None
    assert (made.interval.kind, made.interval.folds) == ("constant", 0)
    assert made.domain.held.hidden == ()
    assert trusted(model, outcome).domain.held.hidden  # type: ignore[union-attr]
