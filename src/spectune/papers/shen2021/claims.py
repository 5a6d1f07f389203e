"""Claims of the paper about the search itself and about what matters, held against what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spectune.papers.shen2021.findings import Finding, Judgement
from spectune.report.compared import needs
from spectune.report.tables.compare import speed_words
from spectune.report.wording import counted, number
from spectune.tuning.compare import Comparison, SpeedUp, gap, speed_up
from spectune.tuning.courses import Budget
from spectune.tuning.shares import Importance, Share

FEWEST_SEEDS = 3
"""Searches of each kind below which their order is not judged: one may have been lucky."""

PUBLISHED_SPEED: Mapping[Budget, float] = {"trials": 3.1, "time": 2.5}
"""How many times less TPE needed than random search, in the paper."""

_WORDS: Mapping[Budget, str] = {"trials": "fewer trials", "time": "less time"}


def search_claims(comparison: Comparison) -> tuple[Finding, ...]:
    """What the paper says of TPE against random search (figure 1)."""
    guided, chance = comparison.of("tpe"), comparison.of("random")
    speeds = tuple(_speed(speed_up(guided, chance, budget)) for budget in PUBLISHED_SPEED)
    lows, highs = [one.final for one in guided], [one.final for one in chance]
    here = (
        f"lowest error {_each(lows)} by TPE in {guided[0].trials} trials, "
        f"{_each(highs)} by random search in {chance[0].trials}"
    )
    apart = _apart(max(lows) < min(highs), min(lows) > max(highs), min(len(lows), len(highs)))
    difference = gap(guided, chance, "trials")
    if len(difference.differences) > 1:
        here += f"; after as many trials the difference is {number(difference.mean)} ± {number(difference.error)}"
    return (*speeds, Finding("TPE ends at a smaller error, with fewer trials", here, apart))


def _apart(better: bool, worse: bool, seeds: int) -> Judgement:
    """Confirmed or contradicted only when every search of one kind stands on the same side of every other."""
    if seeds < FEWEST_SEEDS or not (better or worse):
        return "not told"
    return "confirmed" if better else "contradicted"


def importance_claims(importances: Mapping[str, Importance | None]) -> tuple[Finding, ...]:
    """What the paper says of importance (figure 3), held against the shares of every search.

    The searches must agree: shares hold for the trials a search looked at.
    """
    known = [found for found in importances.values() if found is not None]
    if not known:
        few = "too few complete trials for shares"
        return tuple(Finding(claim, few, "not told") for claim in (_DOMINATE, _CHANNEL))
    return _agreed([_dominate(found) for found in known]), _agreed([_channel(found) for found in known])


def _agreed(findings: Sequence[Finding]) -> Finding:
    """One finding from those of several searches: judged only where all judge alike."""
    judgements = {finding.judgement for finding in findings}
    here = "; ".join(finding.here for finding in findings)
    return Finding(findings[0].claim, here, judgements.pop() if len(judgements) == 1 else "not told")


_DOMINATE = "optimiser, batch size, epochs and the number of Conv-blocks dominate"
_CHANNEL = "of the input channels only ABS+D1 matters, slightly"


def _speed(found: SpeedUp) -> Finding:
    published = PUBLISHED_SPEED[found.budget]
    claim = f"TPE needs {published} times {_WORDS[found.budget]} than random search"
    low, high = found.extremes
    pairs = counted(len(found.paces), "pair")
    here = f"{needs(found, _WORDS[found.budget])}; {speed_words(found)} over {pairs} of seeds"
    return Finding(claim, here, _apart(low > 1, high < 1, int(len(found.paces) ** 0.5)))


def _dominate(importance: Importance) -> Finding:
    """Together more than half of what single hyperparameters explain."""
    named = [share for share in importance.shares if share.group == "training" or share.name == "conv.blocks"]
    together = sum(share.mean for share in named)
    spread = sum(share.spread**2 for share in named) ** 0.5
    whole = sum(share.mean for share in importance.shares)
    parts = ", ".join(f"{share.name} {share.mean:.2f}" for share in named)
    here = f"{importance.sampler}: {parts}; together {together:.2f} of the {whole:.2f} that single ones explain"
    if not any(share.matters for share in importance.shares):
        return Finding(_DOMINATE, f"{here}; none rises above a dummy", "not told")
    if together - 2 * spread > whole / 2:
        return Finding(_DOMINATE, here, "confirmed")
    return Finding(_DOMINATE, here, "contradicted" if together + 2 * spread < whole / 2 else "not told")


def _channel(importance: Importance) -> Finding:
    states = [share for share in importance.shares if share.name.startswith("channel.")]
    above = [share for share in states if share.matters]
    said = ", ".join(f"{_channel_word(share)} {share.mean:.3f}" for share in states)
    here = f"{importance.sampler}: {said}; a dummy reaches {importance.floor:.3f}"
    if not above:
        return Finding(_CHANNEL, f"{here}: none rises above it", "not told")
    only = [_channel_word(share) for share in above] == ["ABS+D1"]
    return Finding(_CHANNEL, here, "confirmed" if only else "contradicted")


def _channel_word(share: Share) -> str:
    """The paper's word for ``channel.3.state``."""
    return ("R", "ABS", "ABS+D1", "ABS+D2", "ABS+SNV")[int(share.name.split(".")[1]) - 1]


def _each(values: list[float]) -> str:
    return ", ".join(number(value) for value in values)
