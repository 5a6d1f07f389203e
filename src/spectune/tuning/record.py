"""What is kept of every trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from spectune.networks.space import Value

State = Literal["complete", "pruned", "rejected"]


@dataclass(frozen=True)
class Rung:
    """Scored error of every fold at the best epoch so far, when ``epoch`` epochs were done."""

    epoch: int
    fold_errors: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over folds: what pruning compares and what a finished trial reports."""
        return sum(self.fold_errors) / len(self.fold_errors)


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
        repairs: what the family changed in the values, because they made no network as drawn.
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
