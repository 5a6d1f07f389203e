"""A finished run made ready to answer, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from spectune.assessment.outcome import Outcome, Part
from spectune.files.models import Model
from spectune.files.runs import check_run, load_outcome
from spectune.files.settings import load_settings
from spectune.job.finishing import finish
from spectune.server.engine import Engine, engine_for
from spectune.server.limits import Limits
from spectune.server.sent import Asked
from spectune.spectra.channels import format_channels

TRIED = 100
"""Calibration spectra, at most, on which the engine is compared with spectune itself."""


@dataclass(frozen=True, eq=False)
class Service:
    """What a server answers with.

    Attributes:
        model: of the run, with intervals and flags.
        engine: computes the answers of its members.
        about: what ``GET /model`` says.
        asked: what the run was told about its own file; holds where a request says nothing else.
        limits: what a request may ask for.
    """

    model: Model
    engine: Engine
    about: Mapping[str, Any]
    asked: Asked
    limits: Limits


def service_of(run: Path, limits: Limits) -> Service:
    """The service of a finished run.

    Raises:
        RunError: no run, or not a finished one.
        ModelError: no model, or a damaged one.
    """
    check_run(run)
    outcome, model, settings = load_outcome(run), finish(run), load_settings(run / "run.toml")
    calibration = outcome.spectra.calibration
    rows = np.unique(np.linspace(0, len(calibration) - 1, TRIED).astype(int))
    spread = float(calibration.y.std()) if model.task.regression else 1.0
    engine = engine_for(model, calibration.x[rows], spread)
    return Service(model, engine, about(model, outcome, engine, limits), Asked(settings.unit, settings.signal), limits)


def about(model: Model, outcome: Outcome, engine: Engine, limits: Limits) -> dict[str, Any]:
    """Axis, unit, target, scores and versions of what is served, as values that JSON has."""
    task, interval = model.task, model.interval
    known = None if interval is None else {"level": interval.level, "kind": interval.kind, "groups": interval.groups}
    return {
        "target": task.target,
        "unit": task.unit,
        "classes": list(task.classes),
        "axis": {
            "words": model.axis.describe(),
            "label": model.axis.label,
            "unit": model.axis.unit,
            "values": list(model.axis.values),
        },
        "signal": model.signal,
        "members": model.fitted.members,
        "preprocessing": format_channels(model.fitted.recipe.channels),
        "recipe": model.fitted.recipe.id,
        "interval": known,
        "flags": model.domain is not None,
        "verdict": outcome.verdict.sentence,
        "scores": {"cross-validated": _scores(outcome, "cross-validated"), "test": _scores(outcome, "test")},
        "source": outcome.spectra.source,
        "engine": {"name": engine.name, "words": engine.words},
        "versions": {name: version(name) for name in ("spectune", "torch", "numpy", "fastapi")},
        "limits": asdict(limits),
    }


def _scores(outcome: Outcome, part: Part) -> dict[str, Any]:
    found = asdict(outcome.scores(outcome.network, part))
    return {name: None if isinstance(value, float) and not isfinite(value) else value for name, value in found.items()}
