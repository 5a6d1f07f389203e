"""How long work tells what it is doing: plain records that a caller may show or ignore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stage = Literal[
    "read",
    "search",
    "replicates",
    "baselines",
    "model",
    "explanation",
    "report",
    "outer",
    "learning",
    "compare",
    "bench",
    "maps",
]


@dataclass(frozen=True)
class Progress:
    """One step of a run is done.

    Attributes:
        stage: what kind of work.
        done, total: steps of this stage.
        sentence: what happened, for a log line.
        best: lowest cross-validated error so far (search only), in the target's unit, or log-loss.
        left: estimated seconds until this stage ends; None when unknown.
    """

    stage: Stage
    done: int
    total: int
    sentence: str
    best: float | None = None
    left: float | None = None
