"""What is kept of every trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from spectune.networks.space import Value

State = Literal["complete", "pruned", "rejected"]

Objective = Literal["error", "overfit", "accuracy", "pareto"]
"""What a search minimises: the scored error, that with an over-fit term, the part of wrong classes, or error and
over-fit side by side."""


@dataclass(frozen=True)
class Rung:
    """What was known of a trial when ``epoch`` epochs were done.

    Attributes:
        epoch: from 1.
        fold_errors: scored error of every fold by the weights that would be kept.
        watched: watched value of every fold at this very epoch, where trials are compared by it; else empty.
    """

    epoch: int
    fold_errors: tuple[float, ...]
    watched: tuple[float, ...] = ()

    @property
    def mean(self) -> float:
        """Mean over folds of the scored error: what a finished trial reports."""
        return sum(self.fold_errors) / len(self.fold_errors)

    @property
    def compared(self) -> float:
        """Mean over folds of what pruning compares."""
        return sum(self.watched) / len(self.watched) if self.watched else self.mean


@dataclass(frozen=True)
class Trial:
    """One trial of a search.

    Attributes:
        number: from 0, in the order of asking.
        state: ``complete``, ``pruned`` at a rung, or ``rejected`` before training (impossible
            network; ``reason`` says why).
        values: hyperparameters by name, as drawn.
        recipe_id: identity of the recipe they made; empty when rejected.
        value: mean over folds of the scored error, without the penalty; None unless complete.
        pooled: the same error pooled over all held-out rows (RMSECV for regression).
        rungs: scored fold errors at each rung.
        tuning_curves: tuning error by epoch, one tuple per fold: RMSE on the scale that is trained
            (transformed, in standard deviations), or log-loss.
        training_curves: mean training loss by epoch (without the penalty), one tuple per fold.
        best_epochs: epoch whose weights are kept, one per fold.
        parameters: number of weights of one member.
        seed, seconds: seed of its random streams, and how long it took.
        reason: why it was rejected, or counts as pruned although no rung ended it.
        repairs: what the family changed in the values, because they made no network as drawn.
        calibrated: error of every fold on the rows it was trained on, of the kind of ``value``; empty
            unless complete.
        penalties: L2 penalty of every fold's kept weights, which no error contains.
        objective: what the sampler was told; None unless complete, and where it was told two numbers.
    """

    number: int
    state: State
    values: Mapping[str, Value]
    recipe_id: str = ""
    value: float | None = None
    pooled: float | None = None
    rungs: tuple[Rung, ...] = ()
    tuning_curves: tuple[tuple[float, ...], ...] = ()
    training_curves: tuple[tuple[float, ...], ...] = ()
    best_epochs: tuple[int, ...] = ()
    parameters: int = 0
    seed: int = 0
    seconds: float = 0.0
    reason: str = field(default="")
    repairs: tuple[str, ...] = ()
    calibrated: tuple[float, ...] = ()
    penalties: tuple[float, ...] = ()
    objective: float | None = None

    @property
    def minimised(self) -> float | None:
        """What decides between complete trials: the objective, or the scored error where there is none."""
        return self.value if self.objective is None else self.objective
