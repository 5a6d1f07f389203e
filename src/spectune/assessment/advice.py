"""What a learning curve advises: more samples, better reference values, or nothing that it can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from spectune.assessment.intervals import Interval
from spectune.assessment.learning import AHEAD, Curve, Forecast, LearningCurve
from spectune.assessment.wording import Figures, figures

WIDE = 0.25
"""Width of the interval of a gain above which nothing is told; of that of an error, as half a share of it."""

WORTH = 0.05
"""Gain of twice the samples, as a share of the error, that is worth their price."""

ALONE = 0.95
"""Groups for each row above which rows count as samples of their own."""

LOW_FLOOR, HIGH_FLOOR = 0.5, 0.8
"""Share of the floor in the error below which samples hold it up, and above which they do not."""


def headline(found: LearningCurve) -> str:
    """What twice as many samples would bring, in one or two sentences."""
    best, shown = found.best, written(found)
    here = f"With about {found.rows[-1]:,.0f} rows {_called(best)} has {_error(found, shown, float(best.errors[-1]))}"
    told = best.forecast
    if told is None:
        return f"{here}; {found.rows.size} sizes are too few to tell what more samples would bring."
    low, high = sorted((shown.bare(told.doubled.low), shown.bare(told.doubled.high)), key=float)
    if _wide(told):
        worth = f" {_worth(told.gain)}" if told.gain.low >= WORTH else ""
        return (
            f"{here}; what twice as many samples would bring cannot be told closely: from {low} to {high} agrees with "
            f"these data, a saving of {_percent(told.gain.low)} to {_percent(told.gain.high)}.{worth}"
        )
    return (
        f"{here}; twice as many samples would be expected to give {shown.full(told.doubled.value)} "
        f"(95 % interval {low} to {high}). {_worth(told.gain)}"
    )


def advice(found: LearningCurve) -> tuple[str, ...]:
    """What stands behind the headline, and what it must not be taken for."""
    return (*_reasons(found), *_warnings(found))


def written(found: LearningCurve) -> Figures:
    """How errors of the network and of PLS are written."""
    return figures(found.task, [float(curve.errors[-1]) for curve in found.curves[1:]])


def _reasons(found: LearningCurve) -> Iterator[str]:
    yield crossing(found)
    best, told = found.best, found.best.forecast
    if told is None:
        return
    if not _wide(told):
        law = law_words(told, written(found))
        yield (
            f"The law fitted to {_called(best)} is an error of {law} with n rows: twice the "
            f"samples save {_percent(told.gain.value)} of it (95 % interval {_percent(told.gain.low)} to "
            f"{_percent(told.gain.high)})."
        )
    yield _money(found, told.floor)


def crossing(found: LearningCurve) -> str:
    """From which size on the network is better than PLS, if it is, and from which on clearly."""
    rival, sizes = found.rival.name, found.rows
    first = _since([gap.value < 0 for gap in found.lead])
    if first is None:
        return f"The network is not ahead of {rival} with all {sizes[-1]:,.0f} rows{_outlook(found)}."
    clear = _since([gap.high < 0 for gap in found.lead])
    clearly = "though not clearly even with all rows" if clear is None else f"clearly from {sizes[clear]:,.0f} rows on"
    if first == 0:
        return f"The network is ahead of {rival} at every size, from {sizes[0]:,.0f} rows on, {clearly}."
    return (
        f"The network starts to beat {rival} between {sizes[first - 1]:,.0f} and {sizes[first]:,.0f} rows and stays "
        f"ahead, {clearly}."
    )


def law_words(told: Forecast, shown: Figures) -> str:
    """A law as a formula, with the floor in the decimals of the errors; always of the error, also for classes."""
    law = told.law
    return f"{law.floor:.{shown.decimals}f} + {law.scale:.3g} n^−{law.exponent:.2f}"


def _outlook(found: LearningCurve) -> str:
    if found.ahead is None:
        return ""
    share = f"{_percent(found.ahead)} of the resamples"
    return f"; by the fitted laws it would be with {AHEAD:g} times as many in {share}, which is extrapolation"


def _since(facts: Sequence[bool]) -> int | None:
    """The first place from which on all are true; None when the last is not."""
    return next((place for place in range(len(facts)) if all(facts[place:])), None)


def _worth(gain: Interval) -> str:
    if gain.high < WORTH:
        return "More samples of the same kind are not worth their price."
    if gain.low >= WORTH:
        return "More samples are worth their price."
    return "Whether that is worth the price of the samples is open."


def _money(found: LearningCurve, floor: Interval) -> str:
    """Whether the floor or the number of samples is what holds the error up."""
    reference = "better labels" if found.task.classes else "better reference values"
    part = f"{_percent(floor.value)} of the error (95 % interval {_percent(floor.low)} to {_percent(floor.high)})"
    said = f"The floor of the law, which no number of samples removes, is {part}"
    if floor.low >= HIGH_FLOOR:
        return (
            f"{said}: what holds the error up are reference values, spectra or what the model can express. Repeat some "
            f"measurements: if they differ by as much as the floor, {reference} are worth more than more samples."
        )
    if floor.high <= LOW_FLOOR:
        return f"{said}: what holds the error up is the number of samples, which is worth more than {reference}."
    return f"{said}: whether samples or {reference} are worth more cannot be told from this curve."


def _wide(told: Forecast) -> bool:
    doubled, gain = told.doubled, told.gain
    return gain.high - gain.low > WIDE or doubled.high - doubled.low > 2 * WIDE * doubled.value


def _warnings(found: LearningCurve) -> Iterator[str]:
    low, high = found.rows[0], found.rows[-1]
    yield (
        f"A law fitted from {low:,.0f} to {high:,.0f} rows is extrapolation beyond them. It holds for more samples of "
        "the same kind; it says nothing of another season, site or instrument, where even many more may not help."
    )
    yield (
        "The network's recipe was chosen with all rows and on these folds, which flatters it there, and was not tuned "
        f"again for small sizes, which holds it back there; {found.rival.name} chose its settings anew in every subset."
    )
    if found.groups[-1] < ALONE * high:
        yield (
            f"Rows belong together: {high:,.0f} rows are {found.groups[-1]:,.0f} groups. Twice the samples means twice "
            "the groups; more scans of the same ones count for less."
        )


def _error(found: LearningCurve, shown: Figures, error: float) -> str:
    return f"{'a balanced accuracy' if found.task.classes else 'an RMSE'} of {shown.full(error)}"


def _called(curve: Curve) -> str:
    return curve.name if curve.name.startswith("PLS") else f"the {curve.name}"


def _percent(share: float) -> str:
    return f"{float(np.round(100 * share)) + 0.0:.0f} %"
