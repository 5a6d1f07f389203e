"""Second part of an adaptation: every rival on the same cuts.

What a rival learns for a cut comes from the rows that the cut does not hold out: line, learning rate,
epoch, preprocessing. Scored rows are predicted and do nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from spectune.assessment.adaptation import AS_IS, BIAS, FINE, FRESH, PLS_BOTH, PLS_NEW, POOLED, SLOPE
from spectune.assessment.baselines import FEW, methods, views
from spectune.assessment.choice import judge
from spectune.assessment.correction import corrected
from spectune.assessment.outcome import Output
from spectune.job.new_rows import Cut, Joined, dealt, described, member_fold
from spectune.networks.recipe import Recipe
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Rows
from spectune.training.crew import Completed, Fitter
from spectune.training.fit import Fitted, predict
from spectune.tuning.study import member_seeds

FACTORS = (0.03, 0.1, 0.3)
"""Parts of the tuned learning rate among which tuning rows choose."""

MEMBERS = 3
"""Members that are trained for every cut; their mean answers."""

UPDATES = 400
"""Steps of a fine-tuning, at most."""

OLD_ROWS = 1000
"""Old rows, at most, that PLS learns from."""

INNER_FOLDS = 4
STREAM = 60_000_000
"""Random streams from here on belong to adaptations."""


@dataclass(frozen=True, eq=False)
class Work:
    """What the rivals work with.

    Attributes:
        rows: old and new rows.
        fitted: the model as it is.
        recipe: that it was tuned to.
        fitter: over all rows of ``rows``.
        seed: of every training.
    """

    rows: Joined
    fitted: Fitted
    recipe: Recipe
    fitter: Fitter
    seed: int


@dataclass(frozen=True, eq=False)
class Answers:
    """What a rival says of the scored rows of every cut.

    Attributes:
        outputs: one for each cut.
        settings: what was chosen for the last cut, in words.
        fitted: the model of the last cut; None for PLS.
    """

    outputs: tuple[Output, ...]
    settings: str
    fitted: Fitted | None


@dataclass(frozen=True, eq=False)
class _Trained:
    """Outputs and tuning errors of every cut, and the members of the last."""

    outputs: tuple[Output, ...]
    errors: NDArray[np.float64]
    fitted: Fitted


def answer(name: str, work: Work, cuts: Sequence[Cut]) -> Answers:
    """What the rival of that name says of the scored rows of all cuts."""
    return _MAKERS[name](work, cuts)


def _as_is(work: Work, cuts: Sequence[Cut]) -> Answers:
    outputs = tuple(_said(work, work.fitted, cut) for cut in cuts)
    return Answers(outputs, f"{work.fitted.members} members", work.fitted)


def _corrected(work: Work, cuts: Sequence[Cut], sloped: bool) -> Answers:
    spectra = work.rows.spectra
    made = [corrected(work.fitted, spectra.x[cut.rest], spectra.y[cut.rest], sloped) for cut in cuts]
    outputs = tuple(_said(work, fitted, cut) for fitted, cut in zip(made, cuts, strict=True))
    return Answers(outputs, _line_words(work.fitted, made[-1], sloped), made[-1])


def _line_words(before: Fitted, after: Fitted, sloped: bool) -> str:
    if before.recipe.transform != "none":
        return f"on the trained scale ({before.recipe.transform}), member by member"
    one, other = before.targets[0], after.targets[0]
    slope = other.deviation / one.deviation
    offset = f"offset {other.mean - slope * one.mean:.4g}"
    return f"slope {slope:.4g}, {offset}" if sloped else offset


def _fine(work: Work, cuts: Sequence[Cut]) -> Answers:
    """Of every cut the rate with the lowest mean error on the tuning rows of its members; ties to the lowest rate."""
    rows = round(float(np.median([cut.rest.size for cut in cuts])))
    start = work.fitted.take(range(min(MEMBERS, work.fitted.members)))
    made = [
        _trained(work, cuts, gentler(work.fitted.recipe, factor, rows), False, STREAM + place, start)
        for place, factor in enumerate(FACTORS)
    ]
    best = np.argmin([one.errors for one in made], axis=0)
    outputs = tuple(made[place].outputs[number] for number, place in enumerate(best))
    return Answers(outputs, f"{FACTORS[best[-1]]:g} of the tuned rate", made[best[-1]].fitted)


def gentler(recipe: Recipe, factor: float, rows: int) -> Recipe:
    """The recipe for a short training of few rows with a part of its rate, constant; a quarter of it is patience."""
    schedule = recipe.schedule
    batch = min(schedule.batch, max(4, ceil(rows / 4)))
    epochs = max(20, ceil(UPDATES / ceil(rows / batch)))
    gentle = replace(
        schedule,
        rate=schedule.rate * factor,
        batch=batch,
        epochs=epochs,
        warmup=0,
        decay="constant",
        patience=epochs // 4,
        restore="best",
        keep_from=0,
    )
    return replace(recipe, schedule=gentle)


def _from_nothing(work: Work, cuts: Sequence[Cut], old: bool) -> Answers:
    made = _trained(work, cuts, work.recipe, old, STREAM + 10 + old, None)
    return Answers(made.outputs, f"{MEMBERS} members", made.fitted)


def _trained(work: Work, cuts: Sequence[Cut], recipe: Recipe, old: bool, stream: int, start: Fitted | None) -> _Trained:
    """Members of every cut, all in one fit, on new rows, or on old and new ones.

    A cut whose members all diverged answers as the model does as it is.
    """
    members, count = start.members if start else MEMBERS, len(cuts)
    made = [member_fold(work.rows, cut, member, old) for member in range(members) for cut in cuts]
    begun = start and start.take([member for member in range(members) for _ in cuts])
    fitting = work.fitter(recipe, made, member_seeds(work.seed, stream, len(made)), (), begun)
    done = next(report for report in fitting if isinstance(report, Completed))
    outputs = []
    for number, cut in enumerate(cuts):
        sound = [output for output in done.held_out[number::count] if np.isfinite(output).all()]
        outputs.append(np.mean(sound, axis=0) if sound and cut.scored.size else _said(work, work.fitted, cut))
    tuning = done.tuning[np.arange(len(made)), np.maximum(done.best_epochs - 1, 0)]
    errors = np.nan_to_num(tuning, nan=np.inf).reshape(members, count).mean(axis=0)
    return _Trained(tuple(outputs), errors, done.fitted.take(range(count - 1, len(made), count)))


def _pls(work: Work, cuts: Sequence[Cut], old: bool) -> Answers:
    made = [_pls_of(work.rows, cut, old) for cut in cuts]
    return Answers(tuple(output for output, _ in made), made[-1][1], None)


def _pls_of(rows: Joined, cut: Cut, old: bool) -> tuple[Output, str]:
    """PLS that chooses its settings on the new rows to learn from, dealt into inner folds; old rows only train."""
    first = _some(rows.beside(np.concatenate([cut.scored, cut.rest])), OLD_ROWS) if old else rows.old[:0]
    scored = cut.scored if cut.scored.size else cut.rest[:1]  # a filter takes no empty table
    chosen = np.concatenate([first, cut.rest, scored])
    known = first.size + cut.rest.size
    spectra = rows.spectra.rows(chosen)
    roles = np.repeat(["cal", "test"], [known, scored.size])
    spectra = replace(spectra, roles=roles, task=described(spectra.task, spectra.y[:known]))
    shares = [first.size + share for share in dealt(rows.spectra.groups[cut.rest], INNER_FOLDS, cut.seed)]
    everything, nothing = np.arange(known), np.arange(0)
    inner = [Fold(np.setdiff1d(everything, share), nothing, share) for share in shares]
    method = methods(spectra.calibration, inner)[1]
    method = replace(method, views=views(FEW, len(spectra.axis), (13,)), choice_rows=known)
    found = judge(method, spectra, inner, cut.seed)
    return found.test[: cut.scored.size], found.settings


def _some(rows: Rows, most: int) -> Rows:
    """At most so many rows, evenly chosen."""
    return rows if rows.size <= most else rows[np.linspace(0, rows.size - 1, most).round().astype(int)]


def _said(work: Work, fitted: Fitted, cut: Cut) -> Output:
    """Mean answer of members for the scored rows of a cut."""
    if not cut.scored.size:
        classes = len(fitted.task.classes)
        return np.empty((0, classes) if classes else 0)
    return np.asarray(predict(fitted, work.rows.spectra.x[cut.scored]).mean(axis=0))


_MAKERS: dict[str, Callable[[Work, Sequence[Cut]], Answers]] = {
    AS_IS: _as_is,
    BIAS: lambda work, cuts: _corrected(work, cuts, False),
    SLOPE: lambda work, cuts: _corrected(work, cuts, True),
    PLS_NEW: lambda work, cuts: _pls(work, cuts, False),
    PLS_BOTH: lambda work, cuts: _pls(work, cuts, True),
    FINE: _fine,
    FRESH: lambda work, cuts: _from_nothing(work, cuts, False),
    POOLED: lambda work, cuts: _from_nothing(work, cuts, True),
}
