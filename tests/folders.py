"""Run folders made up: an outcome as wished, and a model of its recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spectune.assessment.outcome import Outcome
from spectune.files.models import Model, save_model
from spectune.files.runs import fingerprint, open_run, save_outcome
from spectune.files.settings import Settings
from spectune.files.spaces import load_space
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
