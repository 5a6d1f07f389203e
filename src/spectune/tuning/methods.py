"""How the next network is chosen, and which ones are ended early: Optuna's samplers and pruners.

Trials are compared at rungs, counted in 27ths of a recipe's own epochs: at 1/9 and 1/3 of them.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

Sampler = Literal["tpe", "random"]
Pruner = Literal["hyperband", "median", "none"]

RESOURCE, LEAST, FACTOR = 27, 3, 3
"""A whole training, the first rung, and the step to the next; of Hyperband's trials every third goes on."""

STARTUP = 10
"""Complete trials before which the median ends nothing."""


def sampler(kind: Sampler, seed: int, number: int) -> BaseSampler:
    """The sampler of one trial: made anew from the seed of the search and the trial's number."""
    own = int(np.random.SeedSequence((seed, number)).generate_state(1)[0])
    return TPESampler(seed=own) if kind == "tpe" else RandomSampler(seed=own)


def pruner(kind: Pruner) -> BasePruner:
    """The pruner: Hyperband, or the median of the complete trials' errors at the same rung, the first one included."""
    match kind:
        case "none":
            return NopPruner()
        case "median":
            return MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=LEAST)
        case "hyperband":
            return HyperbandPruner(min_resource=LEAST, max_resource=RESOURCE, reduction_factor=FACTOR)
