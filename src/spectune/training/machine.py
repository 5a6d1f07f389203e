"""What a training runs on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import torch

from spectune.errors import SettingError
from spectune.networks.precision import Precision
from spectune.training.native import core, halves


@dataclass(frozen=True)
class Machine:
    """What trains.

    Attributes:
        engine: the compiled core, torch, or the core where it is there (``auto``).
        threads: of the core; torch keeps its own number.
        device: ``cpu``, or a GPU as torch names it, such as ``cuda``; there torch does the work.
        dtype: ``float64`` is for laws and oracles, and torch only.
        precision: of the factors of products; ``bf16`` needs a GPU, or the core and a processor made for it.
        memory: bytes of prepared signals that are held; more are prepared row by row, when needed.

    Raises:
        SettingError: a device or a precision this machine does not have.
    """

    engine: Literal["auto", "core", "torch"] = "auto"
    threads: int = 1
    device: str = "cpu"
    dtype: torch.dtype = torch.float32
    precision: Precision = "float32"
    memory: int = 1 << 30

    def __post_init__(self) -> None:
        if not re.fullmatch(r"cpu|cuda(:\d+)?", self.device):
            raise SettingError(f"device must be cpu, cuda, or one of several GPUs such as cuda:1; got {self.device!r}")
        if self.device != "cpu" and not torch.cuda.is_available():
            raise SettingError(
                f"device {self.device!r} was asked for, but torch finds no GPU here; leave device at cpu"
            )
        if self.device != "cpu" and (torch.device(self.device).index or 0) >= (count := torch.cuda.device_count()):
            raise SettingError(
                f"device {self.device!r} was asked for, but the last GPU that torch finds here is cuda:{count - 1}; "
                f"choose one of these"
            )
        if self.precision == "bf16" and self.device == "cpu" and not (self.compiled and halves()):
            raise SettingError(
                "precision bf16 needs spectune's compiled core and a processor that multiplies bfloat16 "
                "(AVX512-BF16), and one of them is missing here; leave precision at float32"
            )

    @property
    def compiled(self) -> bool:
        """Whether the core does the work."""
        possible = self.device == "cpu" and self.dtype == torch.float32 and core() is not None
        return self.engine == "core" or (self.engine == "auto" and possible)

    @property
    def words(self) -> str:
        """What trains, in words.

        >>> Machine("torch").words
        'torch'
        """
        if self.device != "cpu":
            return f"torch on {self.device}, {torch.cuda.get_device_name(self.device)}"
        library = core()
        if not self.compiled or library is None:
            return "torch"
        half = ", bf16 while searching" if self.precision == "bf16" else ""
        return f"compiled core, {32 * library.spectune_lanes()}-bit vectors{half}"


USUAL = Machine()
"""The compiled core where it is there, one thread."""
