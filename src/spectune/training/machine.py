"""What a training runs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from spectune.training.native import core


@dataclass(frozen=True)
class Machine:
    """What trains.

    Attributes:
        engine: the compiled core, torch, or the core where it is there (``auto``).
        threads: of the core; torch keeps its own number.
        dtype: ``float64`` is for laws and oracles, and torch only.
    """

    engine: Literal["auto", "core", "torch"] = "auto"
    threads: int = 1
    dtype: torch.dtype = torch.float32

    @property
    def compiled(self) -> bool:
        """Whether the core does the work."""
        return self.engine == "core" or (self.engine == "auto" and self.dtype == torch.float32 and core() is not None)


USUAL = Machine()
"""The compiled core where it is there, one thread."""
