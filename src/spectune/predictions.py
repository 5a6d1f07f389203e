"""What a model says about spectra: every member's answer, their mean and their spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Predictions:
    """Answers of an ensemble.

    Attributes:
        members: (members, rows) in the target's unit, or (members, rows, classes) probabilities.
        classes: names of the classes; empty for regression.
        ids: a name for every row.
        level: how often the intervals, or the sets, hold the true value; None where there are none.
        low, high: ends of the intervals in the target's unit, (rows,); None for classes.
        sets: which classes may be the true one, (rows, classes); None for regression.
        flags: for every row what is strange about its spectrum, in words; None where that is not known.
    """

    members: NDArray[np.float64]
    classes: tuple[str, ...]
    ids: NDArray[np.str_]
    level: float | None = None
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    sets: NDArray[np.bool_] | None = None
    flags: tuple[tuple[str, ...], ...] | None = None

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean over members: (rows,) or (rows, classes)."""
        return np.asarray(self.members.mean(axis=0))

    @property
    def spread(self) -> NDArray[np.float64]:
        """Standard deviation over members of the value, or of the chosen class's probability; (rows,)."""
        if not self.classes:
            return np.asarray(self.members.std(axis=0))
        chosen = self.mean.argmax(axis=1)
        return np.asarray(self.members[:, np.arange(chosen.size), chosen].std(axis=0))

    @property
    def labels(self) -> NDArray[np.str_]:
        """Name of the most probable class, (rows,); empty names for regression."""
        if not self.classes:
            return np.full(self.mean.shape[0], "")
        return np.asarray([self.classes[label] for label in self.mean.argmax(axis=1)], dtype=np.str_)
