"""The machine: what it is, and whether it was quiet while something was measured."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
"""What a processor may have that matters here."""

PROCESSOR = Path("/proc/cpuinfo")
USE = Path("/proc/stat")

Facts = dict[str, str | int | list[str]]


def facts(cores: int) -> Facts:
    """Processor, the cores that may be used, and the processor's abilities."""
    lines = PROCESSOR.read_text(encoding="utf-8").splitlines() if PROCESSOR.exists() else []
    pairs = [line.partition(":") for line in lines if ":" in line]
    known = {name.strip(): value.strip() for name, _, value in pairs}
    own = known.get("flags", "").split()
    return {
        "processor": known.get("model name", platform.processor() or "unknown"),
        "machine": platform.machine(),
        "cores": cores,
        "flags": [flag for flag in FLAGS if flag in own],
    }


@dataclass(frozen=True)
class Busy:
    """CPU seconds that the whole machine has spent working (time taken by other guests of the host included)."""

    seconds: float

    @classmethod
    def now(cls) -> Busy:
        """Until now; 0 where the system does not say."""
        if not USE.exists():
            return cls(0.0)
        user, nice, system, _, _, hard, soft, stolen = (
            int(word) for word in USE.read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
        )
        return cls((user + nice + system + hard + soft + stolen) / os.sysconf("SC_CLK_TCK"))

    def others(self, wall: float, cpu: float) -> float:
        """Cores that others used since then, where the measured process used ``cpu`` of ``wall`` seconds."""
        return max(0.0, Busy.now().seconds - self.seconds - cpu) / max(wall, 1e-3)
