"""A finished run, or an adaptation, made ready to answer, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from spectune.assessment.adaptation import Adapted
from spectune.assessment.adaptation_words import lineage, run_name
from spectune.assessment.outcome import Outcome
from spectune.files.models import Model
from spectune.job.opening import Opened, opened
from spectune.metrics import Scores
from spectune.server.engine import Engine, engine_for, own
from spectune.server.limits import Limits
from spectune.server.sent import Asked
from spectune.spectra.channels import format_channels

PARTS: tuple[Literal["cross-validated"], Literal["test"]] = ("cross-validated", "test")
"""Rows of which scores are told."""

TRIED = 100
"""Calibration spectra, at most, on which the engine is compared with spectune itself."""


@dataclass(frozen=True, eq=False)
class Service:
    """What a server answers with.

    Attributes:
        model: with intervals and flags, where it has them.
        engine: computes the answers of its members.
        about: what ``GET /model`` says.
        asked: what was told about the file it was made from; holds where a request says nothing else.
        limits: what a request may ask for.
    """

    model: Model
    engine: Engine
    about: Mapping[str, Any]
    asked: Asked
    limits: Limits


def service_of(folder: Path, limits: Limits) -> Service:
    """The service of a finished run, or of an adaptation.

    Raises:
        RunError: neither, or not a finished one.
        ModelError: no model, or a damaged one.
    """
    known = opened(folder)
    engine, settings = _engine(known), known.settings
    return Service(known.model, engine, about(known, engine, limits), Asked(settings.unit, settings.signal), limits)


def about(known: Opened, engine: Engine, limits: Limits) -> dict[str, Any]:
    """Axis, unit, target, scores and versions of what is served, as values that JSON has."""
    model = known.model
    task, interval = model.task, model.interval
    trust = None if interval is None else {"level": interval.level, "kind": interval.kind, "groups": interval.groups}
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
        "interval": trust,
        "flags": model.domain is not None,
        "adapted": _adapted(known.origin),
        "verdict": known.verdict,
        "scores": {part: _scores(known.scores(part)) for part in PARTS},
        "source": known.source,
        "engine": {"name": engine.name, "words": engine.words},
        "versions": {name: version(name) for name in ("spectune", "torch", "numpy", "fastapi")},
        "limits": asdict(limits),
    }


def _engine(known: Opened) -> Engine:
    sample = known.some(TRIED)
    if not len(sample):
        gone = "the run that was adapted is no longer where it was, with spectra to try a graph on"
        return own(known.model.fitted, gone)
    return engine_for(known.model, sample, known.spread)


def _adapted(origin: Outcome | Adapted) -> dict[str, Any] | None:
    """Which model was adapted, how, and with how many new rows; None for the model of a run."""
    match origin:
        case Outcome():
            return None
        case Adapted():
            return {
                "run": run_name(origin),
                "way": origin.kept,
                "rows": int(origin.calibration.measured.size),
                "groups": origin.groups,
                "words": lineage(origin),
            }


def _scores(found: Scores | None) -> dict[str, Any] | None:
    if found is None:
        return None
    plain = asdict(found)
    return {name: None if isinstance(value, float) and not isfinite(value) else value for name, value in plain.items()}
