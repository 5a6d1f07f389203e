"""The tutorial on one set of spectra: the published procedure, ours, or both side by side.

Both live in one folder, and a command adds its own:

    published/          the published procedure, where it was asked for
    ours/               an ordinary run: search on folds, fresh seeds, baselines, verdict
    optimum.json, .npz  the published best hyperparameters on the folds of ours
    report.html         everything that is there, beside the published figures

What is there is compared with the spectra at hand before any work, and a folder of other spectra is refused.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from spectune.assessment.baselines import baselines
from spectune.assessment.outcome import Judged, Outcome
from spectune.files.models import load_model
from spectune.files.prunings import RECORD as REGRET
from spectune.files.prunings import load_regret
from spectune.files.runs import load_outcome
from spectune.files.settings import Settings, checked, load_settings
from spectune.job.data import Prepared, prepared
from spectune.job.explaining import PAGE as EXPLANATION
from spectune.job.explaining import explained_run
from spectune.job.pruning import audit
from spectune.job.run import Result, carried_out
from spectune.metrics import Scores, scores
from spectune.networks.families.passos import (
    CLASSIFICATION_OPTIMUM,
    REGRESSION_OPTIMUM,
    passos_classification,
    passos_regression,
)
from spectune.networks.recipe import Recipe
from spectune.networks.space import GivenDraw, Value
from spectune.papers.given import as_given
from spectune.papers.passos2022.basis import basis, check_basis, check_ours, keep_basis, settle_optimum
from spectune.papers.passos2022.material import Published, as_table
from spectune.papers.passos2022.ordinary import Further
from spectune.papers.passos2022.procedure import Sets, sets
from spectune.papers.passos2022.published import PublishedRun, loaded, published_procedure
from spectune.papers.passos2022.repeating import PRUNED, ours_command, published_command
from spectune.progress import Progress, outcome_of
from spectune.spectra.spectra import Spectra
from spectune.training.fit import predict
from spectune.tuning.pruning import Regret
from spectune.tuning.study import capped

OURS = "ours"


@dataclass(frozen=True)
class Plan:
    """How large the experiment is.

    Attributes:
        settings: of our run; ``out`` is the folder of the experiment.
        faithful: whether the published procedure is to be done, instead of ours.
        seeds: searches of the published procedure.
        pruned: pruned trials of our search that are trained to their end.
        asked: the command up to its data, where there is one.
    """

    settings: Settings
    faithful: bool = False
    seeds: int = 1
    pruned: int = PRUNED
    asked: str = ""

    @property
    def folder(self) -> Path:
        """Folder of the experiment."""
        return self.settings.folder


@dataclass(frozen=True, eq=False)
class Ours:
    """What our own way gives.

    Attributes:
        outcome: of the whole run.
        optimum: the published best hyperparameters, trained on the same rows and folds.
        regret: what pruning threw away; None where nothing was pruned.
        further: scores of every model on further test rows, by their name.
        pruned: pruned trials that were asked for.
    """

    outcome: Outcome
    optimum: Judged
    regret: Regret | None
    further: Mapping[str, Mapping[str, Scores]]
    pruned: int = PRUNED


@dataclass(frozen=True, eq=False)
class Experiment:
    """Everything that is there; ``procedure`` and ``ours`` are None until they were asked for."""

    plan: Plan
    spectra: Published
    rows: Sets
    procedure: PublishedRun | None
    ours: Ours | None


def experiment(
    plan: Plan, spectra: Published, further: Mapping[str, Further] = MappingProxyType({})
) -> Generator[Progress | Experiment, None, None]:
    """Does what is asked for, or what is left of it; yields progress and last what there is.

    Args:
        plan: how large it is to be.
        spectra: with the roles of the paper.
        further: test rows beyond those, by name.

    Raises:
        SpectuneError: data, settings or folder that cannot be used.
    """
    rows = sets(spectra)
    yield Progress("read", 1, 1, ", ".join(f"{part.size} {name}" for name, part in rows.roles.items()) + " rows")
    command = published_command(plan.asked, plan.settings, plan.seeds, plan.folder) if plan.asked else ""
    here, folder = basis(spectra, plan.settings.epochs, command), plan.folder / "published"
    check_basis(folder, here, rows, plan.faithful)
    work = _ours_work(plan, spectra)
    if plan.faithful:
        keep_basis(folder, here)
        yield from published_procedure(rows, plan.settings, plan.seeds, command)
    ours: Ours | None = None
    if work is not None and (not plan.faithful or (plan.folder / OURS / "outcome.json").exists()):
        ours = yield from _ours(plan, work, further)
    yield Experiment(plan, spectra, rows, loaded(plan.settings), ours)


def optimum_of(work: Prepared) -> tuple[Recipe, Mapping[str, Value]]:
    """The published best hyperparameters in the corrected form, as a recipe for these spectra and by name."""
    task = work.problem.task
    regression = (REGRESSION_OPTIMUM, passos_regression)
    best, family = regression if task.regression else (CLASSIFICATION_OPTIMUM, passos_classification)
    values = {**best, "form": "corrected"}
    return capped(family(GivenDraw(values), task), work.settings.epochs), values


def _ours_work(plan: Plan, spectra: Published) -> Prepared | None:
    """What our run is about; None where neither this command nor an earlier one asks for it.

    Raises:
        RunError: an earlier command began it with other spectra.
    """
    told = _ours_told(plan)
    if told is None:
        return None
    regression = not spectra.classes
    command = ours_command(plan.asked, told, _looked_at(plan), regression, plan.folder) if plan.asked else ""
    work = replace(prepared(told, as_table(spectra)), command=command)
    check_ours(work)
    return work


def _ours_told(plan: Plan) -> Settings | None:
    """Settings of our run; where only the other procedure is asked for, it stays as it was told, if it was."""
    folder = plan.folder / OURS
    if not plan.faithful:
        return replace(plan.settings, out=str(folder), split="split", group="group", where=None)
    if not (folder / "identity.json").exists():
        return None
    told = load_settings(folder / "run.toml", {"out": str(folder)})
    if (folder / "outcome.json").exists():
        told = checked({**load_outcome(folder).settings, "out": str(folder)}, str(folder))
    return told


def _looked_at(plan: Plan) -> int:
    """Pruned trials of ours that are trained to their end, or were by an earlier command."""
    if not plan.faithful:
        return plan.pruned
    folder = plan.folder / OURS
    return len(load_regret(folder).again) if (folder / REGRET).exists() else 0


def _ours(plan: Plan, work: Prepared, further: Mapping[str, Further]) -> Generator[Progress, None, Ours]:
    """An ordinary run, the published optimum on its folds, a look at pruned trials, explanations, and further rows."""
    known = (work.settings.folder / "outcome.json").exists()
    result: Result = yield from outcome_of(carried_out(work))
    kept = settle_optimum(plan.folder, work, known)
    optimum = yield from as_given(work, *optimum_of(work), kept)
    regret: Regret | None = None
    count = _looked_at(plan)
    if count and any(trial.state == "pruned" and trial.rungs for trial in result.outcome.trials):
        regret = yield from outcome_of(audit(result.folder, count))
    if work.settings.explain and not (result.folder / EXPLANATION).exists():
        yield from outcome_of(explained_run(result.folder))
    scored = {name: dict(_scored(work, result, rows)) for name, rows in further.items()}
    return Ours(result.outcome, optimum, regret, scored, count)


def _scored(work: Prepared, result: Result, rows: Further) -> Iterator[tuple[str, Scores]]:
    """Every model on further rows: baselines are chosen and fitted as before, the network is the one that was kept."""
    classes = len(work.problem.task.classes)
    for model in baselines(_tested(work.spectra.calibration, rows), work.folds, work.settings.seed):
        yield model.name, scores(rows.y, model.test, classes)
    fitted = load_model(result.folder).fitted
    yield result.outcome.network, scores(rows.y, predict(fitted, rows.x).mean(axis=0), classes)


def _tested(calibration: Spectra, rows: Further) -> Spectra:
    """The calibration rows with further rows in the role of the test."""
    count, added = len(calibration), len(rows.y)
    return replace(
        calibration,
        x=np.concatenate([calibration.x, rows.x]),
        y=np.concatenate([calibration.y, rows.y]),
        ids=np.concatenate([calibration.ids, np.asarray([f"further {place}" for place in range(added)])]),
        groups=np.concatenate([calibration.groups, calibration.groups.max() + 1 + np.arange(added)]),
        roles=np.repeat(["cal", "test"], [count, added]),
    )
