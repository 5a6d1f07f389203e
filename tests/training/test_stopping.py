"""Which epoch is the best, and when a member stops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from spectune.networks.layers import Dense, Flatten
from spectune.networks.recipe import Schedule
from spectune.spectra.spectra import Rows
from spectune.training.loop import train
from spectune.training.material import Material
from spectune.training.members import Stack
from twins import Case

ERRORS = (1.0, 0.95, 0.85, 0.8, 0.76, 0.76, 0.1)
"""Of the tuning rows, epoch by epoch."""

CASE = Case((Flatten(), Dense(1)), (1, 4), (5,))


class Told:
    """An engine that trains nothing: its errors are given."""

    def __init__(self, errors: Sequence[float], material: Material) -> None:
        self.left, self.y = list(errors), material.y
        self.kept: list[int] = []
        self.epochs = 0

    def epoch(self, members: Sequence[int], rates: NDArray[np.float64]) -> NDArray[np.float64]:
        self.epochs += 1
        return np.ones(len(members))

    def outputs(self, members: Sequence[int], rows: Sequence[Rows], best: bool = False) -> list[NDArray[np.float64]]:
        off = self.left.pop(0)
        return [self.y[chosen][:, None] + off for chosen in rows]

    def keep(self, members: Sequence[int]) -> None:
        self.kept += [self.epochs for _ in members]

    def best(self) -> Stack:
        return CASE.stack()


@pytest.mark.parametrize(
    ("delta", "kept", "epochs"),
    [(0.0, [1, 2, 3, 4, 5, 7], 7), (0.07, [1, 3, 5, 7], 7), (0.1, [1, 3], 6)],
)
def test_an_epoch_is_the_best_only_if_it_is_better_by_more_than_was_asked(
    delta: float, kept: list[int], epochs: int
) -> None:
    """Worked out by hand from the rule of Keras's EarlyStopping, patience 3: error + delta < best error."""
    material = CASE.material()
    engine = Told(ERRORS, material)
    *_, last = train(engine, material, Schedule(epochs=7, patience=3, best_delta=delta))
    assert (engine.kept, engine.epochs) == (kept, epochs)
    assert (last.best_epoch.tolist(), last.best.tolist()) == ([kept[-1]], pytest.approx([ERRORS[kept[-1] - 1]]))
