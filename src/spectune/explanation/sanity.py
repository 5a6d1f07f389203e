"""Whether an explanation tells of the model: the randomised-weights check of Adebayo et al. (2018).

The trained network's maps are compared with those of the same network whose last layer, or all of
whose layers, have freshly drawn weights. A map that stays as it was does not depend on what was
learned: an explanation that survives randomised weights explains the data, not the model. How like
the maps of two trained members are stands beside it: no explanation is more certain than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor

from spectune.explanation.attribution import Method, Subject, maps
from spectune.explanation.module import Network, single
from spectune.networks.layers import shapes
from spectune.training.build import begin
from spectune.training.fit import Fitted
from spectune.training.members import Stack, slots

Array = NDArray[np.float64]

Fresh = Literal["last layer fresh", "all layers fresh"]
FRESH: tuple[Fresh, ...] = get_args(Fresh)

Tells = Literal["the model", "the data", "chance"]
"""What maps are about: what was learned, the spectra alone, or which member is asked."""

SURVIVES = 0.5
"""Rank correlation from which a map counts as unmoved when all weights are fresh."""


@dataclass(frozen=True)
class Survival:
    """How like the trained network's maps others are.

    Attributes:
        method: whose maps.
        beside: what they are compared with.
        correlations: mean over rows of Spearman's rank correlation of absolute maps, a value for each
            member; not-a-number where a map is the same everywhere.
    """

    method: Method
    beside: Literal["another member"] | Fresh
    correlations: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over members that have maps."""
        known = [value for value in self.correlations if np.isfinite(value)]
        return float(np.mean(known)) if known else float("nan")

    @property
    def spread(self) -> float:
        """Deviation over members that have maps."""
        known = [value for value in self.correlations if np.isfinite(value)]
        return float(np.std(known)) if known else float("nan")


def survivals(
    fitted: Fitted, asked: Subject, outputs: Sequence[int], methods: Sequence[Method], seed: int
) -> Iterator[Survival]:
    """Every method beside another member, with the last layer fresh, and with all layers fresh.

    Args:
        fitted: the trained members.
        asked: rows to be explained.
        outputs: the class asked about, of each row; 0 for a numeric target.
        methods: that can explain the network.
        seed: of the fresh weights, from which each member gets a stream of its own.
    """
    members = list(single(fitted))
    wanted = np.asarray(outputs)
    for method in methods:
        known = [_of_each_row(method, member, asked, wanted) for member in members]
        yield Survival(method, "another member", _between(known))
        for fresh in FRESH:
            drawn = [randomised(member, fresh, seed + place) for place, member in enumerate(members)]
            found = [_of_each_row(method, member, asked, wanted) for member in drawn]
            alike = [_likeness(one, other) for one, other in zip(known, found, strict=True)]
            yield Survival(method, fresh, tuple(alike))


def tells(found: Sequence[Survival]) -> Tells:
    """What a method's maps are about, from how they fared.

    Of the data, if they survive fresh weights in all layers; of chance, if two trained members agree no more than a
    trained and a fresh one do, or if there are no maps to compare.
    """
    known = {one.beside: one.mean for one in found}
    fresh, between = known["all layers fresh"], known["another member"]
    if fresh >= SURVIVES:
        return "the data"
    return "chance" if between <= fresh or np.isnan(fresh) else "the model"


def randomised(member: Fitted, which: Fresh, seed: int) -> Fitted:
    """A member with fresh weights, as a training of its recipe would begin; scalings stay."""
    stack, recipe = member.stack, member.recipe
    stream = torch.Generator().manual_seed(seed)
    drawn = begin(stack.layers, stack.shape, [stream], stack.kernels.dtype, recipe.gain, recipe.start)
    if which == "all layers fresh":
        return replace(member, stack=drawn)
    kernels, others = _last_sizes(stack)
    tails = _joined(stack.kernels, drawn.kernels, kernels), _joined(stack.others, drawn.others, others)
    return replace(member, stack=replace(stack, kernels=tails[0], others=tails[1]))


def rank_correlation(one: Array, other: Array) -> Array:
    """Spearman's rank correlation of rows, (rows,); not-a-number where a row is the same everywhere."""
    left, right = (rankdata(values, axis=1) for values in (one, other))
    left, right = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (left, right))
    size = np.sqrt((left**2).sum(axis=1) * (right**2).sum(axis=1))
    with np.errstate(invalid="ignore"):
        return np.asarray((left * right).sum(axis=1) / np.where(size > 0, size, np.nan))


def _of_each_row(method: Method, member: Fitted, asked: Subject, outputs: NDArray[np.intp]) -> Array:
    """Absolute maps of the rows, blocks added up, each for its own class, (rows, points)."""
    network = Network(member)
    made = np.empty(asked.x.shape)
    for output in np.unique(outputs):
        rows = np.flatnonzero(outputs == output)
        made[rows] = np.abs(maps(method, network, asked.rows(rows), int(output)).sum(axis=1))
    return np.nan_to_num(made)


def _between(maps: Sequence[Array]) -> tuple[float, ...]:
    """Of each member the mean likeness to the others; of one alone nothing."""
    count = len(maps)
    alike = np.full((count, count), np.nan)
    for one, other in combinations(range(count), 2):
        alike[one, other] = alike[other, one] = _likeness(maps[one], maps[other])
    return tuple(float(row[np.isfinite(row)].mean()) for row in alike if np.isfinite(row).any())


def _likeness(one: Array, other: Array) -> float:
    found = rank_correlation(one, other)
    known = found[np.isfinite(found)]
    return float(known.mean()) if known.size else float("nan")


def _last_sizes(stack: Stack) -> tuple[int, int]:
    """Numbers of the last layer with weights: how many L2 pulls on, and how many others."""
    for place in reversed(range(len(stack.layers))):
        before = shapes(stack.layers[:place], stack.shape)[-1] if place else stack.shape
        own = slots(stack.layers[place : place + 1], before)
        if own:
            kernels = sum(slot.size for slot in own if slot.penalised)
            return kernels, sum(slot.size for slot in own) - kernels
    raise AssertionError("a network has a layer with weights")


def _joined(trained: Tensor, fresh: Tensor, count: int) -> Tensor:
    """The first numbers of the trained weights, and the last ``count`` fresh ones."""
    place = trained.shape[1] - count
    return torch.cat([trained[:, :place], fresh[:, place:]], dim=1)
