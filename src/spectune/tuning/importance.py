"""Which hyperparameters explain the spread of the results."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import TrialState

LEAST = 10
"""Complete trials below which shares would be noise."""


def importance(study: optuna.Study) -> Mapping[str, float] | None:
    """Share of each searched hyperparameter, largest first; None with too few complete trials.

    PED-ANOVA (Watanabe et al. 2023), which includes hyperparameters that exist in some trials only.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < LEAST or len({trial.value for trial in complete}) < LEAST // 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # conditional hyperparameters are rare in few trials; the report says so
        shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    return {name: float(share) for name, share in shares.items()}
