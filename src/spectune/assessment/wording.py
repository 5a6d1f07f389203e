"""Verdicts in words: the sentence, and the reasons behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import Literal

import numpy as np

from spectune.assessment.intervals import Interval
from spectune.assessment.outcome import CNN, DENSE, Difference, Judged
from spectune.spectra.spectra import Spectra, Task

FEW = 40
"""Independent test rows below which the reasons call them few."""

WORTH = 0.05
"""Share of the simpler model's error that a clear gain has to be to be worth a more complicated one."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two models on the same rows.

    Attributes:
        one, other: the models; differences are error of ``one`` minus error of ``other``.
        validated, tested, together: cross-validated, on the test rows, and on all of them.
        validated_errors, tested_errors, together_errors: (one, other), RMSE or 1 - balanced accuracy.
    """

    one: Judged
    other: Judged
    validated: Difference
    tested: Difference
    together: Interval
    validated_errors: tuple[float, ...]
    tested_errors: tuple[float, ...]
    together_errors: tuple[float, ...]

    @property
    def earned(self) -> bool:
        """Whether ``one`` is better in both parts, and clearly so in one of them or in both together."""
        gains = (
            (self.validated, self.validated_errors[1]),
            (self.tested, self.tested_errors[1]),
            (self.together, self.together_errors[1]),
        )
        clear = any(found.high < 0 and -found.value >= WORTH * error for found, error in gains)
        return clear and self.validated.value < 0 and self.tested.value < 0


@dataclass(frozen=True)
class Figures:
    """How errors are written: RMSE in the target's unit, classes as balanced accuracy."""

    classes: bool
    unit: str
    decimals: int

    def name(self, part: Literal["validated", "tested"]) -> str:
        """What an error on this part of the rows is called."""
        if self.classes:
            return "cross-validated balanced accuracy" if part == "validated" else "test balanced accuracy"
        return "RMSECV" if part == "validated" else "RMSEP"

    def bare(self, error: float) -> str:
        """An error without its unit."""
        return f"{1 - error if self.classes else error:.{self.decimals}f}"

    def full(self, error: float) -> str:
        """An error with its unit."""
        return f"{self.bare(error)}{self.unit and ' '}{self.unit}"

    def difference(self, found: Difference | Interval) -> str:
        """A difference of two errors with its interval, which rows of one group do not give."""
        sign = -1.0 if self.classes else 1.0
        value = f"difference {sign * found.value:+.{self.decimals}f}"
        if not isfinite(found.high):
            return f"{value}, no interval from one group"
        low, high = sorted((sign * found.low, sign * found.high))
        return f"{value}, 95 % interval {low:.{self.decimals}f} to {high:.{self.decimals}f}"


def figures(task: Task, errors: Sequence[float]) -> Figures:
    """How errors of these sizes are written: three significant digits of the largest, for classes three decimals."""
    if task.classes:
        return Figures(True, "", 3)
    largest = max((error for error in errors if error > 0), default=1.0)
    return Figures(False, task.unit, max(0, 2 - floor(log10(largest))))


def sentence(task: Task, pair: Comparison) -> str:
    """The verdict in one sentence; ``pair.one`` is the model to use.

    It is compared with the most complicated model or, being that itself, with its best rival.
    """
    figures = _figures(task, pair)
    if pair.one.rank == 0:
        return _nothing(task, pair, figures)
    if pair.one.rank > pair.other.rank:
        return _gain(pair, figures)
    return _simpler(pair, figures)


def reasons(spectra: Spectra, pair: Comparison, control: Comparison | None) -> tuple[str, ...]:
    """Two to five sentences behind a verdict; ``control`` is the CNN against no convolution."""
    figures = _figures(spectra.task, pair)
    test = spectra.test
    said = [
        f"Cross-validation on {_rows(spectra.calibration)}: {_both(pair, figures, 'validated')}.",
        f"Test on {_rows(test)}, opened once: {_both(pair, figures, 'tested')}.",
    ]
    if pair.one.rank < pair.other.rank and pair.validated.value * pair.tested.value < 0:
        said.append("The two point in opposite directions, so the more complicated model has not earned its place.")
    elif not (pair.validated.clear or pair.tested.clear):
        clear = "clear" if pair.together.low > 0 or pair.together.high < 0 else "not clear either"
        said.append(f"Both together: {figures.difference(pair.together)}, {clear}.")
    if control is not None:
        said.append(_convolution(control, _figures(spectra.task, control)))
    few = f" With {_rows(test)} they can only settle large differences." if np.unique(test.groups).size < FEW else ""
    said.append(
        f"Every {figures.name('validated')} is the best of a search and so optimistic, most where the search was "
        f"longest; the test rows chose no setting and only confirm or veto.{few}"
    )
    return tuple(said)


def _nothing(task: Task, pair: Comparison, figures: Figures) -> str:
    simplest = "the most frequent class" if task.classes else "the mean of the calibration rows"
    one, other = pair.tested_errors
    return (
        f"These spectra do not predict {task.target}: no model is shown to be better than {simplest} "
        f"({figures.name('tested')} {figures.full(one)} against {figures.bare(other)} for {_called(pair.other)})."
    )


def _gain(pair: Comparison, figures: Figures) -> str:
    one, other = pair.tested_errors
    tested = f"{figures.name('tested')} {figures.full(one)} against {figures.bare(other)} for {_called(pair.other)}"
    if pair.tested.clear:
        return f"Use {_chosen(pair.one)}: {tested} ({figures.difference(pair.tested)})."
    one, other = pair.validated_errors
    validated = f"{figures.name('validated')} {figures.bare(one)} against {figures.bare(other)}"
    found = pair.validated if pair.validated.clear else pair.together
    which = "" if pair.validated.clear else "together "
    return f"Use {_chosen(pair.one)}: {tested}, and {validated} ({which}{figures.difference(found)})."


def _simpler(pair: Comparison, figures: Figures) -> str:
    one, other = pair.tested_errors
    better = "higher" if figures.classes else "lower"
    own = f"its {figures.name('tested')} of {figures.full(one)}"
    its = _owned(pair.other, figures.full(other))
    if pair.tested.low > 0 and pair.validated.value < 0:
        return (
            f"Use {_chosen(pair.one)}: {own} is not as good as {its}, but cross-validation points the other way, "
            f"so the gain of the more complicated model is not established."
        )
    return f"Use {_chosen(pair.one)}: {own} is {_relation(pair, better)} {its}, and it is simpler."


def _relation(pair: Comparison, better: str) -> str:
    """How the test error of the simpler model stands to that of the more complicated one."""
    if pair.tested.high < 0:
        return f"{better} than"
    if pair.tested.value <= 0:
        return "as good as"
    return "nearly as good as" if pair.tested.value <= WORTH * pair.tested_errors[0] else "not clearly worse than"


def _both(pair: Comparison, figures: Figures, part: Literal["validated", "tested"]) -> str:
    found = pair.validated if part == "validated" else pair.tested
    one, other = pair.validated_errors if part == "validated" else pair.tested_errors
    name = "balanced accuracy" if figures.classes else figures.name(part)
    return (
        f"{name} {figures.full(one)} for {_called(pair.one)} and {figures.full(other)} for "
        f"{_called(pair.other)} ({figures.difference(found)}, {'clear' if found.clear else 'not clear'})"
    )


def _convolution(control: Comparison, figures: Figures) -> str:
    earns = "earns its place" if control.earned else "does not earn its place here"
    with_it = f"{figures.bare(control.validated_errors[0])} and {figures.bare(control.tested_errors[0])}"
    without = f"{figures.bare(control.validated_errors[1])} and {figures.bare(control.tested_errors[1])}"
    names = f"{figures.name('validated')} and {figures.name('tested')}"
    return f"Without its convolution the network has {names} {without}, with it {with_it}: convolution {earns}."


def _figures(task: Task, pair: Comparison) -> Figures:
    return figures(task, (*pair.validated_errors, *pair.tested_errors))


def _rows(spectra: Spectra) -> str:
    groups = np.unique(spectra.groups).size
    within = f" in {groups:,} group{'' if groups == 1 else 's'}" if spectra.grouped else ""
    return f"{len(spectra):,} row{'' if len(spectra) == 1 else 's'}{within}"


def _called(model: Judged) -> str:
    articles = (CNN, DENSE, "mean", "majority class")
    return f"the {model.name}" if model.name in articles else model.name


def _chosen(model: Judged) -> str:
    network = model.name in (CNN, DENSE)
    return _called(model) if network or not model.settings else f"{model.name} ({model.settings})"


def _owned(model: Judged, error: str) -> str:
    return f"the CNN's {error}" if model.name == CNN else f"the {error} of {_called(model)}"
