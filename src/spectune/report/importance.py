"""What the importance of hyperparameters says, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from spectune.report.figures.importance import DAGGER, MOST_BARS, sampler_name
from spectune.report.wording import counted, number
from spectune.tuning.shares import Importance

MOST_NAMES = 8
"""Names in one sentence."""


def importance_caption(importance: Importance) -> str:
    """What is to be seen in the picture."""
    count = len(importance.shares)
    some = f" The {MOST_BARS} largest of {count} are drawn." if count > MOST_BARS else ""
    return (
        f"Share of each hyperparameter in the variance of the results by {importance.method} (Hutter et al. 2014), "
        f"from {counted(importance.trials, 'complete trial')} of a {sampler_name(importance)} search; mean and "
        f"standard deviation over {counted(importance.forests, 'forest')}. Dashed: the highest share that a dummy "
        f"hyperparameter, which touches nothing, reached; names in grey do not rise above it.{some}"
    )


def importance_sentences(importance: Importance) -> tuple[str, ...]:
    """Which hyperparameters matter, which cannot be told from a dummy, and how to read it."""
    said = [*_singles(importance), _pairs(importance), _looked_at(importance)]
    if any(share.conditional for share in importance.shares):
        said.append(
            f"{DAGGER} exists in some trials only. Where it is absent, each forest gets its value in another trial, "
            f"drawn at random, so that being absent tells the forest nothing and the share is what the value explains."
        )
    return tuple(said)


def _singles(importance: Importance) -> list[str]:
    mattering = [share.name for share in importance.shares if share.matters]
    others = len(importance.shares) - len(mattering)
    floor = number(importance.floor, 2)
    if not mattering:
        return [
            f"No hyperparameter explains more of the spread of results than a dummy does by chance ({floor}): "
            f"these trials do not show which of them matter."
        ]
    verb = "matters: it explains" if len(mattering) == 1 else "matter: each explains"
    said = [f"{_listed(mattering)} {verb} more of the spread of results than a dummy does by chance ({floor})."]
    if others:
        said.append(
            f"The other {others if others > 1 else 'one'} cannot be told from a dummy. That is no proof of no effect: "
            f"a small one drowns in few trials."
        )
    return said


def _pairs(importance: Importance) -> str:
    found = [f"{pair.one} × {pair.other}" for pair in importance.interactions if pair.matters]
    if not found:
        return "No two of them interact by more than forests see where nothing interacts."
    return f"Interactions stand out for {_listed(found)}: the best value of one may depend on the other."


def _looked_at(importance: Importance) -> str:
    where = {
        "tpe": "A TPE search looks mostly where errors are low, and the shares hold for where it looked. ",
        "random": "A random search looks everywhere alike. ",
    }.get(importance.sampler, "")
    return (
        f"{where}PED-ANOVA asks another question (what the best tenth of the trials have in common) and may rank "
        f"differently; where both agree, believe them."
    )


def _listed(names: Sequence[str]) -> str:
    """Names in one sentence, at most ``MOST_NAMES``.

    >>> _listed(["rate"]), _listed(["rate", "batch", "channels"])
    ('rate', 'rate, batch and channels')
    """
    if len(names) > MOST_NAMES:
        return f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
