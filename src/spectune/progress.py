"""How long work tells what it is doing: plain records that a caller may show or ignore."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Literal, TypeVar

T = TypeVar("T")

Stage = Literal[
    "read",
    "plan",
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
    "range",
    "pruning",
    "adapting",
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
        under_way: how many such steps are being done at the same time, where they may be several; else 0.
    """

    stage: Stage
    done: int
    total: int
    sentence: str
    best: float | None = None
    left: float | None = None
    under_way: int = 0


def outcome_of(steps: Generator[Progress | T, None, None]) -> Generator[Progress, None, T]:
    """Progress of some work as it comes, and as the value of the generator what the work ends with."""
    with closing(steps):
        for step in steps:
            if not isinstance(step, Progress):
                return step
            yield step
    raise AssertionError("work ends with what it made")
