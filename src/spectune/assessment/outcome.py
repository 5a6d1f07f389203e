"""What a finished run knows: every model on the same rows, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spectune.metrics import Scores, scores
from spectune.networks.recipe import Recipe
from spectune.networks.space import Space
from spectune.spectra.spectra import Spectra
from spectune.tuning.record import Trial
from spectune.tuning.shares import Importance

Output = NDArray[np.float64]
"""Values (rows,) for regression, class probabilities (rows, classes) for classification."""

Part = Literal["calibration", "cross-validated", "test"]

DENSE, CNN = "network without convolution", "CNN"
"""Names of the two networks that stand among the models."""


@dataclass(frozen=True, eq=False)
class Judged:
    """One kind of model, judged on the same rows as every other.

    Attributes:
        name: ``"CNN"``, ``"network without convolution"``, ``"PLS"``, ``"ridge"``, ``"SVR"``,
            ``"mean"``; for classes ``"PLS-DA"``, ``"logistic regression"``, ``"majority class"``.
        settings: what was chosen, in words, such as ``"8 latent variables, DT+SNV"``.
        rank: simplicity, 0 the simplest; ties in error go to the lower rank.
        calibration: final model on the calibration rows it was fitted on (RMSEC).
        validated: every calibration row by the model of the fold that held it out (RMSECV).
        test: final model on the test rows, in the order of ``Spectra.test`` (RMSEP).
        fold_errors: error on each fold's scored rows; their mean is the mean of fold RMSEs.
        seconds: time to choose and fit.
    """

    name: str
    settings: str
    rank: int
    calibration: Output
    validated: Output
    test: Output
    fold_errors: tuple[float, ...]
    seconds: float

    def output(self, part: Part) -> Output:
        """Output on one part of the rows."""
        match part:
            case "calibration":
                return self.calibration
            case "cross-validated":
                return self.validated
            case "test":
                return self.test


@dataclass(frozen=True)
class Difference:
    """Error of ``one`` minus error of ``other`` on the same rows, with a 95 % bootstrap interval.

    Error is RMSE, or 1 - balanced accuracy for classes; whole groups are resampled.
    """

    one: str
    other: str
    part: Part
    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Verdict:
    """What to use, in one plain sentence, with the reasons behind it."""

    use: str
    sentence: str
    reasons: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, eq=False)
class Regions:
    """How much the test (or validated) error grows when a region of the spectrum is shuffled.

    Attributes:
        edges: (regions + 1,) positions on the axis.
        growth: (members, regions) growth of the error, in the unit of the target (or of log-loss).
    """

    edges: NDArray[np.float64]
    growth: NDArray[np.float64]


@dataclass(frozen=True)
class Expectation:
    """What the intervals, or sets, and the flags of the network came to on the test rows.

    Attributes:
        level: frequency that was promised.
        kind: ``constant`` or ``scaled`` intervals, or ``sets``.
        size: mean half-width of the intervals in the target's unit, or mean number of classes in a set.
        rows, groups: test rows, and how many of them are independent.
        covered: test rows whose interval or set holds the measured value.
        low, high: 95 % interval of the share of covered rows.
        flagged: test rows that were flagged.
        sound: of the covered rows those without a flag.
        alarms: share of the calibration rows that the other folds would have flagged.
        behind, together: calibration rows and groups that the intervals stand on.
    """

    level: float
    kind: Literal["constant", "scaled", "sets"]
    size: float
    rows: int
    groups: int
    covered: int
    low: float
    high: float
    flagged: int
    sound: int
    alarms: float
    behind: int
    together: int


@dataclass(frozen=True, eq=False)
class Outcome:
    """A finished run.

    Attributes:
        spectra: all rows with their roles; scores follow the order of ``spectra.calibration``
            and ``spectra.test``.
        fold_of: for each calibration row the number of the fold that held it out.
        models: every model, simplest first.
        network: name of the tuned network among them, whose model folder is kept: ``"CNN"``, or
            ``"network without convolution"`` when the search preferred to do without.
        space: where the hyperparameters were drawn from; None where it was not kept.
        verdict: what to use.
        recipe: the best recipe; ``drawn`` are its hyperparameters by name.
        shape: (channels, points) the network receives.
        trials: the whole search, in order.
        replicates: recipe id to mean fold error of each fresh seed, for the top recipes.
        importance: of hyperparameters; None when too few trials are complete.
        regions: of the axis; None when not computed.
        spread: (test rows,) standard deviation over members of the network.
        expectation: how often intervals and flags of the network were right; None where it was not kept.
        settings: everything needed to repeat the run, as written to ``run.toml``.
        facts: versions, machine, times: names to words.
    """

    spectra: Spectra
    fold_of: NDArray[np.intp]
    models: tuple[Judged, ...]
    verdict: Verdict
    recipe: Recipe
    drawn: Mapping[str, Any]
    shape: tuple[int, int]
    members: int
    trials: tuple[Trial, ...]
    replicates: Mapping[str, tuple[float, ...]]
    importance: Importance | None
    regions: Regions | None
    spread: NDArray[np.float64]
    settings: Mapping[str, Any]
    facts: Mapping[str, str]
    network: str = CNN
    space: Space | None = None
    expectation: Expectation | None = None

    def model(self, name: str) -> Judged:
        """The model of that name."""
        return next(model for model in self.models if model.name == name)

    def measured(self, part: Part) -> NDArray[np.float64]:
        """Measured target of one part of the rows."""
        return self.spectra.test.y if part == "test" else self.spectra.calibration.y

    def scores(self, name: str, part: Part) -> Scores:
        """Figures of merit of a model on one part of the rows."""
        return scores(self.measured(part), self.model(name).output(part), len(self.spectra.task.classes))
