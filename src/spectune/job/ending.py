"""Last part of the job: everything that was made, as one outcome."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from spectune.assessment.outcome import CNN, DENSE, Judged, Outcome, Regions
from spectune.assessment.verdict import verdict
from spectune.files.runs import continue_command, load_outcome
from spectune.files.settings import Settings
from spectune.job.data import Prepared
from spectune.job.networks import Networks
from spectune.networks.precision import Precision
from spectune.predictions import Predictions
from spectune.training.allowance import cores
from spectune.training.fit import Fitted, predict
from spectune.training.machine import USUAL, Machine
from spectune.tuning.record import Trial
from spectune.tuning.replicates import convolutional
from spectune.tuning.shares import Importance

OPENED = "test rows opened"


@dataclass(frozen=True, eq=False)
class Made:
    """What the steps of a run made."""

    trials: tuple[Trial, ...]
    networks: Networks
    fitted: Fitted
    models: tuple[Judged, ...]
    regions: Regions | None
    importance: Importance | None


def outcome(work: Prepared, made: Made, facts: Mapping[str, str]) -> Outcome:
    """The outcome of a run, with its verdict."""
    settings, spectra, best = work.settings, work.spectra, made.networks.best
    network = CNN if convolutional(best.recipe) else DENSE
    spread = Predictions(predict(made.fitted, spectra.test.x), spectra.task.classes, spectra.test.ids).spread
    return Outcome(
        spectra=spectra,
        fold_of=work.fold_of,
        models=made.models,
        verdict=verdict(spectra, made.models, settings.seed, network=network),
        recipe=best.recipe,
        drawn=best.values,
        shape=made.fitted.stack.shape,
        members=made.fitted.members,
        trials=made.trials,
        replicates=made.networks.others,
        importance=made.importance,
        regions=made.regions,
        spread=spread,
        settings=said(settings),
        facts=facts,
        network=network,
        space=work.space,
    )


def facts(work: Prepared, seconds: float) -> Mapping[str, str]:
    """What a reader needs to judge and repeat a run; counts how often its test rows were opened."""
    folder = work.settings.folder
    opened = 1
    if (folder / "outcome.json").exists():
        opened += int(load_outcome(folder).facts.get(OPENED, "1 time").split()[0])
    return {
        "command": work.command or f"{continue_command(folder)} --out {shlex.quote(f'{folder}-again')}",
        **surroundings(work.settings),
        "time": f"{seconds:.0f} s",
        OPENED: f"{opened} time{'' if opened == 1 else 's'}",
    }


def surroundings(settings: Settings) -> Mapping[str, str]:
    """Versions, machine and engine."""
    libraries = ("spectune", "torch", "optuna", "scikit-learn", "numpy", "scipy")
    return {
        **{name: version(name) for name in libraries},
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {cores_used(settings)} in use",
        "engine": machine(settings, settings.precision).words,
    }


def said(settings: Settings) -> Mapping[str, Any]:
    """The settings that have a value, as an outcome keeps them."""
    told = {name: value for name, value in asdict(settings).items() if value is not None}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}


def cores_used(settings: Settings) -> int:
    """Cores to use here: as many as the settings say, or all; processes, where there is no core, at most one a fold."""
    wanted = settings.cores or cores()
    if settings.cluster is not None:  # its workers' cores are said, and perhaps not so many are here
        wanted = min(wanted, cores())
    return wanted if USUAL.compiled else min(wanted, settings.folds)


def machine(settings: Settings, precision: Precision = "float32") -> Machine:
    """What trains here.

    Raises:
        SettingError: a device or a precision that this machine does not have.
    """
    return Machine(threads=cores_used(settings), device=settings.device, precision=precision)
