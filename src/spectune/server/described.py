"""What ``/openapi.json`` says of bodies, answers and refusals: those of the very model that is served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spectune.files.models import Model
from spectune.server.limits import Limits
from spectune.server.sent import JSON_SCHEMA, KINDS

Schema = dict[str, Any]
Responses = dict[int | str, dict[str, Any]]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": ["number", "null"], "description": "null where it is no finite number"}
WHOLE: Schema = {"type": "integer"}
WORDS: Schema = {"type": "array", "items": TEXT}
NUMBERS: Schema = {"type": "array", "items": {"type": ["number", "null"]}}

ELSE = "application/octet-stream"
"""A body of which only the content tells what it is."""

_FILE: Schema = {"type": "string", "format": "binary"}
_AGAIN: Schema = {"Retry-After": {"description": "Seconds.", "schema": TEXT}}
_SCHEME: Schema = {"WWW-Authenticate": {"description": "Bearer", "schema": TEXT}}


def record(needed: Mapping[str, Schema], others: Mapping[str, Schema] | None = None) -> Schema:
    """An object with these entries and no more; ``others`` may be missing."""
    entries = {**needed, **(others or {})}
    return {"type": "object", "properties": entries, "required": list(needed), "additionalProperties": False}


def summary(served: Model) -> str:
    """What goes in and what comes out, for who writes a program."""
    task = served.task
    out = f"{task.target}{f' ({task.unit})' if task.unit else ''}"
    return (
        f"Spectra go in, predictions of {out} come out. The model was made from {served.axis.describe()}; other axes "
        'that reach over all of it are brought to it. What is refused is refused with one sentence: {"error": "..."}.'
    )


def body() -> dict[str, Any]:
    """What ``POST /predict`` takes."""
    form = record({"file": {**_FILE, "description": "CSV or other text, JSON or Parquet; the first file is read."}})
    kinds = {kind: {"schema": JSON_SCHEMA if named == "json" else _FILE} for kind, named in KINDS.items()}
    content = {**kinds, ELSE: {"schema": _FILE}, "multipart/form-data": {"schema": form | {"additionalProperties": {}}}}
    words = "Spectra as text (CSV), JSON or Parquet, alone or as the file of a form; any other type is told by content."
    return {"requestBody": {"required": True, "description": words, "content": content}}


def predicted(served: Model) -> Responses:
    """The answer of ``POST /predict``."""
    kinds = {"application/json": {"schema": _answer(served)}, "text/csv": {"schema": TEXT}}
    return {200: {"description": "A row for each spectrum, in their order.", "content": kinds}}


def model() -> Responses:
    """The answer of ``GET /model``."""
    scores = record({"cross-validated": {"type": "object"}, "test": {"type": ["object", "null"]}})
    axis = record({"words": TEXT, "label": TEXT, "unit": TEXT, "values": NUMBERS})
    needed = {
        "target": TEXT,
        "unit": {**TEXT, "description": "Unit of the target; empty where none is known."},
        "classes": {**WORDS, "description": "Empty where a number is predicted."},
        "axis": axis,
        "signal": TEXT,
        "members": {**WHOLE, "description": "Networks of which the mean is the prediction."},
        "preprocessing": TEXT,
        "recipe": {**TEXT, "description": "Identity of what was tuned."},
        "interval": {"type": ["object", "null"], "description": "Level, kind and calibration groups of intervals."},
        "flags": {"type": "boolean", "description": "Whether strange spectra are flagged."},
        "adapted": {"type": ["object", "null"], "description": "Which model was adapted, how, with how many new rows."},
        "verdict": {**TEXT, "description": "What the run, or the adaptation, says to use."},
        "scores": scores,
        "source": TEXT,
        "engine": record({"name": TEXT, "words": TEXT}),
        "versions": {"type": "object", "additionalProperties": TEXT},
        "limits": record({name: {"type": "number"} for name in Limits.__dataclass_fields__}),
    }
    return {200: {"description": "What is served.", "content": {"application/json": {"schema": record(needed)}}}}


def health() -> Responses:
    """The answer of ``GET /health``."""
    answers = record({"status": {"type": "string", "enum": ["ok"]}})
    return {200: {"description": "It does.", "content": {"application/json": {"schema": answers}}}}


def refusals(limits: Limits, *statuses: int) -> Responses:
    """Refusals of these statuses."""
    every = _reasons(limits)
    return {status: _refusal(status, every[status]) for status in statuses}


def _reasons(limits: Limits) -> dict[int, str]:
    size, within = f"{limits.bytes / 2**20:g} MB", f"within {limits.seconds:g} seconds"
    return {
        400: "The spectra cannot be read.",
        401: "The token is missing or another one.",
        403: "The server was called by another name than that of its own machine.",
        408: f"The body did not arrive {within}.",
        413: f"The body has, or unpacks to, more than {size}, or holds more than {limits.rows} spectra.",
        415: "A file of a kind that is not taken, such as a workbook.",
        422: "Spectra or a question that this model cannot answer.",
        503: f"More than {limits.requests} predictions are under way, or there was no answer {within}.",
    }


def _refusal(status: int, words: str) -> dict[str, Any]:
    error = record({"error": {**TEXT, "description": "One sentence: what was expected, what came, and what to do."}})
    headers = {401: _SCHEME, 503: _AGAIN}.get(status)
    made = {"description": words, "content": {"application/json": {"schema": error}}}
    return made if headers is None else made | {"headers": headers}


def _answer(served: Model) -> Schema:
    spectrum: Schema = {"type": "array", "items": NUMBERS}
    rows: Schema = {"type": "array", "items": WHOLE}
    drawing = record({"label": TEXT, "signal": TEXT, "rows": rows, "x": NUMBERS, "y": spectrum})
    needed = {
        "target": TEXT,
        "unit": TEXT,
        "level": {"type": ["number", "null"], "description": "How often intervals, or sets, hold the true value."},
        "notes": {**WORDS, "description": "What was understood of the file, one sentence each."},
        "rows": {"type": "array", "items": _row(served)},
    }
    drawn = {**drawing, "description": "With draw=true: a few spectra with few points; rows are counted from 0."}
    return record(needed, {"drawing": drawn})


def _row(served: Model) -> Schema:
    task = served.task
    row: dict[str, Schema] = {"id": TEXT}
    if task.classes:
        names: Schema = {"type": "string", "enum": list(task.classes)}
        row |= {"class": names, "probability": NUMBER, "probabilities": record(dict.fromkeys(task.classes, NUMBER))}
    else:
        row["predicted"] = {**NUMBER, "description": f"{task.target}{f' in {task.unit}' if task.unit else ''}"}
    row["spread"] = {**NUMBER, "description": "Standard deviation over the members; not an interval."}
    if served.interval is not None:
        row |= {"set": WORDS} if task.classes else {"low": NUMBER, "high": NUMBER}
    if served.domain is not None:
        row["flags"] = {**WORDS, "description": "What is strange about the spectrum; empty where nothing is."}
    return record(row)
