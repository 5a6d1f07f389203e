"""What to expect of a prediction: intervals or sets and flags of the network, and what they came to on test rows."""

from __future__ import annotations

from dataclasses import dataclass

from spectune.assessment.outcome import Expectation, Outcome
from spectune.report.tables.grid import Grid
from spectune.report.wording import beside, counted, fixed, number, with_unit


@dataclass(frozen=True)
class Expected:
    """The section of a report: paragraphs, and a table with what stands in it."""

    sentences: tuple[str, ...]
    grid: Grid
    caption: str


def expected(outcome: Outcome) -> Expected | None:
    """What to expect of a prediction; None where the run was made without intervals and flags."""
    known = outcome.expectation
    if known is None:
        return None
    sentences = (_interval_words(outcome, known), _coverage_words(known), _flag_words(known))
    caption = (
        "Intervals and flags come from calibration rows; test rows only count here. In brackets 95 % score intervals "
        "(Wilson 1927)" + (", which count groups and not rows." if known.groups < known.rows else ".")
    )
    return Expected(sentences, _grid(outcome, known), caption)


def _grid(outcome: Outcome, known: Expectation) -> Grid:
    size = "mean classes in a set" if known.kind == "sets" else with_unit("mean half-width", outcome.spectra.task.unit)
    share = known.covered / known.rows if known.rows else float("nan")
    covered = f"{_percent(share)} ({_percent(known.low)} to {_percent(known.high)})"
    unflagged = known.rows - known.flagged
    rows = (
        ("promised level", _percent(known.level)),
        (size, number(known.size)),
        ("test rows covered", f"{known.covered} of {known.rows}"),
        ("coverage on the test rows", covered),
        ("covered among test rows without a flag", f"{known.sound} of {unflagged}"),
        ("test rows with a flag", f"{known.flagged} of {known.rows}"),
        ("calibration rows the other folds would flag", _percent(known.alarms)),
    )
    return Grid(("", outcome.network), rows)


def _interval_words(outcome: Outcome, known: Expectation) -> str:
    level, together = _percent(known.level), counted(known.together, "independent calibration sample")
    if known.kind == "sets":
        return (
            f"With each prediction comes a set of classes that holds the true one for {level} of new samples like "
            f"those of the calibration. It stands on {together}, each predicted while it was held out."
        )
    room = f"± {beside(number(known.size), outcome.spectra.task.unit)} on average"
    if known.kind == "scaled":
        room = f"in proportion to how far the members disagree, {room}"
    return (
        f"With each prediction comes an interval that holds the measured value for {level} of new samples like those "
        f"of the calibration: {room}. It stands on {together}, each predicted while it was "
        "held out."
    )


def _coverage_words(known: Expectation) -> str:
    promise = "The promise is kept on average over samples, not for each of them, and not for another product or year."
    if known.high < known.level:
        return (
            f"{promise} On the test rows it is not kept: they differ from the calibration rows, and so may new samples."
        )
    return promise


def _flag_words(known: Expectation) -> str:
    return (
        f"A prediction is flagged where the spectrum is unlike those of the calibration ({known.behind} rows), with "
        "the reason in words. A flagged prediction stands on no experience, and its interval means nothing."
    )


def _percent(share: float) -> str:
    text = fixed(100 * share, 1)
    return text if text == "n.a." else f"{text.removesuffix('.0')} %"
