"""How the next network is chosen, and which ones are ended early: Optuna's samplers and pruners."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import optuna
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from spectune.tuning.plan import Plan

COMPLETE, PRUNED = TrialState.COMPLETE, TrialState.PRUNED

STARTUP = 10
"""Complete trials before which the median ends nothing."""


def sampler(plan: Plan, number: int, ended: int) -> BaseSampler:
    """The sampler of one trial: made anew from the seed of the search and the trial's number.

    TPE learns from all trials, whatever their bracket of Hyperband, and begins when so many have ended as
    the plan says; with ``per_bracket`` it learns from those of the trial's own bracket, and counts them.

    Args:
        plan: of the search.
        number: of the trial.
        ended: how many trials have ended, complete or pruned.
    """
    own = int(np.random.SeedSequence((plan.seed, number)).generate_state(1)[0])
    jointly = plan.multivariate or None
    if plan.sampler == "tpe" and plan.per_bracket:
        return InBracket(TPESampler(seed=own, n_startup_trials=plan.startup, multivariate=jointly, constant_liar=False))
    if plan.sampler == "random" or ended < plan.startup:
        return RandomSampler(seed=own)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # groups are, and are what a tree of hyperparameters needs
        return TPESampler(seed=own, n_startup_trials=1, multivariate=jointly, group=plan.multivariate)


class InBracket(BaseSampler):
    """TPE over the trials of one bracket of Hyperband, for one trial.

    Optuna hands a sampler the trials of its bracket, but TPE, as of Optuna 5.0, reads past that to all
    of them; here it is given a study that has no others.
    """

    def __init__(self, guide: TPESampler) -> None:
        self.guide = guide
        self._bracket: Study | None = None

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Hyperparameters that are drawn jointly."""
        return self.guide.infer_relative_search_space(self._own(study), trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Values drawn jointly."""
        return self.guide.sample_relative(self._own(study), trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A value drawn by itself."""
        return self.guide.sample_independent(self._own(study), trial, param_name, param_distribution)

    def _own(self, study: Study) -> Study:
        if self._bracket is None:
            self._bracket = optuna.create_study(directions=study.directions)
            self._bracket.add_trials(study.get_trials(deepcopy=False, states=(COMPLETE, PRUNED)))
        return self._bracket


def pruner(plan: Plan) -> BasePruner:
    """The pruner: Hyperband, or the median of the complete trials' errors at the same rung, the first one included."""
    ladder = plan.ladder
    match plan.pruner:
        case "none":
            return NopPruner()
        case "median":
            return MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=ladder.least)
        case "hyperband":
            return _with_brackets(HyperbandPruner(ladder.least, ladder.whole, ladder.reduction))


def _with_brackets(hyperband: HyperbandPruner) -> HyperbandPruner:
    """The same pruner after a first look at a trial that belongs to no search.

    It knows its brackets only then; a search that goes on must know them before its first draw.
    """
    trial = optuna.create_study(pruner=hyperband).ask()
    trial.report(0.0, step=0)
    trial.should_prune()
    return hyperband
