"""What the paper found, held against the trials at hand.

Preferences are judged on trials of a random search only: a guided search visits what it already
prefers, so its trials cannot say whether the preference is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kruskal, spearmanr

from spectune.tuning.record import Trial

Array = NDArray[np.float64]
Judgement = Literal["confirmed", "contradicted", "not told"]

LEVEL = 0.05 / 4
"""Four preferences are tested; together they err in one case of twenty."""

CLAIMS = {
    "optimiser": "Adam is the best optimiser",
    "batch": "small batches are preferred (about 1,000 of 17,607 rows)",
    "epochs": "many epochs are preferred (near the upper limit of 1,500)",
    "conv.blocks": "few Conv-blocks are preferred (one is best)",
}
"""Preferred values by hyperparameter, figure 4 and table 1 of the paper."""

LEAST = 30
"""Complete trials below which a preference is not judged."""


@dataclass(frozen=True)
class Finding:
    """A claim of the paper, and what these data say of it."""

    claim: str
    here: str
    judgement: Judgement


def preferences(trials: Sequence[Trial]) -> tuple[Finding, ...]:
    """The four preferred values of the paper (figure 4), judged on the trials of a random search.

    Spearman's rank correlation with the error for numbers, Kruskal and Wallis's test for the
    optimiser. Trials that were rejected have no error: deep networks are rejected more often, so
    what is said of the number of Conv-blocks holds for the networks that can be built.
    """
    complete = [trial for trial in trials if trial.state == "complete"]
    if len(complete) < LEAST:
        few = f"only {len(complete)} random trials are complete, fewer than {LEAST}"
        return tuple(Finding(claim, few, "not told") for claim in CLAIMS.values())
    return (
        _optimiser(complete),
        _trend(complete, "batch", "smaller batches", 1),
        _trend(complete, "epochs", "more epochs", -1),
        _trend(complete, "conv.blocks", "fewer Conv-blocks", 1),
    )


def _optimiser(trials: Sequence[Trial]) -> Finding:
    claim = CLAIMS["optimiser"]
    names = sorted({str(trial.values["optimiser"]) for trial in trials})
    tried = {name: _errors([trial for trial in trials if trial.values["optimiser"] == name]) for name in names}
    if len(tried) < 2 or any(found.size < 5 for found in tried.values()):
        return Finding(claim, "too few trials of each optimiser", "not told")
    chance = float(kruskal(*tried.values()).pvalue)
    medians = {name: float(np.median(found)) for name, found in tried.items()}
    best = min(medians, key=lambda name: medians[name])
    said = ", ".join(f"{name} {median:.3g}" for name, median in sorted(medians.items(), key=lambda pair: pair[1]))
    here = f"median error of random trials: {said} (p = {chance:.2g})"
    return Finding(claim, here, "not told" if chance >= LEVEL else "confirmed" if best == "adam" else "contradicted")


def _trend(trials: Sequence[Trial], name: str, words: str, sign: int) -> Finding:
    """Whether the error rises (``sign`` 1) or falls (-1) with a number, as the paper's preference implies."""
    values = np.asarray([float(trial.values[name]) for trial in trials])
    errors = _errors(trials)
    if np.unique(values).size < 2:
        return Finding(CLAIMS[name], f"{name} did not vary", "not told")
    found = spearmanr(values, errors)
    rank, chance = float(found.statistic), float(found.pvalue)
    best = values[np.argsort(errors)[: max(5, len(trials) // 10)]]
    here = (
        f"rank correlation of {name} with the error {rank:+.2f} (p = {chance:.2g}); "
        f"median of the best tenth {np.median(best):.4g}, of all {np.median(values):.4g}"
    )
    if chance >= LEVEL:
        return Finding(CLAIMS[name], here, "not told")
    better = words if np.sign(rank) == sign else f"not {words}"
    return Finding(CLAIMS[name], f"{here}: {better} do better", "confirmed" if better == words else "contradicted")


def _errors(trials: Sequence[Trial]) -> Array:
    return np.asarray([np.inf if trial.value is None else trial.value for trial in trials])
