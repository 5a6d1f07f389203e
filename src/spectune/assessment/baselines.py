"""The models a network has to beat, on the same folds: from the mean to support vectors.

None is a straw man. PLS chooses among two dozen preprocessings, and every model that is fitted
chooses among the target's transforms where the target is skewed, as a network may. The order of
derivative and SNV matters: SNV after the derivative removes differences of path length that SNV
before it leaves in (tecator fat: RMSECV of PLS 0.75 % with D2(7,2)+SNV, 2.25 % with SNV+D2(7,2)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import Any

from spectune.assessment import classifiers, regressors
from spectune.assessment.choice import Method, judge
from spectune.assessment.outcome import Judged
from spectune.assessment.pls import latent_grid, latent_words, pls, pls_classes
from spectune.networks.recipe import Transform
from spectune.spectra.channels import Channel, parse_channel
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Spectra, Task

SKEW = 1.0
"""Sample skewness of a positive target above which its square root and its log are tried too."""

LATENT_TOLERANCE = 0.02
"""PLS takes the fewest latent variables within this share of the lowest RMSECV."""

FINE = 200
"""Points above which spectra count as finely sampled."""

PLAIN = ("RAW", "SNV", "DT+SNV")
DERIVED = ("D1{w}", "D2{w}", "SNV+D1{w}", "SNV+D2{w}", "D1{w}+SNV", "D2{w}+SNV", "DT+SNV+D1{w}")
FEW = ("RAW", "DT+SNV", "SNV+D1{w}", "SNV+D2{w}", "D1{w}+SNV", "D2{w}+SNV")


def baselines(
    spectra: Spectra, folds: Sequence[Fold], seed: int, clock: Callable[[], float] = perf_counter
) -> Iterator[Judged]:
    """Each baseline as soon as it is chosen, cross-validated and fitted; the simplest first.

    Mean, PLS, ridge and SVR for a number; majority class, PLS-DA, logistic regression and SVC for
    classes. ``spectra`` are all rows with their roles, ``folds`` index into
    ``spectra.calibration`` and together score every row; training and tuning rows of a fold are
    fitted on together.
    """
    for method in methods(spectra.calibration, folds):
        yield judge(method, spectra, folds, seed, clock)


def methods(calibration: Spectra, folds: Sequence[Fold]) -> tuple[Method[Any], ...]:
    """The baselines, simplest first, with grids that fit the data."""
    smallest = min(fold.train.size + fold.tuning.size for fold in folds)
    latent = latent_grid(smallest, len(calibration.axis))
    if calibration.task.regression:
        return _regression(calibration.task, len(calibration.axis), latent)
    return _classification(calibration.task.outputs, len(calibration.axis), latent)


def transforms(task: Task) -> tuple[Transform, ...]:
    """Transforms of a numeric target that are worth trying."""
    return ("none", "sqrt", "log") if task.positive and task.skew > SKEW else ("none",)


def views(words: Sequence[str], points: int, windows: Sequence[int]) -> tuple[Channel, ...]:
    """Preprocessing from words, derivatives once for each window (points, order 2) that fits.

    >>> [len(view) for view in views(["RAW", "SNV+D1{w}"], 100, (7, 13))]
    [0, 2, 2]
    """
    fitting = [window for window in windows if window <= points]
    made = [
        parse_channel(word.format(w=f"({window},2)"))
        for word in words
        for window in (fitting if "{w}" in word else [0])
    ]
    return tuple(made)


def windows(points: int) -> tuple[int, ...]:
    """Savitzky-Golay windows to try: wide ones only where spectra are finely sampled."""
    return (7, 13, 25) if points > FINE else (7, 13)


def _regression(task: Task, points: int, latent: tuple[int, ...]) -> tuple[Method[Any], ...]:
    targets = transforms(task)
    return (
        Method("mean", 0, regressors.mean, lambda setting: "", (None,)),
        Method(
            "PLS",
            1,
            pls,
            latent_words,
            latent,
            views(PLAIN + DERIVED, points, windows(points)),
            targets,
            tolerance=LATENT_TOLERANCE,
        ),
        Method(
            "ridge",
            2,
            regressors.ridge,
            regressors.ridge_words,
            regressors.RIDGES,
            views(PLAIN + DERIVED, points, (7, 13) if points <= FINE else (13,)),
            targets,
            choice_rows=2000,
        ),
        Method(
            "SVR",
            3,
            regressors.support_vectors,
            regressors.radial_words,
            regressors.RADIALS,
            views(FEW, points, (13,)),
            targets,
            screen=regressors.RADIAL_SCREEN,
            choice_rows=600,
            fit_rows=5000,
        ),
    )


def _classification(classes: int, points: int, latent: tuple[int, ...]) -> tuple[Method[Any], ...]:
    return (
        Method("majority class", 0, partial(classifiers.majority, classes=classes), lambda setting: "", (None,)),
        Method(
            "PLS-DA",
            1,
            partial(pls_classes, classes=classes),
            latent_words,
            latent,
            views(PLAIN + DERIVED, points, windows(points)),
            tolerance=LATENT_TOLERANCE,
        ),
        Method(
            "logistic regression",
            2,
            partial(classifiers.logistic, classes=classes),
            classifiers.logistic_words,
            classifiers.LOGISTICS,
            views(FEW, points, (13,)),
            screen=classifiers.LOGISTIC_SCREEN,
            choice_rows=2000,
        ),
        Method(
            "SVC",
            3,
            partial(classifiers.support_vectors, classes=classes),
            classifiers.radial_words,
            classifiers.RADIALS,
            views(FEW, points, (13,)),
            screen=classifiers.RADIAL_SCREEN,
            choice_rows=600,
            fit_rows=5000,
        ),
    )
