"""Nested validations and learning curves, made up: what words, pages and figures are tried on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from outcomes import Wish, outcome
from spectune.assessment.learning import LearningCurve, Point, learned
from spectune.assessment.nested import Nested
from spectune.assessment.nesting import nest
from spectune.assessment.outcome import CNN, Outcome
from spectune.spectra.spectra import Spectra, Task

Array = NDArray[np.float64]

SIZES = np.array([20.0, 32.0, 50.0, 80.0, 130.0, 200.0])
KINDS = ("mean", "PLS", "ridge", "SVR", "network without convolution", CNN)
"""Models of a made-up run, simplest first."""

PLAIN = Wish(rows=90, test_rows=0, points=20, trials=4, importance=False, regions=False)


def rows(wish: Wish = PLAIN) -> Spectra:
    """The rows that outer folds share out among them."""
    return outcome(replace(wish, test_rows=1, rows=wish.rows - 1)).spectra.rows(np.arange(wish.rows))


def runs(
    spectra: Spectra, inner: Mapping[str, float], outer: Mapping[str, float], folds: int = 3, network: str = CNN
) -> list[Outcome]:
    """A run for every outer fold; every model errs by the same amount on every inner and every outer row."""
    made = outcome(replace(PLAIN, test_rows=1, rows=89))
    found = []
    for fold in range(folds):
        roles = np.where(np.arange(len(spectra)) % folds == fold, "test", "cal")
        own = replace(spectra, roles=roles)
        models = tuple(
            replace(
                made.model(name),
                validated=wrong(own.calibration, inner[name]),
                test=wrong(own.test, outer[name]),
                settings=f"{name} of fold {fold}",
            )
            for name in KINDS
        )
        found.append(replace(made, spectra=own, models=models, network=network))
    return found


def wrong(spectra: Spectra, off: float) -> Array:
    """Values off by so much, up and down; or probabilities with so large a part of the rows wrong."""
    if not spectra.task.classes:
        return np.asarray(spectra.y + off * np.where(np.arange(len(spectra)) % 2, 1, -1))
    classes = len(spectra.task.classes)
    labels = spectra.y.astype(int)
    for label in range(classes):
        own = np.flatnonzero(spectra.y == label)
        labels[own[: round(off * own.size)]] = (label + 1) % classes
    return np.asarray(np.eye(classes)[labels])


def errors(**own: float) -> dict[str, float]:
    """An error for every model."""
    given = {"mean": 12.0, "PLS": 1.0, "ridge": 1.0, "SVR": 1.0, "network without convolution": 1.0, CNN: 1.0}
    return {**given, **own}


def done(inner: Mapping[str, float], outer: Mapping[str, float], folds: int = 3, **wish: object) -> Nested:
    """A nested validation whose models have these errors."""
    spectra = rows(replace(PLAIN, **wish))  # type: ignore[arg-type]
    return nest(spectra, runs(spectra, inner, outer, folds), closed=7, seed=0, draws=200)


def curve(
    network: Array, pls: Array, noise: float = 0.0, folds: int = 5, classes: tuple[str, ...] = ()
) -> LearningCurve:
    """A curve of given errors by size; folds differ by a factor that all sizes and models share."""
    random = np.random.default_rng(4)
    hard = np.linspace(0.9, 1.1, folds)
    points = [
        Point(
            float(size / SIZES[-1]),
            0,
            float(size),
            float(size),
            {
                "mean": tuple(5.0 * hard),
                "PLS": tuple(other * hard * np.exp(noise * random.normal(size=folds))),
                "CNN": tuple(one * hard * np.exp(noise * random.normal(size=folds))),
            },
        )
        for size, one, other in zip(SIZES, network, pls, strict=False)
    ]
    return learned(Task("fat", "" if classes else "%", classes), "fat.csv", False, "abc", points, seed=0, draws=60)
