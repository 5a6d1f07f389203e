"""What ``spectune export`` does: make the file, try it, write it, and say what is in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from spectune.assessment.adaptation import Adapted
from spectune.assessment.conformal import at_level, level_words
from spectune.assessment.outcome import Outcome
from spectune.errors import SettingError
from spectune.export.checking import can_run, check
from spectune.export.facts import adaptation_facts, model_facts, run_facts
from spectune.export.graph import check_extras, onnx_bytes
from spectune.files.atomic import write_bytes
from spectune.files.models import Model
from spectune.files.runs import data_digest
from spectune.job.opening import Opened, opened
from spectune.report.wording import with_unit

TRIED = 200
"""Spectra of the run, at most, that are predicted by the file before it is written."""


def export(run: Path, out: Path, level: float | None, date: str | None) -> None:
    """Write the model of a run, or of an adaptation, as an ONNX file, and print what it holds.

    Raises:
        SettingError: what makes the file is not installed, there is no folder to write it to, or a level that
            cannot be supported.
        RunError: no run and no adaptation, or not a finished one.
        ModelError: no model, or a file that answers otherwise.
    """
    check_extras()
    if not out.parent.is_dir():
        raise SettingError(f"there is no folder {out.parent} to write {out.name} to; make it, or choose another --out")
    known = opened(run)
    model = _at(known.model, level)
    facts = model_facts(model) | _origin_facts(run, known) | ({"date": date} if date else {})
    data = onnx_bytes(model.fitted, model.interval, facts)
    tried = _tried(data, known)
    write_bytes(out, data)
    print(f"{out}: {len(data) / 1e6:.2g} MB, {_words(model)}")
    print(tried)


def _origin_facts(folder: Path, known: Opened) -> dict[str, str]:
    match known.origin:
        case Outcome():
            return run_facts(known.origin, data_digest(folder))
        case Adapted():
            return adaptation_facts(known.origin)


def _at(model: Model, level: float | None) -> Model:
    """The model with intervals of a level, where one is asked for."""
    if level is None:
        return model
    if model.interval is None:
        raise SettingError(f"this model has no intervals, so none of level {level:g}; leave --level out")
    return replace(model, interval=at_level(model.interval, level))


def _words(model: Model) -> str:
    """What goes in, and what comes out."""
    task, members = model.task, f"{model.fitted.members} member{'' if model.fitted.members == 1 else 's'}"
    wanted = with_unit(task.target, task.unit)
    interval = "" if model.interval is None else f", with {level_words(model.interval.level)} % intervals"
    if task.classes and interval:
        interval = interval.replace("intervals", "sets")
    return f"{members}, spectra of {model.axis.describe()} to {wanted}{interval}"


def _tried(data: bytes, known: Opened) -> str:
    """Tries the file on calibration spectra of the run, and says how it did."""
    if not can_run():
        return "not tried here: that needs pip install onnxruntime"
    sample = known.some(TRIED)
    if not len(sample):
        return "not tried: that needs spectra of the run that was adapted, and it is no longer where it was"
    found = check(data, known.model.fitted, sample, known.spread)
    what = "of the target's spread" if known.model.task.regression else "in probability"
    of = "of the run" if isinstance(known.origin, Outcome) else "of the run that was adapted"
    return f"tried on {len(sample)} spectra {of}: it answers as the model does, to {found:.1g} {what}"
