"""The page of a learning-rate range test: the curve, what a rule reads from it, and what others saw in theirs."""

from __future__ import annotations

import numpy as np

from spectune.assessment.lr_range import LrRange, headline, rate, reasons
from spectune.report.figures.lr_range import lr_range_picture
from spectune.report.sections import Code, Head, Part, Picture, Section, Table, Terms, Words, page
from spectune.report.tables.grid import Grid
from spectune.report.wording import counted, simulated_warning, with_unit
from spectune.training.range_test import RangeTest


def lr_range_page(found: LrRange, command: str) -> str:
    """The page of a range test; ``command`` repeats it."""
    head = Head(
        kind=f"spectune learning-rate range test · {found.source or 'unnamed spectra'} · recipe {found.recipe.id}",
        title=f"{with_unit(found.task.target, found.task.unit)}: learning rates that train this network",
        say=headline(found),
        reasons=reasons(found),
        warning=simulated_warning(found.source),
    )
    again = Section("To repeat it", (Code(command),))
    return page(head, (*sections(found), again), f"{counted(found.test.highs.size, 'member')} trained.")


def sections(found: LrRange) -> tuple[Section, ...]:
    """Curve, choices and method, for a page of its own or as a part of another."""
    return (
        Section("Loss while the learning rate climbs", _curve(found), "Curve"),
        Section("How the range test was done", _method(found), "Method"),
    )


def choices_grid(found: LrRange) -> Grid:
    """Smallest and largest learning rate by every way of reading a curve."""
    rows = [_row("spectune's rule", found.test)]
    if found.published is not None:
        rows.append(_row("the same rule on the published procedure", found.published))
    if found.by_eye is not None:
        rows.append(("Passos & Mishra (2022), by eye, on their data", *(rate(one) for one in found.by_eye), "–"))
    return Grid(("read by", "begins to fall", "largest", "largest by member"), tuple(rows))


def _row(name: str, test: RangeTest) -> tuple[str, ...]:
    highs = test.highs[np.isfinite(test.highs)]
    return name, rate(test.low), rate(test.high), f"{rate(float(highs.min()))} to {rate(float(highs.max()))}"


def _curve(found: LrRange) -> tuple[Part, ...]:
    eye = " Dotted: what its authors read from curves of this family on their data." if found.by_eye else ""
    beside = (
        " Left: one batch at each rate. Right: the published procedure, from a far smaller rate, every loss a running "
        "mean over its epoch so far."
        if found.published
        else ""
    )
    return (
        Picture(
            lr_range_picture(found),
            f"Thin: members; thick: their median. A member ends where it diverges.{beside}{eye}",
        ),
        Table(choices_grid(found), "Smallest and largest learning rate by every way of reading a curve."),
        *((Words(_eye_words(found)),) if found.by_eye else ()),
    )


def _eye_words(found: LrRange) -> str:
    low, high = found.by_eye or (0.0, 0.0)
    what = "mango" if found.task.regression else "wheat kernels"
    return (
        f"Passos & Mishra (2022) read {rate(low)} and {rate(high)} by eye, from one run on {what} with the penalty in "
        f"the loss, and took the second as the rate of all later trainings. It was not tested again on the network "
        f"that their search found. Other data and another batch have another range."
    )


def _method(found: LrRange) -> tuple[Part, ...]:
    test, schedule = found.test, found.recipe.schedule
    members = counted(test.highs.size, "member")
    first, last = rate(float(test.rates[0])), rate(float(test.rates[-1]))
    facts = (
        ("recipe", f"{found.recipe.id}{', ' + found.origin if found.origin else ''}"),
        ("optimiser", schedule.optimiser),
        ("batch", counted(schedule.batch, "row")),
        ("penalty", f"{schedule.penalty:g}"),
        ("members", f"{members}, each with a seed of its own, on the training rows of a fold (at least {found.rows})"),
        ("rates", f"{first} to {last} in {counted(test.rates.size, 'step')}, until the last member diverged"),
    )
    return (
        Words(
            "Every member trains on one batch at each rate, and rates rise in equal ratios. The loss of a batch is "
            "taken before its step and smoothed by an exponential average. The suggested rate is a tenth of the last "
            "one at which the smoothed loss, without the penalty, is below that of a constant answer; the median over "
            "members counts. With the penalty the curve can fall although nothing is learnt, and a large penalty "
            "hides the rest."
        ),
        Words(
            "The rule was found by trainings on three food sets, with networks without batch normalisation. With "
            "batch normalisation the loss breaks down late, and the rule suggests too much.",
            "Limits",
        ),
        Terms(facts),
    )
