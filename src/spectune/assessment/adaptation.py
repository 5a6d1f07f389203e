"""What to do with a finished model on a new instrument, season or product: the rivals, and which to use.

The simplest rival is used that is not clearly worse than the best. *Clearly* means that the 95 % interval of the
paired difference of cross-validated errors excludes 0, and that the difference is at least 5 % of the simpler
one's error: less is not worth more work. Test rows take no part in it; they are opened once, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.intervals import Interval, error_value, output_error, paired
from spectune.assessment.outcome import Output
from spectune.assessment.wording import WORTH
from spectune.metrics import Scores, scores
from spectune.spectra.axis import Unit
from spectune.spectra.spectra import Task
from spectune.spectra.table import Signal

Array = NDArray[np.float64]

AS_IS, BIAS, SLOPE = "the model as it is", "bias correction", "slope/bias correction"
PLS_NEW, PLS_BOTH = "PLS on the new rows", "PLS on old and new rows"
FINE, FRESH, POOLED = "fine-tuning", "training anew on the new rows", "training anew on old and new rows"

RIVALS = (AS_IS, BIAS, SLOPE, PLS_NEW, PLS_BOTH, FINE, FRESH, POOLED)
"""The simplest first: nothing, one number, two, a linear model, a network; more rows count as more work."""

FEW = 8
"""Groups of new calibration rows below which one is left out at a time, and little can be told."""


@dataclass(frozen=True, eq=False)
class Rival:
    """One way to go on, judged on the same rows as every other.

    Attributes:
        name: one of ``RIVALS``.
        settings: what was chosen with all new calibration rows, in words.
        validated: every new calibration row while it was held out, all rows of the first repeat, then those
            of the next, (repeats * rows[, classes]).
        test: new test rows by what all new calibration rows made, (test rows[, classes]).
        seconds: that it took.
    """

    name: str
    settings: str
    validated: Output
    test: Output
    seconds: float

    @property
    def network(self) -> bool:
        """Whether it can be kept as a model."""
        return self.name not in (PLS_NEW, PLS_BOTH)


@dataclass(frozen=True, eq=False)
class Rows:
    """What outputs are held against: measured values (or class numbers), and groups; both (rows,)."""

    measured: Array
    groups: NDArray[np.intp]

    def times(self, repeats: int) -> Rows:
        """The same rows once for each repeat; a group stays one group."""
        return Rows(np.tile(self.measured, repeats), np.tile(self.groups, repeats))


@dataclass(frozen=True)
class Standing:
    """How a rival stands; errors are RMSE, or 1 - balanced accuracy, with 95 % intervals over groups.

    Attributes:
        name: of the rival.
        validated: cross-validated error on the new calibration rows.
        gain: its cross-validated error minus that of the model as it is.
        behind: its cross-validated error minus that of the best rival.
        tested: error on the new test rows; None without any.
        tested_gain: the same minus that of the model as it is.
    """

    name: str
    validated: Interval
    gain: Interval
    behind: Interval
    tested: Interval | None
    tested_gain: Interval | None

    @property
    def clearly_worse(self) -> bool:
        """Whether it is clearly worse than the best, and by so much that it matters."""
        return self.behind.low > 0 and self.behind.value >= WORTH * self.validated.value


@dataclass(frozen=True)
class Size:
    """Errors with so many new groups to learn from, by rival, on the rows that the folds hold out."""

    groups: float
    errors: Mapping[str, Interval]


@dataclass(frozen=True, eq=False)
class Adapted:
    """A finished adaptation.

    Attributes:
        task: what is predicted.
        source: file of the new spectra.
        run: folder of the run whose model was adapted.
        calibration, test: the new rows; test rows may be none.
        grouped: whether some new rows belong together.
        old: calibration rows of the run.
        folds, repeats: of cross-validation over the new calibration rows.
        rivals, standings: the same ways in the same order, the simplest first.
        use: name of the one to use.
        kept: name of the one whose model is in the folder, the same unless that is PLS.
        curve: error against the number of new groups; empty where it was not asked for.
        notes: what was done with the new rows, a sentence each.
        unit, signal: what was said of the new file.
        seconds: that everything took.
    """

    task: Task
    source: str
    run: str
    calibration: Rows
    test: Rows
    grouped: bool
    old: int
    folds: int
    repeats: int
    rivals: tuple[Rival, ...]
    standings: tuple[Standing, ...]
    use: str
    kept: str
    curve: tuple[Size, ...] = ()
    notes: tuple[str, ...] = ()
    unit: Unit | None = None
    signal: Signal | None = None
    seconds: float = 0.0

    @property
    def groups(self) -> int:
        """Groups of new calibration rows: what can be told stands on them."""
        return int(np.unique(self.calibration.groups).size)

    def rival(self, name: str) -> Rival:
        """The rival of that name."""
        return next(rival for rival in self.rivals if rival.name == name)

    def standing(self, name: str) -> Standing:
        """How the rival of that name stands."""
        return next(standing for standing in self.standings if standing.name == name)

    def scores(self, part: Literal["cross-validated", "test"]) -> Scores | None:
        """Figures of merit of the kept model on the new rows, over all repeats; None where there are no test rows.

        A confusion counts a calibration row once for each repeat.
        """
        kept, classes = self.rival(self.kept), len(self.task.classes)
        if part == "test":
            return scores(self.test.measured, kept.test, classes) if self.test.measured.size else None
        over = scores(self.calibration.times(self.repeats).measured, kept.validated, classes)
        return replace(over, rows=self.calibration.measured.size)

    @property
    def best(self) -> Standing:
        """The rival with the lowest cross-validated error."""
        return min(self.standings, key=lambda standing: standing.validated.value)


def standings(
    rivals: Sequence[Rival], calibration: Rows, test: Rows, repeats: int, classes: int, seed: int
) -> tuple[Standing, ...]:
    """How every rival stands beside the model as it is, the first of them, and beside the best."""
    rows = calibration.times(repeats)
    errors = [error_value(rival.validated, rows.measured, classes) for rival in rivals]
    best, first = rivals[int(np.argmin(errors))], rivals[0]
    return tuple(_standing(rival, first, best, rows, test, classes, seed) for rival in rivals)


def chosen(found: Sequence[Standing]) -> str:
    """Name of the simplest that is not clearly worse than the best of these."""
    return next(one.name for one in found if not one.clearly_worse)


def _standing(rival: Rival, first: Rival, best: Rival, rows: Rows, test: Rows, classes: int, seed: int) -> Standing:
    def versus(other: Rival) -> Interval:
        return paired((rival.validated, other.validated), rows.measured, rows.groups, classes, seed)

    tested = tested_gain = None
    if test.measured.size:
        tested = output_error(rival.test, test.measured, test.groups, classes, seed)
        tested_gain = paired((rival.test, first.test), test.measured, test.groups, classes, seed)
    validated = output_error(rival.validated, rows.measured, rows.groups, classes, seed)
    return Standing(rival.name, validated, versus(first), versus(best), tested, tested_gain)
