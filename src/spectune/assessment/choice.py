"""Choosing the settings of a baseline by cross-validation, and judging it on every part.

A method is a function of training rows and new rows only, so a scored row cannot reach what is
fitted. Preprocessing is row-wise and done once for all folds; column scaling, centring and the
target's transform are fitted on the training rows of each fold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from spectune.assessment.intervals import error_value
from spectune.assessment.outcome import Judged
from spectune.networks.recipe import Transform
from spectune.spectra.channels import Channel, format_channel
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Rows, Spectra, Task
from spectune.spectra.steps import apply
from spectune.training.scaling import target_scaling

Array = NDArray[np.float64]
S = TypeVar("S")

Fit = Callable[[Array, Array, Array, Sequence[S]], Array]
"""(training x, training y, new x, settings) -> outputs (settings, new rows[, classes])."""

MANY = 2_000_000
"""Values of spectra from which products are shared among cores: below, threads wait for one another more than they
compute (of 600 spectra of 103 points all baselines take half the processor time on one)."""

KEPT = 2
"""Pairs of view and transform that are left after the screening of a large grid."""

TARGETS: dict[Transform, str] = {
    "none": "",
    "sqrt": ", square root of the target",
    "log": ", log of the target",
    "boxcox": ", Box-Cox of the target",
}


@dataclass(frozen=True)
class Method(Generic[S]):
    """A kind of model with its grid.

    Attributes:
        name, rank: as in ``Judged``.
        fit: fits on training rows and answers for new rows, with every setting at once; a numeric
            target comes and goes standardised, classes come as numbers and go as probabilities.
        words: a setting in words.
        settings: the grid, simplest first.
        views: preprocessing to choose from.
        transforms: of the target, to choose from.
        screen: settings by which views and transforms are compared first; all when empty.
        tolerance: the first setting within this share of the lowest error is chosen.
        choice_rows: views and transforms are compared on at most so many calibration rows.
        fit_rows: a fit uses at most so many training rows.
    """

    name: str
    rank: int
    fit: Fit[S]
    words: Callable[[S], str]
    settings: tuple[S, ...]
    views: tuple[Channel, ...] = ((),)
    transforms: tuple[Transform, ...] = ("none",)
    screen: tuple[S, ...] = ()
    tolerance: float = 0.0
    choice_rows: int = 4000
    fit_rows: int = 1_000_000


@dataclass(frozen=True)
class Choice(Generic[S]):
    """What cross-validation chose; ``loss`` is the lowest of this view and transform."""

    view: Channel
    transform: Transform
    setting: S
    loss: float


@dataclass(frozen=True, eq=False)
class _View:
    x: Array
    y: Array
    task: Task


@dataclass(frozen=True, eq=False)
class _Part:
    fitted: Rows
    scored: Rows


def judge(
    method: Method[Any], spectra: Spectra, folds: Sequence[Fold], seed: int, clock: Callable[[], float] = perf_counter
) -> Judged:
    """A method with the settings that cross-validation chose, on all parts of the rows.

    ``spectra`` are all rows with their roles; ``folds`` index into ``spectra.calibration`` and
    together score every row of it. Test rows are only predicted, by a model fitted on all
    calibration rows with the chosen settings.
    """
    with threadpool_limits(1 if spectra.x.size < MANY else None):
        return _judge(method, spectra, folds, seed, clock)


def _judge(
    method: Method[Any], spectra: Spectra, folds: Sequence[Fold], seed: int, clock: Callable[[], float]
) -> Judged:
    began = clock()
    calibration = spectra.calibration
    choice = choose(method, calibration, folds, seed)
    validated = held_out(method, calibration, folds, choice, seed)
    view = _viewed(calibration, choice.view)
    new = np.concatenate([view.x, apply(choice.view, spectra.test.x)])
    fitted = _thinned(view.y, np.arange(len(calibration)), method.fit_rows, seed)
    final = _outputs(method, view, fitted, new, choice.transform, (choice.setting,))[0]
    return Judged(
        name=method.name,
        settings=_in_words(method, choice, fitted.size, len(calibration)),
        rank=method.rank,
        calibration=final[: len(calibration)],
        validated=validated,
        test=final[len(calibration) :],
        fold_errors=tuple(
            error_value(validated[fold.scored], view.y[fold.scored], len(view.task.classes)) for fold in folds
        ),
        seconds=clock() - began,
    )


def choose(method: Method[S], calibration: Spectra, folds: Sequence[Fold], seed: int) -> Choice[S]:
    """View, transform and setting with the lowest loss pooled over held-out rows.

    The loss is the RMSE (RMSECV); for classes 1 - balanced accuracy plus half the Brier score,
    since the former moves in steps of whole rows. The view and transform with the lowest loss
    win; of their settings, the first within ``method.tolerance`` of it. Of many rows, an even
    share over the range of the target decides on view and transform, and all of them on the
    setting unless the grid is large.
    """
    variants = [(view, transform) for view in method.views for transform in method.transforms]
    share = min(1.0, method.choice_rows / len(calibration))
    parts = _parts(method, calibration, folds, share, seed)
    if method.screen and len(variants) > KEPT:
        screened = sorted(_compared(method, calibration, parts, variants, method.screen), key=_loss)
        variants = [(choice.view, choice.transform) for choice in screened[:KEPT]]
    best = min(_compared(method, calibration, parts, variants, method.settings), key=_loss)
    if share == 1.0 or method.screen:
        return best
    every = _parts(method, calibration, folds, 1.0, seed)
    return next(_compared(method, calibration, every, [(best.view, best.transform)], method.settings))


def held_out(method: Method[S], calibration: Spectra, folds: Sequence[Fold], choice: Choice[S], seed: int) -> Array:
    """Every calibration row by the model of the fold that held it out, (rows[, classes])."""
    view = _viewed(calibration, choice.view)
    classes = len(view.task.classes)
    outputs = np.full((len(calibration), classes) if classes else len(calibration), np.nan)
    for part in _parts(method, calibration, folds, 1.0, seed):
        new = view.x[part.scored]
        outputs[part.scored] = _outputs(method, view, part.fitted, new, choice.transform, (choice.setting,))[0]
    return outputs


def _compared(
    method: Method[S],
    calibration: Spectra,
    parts: Sequence[_Part],
    variants: Sequence[tuple[Channel, Transform]],
    settings: tuple[S, ...],
) -> Iterator[Choice[S]]:
    measured = np.concatenate([calibration.y[part.scored] for part in parts])
    for channel, transform in variants:
        view = _viewed(calibration, channel)
        outputs = [_outputs(method, view, part.fitted, view.x[part.scored], transform, settings) for part in parts]
        losses = _losses(np.concatenate(outputs, axis=1), measured, view.task)
        lowest = float(np.nanmin(losses))
        within = np.flatnonzero(losses <= lowest * (1 + method.tolerance))
        yield Choice(channel, transform, settings[int(within[0])], lowest)


def _outputs(
    method: Method[S], view: _View, fitted: Rows, new: Array, transform: Transform, settings: Sequence[S]
) -> Array:
    """Answers for new rows by models of the fitted rows, in the target's own unit."""
    x, y = view.x[fitted], view.y[fitted]
    if view.task.regression:
        scaling = target_scaling(y, transform)
        return scaling.inverse(method.fit(x, scaling.forward(y), new, settings))
    if np.unique(y).size == 1:
        return np.broadcast_to(np.eye(view.task.outputs)[int(y[0])], (len(settings), len(new), view.task.outputs))
    return method.fit(x, y, new, settings)


def _losses(outputs: Array, measured: Array, task: Task) -> Array:
    """What every setting is compared by, (settings,)."""
    errors = np.array([error_value(output, measured, len(task.classes)) for output in outputs])
    if task.regression:
        return errors
    truth = np.eye(task.outputs)[measured.astype(int)]
    return np.asarray(errors + ((outputs - truth) ** 2).sum(axis=2).mean(axis=1) / 2)


def _loss(choice: Choice[Any]) -> float:
    return choice.loss


def _viewed(calibration: Spectra, channel: Channel) -> _View:
    return _View(apply(channel, calibration.x), calibration.y, calibration.task)


def _parts(method: Method[Any], calibration: Spectra, folds: Sequence[Fold], share: float, seed: int) -> list[_Part]:
    """Rows to fit on (training and tuning rows together) and to score, thinned to a share."""
    parts = []
    for fold in folds:
        fitted = np.concatenate([fold.train, fold.tuning])
        most = min(method.fit_rows, round(share * fitted.size))
        scored = _thinned(calibration.y, fold.scored, round(share * fold.scored.size), seed)
        parts.append(_Part(_thinned(calibration.y, fitted, most, seed), scored))
    return parts


def _thinned(y: Array, rows: Rows, most: int, seed: int) -> Rows:
    """At most so many of the rows, evenly over the ordered target, ascending."""
    if rows.size <= most:
        return np.sort(rows)
    shuffled = np.random.default_rng(seed).permutation(rows)
    ordered = shuffled[np.argsort(y[shuffled], kind="stable")]
    return np.sort(ordered[np.linspace(0, rows.size - 1, max(most, 1)).round().astype(int)])


def _in_words(method: Method[S], choice: Choice[S], fitted: int, rows: int) -> str:
    parts = [method.words(choice.setting)]
    if len(method.views) > 1:
        parts.append(format_channel(choice.view))
    if fitted < rows:
        parts.append(f"fitted on {fitted:,} of {rows:,} rows")
    return ", ".join(part for part in parts if part) + TARGETS[choice.transform]
