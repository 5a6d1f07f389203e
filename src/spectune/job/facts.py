"""Versions, machine and times, as words for the report."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from spectune.files.runs import load_outcome

OPENED = "test rows opened"


def facts(folder: Path, seconds: float, workers: int) -> Mapping[str, str]:
    """What a reader needs to judge and repeat a run; counts how often its test rows were opened."""
    opened = 1
    if (folder / "outcome.json").exists():
        opened += int(load_outcome(folder).facts.get(OPENED, "1 time").split()[0])
    libraries = ("spectune", "torch", "optuna", "scikit-learn", "numpy", "scipy")
    return {
        **{name: version(name) for name in libraries},
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {workers} worker processes",
        "time": f"{seconds:.0f} s",
        OPENED: f"{opened} time{'' if opened == 1 else 's'}",
    }
