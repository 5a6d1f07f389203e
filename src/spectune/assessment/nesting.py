"""Nested validation in words, and everything that was made as one value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectune.assessment.intervals import Interval
from spectune.assessment.nested import (
    NETWORK,
    Nested,
    Optimism,
    Unseen,
    differences,
    earned,
    left_out,
    lowest,
    optimism,
    unseen,
    versus,
)
from spectune.assessment.outcome import Outcome, Verdict
from spectune.assessment.wording import WORTH, Figures, figures
from spectune.spectra.spectra import Spectra


def nest(spectra: Spectra, outcomes: Sequence[Outcome], closed: int, seed: int, draws: int = 2000) -> Nested:
    """What the runs of all outer folds say together.

    Args:
        spectra: the rows that the outer folds share out among them.
        outcomes: one run for each outer fold, whose test rows are those it left out.
        closed: test rows of the file, which took no part.
        seed: of the bootstrap.
        draws: of the bootstrap.
    """
    models = unseen(spectra, outcomes)
    fold_of = np.zeros(len(spectra), dtype=np.intp)
    for number, outcome in enumerate(outcomes):
        fold_of[left_out(outcome)] = number
    searched = () if spectra.task.classes else tuple(lowest(outcome) for outcome in outcomes)
    return Nested(
        spectra=spectra,
        fold_of=fold_of,
        models=models,
        searched=searched,
        recipes=tuple(outcome.recipe for outcome in outcomes),
        drawn=tuple(outcome.drawn for outcome in outcomes),
        verdict=_verdict(spectra, models, searched, closed, seed, draws),
        closed=closed,
    )


def measure(spectra: Spectra) -> str:
    """What the error is called."""
    return "balanced accuracy" if spectra.task.classes else "RMSE"


def _verdict(
    spectra: Spectra, models: Sequence[Unseen], searched: Sequence[float], closed: int, seed: int, draws: int
) -> Verdict:
    shown = figures(spectra.task, [error for model in models[1:] for error in (*model.inner, model.error)])
    network = models[-1]

    def against(one: Unseen, other: Unseen) -> Interval:
        return versus(spectra, one, other, seed, draws)

    used = earned(models, against)
    other = network if 0 < used.rank < network.rank else _best_other(models, used)
    gap = against(network, used) if other is network else against(used, other)
    return Verdict(
        use=used.name,
        sentence=f"{_use(spectra, used, other, gap, shown)} {_promise(spectra, network, shown)}",
        reasons=tuple(_reasons(spectra, (other if used is network else used, network), searched, closed, shown)),
        differences=differences(spectra, models, seed, draws),
    )


def _best_other(models: Sequence[Unseen], used: Unseen) -> Unseen:
    return min((model for model in models if model is not used), key=lambda model: model.error)


def _use(spectra: Spectra, used: Unseen, other: Unseen, gap: Interval, shown: Figures) -> str:
    """What to use; ``gap`` is network minus ``used``, or ``used`` minus ``other`` where no network stands behind."""
    where, name = f"on {_rows(spectra)} that no choice had seen", measure(spectra)
    beside = f"{shown.full(used.error)} against {shown.bare(other.error)} for {_called(other)}"
    if used.rank == 0:
        return (
            f"These spectra do not predict {spectra.task.target}: {where} no model is shown to be better than "
            f"{_called(used)} ({name} {beside})."
        )
    if used.rank > other.rank:
        return f"Use {_called(used)}: {where} its {name} is {beside} ({shown.difference(gap)})."
    relation = _relation(gap, used, "higher" if spectra.task.classes else "lower")
    its = f"the {other.name}'s {shown.full(other.error)}"
    return (
        f"Use {_called(used)}: {where} its {name} of {shown.full(used.error)} is {relation} {its}, and it is simpler "
        f"({shown.difference(gap)})."
    )


def _relation(gap: Interval, used: Unseen, better: str) -> str:
    if gap.low > 0:
        return f"{better} than"
    if gap.value >= 0:
        return "as good as"
    return "nearly as good as" if -gap.value <= WORTH * used.error else "not clearly worse than"


def _promise(spectra: Spectra, model: Unseen, shown: Figures) -> str:
    """Both numbers of a model, and the optimism between them."""
    inner, outer = float(np.mean(model.inner)), float(np.mean(model.outer))
    measured = "a balanced accuracy" if spectra.task.classes else "an RMSE"
    return (
        f"Cross-validation promised {_called(model)} {measured} of {shown.full(inner)}; the rows left out say "
        f"{shown.full(outer)} (means over outer folds): {_optimism(model.optimism, shown)}."
    )


def _optimism(found: Optimism, shown: Figures) -> str:
    value, low, high = (f"{part:+.{shown.decimals}f}" for part in (found.value, found.low, found.high))
    return (
        f"optimism {value}, 95 % interval {low} to {high} over outer folds"
        f"{'' if found.clear else ', so it cannot be told from none'}"
    )


def _reasons(
    spectra: Spectra, pair: tuple[Unseen, Unseen], searched: Sequence[float], closed: int, shown: Figures
) -> list[str]:
    simpler, network = pair
    said = []
    if searched:
        believed = optimism(searched, network.outer)
        said.append(
            f"The lowest error that a search saw was {shown.full(float(np.mean(searched)))} on average: "
            f"{_optimism(believed, shown)}. Trained again with fresh seeds, as it is reported, it was "
            f"{shown.full(float(np.mean(network.inner)))}."
        )
    if simpler.rank > 0:
        said.append(_promise(spectra, simpler, shown))
    if closed:
        said.append(f"The {closed:,} test rows of the file stayed closed and took no part.")
    said.append(
        f"The {len(network.outer)} outer folds share most of their training rows, so an interval over them is a guide: "
        f"no unbiased estimate of the variance of a cross-validated error exists (Bengio & Grandvalet 2004)."
    )
    return said


def _called(model: Unseen) -> str:
    return f"the {model.name}" if model.name in (NETWORK, "mean", "majority class") else model.name


def _rows(spectra: Spectra) -> str:
    within = f" in {np.unique(spectra.groups).size:,} groups" if spectra.grouped else ""
    return f"{len(spectra):,} rows{within}"
