"""The published procedure, to the letter: one hold-out set that stops, scores and chooses.

Base network, range test, search, the winner's checkpoint, and a last training on calibration and
tuning rows from its weights. Signals are stacked and standardised before any network sees them, as
published, so a network here has no scaling of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spectune.networks.recipe import KeepBy, Recipe
from spectune.papers.passos2022.material import Published, stacked
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Rows, Task
from spectune.training.crew import Completed, Fitter
from spectune.training.fit import Fitted, predict

Clock = Callable[[], float]
Values = NDArray[np.float64]

SEED = 42
"""Of weights and order of rows of the base network. The trials of a search have one of their own, all the same."""

CHECKPOINT_FROM = 151
"""Epochs before the saved weights of a trial are looked for."""

REFIT_RATE, REFIT_EPOCHS = 0.001, 600
REFIT_DELTA = {True: 1e-3, False: 1e-4}
"""Of the last training: smallest progress that counts, for a number and for classes."""


@dataclass(frozen=True, eq=False)
class Sets:
    """Signals as the published networks receive them.

    Attributes:
        x: six blocks end to end, standardised, (rows, 6 p).
        y: target in its unit or class numbers, (rows,).
        task: what ``y`` means.
        calibration, tuning, test: row numbers.
    """

    x: NDArray[np.float32]
    y: Values
    task: Task
    calibration: Rows
    tuning: Rows
    test: Rows

    @property
    def roles(self) -> Mapping[str, Rows]:
        """Row numbers by what the rows are for."""
        return {"calibration": self.calibration, "tuning": self.tuning, "test": self.test}

    @property
    def fold(self) -> Fold:
        """The one fold: its tuning rows stop, choose the epoch and score."""
        return Fold(self.calibration, self.tuning, self.tuning)

    @property
    def learnt(self) -> Rows:
        """Calibration and tuning rows."""
        return np.concatenate([self.calibration, self.tuning])


@dataclass(frozen=True, eq=False)
class Stage:
    """One training.

    Attributes:
        name: what it is.
        recipe: of the network.
        output: what it says of all rows, (rows,) or (rows, classes).
        training, tuning, rates: by epoch: loss, error on the tuning rows, learning rate.
        best_epoch: whose weights were taken, from 1.
        penalty: L2 of these weights, as it is added to the loss.
        seconds: of the training.
    """

    name: str
    recipe: Recipe
    output: Values
    training: Values
    tuning: Values
    rates: Values
    best_epoch: int
    penalty: float
    seconds: float


def sets(published: Published) -> Sets:
    """Stacked signals standardised as in the notebooks.

    For a number the columns' means and deviations come from calibration and tuning rows together,
    for classes from calibration rows.
    """
    calibration, tuning, test = (np.flatnonzero(published.roles == role) for role in ("cal", "tuning", "test"))
    signal = stacked(published.x)
    rows = calibration if published.classes else np.concatenate([calibration, tuning])
    mean, deviation = signal[rows].mean(axis=0, dtype=np.float64), signal[rows].std(axis=0, dtype=np.float64)
    signal -= mean.astype(np.float32)
    signal /= np.where(deviation > 0, deviation, 1.0).astype(np.float32)
    task = Task(
        published.target,
        published.unit,
        published.classes,
        rows=calibration.size,
        points=signal.shape[1],
        signal=published.signal,
    )
    return Sets(signal, published.y.astype(np.float64), task, calibration, tuning, test)


def trained(
    name: str, recipe: Recipe, rows: Sets, fold: Fold, fitter: Fitter, start: Fitted | None = None,
    clock: Clock = time.monotonic, seed: int = SEED,
) -> tuple[Stage, Fitted]:  # fmt: skip
    """One training of one network, and its weights."""
    begun = clock()
    done = next(report for report in fitter(recipe, [fold], [seed], (), start) if isinstance(report, Completed))
    output = predict(done.fitted, rows.x)[0]
    stage = Stage(
        name,
        recipe,
        output,
        done.training[0],
        done.tuning[0],
        done.rates[0],
        int(done.best_epochs[0]),
        float(done.penalty[0]),
        clock() - begun,
    )
    return stage, done.fitted


def saved(recipe: Recipe) -> Recipe:
    """The recipe whose kept weights are those of the published checkpoint, not those that were scored.

    The checkpoint goes by the loss in either notebook. For a number that is watched anyway; for
    classes the accuracy stops, lowers the rate, prunes and scores.
    """
    by: KeepBy = "watched" if recipe.schedule.watch == "loss" else "loss"
    return replace(recipe, schedule=replace(recipe.schedule, keep_from=CHECKPOINT_FROM, keep_by=by))


def last(recipe: Recipe, regression: bool) -> Recipe:
    """The last training: at a lower rate, until the loss on its own rows makes no more progress."""
    schedule = replace(
        recipe.schedule,
        rate=REFIT_RATE,
        epochs=REFIT_EPOCHS,
        best_delta=REFIT_DELTA[regression],
        keep_from=0,
        keep_by="watched",
    )
    return replace(recipe, schedule=schedule)


def refit_fold(rows: Sets) -> Fold:
    """Calibration and tuning rows train, and are watched; test rows are scored."""
    return Fold(rows.learnt, rows.learnt, rows.test)
