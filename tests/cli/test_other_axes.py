"""``spectune predict`` on spectra of another axis: brought to the model's, and said so."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from folders import finished
from outcomes import Wish, outcome
from spectune.cli.app import run
from spectune.files.runs import load_outcome
from spectune.job.finishing import finish
from spectune.spectra.table import Table


@pytest.fixture(scope="module")
def fat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("runs") / "fat", outcome(Wish(rows=60, test_rows=12, points=40, trials=6)))


def written(path: Path, positions: NDArray[np.float64], fat: Path, digits: int = 12) -> Path:
    """Smooth spectra at positions in nm, measured finely, with the model's own answers beside them."""
    spectra = load_outcome(fat).spectra.test
    fine = CubicSpline(spectra.axis.positions, spectra.x, axis=1)(positions)
    header = ",".join(f"{position:.{digits}g}" for position in positions)
    rows = [",".join(f"{value:.9g}" for value in row) for row in fine]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_spectra_on_a_finer_axis_are_predicted_as_on_the_models_own(
    fat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = written(tmp_path / "fine.csv", np.linspace(850, 1050, 401), fat)
    assert run(["predict", str(fat), str(data), "-o", str(tmp_path / "p.csv"), "--unit", "nm"]) == 0
    shown = capsys.readouterr().out
    assert "(401 points, 850 to 1050 nm, every 0.5) were brought to 40 points, 850 to 1050 nm" in shown
    with (tmp_path / "p.csv").open(encoding="utf-8") as file:
        found = [float(next(row[name] for name in row if name.startswith("predicted"))) for row in csv.DictReader(file)]
    spectra = load_outcome(fat).spectra.test
    wanted = finish(fat).predict(Table(spectra.x, spectra.axis)).mean
    np.testing.assert_allclose(found, wanted, atol=0.01 * spectra.y.std())


def test_spectra_that_end_early_are_refused(fat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = written(tmp_path / "short.csv", np.linspace(860, 1050, 401), fat)
    assert run(["predict", str(fat), str(data), "-o", str(tmp_path / "p.csv"), "--unit", "nm"]) == 2
    assert "needed from 850 to 1050 nm, and these reach from 860 to 1050 nm" in capsys.readouterr().err
    assert not (tmp_path / "p.csv").exists()
