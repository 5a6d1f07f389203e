"""The page of a learning curve: what more samples would bring, and from what this is told."""

from __future__ import annotations

from spectune.assessment.advice import advice, headline, law_words, written
from spectune.assessment.intervals import Interval
from spectune.assessment.learning import Curve, LearningCurve
from spectune.report.figures.learning import error_name, lead_picture, learning_picture
from spectune.report.sections import Code, Head, Part, Picture, Section, Table, Words, page
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import counted, fixed, places, simulated_warning, with_unit


def learning_page(found: LearningCurve, command: str) -> str:
    """The page of a finished learning curve; ``command`` repeats it."""
    head = Head(
        kind=f"spectune learning curve · {found.source or 'unnamed spectra'} · recipe {found.recipe}",
        title=f"{with_unit(found.task.target, found.task.unit)}: what more samples would bring",
        say=headline(found),
        reasons=advice(found),
        warning=simulated_warning(found.source),
    )
    sections = (
        Section("Error against number of samples", _curves(found), "Curves"),
        Section("What the fitted laws say", _laws(found), "Laws"),
        Section("How it was done", (Words(_method(found)), Code(command))),
    )
    return page(head, sections, f"{counted(len(found.points), 'fit')} over {counted(found.rows.size, 'size')}.")


def sizes_head(found: LearningCurve) -> tuple[str, ...]:
    """Names of the columns of ``sizes_rows``."""
    groups = ("groups",) if found.grouped else ()
    names = (curve.name for curve in found.curves)
    return ("rows", *groups, *names, f"network − {found.rival.name}", "95 % interval")


def sizes_rows(found: LearningCurve) -> list[list[str]]:
    """Of every size: mean error of every model, and the network's lead with its interval."""
    shown = 3 if found.task.classes else places(min(float(curve.errors.min()) for curve in found.curves[1:]))
    return [
        [
            fixed(float(found.rows[place]), 0),
            *([fixed(float(found.groups[place]), 0)] if found.grouped else []),
            *(fixed(float(curve.errors[place]), shown) for curve in found.curves),
            fixed(gap.value, shown),
            f"{fixed(gap.low, shown)} to {fixed(gap.high, shown)}",
        ]
        for place, gap in enumerate(found.lead)
    ]


def laws_grid(found: LearningCurve) -> Grid:
    """The laws of PLS and the network, and what they say of twice as many samples."""
    told = [(curve.name, curve, curve.forecast) for curve in found.curves[1:]]
    return Grid(
        head=("model", "law (n rows)", f"{error_name(found)} with twice the rows", "saved by twice the rows", "floor"),
        rows=tuple(
            (
                name,
                law_words(forecast, written(found)).replace(" ", "\u00a0"),
                _error(found, curve, forecast.doubled),
                _percent(forecast.gain),
                _percent(forecast.floor),
            )
            for name, curve, forecast in told
            if forecast is not None
        ),
        words=2,
    )


def _curves(found: LearningCurve) -> tuple[Part, ...]:
    forecast, rows = found.network.forecast is not None, sizes_rows(found)
    lines = (
        " Lines: fitted laws with their 95 % bands, dashed beyond the data, to twice as many rows." if forecast else ""
    )
    return (
        Picture(
            learning_picture(found),
            f"Small dots: one fold, mean over its subsets; large: mean over folds.{lines}",
        ),
        Table(
            Grid(sizes_head(found), columns([row[0] for row in rows], [row[1:] for row in rows])),
            f"{error_name(found)}, mean over folds and subsets, always on the same held-out rows. The interval "
            "resamples folds, and subsets within them.",
        ),
        Picture(
            lead_picture(found),
            "Network minus the other on the same rows of the same folds, with 95 % intervals. Hollow: the two cannot "
            "be told apart at this size.",
        ),
    )


def _laws(found: LearningCurve) -> tuple[Part, ...]:
    if found.network.forecast is None:
        return (Words(f"{found.rows.size} sizes are too few to fit a law of three numbers."),)
    return (
        Words(
            "The law is error = floor + scale · n^(−exponent), fitted by least relative squares with none of the three "
            "below zero. Intervals come from fitting it again to resampled folds and subsets. Floor and saving are "
            "shares of the error that the law gives for all rows."
        ),
        Table(laws_grid(found), "Fitted laws and what they say beyond the data."),
    )


def _method(found: LearningCurve) -> str:
    groups = ", whole groups together" if found.grouped else ""
    classes = ", classes in their shares" if found.task.classes else ""
    return (
        f"The rows outside each fold of the run are thinned at random to {counted(found.rows.size, 'size')}{groups}"
        f"{classes}; smaller subsets lie inside larger ones, and small sizes are drawn several times. The network of "
        "the run's best recipe is trained on every subset with fresh seeds, an eighth of the subset stopping the "
        f"training; {found.rival.name} chooses preprocessing, transform and latent variables by folds inside the "
        "subset. Held-out rows score and do nothing else. Test rows stay closed."
    )


def _error(found: LearningCurve, curve: Curve, part: Interval) -> str:
    shown = 3 if found.task.classes else places(float(curve.errors[-1]))
    return f"{fixed(part.value, shown)} ({fixed(part.low, shown)} to {fixed(part.high, shown)})"


def _percent(part: Interval) -> str:
    return f"{fixed(100 * part.value, 0)} % ({fixed(100 * part.low, 0)} to {fixed(100 * part.high, 0)})"
