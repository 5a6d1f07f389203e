"""What was measured, as values, and the file that keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from host import Facts


@dataclass(frozen=True)
class Timing:
    """One way to train, measured in rounds.

    Attributes:
        models: that train at once.
        trials: seconds from nothing to the end of the first epoch, of every round, of all models together.
        epochs: seconds per later epoch, of every round, of all models together.
        cpu: CPU seconds per later epoch, likewise.
        others: cores that other processes used meanwhile, of every round.
    """

    models: int
    trials: Sequence[float]
    epochs: Sequence[float]
    cpu: Sequence[float]
    others: Sequence[float]

    @property
    def epoch(self) -> float:
        """Seconds per epoch and model."""
        return median(self.epochs) / self.models

    @property
    def epoch_cpu(self) -> float:
        """CPU seconds per epoch and model."""
        return median(self.cpu) / self.models

    @property
    def overhead(self) -> float:
        """Seconds that a trial costs beside its epochs, per model; never below nothing."""
        return max(0.0, median(a - b for a, b in zip(self.trials, self.epochs, strict=True))) / self.models


@dataclass(frozen=True)
class Result:
    """All that was measured of one workload.

    Attributes:
        workload, day, command: what, when and how.
        seconds: that every way to train was measured for.
        host, versions: machine and software.
        flops: of an epoch.
        limits: GFLOP/s of the machine in every round, with one thread (``one``) and on all cores (``all``).
        timings: by name of the way to train.
    """

    workload: str
    day: str
    command: str
    seconds: float
    host: Facts
    versions: Mapping[str, str]
    flops: float
    limits: Mapping[str, Sequence[float]]
    timings: Mapping[str, Timing]

    def ratio(self, faster: str, slower: str = "keras") -> float | None:
        """How many times faster one way is than another; None where one was not measured."""
        if faster not in self.timings or slower not in self.timings:
            return None
        return self.timings[slower].epoch / self.timings[faster].epoch

    def pace(self, name: str) -> float:
        """GFLOP/s of convolutions and dense layers that a way to train reaches."""
        return self.flops / self.timings[name].epoch / 1e9

    @property
    def limit(self) -> float:
        """The most GFLOP/s that were seen; one thread is faster than many on a machine that others keep busy."""
        return max(one for every in self.limits.values() for one in every)

    @property
    def others(self) -> tuple[float, float]:
        """Cores that other processes used: median and most over all rounds."""
        every = [one for timing in self.timings.values() for one in timing.others]
        return median(every), max(every)


def load(path: Path) -> dict[str, Result]:
    """Results by workload; none where there is no file."""
    if not path.exists():
        return {}
    raw = json.loads(path.read_text(encoding="utf-8"))
    return {name: Result(**one | {"timings": _timings(one["timings"])}) for name, one in raw.items()}


def save(path: Path, results: Mapping[str, Result]) -> None:
    """Writes the file, whole or not at all."""
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps({name: asdict(one) for name, one in results.items()}, indent=1) + "\n")
    draft.replace(path)


def _timings(raw: Mapping[str, dict[str, object]]) -> dict[str, Timing]:
    return {name: Timing(**one) for name, one in raw.items()}  # type: ignore[arg-type]
