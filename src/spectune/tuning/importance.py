"""Which hyperparameters explain the spread of the results, from the trials of any finished search."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

from spectune.networks.space import Space
from spectune.tuning.encoding import encoded, nearest, searched
from spectune.tuning.fanova import Array, Encoded, Forest, grown, pair_shares, single_effects, single_shares
from spectune.tuning.memory import distribution
from spectune.tuning.record import Trial
from spectune.tuning.shares import GROUPS, GroupShare, Importance, Interaction, Share, group_of

LEAST = 10
"""Complete trials below which shares would be noise."""

SEEDS = (0, 1, 2, 3, 4)
"""Seeds of the forests, of the dummies in each, and of what stands for absent values."""

DUMMIES = 3
"""Idle hyperparameters added to each forest; with one, chance gets above the floor three times as often."""

PAIRED, MOST_INTERACTIONS = 8, 10
"""How many of the most important hyperparameters are paired, and how many pairs are kept."""

CLEARLY = 3.0
"""Standard deviations over forests by which an interaction must exceed what forests see without any."""


def importance(trials: Sequence[Trial], space: Space, sampler: str, seeds: Sequence[int] = SEEDS) -> Importance | None:
    """Shares of all searched hyperparameters by functional ANOVA; None with too few complete trials.

    Only complete trials count; what is fixed does not appear. Dummy hyperparameters, drawn anew for
    each forest, show what share chance alone can give.

    Args:
        trials: of one search, in any state.
        space: the ranges that the search drew from.
        sampler: which drew them, a word for the reader.
        seeds: one forest each.

    Raises:
        SettingError: trials that the space cannot have drawn.
    """
    complete = [trial for trial in trials if trial.value is not None and np.isfinite(trial.value)]
    names = searched(complete, space)
    if not names or len(complete) < LEAST or len({trial.value for trial in complete}) < LEAST // 2:
        return None
    values = np.asarray([trial.value for trial in complete])
    forests = [grown(_with_dummies(complete, space, names, seed), values, seed) for seed in seeds]
    found = np.stack([single_shares(forest) for forest in forests])
    return Importance(
        method="functional ANOVA",
        sampler=sampler,
        trials=len(complete),
        forests=len(seeds),
        shares=_shares(names, found, _absent(complete, names), _ped_anova(complete, space, names)),
        groups=_groups(names, found),
        interactions=_interactions(forests, values, found, names, seeds),
        floor=_floor(found),
    )


def _with_dummies(trials: Sequence[Trial], space: Space, names: Sequence[str], seed: int) -> Encoded:
    """The named hyperparameters and, behind them, the dummies: numbers from 0 to 1."""
    random = np.random.default_rng(seed)
    code = encoded(trials, space, names, random)
    width = code.x.shape[1]
    return Encoded(
        x=np.hstack([code.x, random.random((len(trials), DUMMIES))]),
        bounds=np.vstack([code.bounds, np.tile((0.0, 1.0), (DUMMIES, 1))]),
        columns=(*code.columns, *((width + dummy,) for dummy in range(DUMMIES))),
    )


def _floor(found: Array) -> float:
    """Highest share of a dummy in any forest."""
    return float(found[:, -DUMMIES:].max())


def _absent(trials: Sequence[Trial], names: Sequence[str]) -> list[bool]:
    """Whether each hyperparameter is absent in some trials."""
    return [any(name not in trial.values for trial in trials) for name in names]


def _shares(
    names: Sequence[str], found: Array, conditional: Sequence[bool], ped_anova: Mapping[str, float]
) -> tuple[Share, ...]:
    """Shares from ``found`` (seeds, hyperparameters and dummies), largest first."""
    floor = _floor(found)
    made = [
        Share(
            name=name,
            group=group_of(name),
            mean=float(column.mean()),
            spread=float(column.std()),
            ped_anova=ped_anova[name],
            conditional=absent,
            matters=bool(column.mean() > floor),
        )
        for name, column, absent in zip(names, found.T, conditional, strict=False)
    ]
    return tuple(sorted(made, key=lambda share: -share.mean))


def _groups(names: Sequence[str], found: Array) -> tuple[GroupShare, ...]:
    sums = {group: found[:, [place for place, name in enumerate(names) if group_of(name) == group]] for group in GROUPS}
    return tuple(
        GroupShare(group, float(columns.sum(axis=1).mean()), float(columns.sum(axis=1).std()))
        for group, columns in sums.items()
        if columns.size
    )


def _interactions(
    forests: Sequence[Forest], values: Array, found: Array, names: Sequence[str], seeds: Sequence[int]
) -> tuple[Interaction, ...]:
    """The strongest interactions among the most important hyperparameters."""
    ranked = np.argsort(-found[:, :-DUMMIES].mean(axis=0), kind="stable")[:PAIRED].tolist()
    pairs = list(combinations(ranked, 2))
    shares = np.stack([pair_shares(forest, pairs) for forest in forests])
    additive = [_additive(forest, values, ranked, seed) for forest, seed in zip(forests, seeds, strict=True)]
    chance = np.stack([pair_shares(forest, pairs) for forest in additive])
    floors = np.maximum(chance.mean(axis=0) + CLEARLY * chance.std(axis=0), _floor(found))
    made = [
        Interaction(names[one], names[other], float(column.mean()), float(column.std()), float(floor))
        for (one, other), column, floor in zip(pairs, shares.T, floors, strict=True)
    ]
    return tuple(sorted(made, key=lambda pair: -pair.mean)[:MOST_INTERACTIONS])


def _additive(forest: Forest, values: Array, members: Sequence[int], seed: int) -> Forest:
    """A forest grown on the same trials after all interactions were taken out of their results.

    The effects of single hyperparameters stay, stretched by least squares because forests flatten
    them; what they leave over is dealt out anew.
    """
    effects = np.column_stack([single_effects(forest, members), np.ones(len(values))])
    fitted = effects @ np.linalg.lstsq(effects, values)[0]
    rest = np.random.default_rng(seed).permutation(values - fitted)
    return grown(forest.encoded, fitted + rest, seed)


def _ped_anova(trials: Sequence[Trial], space: Space, names: Sequence[str]) -> Mapping[str, float]:
    """Shares by PED-ANOVA (Watanabe et al. 2023): what the best tenth has in common.

    It takes a hyperparameter that exists in some trials only from these trials alone.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few trials have some conditional hyperparameters; the page says which
        for trial in trials:
            ranges = {name: space.range(name) for name in names if name in trial.values}
            drawn = {name: found for name in ranges if (found := distribution(ranges[name])) is not None}
            values = {name: nearest(trial.values[name], ranges[name]) for name in drawn}
            study.add_trial(optuna.create_trial(params=values, distributions=drawn, value=trial.value))
        shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    return {name: float(share) for name, share in shares.items()}
