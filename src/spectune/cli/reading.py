"""Reading a file as the command line was told to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spectune.files.read import read
from spectune.files.settings import Settings
from spectune.spectra.axis import Unit
from spectune.spectra.table import Signal, Table


@dataclass(frozen=True)
class Reading:
    """What a user may say about a file that does not say it itself."""

    sheet: str | None = None
    unit: Unit | None = None
    signal: Signal | None = None

    def over(self, settings: Settings) -> Reading:
        """What is said here, and else what the run was told about its own file."""
        return Reading(self.sheet, self.unit or settings.unit, self.signal or settings.signal)


def read_as(path: Path, reading: Reading) -> Table:
    """The table in a file."""
    return read(str(path), sheet=reading.sheet, unit=reading.unit, signal=reading.signal)
