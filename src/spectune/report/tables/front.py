"""The front of a search for two numbers: what each weight of the second would choose."""

from __future__ import annotations

import numpy as np

from spectune.assessment.outcome import Outcome
from spectune.report.scored import best_trial
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import NOT_AVAILABLE, number, plain
from spectune.tuning.objective import WEIGHTS, both, weighted
from spectune.tuning.record import Trial


def front_grid(outcome: Outcome) -> Grid:
    """The choices of the weights, the smallest weight first; marked: the recipe that is kept."""
    choices: dict[int, list[float]] = {}
    trials = weighted(outcome.trials)
    for trial, weight in zip(trials, WEIGHTS, strict=False):
        choices.setdefault(trial.number, []).append(weight)
    chosen = [next(trial for trial in trials if trial.number == one) for one in choices]
    rows = [[*map(number, both(trial)), _fresh(outcome, trial)] for trial in chosen]
    cells = columns([str(trial.number) for trial in chosen], rows)
    kept = best_trial(outcome)
    return Grid(
        ("trial", "weights", "error", "distance", "error by fresh seeds"),
        tuple((trial, _between(choices[int(trial)]), *numbers) for trial, *numbers in cells),
        words=2,
        marked=tuple(place for place, trial in enumerate(chosen) if kept and trial.recipe_id == kept.recipe_id),
    )


def _fresh(outcome: Outcome, trial: Trial) -> str:
    errors = outcome.replicates.get(trial.recipe_id)
    return number(float(np.mean(errors))) if errors else NOT_AVAILABLE


def _between(weights: list[float]) -> str:
    low, high = plain(weights[0]), plain(weights[-1])
    return low if low == high else f"{low} to {high}"
