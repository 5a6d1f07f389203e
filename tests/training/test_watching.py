"""Watched values decide as Keras's callbacks do: by hand, and against a plain copy of their rules for one member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.networks.recipe import Restore, Schedule
from spectune.training.watching import Watching

INF = float("inf")
VALUES = st.sampled_from([INF, 1.0, 0.9, 0.89, 0.8, 0.5, 0.45, 0.3, 0.1])

Course = tuple[list[int], int, int, list[float]]
"""Epochs whose weights were kept, the last of them, the last epoch, and the rate after every epoch."""


def courses(
    schedule: Schedule, values: Sequence[Sequence[float]], losses: Sequence[Sequence[float]] = ()
) -> list[Course]:
    """Courses of members with these watched values, (members, epochs), all at once; losses as well, where told."""
    watching, members = Watching(schedule, len(values)), len(values)
    present, last = np.ones(members, dtype=np.bool_), np.zeros(members, dtype=int)
    kept: list[list[int]] = [[] for _ in values]
    rates: list[list[float]] = [[] for _ in values]
    for number, column in enumerate(zip(*values, strict=True), start=1):
        told = np.asarray([one[number - 1] for one in losses]) if losses else None
        keep = watching.look(number, np.asarray(column), present, told)
        last[present] = number
        for member in np.flatnonzero(present):
            kept[member] += [number] if keep[member] else []
            rates[member].append(schedule.rate * watching.plateau.factors[member])
        assert not (keep & ~present).any()
        present = present & watching.patient & (number < schedule.epochs)
    found = zip(kept, watching.kept_epoch.tolist(), last.tolist(), rates, strict=True)
    return [(one, epoch, end, paces) for one, epoch, end, paces in found]


def keras(schedule: Schedule, values: Sequence[float], losses: Sequence[float]) -> Course:
    """One member under Keras's EarlyStopping, ReduceLROnPlateau and ModelCheckpoint, line by line.

    Rules of Keras 2.5 to 2.15. Infinity stands for what is no number: neither is ever an improvement.
    """
    best, wait, plateau_best, plateau_wait, checkpoint, rate = INF, 0, INF, 0, INF, schedule.rate
    kept, rates, files = [], [], schedule.keep_from > 0
    for number, (value, loss) in enumerate(zip(values, losses, strict=True), start=1):
        monitored = loss if schedule.keep_by == "loss" else value
        if schedule.decay == "plateau":
            if value < plateau_best - schedule.min_delta:
                plateau_best, plateau_wait = value, 0
            else:
                plateau_wait += 1
                if plateau_wait >= schedule.plateau_patience and rate > schedule.min_rate:
                    rate, plateau_wait = max(rate * schedule.factor, schedule.min_rate), 0
        rates.append(rate)
        wait += 1
        filing = files and number > schedule.keep_from
        if value + schedule.best_delta < best:
            best, wait = value, 0
            kept += [] if filing else [number]
        if filing and monitored < checkpoint:
            checkpoint = monitored
            kept.append(number)
        stopped = bool(schedule.patience) and wait >= schedule.patience
        if stopped or number == schedule.epochs:
            break
    if schedule.restore == "stopped" and not stopped and not filing and np.isfinite(value) and number not in kept:
        kept.append(number)
    return kept, kept[-1] if kept else 0, number, rates


def test_a_member_stops_when_patience_has_passed_since_an_epoch_that_was_better_by_more_than_asked() -> None:
    """Patience 3, min_delta 1e-4: 0.49995 is no improvement on 0.5, 0.4 is; the wait begins anew; the end is 4 + 3."""
    values = [0.6, 0.5, 0.49995, 0.4, 0.41, 0.39995, 0.4, 0.1]
    schedule = Schedule(epochs=8, patience=3, best_delta=1e-4)
    assert courses(schedule, [values])[0][:3] == ([1, 2, 4], 4, 7)


@pytest.mark.parametrize(
    ("restore", "values", "kept", "final", "end"),
    [
        ("stopped", [0.5, 0.4, 0.6, 0.7, 0.1], [1, 2], 2, 4),  # patience ran out: the best
        ("stopped", [0.5, 0.4, 0.6, 0.3, 0.35], [1, 2, 4, 5], 5, 5),  # epochs ran out: the last
        ("best", [0.5, 0.4, 0.6, 0.3, 0.35], [1, 2, 4], 4, 5),
        ("stopped", [0.5, 0.4, 0.3, 0.6, 0.7], [1, 2, 3], 3, 5),  # both at the last epoch: the best
        ("stopped", [0.5, 0.4, 0.3, 0.6, INF], [1, 2, 3], 3, 5),  # both, and diverged
        ("stopped", [0.9, 0.5, 0.6, 0.4, INF], [1, 2, 4], 4, 5),  # diverged at the last epoch: nothing to keep
    ],
)
def test_the_last_weights_are_kept_only_of_members_whose_epochs_ran_out(
    restore: Restore, values: list[float], kept: list[int], final: int, end: int
) -> None:
    """Patience 2; worked out by hand."""
    schedule = Schedule(epochs=5, patience=2, restore=restore)
    assert courses(schedule, [values])[0][:3] == (kept, final, end)


def test_a_checkpoint_looks_from_its_epoch_on_at_anything_lower() -> None:
    """Passos & Mishra (2022): from epoch 152 on, strictly lower, whatever came before or early stopping asks."""
    values = np.full(200, 0.5)
    values[100], values[150], values[151] = 0.1, 0.2, 0.4
    values[155], values[156], values[160] = 0.39999, 0.39999, 0.39998
    schedule = Schedule(epochs=200, best_delta=1e-4, keep_from=151)
    kept, final, end, _ = courses(schedule, [values.tolist()])[0]
    assert (kept, final, end) == ([1, 101, 152, 156, 161], 161, 200)


def test_a_checkpoint_by_the_loss_leaves_stopping_and_rate_to_what_is_watched() -> None:
    """By hand, as for the classes of Passos & Mishra (2022): patience 4, plateau 2, a checkpoint from epoch 4 on.

    The part of wrong rows is lowest at epochs 2 and 5: the rate falls after 4, 7 and 9, the member stops at 9. Before
    the checkpoint begins the best so far is kept: 1 and 2. The loss has been lower there than ever after. From 4 on
    it falls at 4, 6 and 8; at 5, where fewest rows are wrong, it rises.
    """
    wrong = [0.5, 0.4, 0.45, 0.42, 0.3, 0.35, 0.31, 0.33, 0.30, 0.1]
    losses = [0.9, 0.2, 0.25, 0.8, 0.95, 0.7, 0.75, 0.6, 0.65, 0.1]
    schedule = Schedule(
        rate=1.0, epochs=10, decay="plateau", plateau_patience=2, patience=4, restore="stopped", keep_from=3,
        keep_by="loss",
    )  # fmt: skip
    assert courses(schedule, [wrong], [losses])[0] == (
        [1, 2, 4, 6, 8],
        8,
        9,
        [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125],
    )
    by_accuracy = replace(schedule, keep_by="watched")
    assert courses(by_accuracy, [wrong], [losses])[0][:3] == ([1, 2, 4, 5], 5, 9)


def test_a_member_that_ends_before_its_checkpoint_keeps_its_best() -> None:
    values = [0.5, 0.4, 0.6, 0.7, 0.1, 0.1]
    assert courses(Schedule(epochs=6, patience=2, keep_from=4), [values])[0][:3] == ([1, 2], 2, 4)


def test_a_rate_is_halved_after_patience_and_no_further_than_its_floor() -> None:
    """Patience 2, min_delta 1e-4, floor 0.2: two epochs without progress, and 0.39995 is none, end with 3, 5 and 8."""
    values = [0.5, 0.5, 0.49995, 0.5, 0.5, 0.4, 0.39995, 0.4, 0.4, 0.4]
    schedule = Schedule(rate=1.0, epochs=10, decay="plateau", plateau_patience=2, min_delta=1e-4, min_rate=0.2)
    assert courses(schedule, [values])[0][3] == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2]


@given(
    st.lists(st.lists(st.tuples(VALUES, VALUES), min_size=12, max_size=12), min_size=1, max_size=4),
    st.builds(
        Schedule,
        rate=st.just(1.0),
        epochs=st.just(12),
        patience=st.integers(0, 4),
        best_delta=st.sampled_from([0.0, 0.05]),
        restore=st.sampled_from(["best", "stopped"]),
        keep_from=st.sampled_from([0, 1, 5, 11, 30]),
        keep_by=st.sampled_from(["watched", "loss"]),
        decay=st.sampled_from(["constant", "plateau"]),
        plateau_patience=st.integers(1, 3),
        min_delta=st.sampled_from([0.0, 0.05]),
        min_rate=st.sampled_from([1e-6, 0.3]),
    ),
)
def test_members_together_go_as_keras_goes_with_each(told: list[list[tuple[float, float]]], schedule: Schedule) -> None:
    values, losses = ([[pair[place] for pair in member] for member in told] for place in (0, 1))
    for found, own, loss in zip(courses(schedule, values, losses), values, losses, strict=True):
        wanted = keras(schedule, own, loss)
        assert found[:3] == wanted[:3]
        assert found[3] == pytest.approx(wanted[3])


def test_without_patience_nobody_stops() -> None:
    schedule = Schedule(epochs=5, patience=0)
    assert courses(schedule, [[1.0, 2.0, 3.0, 4.0, 5.0]])[0][2] == 5
    assert courses(replace(schedule, patience=1), [[1.0, 2.0, 3.0, 4.0, 5.0]])[0][2] == 2
