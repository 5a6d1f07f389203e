"""Which epoch is the best, and when a member stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from spectune.networks.layers import Dense, Flatten
from spectune.networks.recipe import Schedule, Watch
from spectune.spectra.spectra import Rows
from spectune.training.checkpoint import State
from spectune.training.loop import train
from spectune.training.material import Material
from spectune.training.measures import stopping_errors, watched_values
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

    def penalties(self, members: Sequence[int]) -> NDArray[np.float64]:
        return np.full(len(members), self.epochs / 10)

    def keep(self, members: Sequence[int]) -> None:
        self.kept += [self.epochs for _ in members]

    def best(self) -> Stack:
        return CASE.stack()

    def state(self) -> State:
        raise NotImplementedError

    def resume(self, state: State) -> None:
        raise NotImplementedError


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


def test_a_watched_loss_is_the_mean_square_and_the_penalty_while_curves_show_the_error() -> None:
    """Penalties of a tenth of the epoch's number: what is watched is lowest at epoch 3, the error at epoch 5."""
    material = CASE.material()
    engine = Told((1.0, 0.9, 0.6, 0.55, 0.5), material)
    epochs = list(train(engine, material, Schedule(epochs=5, watch="loss")))
    shown, watched, penalties = (
        [one[0] for one in each]
        for each in zip(*((epoch.tuning, epoch.watched, epoch.penalty) for epoch in epochs), strict=True)
    )
    assert shown == pytest.approx([1.0, 0.9, 0.6, 0.55, 0.5])
    assert penalties == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert watched == pytest.approx([1.1, 1.01, 0.66, 0.7025, 0.75])
    assert (epochs[-1].best_epoch.tolist(), epochs[-1].best.tolist()) == ([3], pytest.approx([0.66]))


def test_watched_accuracy_and_loss_of_classes_count_every_row_the_same() -> None:
    """Four rows of one class and one of the other, which is missed; odds of 3 to 1 are a loss of log(4/3) or log(4)."""
    material = replace(CASE.material(), y=np.asarray([0.0, 0, 0, 0, 1]), classes=2)
    rows, made = [np.arange(5)], [np.tile([np.log(3), 0.0], (5, 1))]
    shown, penalties = stopping_errors(made, material, rows, [0]), np.asarray([0.25])
    balanced = (np.log(4 / 3) + np.log(4)) / 2
    each = (4 * np.log(4 / 3) + np.log(4)) / 5
    watches: tuple[Watch, ...] = ("error", "loss", "accuracy")
    found = [watched_values(watch, made, material, rows, [0], shown, penalties)[0] for watch in watches]
    assert found == pytest.approx([balanced, each + 0.25, 1 / 5])
    made[0][3] = np.nan
    assert [watched_values(watch, made, material, rows, [0], shown + np.inf, penalties)[0] for watch in watches] == [
        np.inf
    ] * 3


def test_rates_are_those_at_the_end_of_an_epoch() -> None:
    """A rise over two epochs, then halved after one without progress, not below an eighth."""
    material = CASE.material()
    schedule = Schedule(
        rate=1.0, epochs=7, warmup=2, decay="plateau", plateau_patience=1, min_rate=0.125, factor=0.5, batch=2
    )
    epochs = list(train(Told((1.0, 0.9, 0.9, 0.8, 0.8, 0.8, 0.8), material), material, schedule))
    assert [float(epoch.rates[0]) for epoch in epochs] == [0.5, 1.0, 1.0, 0.5, 0.5, 0.25, 0.125]
