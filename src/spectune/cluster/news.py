"""What happens among workers, as it reaches who waits for trials."""

from __future__ import annotations

from dataclasses import dataclass

from spectune.cluster.trainer import Asked
from spectune.errors import SpectuneError
from spectune.tuning.record import Trial


@dataclass(frozen=True)
class Opened:
    """The scheduler has answered."""


@dataclass(frozen=True)
class Grown:
    """There is more room than before."""


@dataclass(frozen=True)
class Ended:
    """A trial has ended, for the first time or again."""

    trial: Trial


@dataclass(frozen=True)
class Said:
    """A sentence for the user."""

    sentence: str


News = Opened | Grown | Ended | Asked | Said | SpectuneError
