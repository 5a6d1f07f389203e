"""The main job: from a file to a tuned, judged, explained model."""

from __future__ import annotations

from spectune.job.run import Result, run

__all__ = ["Result", "run"]
