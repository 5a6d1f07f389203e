"""What a fitted ensemble looks at, in one value: cases, attributions, and whether they tell of the model.

>>> lowest_and_highest(np.array([3.0, 1.0, 2.0, 4.0]))[0].tolist()
[1]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.explanation.attribution import (
    METHODS,
    Attribution,
    Case,
    Method,
    Subject,
    attributions,
    speechless,
    subject,
)
from spectune.explanation.sanity import Survival, survivals
from spectune.spectra.axis import Axis
from spectune.spectra.channels import format_channel
from spectune.spectra.spectra import Rows, Spectra, Task
from spectune.training.fit import Fitted

Array = NDArray[np.float64]

SMALLEST_TEST = 8
"""Test rows below which calibration rows are explained instead."""

MOST_CLASSES = 8
"""Classes that are explained where none are named: those of most rows."""

MOST_ROWS = 40
"""Rows of a case, at most; evenly over those there are."""

CHECKED_ROWS = 24
"""Rows on which maps are compared with those of fresh weights."""

ALL_ROWS = "all rows"
"""The case of a numeric target that asks about every explained row."""

Part = Literal["test", "calibration"]


@dataclass(frozen=True)
class Silence:
    """A method that says nothing of this network, and why."""

    method: Method
    reason: str


@dataclass(frozen=True, eq=False)
class Explained:
    """A case with the spectrum that stands for it.

    Attributes:
        name: as in ``Attribution``.
        rows: how many rows it is about.
        spectrum: mean of the rows, raw, (points,).
    """

    name: str
    rows: int
    spectrum: Array


@dataclass(frozen=True, eq=False)
class Explanation:
    """What an ensemble looks at.

    Attributes:
        task, axis: what is predicted from what.
        part: whose rows were explained.
        blocks: words of each channel.
        members: how many.
        window: points that occlusion hid together.
        cases: what was asked.
        attributions: every method's answer to every case, methods in order.
        survivals: every method beside fresh weights.
        silences: methods that say nothing of this network.
    """

    task: Task
    axis: Axis
    part: Part
    blocks: tuple[str, ...]
    members: int
    window: int
    cases: tuple[Explained, ...]
    attributions: tuple[Attribution, ...]
    survivals: tuple[Survival, ...]
    silences: tuple[Silence, ...] = ()

    @property
    def methods(self) -> tuple[Method, ...]:
        """Methods that answered."""
        return tuple(dict.fromkeys(one.method for one in self.attributions))

    def of(self, method: Method) -> tuple[Attribution, ...]:
        """A method's answers, in the order of the cases."""
        return tuple(one for one in self.attributions if one.method == method)

    def overall(self, method: Method) -> Array:
        """Mean strength of a method over the cases, as a part of its largest value, (points,)."""
        told = np.mean([one.strength for one in self.of(method)], axis=0)
        return np.asarray(told / (told.max() or 1.0))

    def survival(self, method: Method) -> tuple[Survival, ...]:
        """How a method fared beside another member, with the last layer fresh, with all layers fresh."""
        return tuple(one for one in self.survivals if one.method == method)


def explain(
    fitted: Fitted,
    spectra: Spectra,
    cases: Sequence[Case] = (),
    seed: int = 0,
    methods: Sequence[Method] = METHODS,
    window: int | None = None,
) -> Explanation:
    """Everything at once; arguments as of ``explained``, ``usual_cases`` when none are given."""
    cases = cases or usual_cases(spectra)
    steps = explained(fitted, spectra, cases, seed, methods, window)
    return next(step for step in steps if isinstance(step, Explanation))


def explained(
    fitted: Fitted,
    spectra: Spectra,
    cases: Sequence[Case],
    seed: int,
    methods: Sequence[Method] = METHODS,
    window: int | None = None,
) -> Iterator[Silence | Attribution | Survival | Explanation]:
    """Yields what is found as it is found, methods that say nothing first, and last all of it.

    Args:
        fitted: the ensemble.
        spectra: all rows with their roles; the background is the mean of the calibration rows.
        cases: what is asked; their row numbers are those of ``spectra_of(spectra)``.
        seed: of the fresh weights of the check.
        methods: to be asked.
        window: points that occlusion hides together; a twenty-fifth of the axis when None.

    Raises:
        SettingError: a method that does not exist.
    """
    for method in methods:
        if method not in METHODS:
            raise SettingError(f"there is no method {method!r} of explanation; methods are: {', '.join(METHODS)}")
    torch.set_num_threads(1)  # products are small: on a busy machine threads wait for one another ten times as long
    rows = spectra_of(spectra)
    asked = subject(fitted, rows.x, spectra.calibration.x, window)
    silences = tuple(Silence(method, reason) for method in methods if (reason := speechless(method, fitted, asked)))
    yield from silences
    speaking = [method for method in methods if method not in [silence.method for silence in silences]]
    found, alike = [], []
    for attribution in attributions(fitted, asked, cases, speaking):
        found.append(attribution)
        yield attribution
    checked, outputs = _checked(asked, cases)
    for survival in survivals(fitted, checked, outputs, speaking, seed):
        alike.append(survival)
        yield survival
    yield Explanation(
        task=spectra.task,
        axis=spectra.axis,
        part="test" if rows.roles[0] == "test" else "calibration",
        blocks=tuple(format_channel(channel) for channel in asked.channels),
        members=fitted.members,
        window=asked.window,
        cases=tuple(_explained(case, asked) for case in cases),
        attributions=tuple(found),
        survivals=tuple(alike),
        silences=silences,
    )


def spectra_of(spectra: Spectra) -> Spectra:
    """The rows that are explained: the test rows where there are enough, else the calibration rows."""
    test = spectra.test
    return test if len(test) >= SMALLEST_TEST else spectra.calibration


def usual_cases(spectra: Spectra, classes: Sequence[str] = ()) -> tuple[Case, ...]:
    """Cases for ``spectra_of(spectra)``: every class on its own rows; or all rows, low targets and high ones.

    Args:
        spectra: all rows with their roles.
        classes: only these, in this order; when empty the ``MOST_CLASSES`` of most rows.

    Raises:
        SettingError: a class that does not exist or has no row, or classes of a numeric target.
    """
    rows, task = spectra_of(spectra), spectra.task
    if task.regression:
        if classes:
            raise SettingError(f"{task.target} is a number and has no class {classes[0]!r}; leave --of out")
        low, high = lowest_and_highest(rows.y)
        every = np.arange(len(rows))
        return tuple(
            Case(name, _spread_out(chosen), 0)
            for name, chosen in ((ALL_ROWS, every), ("lowest quarter", low), ("highest quarter", high))
        )
    present = [name for place, name in enumerate(task.classes) if (rows.y == place).any()]
    for name in classes:
        if name not in present:
            raise SettingError(f"no explained row is of class {name!r}; classes with rows are {', '.join(present)}")
    frequent = sorted(present, key=lambda name: -np.sum(rows.y == task.classes.index(name)))[:MOST_CLASSES]
    return tuple(_class_case(name, rows) for name in classes or sorted(frequent, key=task.classes.index))


def single_cases(spectra: Spectra, count: int) -> tuple[Case, ...]:
    """A case for each of ``count`` rows of ``spectra_of(spectra)``, evenly over target or classes.

    A row of a class asks for its own class.

    Raises:
        SettingError: more rows than there are, or less than one.
    """
    rows = spectra_of(spectra)
    if not 1 <= count <= len(rows):
        raise SettingError(f"the rows to explain must be from 1 to {len(rows)}, got {count}")
    ordered = np.argsort(rows.y, kind="stable")
    chosen = ordered[np.linspace(0, len(rows) - 1, count).round().astype(int)]
    return tuple(_row_case(rows, int(row)) for row in chosen)


def lowest_and_highest(y: Array) -> tuple[Rows, Rows]:
    """Rows of the lowest and of the highest quarter of a target, at least one of each."""
    ordered = np.argsort(y, kind="stable")
    count = max(1, y.size // 4)
    return ordered[:count], ordered[-count:]


def _row_case(rows: Spectra, row: int) -> Case:
    task, value = rows.task, float(rows.y[row])
    told = f"{value:.4g} {task.unit}".rstrip() if task.regression else task.classes[int(value)]
    output = 0 if task.regression else int(value)
    return Case(f"{rows.ids[row]} ({told})", np.asarray([row], dtype=np.intp), output)


def _explained(case: Case, asked: Subject) -> Explained:
    return Explained(case.name, case.rows.size, asked.x[case.rows].mean(axis=0))


def _class_case(name: str, rows: Spectra) -> Case:
    number = rows.task.classes.index(name)
    return Case(name, _spread_out(np.flatnonzero(rows.y == number)), number)


def _spread_out(chosen: Rows) -> Rows:
    """At most ``MOST_ROWS`` of them, evenly."""
    if chosen.size <= MOST_ROWS:
        return chosen
    return np.asarray(chosen[np.linspace(0, chosen.size - 1, MOST_ROWS).round().astype(int)])


def _checked(asked: Subject, cases: Sequence[Case]) -> tuple[Subject, list[int]]:
    """Rows of the cases, evenly, each with the output it was asked about."""
    pairs = list(dict.fromkeys((int(row), case.output) for case in cases for row in case.rows))
    kept = [pairs[place] for place in np.unique(np.linspace(0, len(pairs) - 1, CHECKED_ROWS).round().astype(int))]
    return asked.rows(np.asarray([row for row, _ in kept], dtype=np.intp)), [output for _, output in kept]
