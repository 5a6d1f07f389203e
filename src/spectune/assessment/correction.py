"""Slope/bias correction of a fitted network, as a part of its own target scaling.

The line is folded into mean and deviation of every member, so that a corrected network is a network
like any other. Without a transform of the target all members get one line, fitted to their mean answer
in the unit of the target. With a transform a line in that unit is no part of a member; each gets its own,
fitted on the scale it was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spectune.training.fit import Fitted, predict
from spectune.training.scaling import TargetScaling, check_range

Array = NDArray[np.float64]

FEWEST = 3
"""Different predictions without which no slope is fitted."""


@dataclass(frozen=True)
class Line:
    """What predictions are corrected by: ``offset + slope * prediction``."""

    offset: float
    slope: float = 1.0

    def at(self, predicted: Array) -> Array:
        """Corrected predictions, (rows,)."""
        return self.offset + self.slope * predicted


def line(predicted: Array, measured: Array, sloped: bool) -> Line:
    """The line of least squares from predictions to measured values, both (rows,).

    Only the bias is corrected without ``sloped``, from fewer than three different predictions, and where
    the slope would not be above 0, which turns the order of samples around.

    >>> line(np.array([1.0, 2.0, 3.0]), np.array([3.0, 5.0, 7.0]), True)
    Line(offset=1.0, slope=2.0)
    """
    bias = Line(float(np.mean(measured - predicted)))
    if not sloped or np.unique(predicted).size < FEWEST:
        return bias
    away = predicted - predicted.mean()
    slope = float(away @ (measured - measured.mean()) / (away @ away))
    return Line(float(measured.mean() - slope * predicted.mean()), slope) if slope > 0 else bias


def corrected(fitted: Fitted, x: NDArray[np.float32], y: Array, sloped: bool) -> Fitted:
    """The same members with the correction that these rows ask for.

    Args:
        fitted: members of a regression.
        x: raw spectra, (rows, points).
        y: target in its unit, (rows,).
        sloped: whether the slope is corrected too.

    Raises:
        DataError: a target that the transform of the members does not take.
    """
    check_range(y, fitted.recipe.transform)
    answers = predict(fitted, x)
    if fitted.recipe.transform == "none":
        same = line(answers.mean(axis=0), y, sloped)
        return replace(fitted, targets=tuple(_in_unit(one, same) for one in fitted.targets))
    pairs = zip(fitted.targets, answers, strict=True)
    return replace(fitted, targets=tuple(_on_scale(one, answer, y, sloped) for one, answer in pairs))


def _in_unit(target: TargetScaling, found: Line) -> TargetScaling:
    """A target without transform, moved by a line in its unit."""
    return replace(
        target,
        mean=float(found.offset + found.slope * target.mean),
        deviation=float(found.slope * target.deviation),
        low=float(found.offset + found.slope * target.low),
        high=float(found.offset + found.slope * target.high),
    )


def _on_scale(target: TargetScaling, answer: Array, y: Array, sloped: bool) -> TargetScaling:
    """A target with a transform, moved by a line between transformed values."""

    def on_scale(values: Array) -> Array:
        return target.forward(values) * target.deviation + target.mean

    return _in_unit(target, line(on_scale(answer), on_scale(y), sloped))
