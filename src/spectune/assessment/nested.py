"""Nested validation: what a search believed, and what rows that it never saw say of it.

A cross-validated error that chose something is the lowest of many looks at the same folds, hence
optimistic. Here an outer split lies around the whole job: in every outer fold everything is chosen
on the outer training rows, and the rows left out are predicted once. Outer minus inner error is
the optimism. Two things pull it down again: models that predict outer rows are fitted on more
rows than those inside, and a network answers as the mean of its members.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from spectune.assessment.intervals import LEVEL, Interval, error_value, paired
from spectune.assessment.outcome import CNN, DENSE, Difference, Judged, Outcome, Output, Verdict
from spectune.assessment.wording import WORTH
from spectune.networks.recipe import Recipe
from spectune.networks.space import Value
from spectune.spectra.spectra import Rows, Spectra

NETWORK = "tuned network"
"""Name of what each outer fold's search led to, with convolution or without."""


@dataclass(frozen=True)
class Optimism:
    """Outer minus inner error, mean over outer folds.

    Attributes:
        value: in the unit of the target, or as a share of balanced accuracy.
        deviation: standard error of ``value`` over outer folds.
        low, high: ends of the 95 % interval by Student's t.
    """

    value: float
    deviation: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


def optimism(inner: Sequence[float], outer: Sequence[float]) -> Optimism:
    """Optimism from the two errors of at least two outer folds.

    >>> optimism((1.0, 2.0, 3.0), (1.5, 2.5, 3.5))
    Optimism(value=0.5, deviation=0.0, low=0.5, high=0.5)
    """
    gap = np.subtract(outer, inner)
    deviation = float(gap.std(ddof=1) / np.sqrt(gap.size))
    half = float(stdtrit(gap.size - 1, (1 + LEVEL) / 2)) * deviation
    value = float(gap.mean())
    return Optimism(value, deviation, value - half, value + half)


@dataclass(frozen=True, eq=False)
class Unseen:
    """One kind of model, judged on rows that took no part in its choice.

    Attributes:
        name, rank: as in ``Judged``; the network that a search led to is called ``NETWORK``.
        output: every row by the model of the outer fold that left it out, (rows[, classes]).
        error: of ``output``, pooled over all rows: RMSE, or 1 - balanced accuracy.
        inner: of each outer fold, the cross-validated error on its training rows.
        outer: of each outer fold, the error on the rows it left out.
        settings: what each outer fold chose, in words.
    """

    name: str
    rank: int
    output: Output
    error: float
    inner: tuple[float, ...]
    outer: tuple[float, ...]
    settings: tuple[str, ...]

    @property
    def optimism(self) -> Optimism:
        """Outer minus inner error over the outer folds."""
        return optimism(self.inner, self.outer)


@dataclass(frozen=True, eq=False)
class Nested:
    """A finished nested validation.

    Attributes:
        spectra: the rows it is about, all with the role ``"cal"``.
        fold_of: for each of them the number of the outer fold that left it out.
        models: every kind of model, simplest first; the tuned network is the last.
        searched: of each outer fold, the lowest cross-validated error any trial of its search had;
            empty for classes, whose search is by log-loss.
        recipes: the network each outer fold chose.
        drawn: its hyperparameters by name.
        verdict: what to use, by rows that no choice had seen; differences are those of the network.
        closed: test rows of the file, which took no part.
    """

    spectra: Spectra
    fold_of: NDArray[np.intp]
    models: tuple[Unseen, ...]
    searched: tuple[float, ...]
    recipes: tuple[Recipe, ...]
    drawn: tuple[Mapping[str, Value], ...]
    verdict: Verdict
    closed: int

    @property
    def outer(self) -> int:
        """Number of outer folds."""
        return len(self.recipes)

    @property
    def network(self) -> Unseen:
        """The tuned network."""
        return self.model(NETWORK)

    def model(self, name: str) -> Unseen:
        """The model of that name."""
        return next(model for model in self.models if model.name == name)


def unseen(spectra: Spectra, outcomes: Sequence[Outcome]) -> tuple[Unseen, ...]:
    """Every kind of model over all outer folds, simplest first.

    ``outcomes`` are runs on the rows of ``spectra``, in their order, that differ in which are test rows;
    together these are all rows, each once.
    """
    return tuple(_pooled(spectra, outcomes, kind) for kind in zip(*map(_kinds, outcomes), strict=True))


def left_out(outcome: Outcome) -> Rows:
    """Row numbers that an outer fold left out: the test rows of its run."""
    return np.flatnonzero(outcome.spectra.roles == "test")


def lowest(outcome: Outcome) -> float:
    """Pooled error of the trial that the search called best."""
    best = min((trial for trial in outcome.trials if trial.value is not None), key=lambda trial: trial.value or 0.0)
    return best.pooled if best.pooled is not None else float("nan")


def differences(spectra: Spectra, models: Sequence[Unseen], seed: int, draws: int = 2000) -> tuple[Difference, ...]:
    """Error of the network minus that of every other model on the same unseen rows."""
    *others, network = models
    found = [(other, versus(spectra, network, other, seed, draws)) for other in others]
    return tuple(Difference(NETWORK, other.name, "test", one.value, one.low, one.high) for other, one in found)


def versus(spectra: Spectra, one: Unseen, other: Unseen, seed: int, draws: int = 2000) -> Interval:
    """Error of ``one`` minus error of ``other`` on all rows, whole groups resampled."""
    outputs = (one.output, other.output)
    return paired(outputs, spectra.y, spectra.groups, len(spectra.task.classes), seed, draws)


def earned(models: Sequence[Unseen], against: Callable[[Unseen, Unseen], Interval]) -> Unseen:
    """The last model that is clearly better than the one that held its place, the simplest first.

    Clearly: the interval of the difference excludes zero, and the gain is worth a more complicated model.
    """
    holder = models[0]
    for model in models[1:]:
        found = against(model, holder)
        if found.high < 0 and -found.value >= WORTH * holder.error:
            holder = model
    return holder


def _kinds(outcome: Outcome) -> list[Judged]:
    """The models of one outer fold, the tuned network last, whatever it is."""
    network = outcome.model(outcome.network)
    simpler = [model for model in outcome.models if model.name not in (CNN, DENSE)]
    rank = max(model.rank for model in outcome.models)
    return [*simpler, replace(network, name=NETWORK, rank=rank, settings=f"{network.name}, {network.settings}")]


def _pooled(spectra: Spectra, outcomes: Sequence[Outcome], kind: Sequence[Judged]) -> Unseen:
    """One kind of model, as every outer fold made it."""
    classes = len(spectra.task.classes)
    output = np.full((len(spectra), classes) if classes else len(spectra), np.nan)
    inner, outer = [], []
    for outcome, model in zip(outcomes, kind, strict=True):
        output[left_out(outcome)] = model.test
        inner.append(error_value(model.validated, outcome.spectra.calibration.y, classes))
        outer.append(error_value(model.test, outcome.spectra.test.y, classes))
    return Unseen(
        kind[0].name,
        kind[0].rank,
        output,
        error_value(output, spectra.y, classes),
        tuple(inner),
        tuple(outer),
        tuple(model.settings for model in kind),
    )
