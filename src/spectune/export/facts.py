"""What an ONNX file says of itself, as names and words: how to use it, what to think of it, where it came from."""

from __future__ import annotations

import json
from importlib.metadata import version

from spectune.assessment.adaptation import Adapted
from spectune.assessment.adaptation_words import headline, kept_instead, lineage, run_name
from spectune.assessment.outcome import Outcome
from spectune.files.models import Model
from spectune.metrics import ClassScores, RegressionScores, Scores
from spectune.spectra.channels import format_channels

FORMAT = "1"
"""Version of the names below and of the names and meaning of input and outputs."""


def model_facts(model: Model) -> dict[str, str]:
    """What is known from a model alone: how to feed it, and what its answers mean.

    Lists and tables are JSON. Numbers of the axis are written so that reading them gives them back.
    """
    task, recipe = model.task, model.fitted.recipe
    interval = {} if model.interval is None else {"level": f"{model.interval.level:g}"}
    return {
        "format": FORMAT,
        "axis": json.dumps(model.axis.values),
        "axis_unit": model.axis.unit,
        "signal": model.signal,
        "target": task.target,
        "unit": task.unit,
        "classes": json.dumps(task.classes, ensure_ascii=False),
        "members": str(model.fitted.members),
        "preprocessing": format_channels(recipe.channels),
        "recipe": recipe.id,
        "versions": json.dumps({name: version(name) for name in ("spectune", "torch", "onnx", "onnxscript")}),
        "citation": f"The spectune developers, spectune {version('spectune')}, BSD-3-Clause",
        **interval,
    }


def run_facts(outcome: Outcome, data: str) -> dict[str, str]:
    """What a finished run adds: its errors, its verdict and its data.

    Args:
        outcome: of the run.
        data: digest of its spectra, targets and roles.
    """
    validated = _words(outcome.scores(outcome.network, "cross-validated"), "cv")
    tested = _words(outcome.scores(outcome.network, "test"), "p")
    libraries = ("spectune", "torch", "python")
    made = {name: outcome.facts[name] for name in libraries if name in outcome.facts}
    return {
        "verdict": outcome.verdict.sentence,
        "data": data,
        "source": outcome.spectra.source,
        "trained_with": json.dumps(made),
        **validated,
        **tested,
    }


def adaptation_facts(found: Adapted) -> dict[str, str]:
    """What an adaptation adds: which model was adapted, how and with how many new rows, and errors on these."""
    validated, tested = found.scores("cross-validated"), found.scores("test")
    return {
        "verdict": " ".join([headline(found), *kept_instead(found)]),
        "source": found.source,
        "adapted": lineage(found),
        "adapted_from": run_name(found),
        "adapted_by": found.kept,
        "adapted_rows": str(found.calibration.measured.size),
        **({} if validated is None else _words(validated, "cv")),
        **({} if tested is None else _words(tested, "p")),
    }


def _words(scores: Scores, rows: str) -> dict[str, str]:
    """Errors by the names of chemometrics: ``rmsecv`` over held-out calibration rows, ``rmsep`` over test rows."""
    match scores:
        case RegressionScores():
            return {
                f"rmse{rows}": f"{scores.rmse:.6g}",
                f"r2{rows}": f"{scores.r2:.6g}",
                f"rows_{rows}": str(scores.rows),
            }
        case ClassScores():
            names = {"accuracy": scores.accuracy, "balanced_accuracy": scores.balanced_accuracy}
            return {f"{name}_{rows}": f"{value:.6g}" for name, value in names.items()} | {
                f"rows_{rows}": str(scores.rows)
            }
