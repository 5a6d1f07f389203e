"""spectune: from a table of spectra to a tuned, honestly validated, explained 1D-CNN.

>>> import spectune
>>> spectune.parse_channels("SNV+D1")
((SNV(kind='snv'), SavGol(window=13, order=2, derivative=1, kind='savgol')),)

Names are loaded when they are first used: torch alone takes seconds.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spectune.api import tune
    from spectune.assessment.outcome import Difference, Judged, Outcome, Verdict
    from spectune.errors import (
        DataError,
        ModelError,
        ReadError,
        RunError,
        SettingError,
        ShapeError,
        SpectuneError,
        Stopped,
    )
    from spectune.estimators.networks import SpectralCNNClassifier, SpectralCNNRegressor
    from spectune.estimators.tuner import SpectralTuner
    from spectune.files.models import Model, load_model
    from spectune.files.read import read
    from spectune.files.runs import load_outcome
    from spectune.files.settings import Settings
    from spectune.files.spaces import load_space
    from spectune.job import Result
    from spectune.metrics import ClassScores, RegressionScores, scores
    from spectune.networks.recipe import Recipe, Schedule
    from spectune.networks.space import Space
    from spectune.predictions import Predictions
    from spectune.progress import Progress
    from spectune.spectra.axis import Axis
    from spectune.spectra.channels import format_channels, parse_channels, prepare
    from spectune.spectra.select import select
    from spectune.spectra.sheet import sheet
    from spectune.spectra.spectra import Spectra, Task
    from spectune.spectra.table import Table
    from spectune.synthesis.fruit import fruit

__version__ = version("spectune")

_HOMES = {
    "spectune.api": ("tune",),
    "spectune.assessment.outcome": ("Difference", "Judged", "Outcome", "Verdict"),
    "spectune.errors": (
        "DataError",
        "ModelError",
        "ReadError",
        "RunError",
        "SettingError",
        "ShapeError",
        "SpectuneError",
        "Stopped",
    ),
    "spectune.estimators.networks": ("SpectralCNNClassifier", "SpectralCNNRegressor"),
    "spectune.estimators.tuner": ("SpectralTuner",),
    "spectune.files.models": ("Model", "load_model"),
    "spectune.files.read": ("read",),
    "spectune.files.runs": ("load_outcome",),
    "spectune.files.settings": ("Settings",),
    "spectune.files.spaces": ("load_space",),
    "spectune.job": ("Result",),
    "spectune.metrics": ("ClassScores", "RegressionScores", "scores"),
    "spectune.networks.recipe": ("Recipe", "Schedule"),
    "spectune.networks.space": ("Space",),
    "spectune.predictions": ("Predictions",),
    "spectune.progress": ("Progress",),
    "spectune.spectra.axis": ("Axis",),
    "spectune.spectra.channels": ("format_channels", "parse_channels", "prepare"),
    "spectune.spectra.select": ("select",),
    "spectune.spectra.sheet": ("sheet",),
    "spectune.spectra.spectra": ("Spectra", "Task"),
    "spectune.spectra.table": ("Table",),
    "spectune.synthesis.fruit": ("fruit",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Axis",
    "ClassScores",
    "DataError",
    "Difference",
    "Judged",
    "Model",
    "ModelError",
    "Outcome",
    "Predictions",
    "Progress",
    "ReadError",
    "Recipe",
    "RegressionScores",
    "Result",
    "RunError",
    "Schedule",
    "SettingError",
    "Settings",
    "ShapeError",
    "Space",
    "Spectra",
    "SpectralCNNClassifier",
    "SpectralCNNRegressor",
    "SpectralTuner",
    "SpectuneError",
    "Stopped",
    "Table",
    "Task",
    "Verdict",
    "format_channels",
    "fruit",
    "load_model",
    "load_outcome",
    "load_space",
    "parse_channels",
    "prepare",
    "read",
    "scores",
    "select",
    "sheet",
    "tune",
]


def __getattr__(name: str) -> Any:
    """A public name, from its home."""
    if name not in _HOME:
        raise AttributeError(f"module 'spectune' has no attribute {name!r}")
    found = getattr(import_module(_HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
