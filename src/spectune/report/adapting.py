"""The page of an adaptation: what to do with a model on a new instrument, season or product."""

from __future__ import annotations

from collections.abc import Iterator

from spectune.assessment.adaptation import AS_IS, FEW, Adapted, Standing
from spectune.assessment.adaptation_words import design, headline, reasons, written
from spectune.assessment.intervals import Interval
from spectune.report.figures.adapting import before_after_picture, curve_picture, error_name, rivals_picture
from spectune.report.sections import Code, Head, Part, Picture, Points, Section, Table, Words, page
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import counted, duration, interval, places, simulated_warning, with_unit

NO_TRUST = (
    "It gives no intervals and no flags: those of the run stand on the old spectra, and intervals from the new rows, "
    "which also chose this model, would promise too much. Its error on new rows says how far off it may be."
)
"""What a model that was kept does not have, and why."""


def adapting_page(found: Adapted, command: str) -> str:
    """The page of a finished adaptation; ``command`` repeats it."""
    head = Head(
        kind=f"spectune adapt · {found.source or 'unnamed spectra'} · model of {found.run}",
        title=f"{with_unit(found.task.target, found.task.unit)}: an old model on new spectra",
        say=headline(found),
        reasons=reasons(found),
        warning=simulated_warning(found.source),
    )
    curve = (Section("How many new samples are needed", _curve(found), "Samples"),) if found.curve else ()
    notes = (Section("What was done with the new rows", (Points(found.notes),), "Rows"),) if found.notes else ()
    how = Section("How it was done", (Words(_method(found)), Words(_model(found)), Code(command)))
    footer = f"{counted(len(found.rivals), 'rival')} in {duration(found.seconds)}."
    return page(head, (Section("Ways to go on", _rivals(found), "Rivals"), *curve, *notes, how), footer)


def standings_head(found: Adapted) -> tuple[str, ...]:
    """Names of the columns of ``standings_rows``."""
    tested = ("test", "test: difference") if found.test.measured.size else ()
    return ("", "cross-validated", "difference", *tested)


def standings_rows(found: Adapted) -> list[list[str]]:
    """Of every rival: its name, error, and error minus that of the model as it is, with intervals."""
    return [[standing.name, *_cells(standing, decimals(found))] for standing in found.standings]


def decimals(found: Adapted) -> int:
    """Decimals of all errors: three digits of the smallest cross-validated one."""
    return 3 if found.task.classes else places(found.best.validated.value)


def _cells(standing: Standing, shown: int) -> Iterator[str]:
    first = standing.name == AS_IS
    for error, gain in (
        (standing.validated, False),
        (standing.gain, True),
        (standing.tested, False),
        (standing.tested_gain, True),
    ):
        if error is not None:
            yield "" if gain and first else interval_words(error, shown)


def interval_words(found: Interval, shown: int) -> str:
    """A value with its interval in brackets, to so many decimals."""
    return interval(found.value, found.low, found.high, shown)


def _rivals(found: Adapted) -> tuple[Part, ...]:
    rows = standings_rows(found)
    use = next(place for place, standing in enumerate(found.standings) if standing.name == found.use)
    grid = Grid(
        standings_head(found),
        columns([row[0] for row in rows], [row[1:] for row in rows]),
        notes=tuple(rival.settings for rival in found.rivals),
        marked=(use,),
    )
    test = "; orange: new test rows, opened once" if found.test.measured.size else ""
    parts: list[Part] = [
        Picture(
            rivals_picture(found),
            f"Blue: new calibration rows while they were held out{test}. Lines: 95 % intervals over "
            f"{'groups' if found.grouped else 'samples'}.",
        ),
        Table(
            grid,
            f"{error_name(found)} with 95 % intervals, simplest first. Difference: to the model as it is on the same "
            "rows; below zero the rival is better. In small print what was chosen from all new calibration rows.",
        ),
    ]
    if found.task.regression:
        caption = "Dashed: predicted as measured."
        parts.append(Picture(before_after_picture(found), caption))
    return tuple(parts)


def _curve(found: Adapted) -> tuple[Part, ...]:
    rows = [[interval_words(error, decimals(found)) for error in size.errors.values()] for size in found.curve]
    names = [f"{size.groups:.0f}" for size in found.curve]
    learnt = f"new {'groups' if found.grouped else 'samples'}"
    grid = Grid((learnt, *found.curve[0].errors), columns(names, rows))
    return (
        Picture(
            curve_picture(found),
            "Always the same held-out rows of the first repeat; smaller numbers lie inside larger ones. Test rows "
            "take no part.",
        ),
        Table(grid, f"{error_name(found)} with 95 % intervals, by number of {learnt} to learn from."),
    )


def _method(found: Adapted) -> str:
    few = " (one at a time, since they are few)" if found.groups < FEW else ""
    return (
        f"Cross-validation over {design(found)}{few}; groups stay on one side. All rivals see the same rows and make "
        "every choice on rows that are not held out: the line of a correction, the epoch and learning rate of a "
        "training (on tuning rows, which are new ones), preprocessing and latent variables of PLS. Fine-tuning goes on "
        "from the tuned weights of all layers, with the scaling of inputs and target they came with, at 0.03, 0.1 or "
        f"0.3 of the tuned rate. Old rows are the {found.old} calibration rows of the run. The simplest rival is used "
        f"that is not clearly worse than the best, {written(found).name('validated')} deciding and the test rows not."
    )


def _model(found: Adapted) -> str:
    return (
        f"The folder keeps this model: {found.kept}. A correction is folded into the target scaling of every member, "
        f"so that the model predicts corrected values by itself. {NO_TRUST}"
    )
