"""Work that yields progress, done to its end."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from spectune.progress import Progress, outcome_of

T = TypeVar("T")


def ended(steps: Generator[Progress | T, None, None]) -> T:
    """What work gives at its end."""
    following = outcome_of(steps)
    while True:
        try:
            next(following)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
