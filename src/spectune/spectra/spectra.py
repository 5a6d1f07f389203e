"""Spectra with a target: what models are trained and judged on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spectune.spectra.axis import Axis
from spectune.spectra.table import Signal

Rows = NDArray[np.intp]
"""Row numbers, (chosen,)."""


@dataclass(frozen=True)
class Task:
    """What is to be predicted, and what a family of networks may know about it.

    ``classes`` is empty for regression. ``skew`` and ``positive`` describe the target of the
    calibration rows (sample skewness; whether all values are above zero), ``signal`` is the kind
    of the spectra.

    >>> Task("fat").outputs, Task("country", classes=("Greece", "Italy")).outputs
    (1, 2)
    """

    target: str
    unit: str = ""
    classes: tuple[str, ...] = ()
    rows: int = 0
    points: int = 0
    skew: float = 0.0
    positive: bool = False
    signal: Signal = "unknown"

    @property
    def outputs(self) -> int:
        """Width of the output layer: one for regression, the classes otherwise."""
        return len(self.classes) or 1

    @property
    def regression(self) -> bool:
        """Whether the target is a number."""
        return not self.classes


@dataclass(frozen=True, eq=False)
class Spectra:
    """Spectra with one target, and the roles of their rows.

    Attributes:
        x: spectra, (rows, points), float32.
        axis: positions of the points.
        y: target in its own unit, or the number of the class, (rows,), float64.
        task: what ``y`` means.
        ids: a name for every row, (rows,).
        groups: rows with the same number belong together (replicates), (rows,).
        roles: ``"cal"`` or ``"test"`` for every row, (rows,).
        source, signal: as in ``Table``.
        notes: what was done to reach this state, one sentence each.
    """

    x: NDArray[np.float32]
    axis: Axis
    y: NDArray[np.float64]
    task: Task
    ids: NDArray[np.str_]
    groups: NDArray[np.intp]
    roles: NDArray[np.str_]
    source: str = ""
    signal: Signal = "unknown"
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @property
    def grouped(self) -> bool:
        """Whether some rows belong together."""
        return np.unique(self.groups).size < len(self)

    @property
    def calibration(self) -> Spectra:
        """The rows a search may see."""
        return self.rows(np.flatnonzero(self.roles == "cal"))

    @property
    def test(self) -> Spectra:
        """The rows that are opened once, at the end."""
        return self.rows(np.flatnonzero(self.roles == "test"))

    def rows(self, chosen: Rows) -> Spectra:
        """The same spectra with the chosen rows only."""
        return replace(
            self,
            x=self.x[chosen],
            y=self.y[chosen],
            ids=self.ids[chosen],
            groups=self.groups[chosen],
            roles=self.roles[chosen],
        )
