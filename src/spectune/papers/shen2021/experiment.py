"""The experiment, step by step: a generator of progress that ends with everything that was found.

Every step has its own folder below that of the experiment and goes on where it was stopped:

    searches/           the comparison of TPE with random search; each search is an ordinary run
    searches/tpe-0/     the first TPE search is carried on into a whole job, with its report
    optimum.json, .npz  the paper's optimal network, trained as given on the same folds
    nested/             the whole job once in every outer fold
    report.html         the page of the experiment
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from spectune.assessment.learning import LearningCurve
from spectune.assessment.nested import Nested
from spectune.assessment.outcome import Judged, Outcome
from spectune.files.compare_settings import Asked, CompareSettings
from spectune.files.read import read
from spectune.files.runs import load_trials
from spectune.files.settings import Settings
from spectune.job.comparing import compare
from spectune.job.data import Prepared, prepared
from spectune.job.learning import learning_curve
from spectune.job.nesting import nested
from spectune.job.run import Result, run
from spectune.networks.families.shen import OPTIMUM, shen
from spectune.networks.recipe import Recipe
from spectune.networks.space import GivenDraw, Space
from spectune.papers.given import as_given
from spectune.progress import Progress, outcome_of
from spectune.tuning.compare import Comparison
from spectune.tuning.importance import importance
from spectune.tuning.record import Trial
from spectune.tuning.shares import Importance
from spectune.tuning.study import capped

SPACE = "shen2021"
ARMS = ("tpe", "random")


@dataclass(frozen=True)
class Plan:
    """How large the experiment is.

    Attributes:
        settings: data, roles, folds and seeds; ``out`` is the folder of the experiment.
        trials: of each TPE and of each random search.
        seeds: searches of each kind.
        outer: outer folds of the nested validation; 0 for none.
        outer_trials: TPE trials in each of them.
        curve: whether to make the learning curve.
    """

    settings: Settings
    trials: tuple[int, int] = (80, 250)
    seeds: int = 1
    outer: int = 5
    outer_trials: int = 80
    curve: bool = True

    @property
    def folder(self) -> Path:
        """Folder of the experiment."""
        return self.settings.folder

    @property
    def searches(self) -> CompareSettings:
        """The comparison of both searches."""
        shared = replace(self.settings, out=str(self.folder / "searches"))
        return CompareSettings(shared, Asked(ARMS, self.trials, self.seeds))


@dataclass(frozen=True, eq=False)
class Experiment:
    """Everything that was found.

    Attributes:
        plan: what was asked.
        space: the space as it was searched, its batch narrowed to the rows.
        comparison: of the searches.
        trials: of all searches, by arm.
        importances: by arm; None with too few trials.
        outcome: of the whole job that the first TPE search led to.
        published: recipe of the paper's optimal network for these spectra.
        optimum: that network on the same rows and folds.
        nested: None when it was not asked for.
        curve: None when it was not asked for.
    """

    plan: Plan
    space: Space
    comparison: Comparison
    trials: Mapping[str, tuple[Trial, ...]]
    importances: Mapping[str, Importance | None]
    outcome: Outcome
    published: Recipe
    optimum: Judged
    nested: Nested | None
    curve: LearningCurve | None


def experiment(plan: Plan) -> Generator[Progress | Experiment, None, None]:
    """Does the whole experiment, or what is left of it; yields progress and last what was found.

    Raises:
        SpectuneError: data, settings or folder that cannot be used.
    """
    settings = plan.settings
    table = read(settings.data, sheet=settings.sheet, unit=settings.unit, signal=settings.signal)
    work = prepared(settings, table)
    comparison: Comparison = yield from outcome_of(compare(plan.searches, table))
    result: Result = yield from outcome_of(run(_job(plan), table))
    published = optimum_recipe(work)
    optimum = yield from as_given(work, published, OPTIMUM, plan.folder / "optimum.json")
    found: Nested | None = None
    if plan.outer:
        found = yield from outcome_of(nested(_inner(plan), plan.outer, table))
    curve: LearningCurve | None = None
    if plan.curve:
        curve = yield from outcome_of(learning_curve(result.folder))
    trials = {arm: _trials(plan, arm) for arm in ARMS}
    importances = {arm: importance(trials[arm], work.space, arm) for arm in ARMS}
    yield Experiment(
        plan, work.space, comparison, trials, importances, result.outcome, published, optimum, found, curve
    )


def optimum_recipe(work: Prepared) -> Recipe:
    """The paper's optimal network for these spectra: channels from what they are, at most all rows in a batch."""
    return capped(shen(GivenDraw(OPTIMUM), work.problem.task), work.settings.epochs)


def _job(plan: Plan) -> Settings:
    """The first TPE search, carried on: fresh seeds of the five best, baselines, test rows."""
    told = plan.searches.runs[0][2]
    return replace(told, top=5, replicates=3)


def _inner(plan: Plan) -> Settings:
    """The whole job as every outer fold does it."""
    return replace(
        plan.settings, out=str(plan.folder / "nested"), sampler="tpe", pruner="none", trials=plan.outer_trials
    )


def _trials(plan: Plan, arm: str) -> tuple[Trial, ...]:
    """Trials of all searches of one arm, one after another."""
    runs = [told for one, _, told in plan.searches.runs if str(one) == arm]
    return tuple(trial for told in runs for trial in load_trials(told.folder))
