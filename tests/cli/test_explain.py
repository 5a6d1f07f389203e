"""``spectune explain``: a page and a table beside a finished run, and what it refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from outcomes import Wish, outcome
from spectune.assessment.outcome import Outcome
from spectune.cli.app import run
from spectune.files.models import Model, save_model
from spectune.files.runs import fingerprint, open_run, save_outcome
from spectune.files.settings import Settings
from spectune.files.spaces import load_space
from spectune.job.explaining import PAGE, TABLE
from spectune.spectra.folds import Fold
from spectune.training.fit import fit


def finished(folder: Path, made: Outcome) -> Path:
    """A run folder with an outcome, and a model of its recipe that was hardly trained."""
    spectra = made.spectra
    calibration, rows = spectra.calibration, np.arange(len(spectra.calibration))
    fold = Fold(rows[20:], rows[:20], rows[:0])
    fitting = fit(made.recipe, calibration.x, calibration.y, spectra.task, [fold, fold], [0, 1])
    fitted = next(seen for seen in fitting if seen.epoch.number == 2).fitted
    settings = Settings(spectra.source, spectra.task.target, out=str(folder))
    with open_run(folder, settings, fingerprint(spectra, load_space("default"))) as kept:
        save_model(folder / "model", Model(fitted, spectra.axis, spectra.signal))
        save_outcome(kept, made)
    return folder


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wish = Wish(rows=60, test_rows=12, points=40, classes=("Greece", "Italy"), target="country", trials=6)
    return finished(tmp_path_factory.mktemp("runs") / "oil", outcome(wish))


@pytest.fixture(scope="module")
def number(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("runs") / "fat", outcome(Wish(rows=60, test_rows=12, points=40, trials=6)))


def test_a_run_is_explained_by_page_and_table(number: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", str(number)]) == 0
    shown = capsys.readouterr().out
    assert "For fat the CNN looks most at" in shown
    assert f"report: {number / PAGE}" in shown
    page = (number / PAGE).read_text(encoding="utf-8")
    assert "13 latent variables, SNV+D1" in page
    with (number / TABLE).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["class"] for row in rows if row["method"] == "occlusion"} == {
        "all rows",
        "lowest quarter",
        "highest quarter",
    }
    assert {"PLS VIP", "PLS coefficients", "integrated gradients"} <= {row["method"] for row in rows}
    assert [float(row["axis"]) for row in rows[:40]] == pytest.approx(np.linspace(850, 1050, 40))


@pytest.mark.usefixtures("sketches")
def test_only_the_classes_that_are_named_are_explained(classes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", str(classes), "--of", "Italy"]) == 0
    assert "knows Italy at" in capsys.readouterr().out
    with (classes / TABLE).open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not row["method"].startswith("PLS")]
    assert {row["class"] for row in rows} == {"Italy"}
    assert "spectune explain" in (classes / PAGE).read_text()


@pytest.mark.usefixtures("sketches")
def test_single_rows_are_explained_by_their_names(number: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", str(number), "--rows", "3"]) == 0
    with (number / TABLE).open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["method"] == "occlusion"]
    names = {row["class"] for row in rows}
    assert len(names) == 3
    assert all(name.startswith("sample ") for name in names)
    assert "report:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--of", "Spain"], "no explained row is of class 'Spain'; classes with rows are Greece, Italy"),
        (["--rows", "0"], "from 1 to 12, got 0"),
        (["--rows", "2", "--of", "Italy"], "say one of them"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_a_sentence(
    words: list[str], sentence: str, classes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", str(classes), *words]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_a_folder_without_a_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", str(tmp_path / "nothing")]) == 2
    assert "there is no run folder" in capsys.readouterr().err
