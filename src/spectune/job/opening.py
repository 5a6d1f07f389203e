"""A finished run or an adaptation opened for daily use: predictions, a server, a file that runs elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.adaptation import Adapted
from spectune.assessment.adaptation_words import headline, kept_instead
from spectune.assessment.outcome import Outcome
from spectune.errors import RunError
from spectune.files.adaptations import is_adaptation, load_adapted
from spectune.files.models import Model, load_model
from spectune.files.runs import check_run, load_outcome
from spectune.files.settings import Settings, load_settings
from spectune.job.finishing import finish
from spectune.metrics import Scores
from spectune.spectra.axis import same_axis

Matrix = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Opened:
    """What a folder gives for daily use.

    Attributes:
        settings: what was said of the spectra.
        model: with intervals and flags where it has them; an adapted one has none.
        origin: what is known of how it was made.
        sample: raw calibration spectra to try another way of computing on, (rows, points). An adaptation keeps
            none, so they are those of its run; no rows where that is gone.
        spread: standard deviation of the calibration target, in its unit; 1 for classes.
    """

    settings: Settings
    model: Model
    origin: Outcome | Adapted
    sample: Matrix
    spread: float

    @property
    def verdict(self) -> str:
        """What to use, as the report says it."""
        match self.origin:
            case Outcome():
                return self.origin.verdict.sentence
            case Adapted():
                return " ".join([headline(self.origin), *kept_instead(self.origin)])

    @property
    def source(self) -> str:
        """File of the spectra that the model was made, or adapted, from."""
        match self.origin:
            case Outcome():
                return self.origin.spectra.source
            case Adapted():
                return self.origin.source

    def scores(self, part: Literal["cross-validated", "test"]) -> Scores | None:
        """Figures of merit of the model; None where there are no such rows."""
        match self.origin:
            case Outcome():
                return self.origin.scores(self.origin.network, part)
            case Adapted():
                return self.origin.scores(part)

    def some(self, most: int) -> Matrix:
        """So many spectra of the sample at most, from all over it."""
        if not len(self.sample):
            return self.sample
        rows: NDArray[np.intp] = np.unique(np.linspace(0, len(self.sample) - 1, most).astype(np.intp))
        return self.sample[rows]


def check_opens(folder: Path) -> None:
    """Nothing, when the folder is that of an adaptation or of a run.

    Raises:
        RunError: it is neither.
    """
    if not is_adaptation(folder):
        check_run(folder)


def predictor(folder: Path) -> tuple[Settings, Model]:
    """What predictions need: what was said of the spectra, and the model.

    Raises:
        RunError: no run and no adaptation, an unfinished or a damaged one.
        ModelError: a damaged model.
    """
    if is_adaptation(folder):
        return _said(folder, load_adapted(folder)), load_model(folder)
    check_run(folder)
    return load_settings(folder / "run.toml"), finish(folder)


def advice(folder: Path) -> str:
    """What to use instead of the model in a folder, in a sentence; empty where that is the one to use."""
    if is_adaptation(folder):
        return " ".join(kept_instead(load_adapted(folder)))
    outcome = load_outcome(folder)
    if outcome.verdict.use == outcome.network:
        return ""
    return f"they are those of the {outcome.network}; the run says: {outcome.verdict.sentence}"


def opened(folder: Path) -> Opened:
    """All that daily use needs; raises as ``predictor``."""
    if is_adaptation(folder):
        found, model = load_adapted(folder), load_model(folder)
        return Opened(
            _said(folder, found), model, found, _before(found, model), _spread(model, found.calibration.measured)
        )
    outcome = load_outcome(folder)
    settings, model = predictor(folder)
    calibration = outcome.spectra.calibration
    return Opened(settings, model, outcome, calibration.x, _spread(model, calibration.y))


def _said(folder: Path, found: Adapted) -> Settings:
    return Settings(found.source, found.task.target, str(folder), unit=found.unit, signal=found.signal)


def _before(found: Adapted, model: Model) -> Matrix:
    """Calibration spectra of the run that was adapted, where it is still there."""
    try:
        spectra = load_outcome(found.run).spectra
    except RunError:
        return np.zeros((0, len(model.axis.values)), dtype=np.float32)
    calibration = spectra.calibration.x
    return calibration if same_axis(spectra.axis, model.axis) else calibration[:0]


def _spread(model: Model, measured: NDArray[np.float64]) -> float:
    return float(measured.std()) if model.task.regression else 1.0
