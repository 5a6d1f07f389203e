"""PLS on real spectra: known numbers with plain spectra, and better ones with the right preprocessing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spectune.assessment.baselines import methods
from spectune.assessment.choice import judge
from spectune.files.read import read
from spectune.spectra.folds import folds
from spectune.spectra.select import select
from spectune.spectra.spectra import Spectra

DATA = Path(__file__).parents[2].parent / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not here")


def opened(name: str, target: str) -> Spectra:
    table = read(DATA / name / "spectra.parquet")
    if name == "corn":
        table = table.rows(np.flatnonzero(table.column("instrument") == "m5"))
    return select(table, target)


def rmsep(spectra: Spectra, raw: bool) -> tuple[float, str]:
    parts = folds(spectra.calibration, 5, 0)
    pls = next(method for method in methods(spectra.calibration, parts) if method.name == "PLS")
    judged = judge(replace(pls, views=((),)) if raw else pls, spectra, parts, 0)
    return float(np.sqrt(np.mean((judged.test - spectra.test.y) ** 2))), judged.settings


@pytest.mark.parametrize(("name", "target", "known"), [("tecator", "fat", 2.37), ("wheat_kernels", "protein", 0.704)])
def test_pls_of_raw_spectra_has_the_known_error(name: str, target: str, known: float) -> None:
    assert rmsep(opened(name, target), raw=True)[0] == pytest.approx(known, abs=0.01)


@pytest.mark.parametrize(
    ("name", "target", "limit"),
    [("tecator", "fat", 1.0), ("wheat_kernels", "protein", 0.45), ("corn", "moisture", 0.012)],
)
def test_pls_is_no_straw_man(name: str, target: str, limit: float) -> None:
    error, settings = rmsep(opened(name, target), raw=False)
    assert error < limit, settings
