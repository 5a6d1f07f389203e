"""Intervals and sets that hold the true value with a stated frequency, from cross-validated residuals.

Every calibration row was predicted by members that never saw it, so its residual is one of the
kind that new rows will have. An interval is the prediction with room for all but the largest of them
on either side. Three things are to be known about the frequency:

* It is that of new groups (samples) like those of the calibration, taken together. It is promised
  neither for every single sample nor for another product, instrument or year.
* Rows of one group are not independent. Each group weighs the same whatever its number of rows, and
  groups are counted, not rows (Lee, Barber and Willett 2023, Distribution-free inference with
  hierarchical data). Without groups the room is the ceil((n + 1) level)-th smallest of n residuals.
* Residuals come from the networks of several folds, as in the CV+ of Barber, Candes, Ramdas and
  Tibshirani (2021, Predictive inference with the jackknife+), for whom 2 level - 1 is what can be
  proven and the level is what is found. Here the mean of all members answers, which errs less than
  the members of one fold; against that, a search chose the recipe on the same folds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spectune.errors import SettingError
from spectune.networks.recipe import Transform
from spectune.training.scaling import TargetScaling, target_scaling

Array = NDArray[np.float64]
Numbers = NDArray[np.intp] | NDArray[np.float64]
Kind = Literal["constant", "scaled", "sets"]

LEVEL = 0.9
"""Frequency that is promised where nothing else is asked for."""

STABILISERS = (0.5, 1.0, 2.0, 4.0)
"""What is added to the spread of the members, in medians of it."""

WORTH = 0.05
"""Share of the usual width that another kind of interval has to save on calibration rows to be taken."""

SLACK = 1e-9
"""Rounding by which sums of shares, levels and probabilities may fall short."""


@dataclass(frozen=True, eq=False)
class Conformal:
    """What makes an interval of a prediction, or a set of classes.

    Attributes:
        level: promised frequency.
        kind: ``constant``, the same room for every row; ``scaled``, in proportion to the spread of
            the members plus ``stabiliser``; ``sets`` of classes.
        scores: of the calibration rows, ascending, (rows,): residuals on the scale of ``transform``
            (over spread plus stabiliser if scaled), or 1 - probability of the true class.
        shares: of each score, 1 / rows of its group, (rows,).
        groups: independent groups; rows where none are known.
        folds: the members are this many to a seed, in the order of the folds; 0 where none was held out.
        transform, constant: scale on which the room is the same above and below, as in ``TargetScaling``.
    """

    level: float
    kind: Kind
    scores: Array
    shares: Array
    groups: int
    folds: int = 0
    transform: Transform = "none"
    constant: float = 1.0
    stabiliser: float = 0.0

    @property
    def rows(self) -> int:
        """Calibration rows behind it."""
        return int(self.scores.size)

    @property
    def quantity(self) -> float:
        """The room on either side, on the scale of the scores; 1 - the least probability for sets."""
        place = np.searchsorted(np.cumsum(self.shares), self.level * (self.groups + 1) - SLACK)
        return float(self.scores[min(int(place), self.rows - 1)])


def regression_interval(
    y: Array, held_out: Array, groups: Numbers, folds: int = 0, transform: Transform = "none"
) -> Conformal:
    """The narrowest kind of interval on calibration rows, at the usual level; constant unless another is worth it.

    The room may be constant in the unit of the target, constant on the scale a skewed target is trained
    on (square root or logarithm), or grow with the spread of the members.

    Args:
        y: measured target, (rows,).
        held_out: answers of members that did not see the row, one for each seed, (seeds, rows).
        groups: rows with the same number belong together, (rows,).
        folds: members to a seed.
        transform: that of the recipe.
    """
    usual, *rivals = interval_kinds(y, held_out, groups, folds, transform)
    best = min([usual, *rivals], key=lambda one: _width(one, held_out))
    return best if _width(best, held_out) <= (1 - WORTH) * _width(usual, held_out) else usual


def interval_kinds(
    y: Array, held_out: Array, groups: Numbers, folds: int = 0, transform: Transform = "none"
) -> tuple[Conformal, ...]:
    """Every kind of interval that there can be, the constant one first; arguments as of ``regression_interval``.

    Of those that grow with the spread, the one whose stabiliser makes it narrowest on calibration rows.
    """
    usual = Conformal(LEVEL, "constant", y, y, 0, folds)
    made = [_scored(usual, y, held_out, groups)]
    if transform in ("sqrt", "log"):
        trained = replace(usual, transform=transform, constant=target_scaling(y, transform).constant)
        made.append(_scored(trained, y, held_out, groups))
    if len(held_out) > 1 and folds:
        typical = float(np.median(held_out.std(axis=0))) or 1.0
        drafts = [replace(usual, kind="scaled", stabiliser=times * typical) for times in STABILISERS]
        scaled = [_scored(draft, y, held_out, groups) for draft in drafts]
        made.append(min(scaled, key=lambda one: _width(one, held_out)))
    return tuple(made)


def class_sets(y: Array, probabilities: Array, groups: Numbers) -> Conformal:
    """Sets of the classes that are probable enough, at the usual level.

    Least ambiguous sets (Sadinle, Lei and Wasserman 2019): no others that hold the true class as often
    have fewer classes.

    Args:
        y: number of the true class, (rows,).
        probabilities: of members that did not see the row, (rows, classes).
        groups: rows with the same number belong together, (rows,).
    """
    return _ranked(Conformal(LEVEL, "sets", y, y, 0), 1 - probabilities[np.arange(y.size), y.astype(int)], groups)


def at_level(conformal: Conformal, level: float) -> Conformal:
    """The same at another level.

    Raises:
        SettingError: a level outside 0 to 1, or one that so few groups cannot support.
    """
    if not 0 < level < 1:
        raise SettingError(f"the level of an interval lies between 0 and 1, such as 0.9, got {level:g}")
    largest = _largest(conformal.groups)
    if level > largest + SLACK:
        needed = ceil(round(level / (1 - level), 6))
        raise SettingError(
            f"an interval of level {level:g} needs {needed} independent calibration samples and there are "
            f"{conformal.groups}; the largest level they support is {floor(1000 * largest) / 1000:g}"
        )
    return replace(conformal, level=level)


def ends(conformal: Conformal, members: Array) -> tuple[Array, Array]:
    """Lower and upper ends in the unit of the target, each (rows,), for answers of the members (members, rows)."""
    spread = np.zeros(members.shape[1])
    if conformal.kind == "scaled":
        spread = spread_within(members, conformal.folds)
    return _ends(conformal, members.mean(axis=0), spread)


def chosen_sets(conformal: Conformal, probabilities: Array) -> NDArray[np.bool_]:
    """Which classes are in the set of each row, (rows, classes); the most probable one always is."""
    probable = probabilities >= 1 - conformal.quantity - SLACK
    probable[np.arange(len(probable)), probabilities.argmax(axis=1)] = True
    return np.asarray(probable)


def spread_within(members: Array, folds: int) -> Array:
    """Deviation between the seeds of a fold, as root of the mean square over folds, (rows,).

    That is what the members who held a calibration row out can be compared by; between folds, members
    differ by their rows too.
    """
    seeds = members.reshape(-1, folds, members.shape[1])
    return np.asarray(np.sqrt(seeds.var(axis=0).mean(axis=0)))


def covered(y: Array, found: tuple[Array, Array]) -> NDArray[np.bool_]:
    """Which values lie between the ends, these included, (rows,)."""
    return np.asarray((y >= found[0]) & (y <= found[1]))


def members_held_out(members: Array, fold_of: NDArray[np.intp]) -> Array:
    """Answers of the members that held each row out, (seeds, rows) or (seeds, rows, classes).

    ``members`` are as many as there are folds for each seed, in the order of the folds.
    """
    folds = int(fold_of.max()) + 1
    seeds = members.reshape(-1, folds, *members.shape[1:])
    return np.asarray(seeds[:, fold_of, np.arange(fold_of.size)])


def level_words(level: float) -> str:
    """A level in per cent.

    >>> level_words(0.9), level_words(0.995)
    ('90', '99.5')
    """
    return f"{100 * level:.4g}"


def weighted_shares(groups: Numbers) -> tuple[Array, int]:
    """Share of each row in its group, (rows,), and the number of groups."""
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return 1.0 / sizes[group], int(sizes.size)


def _scored(draft: Conformal, y: Array, held_out: Array, groups: Numbers) -> Conformal:
    centre, scale = held_out.mean(axis=0), _scale(draft)
    room = np.abs(scale.forward(y) - scale.forward(_taken(draft, centre)))
    if draft.kind == "scaled":
        room = room / (held_out.std(axis=0) + draft.stabiliser)
    return _ranked(draft, room, groups)


def _ranked(draft: Conformal, scores: Array, groups: Numbers) -> Conformal:
    """With these scores; at a lower level than the usual where groups are too few for it."""
    order = np.argsort(scores, kind="stable")
    shares, count = weighted_shares(groups)
    level = min(draft.level, floor(100 * _largest(count)) / 100)
    return replace(draft, scores=scores[order], shares=shares[order], groups=count, level=level)


def _ends(conformal: Conformal, centre: Array, spread: Array) -> tuple[Array, Array]:
    scale, room = _scale(conformal), np.full(centre.size, conformal.quantity)
    if conformal.kind == "scaled":
        room *= spread + conformal.stabiliser
    middle = scale.forward(_taken(conformal, centre))
    low, high = scale.inverse(middle - room), scale.inverse(middle + room)
    return np.minimum(_taken(conformal, low), centre), np.maximum(high, centre)


def _width(conformal: Conformal, held_out: Array) -> float:
    """Mean width on the rows it was made from."""
    low, high = _ends(conformal, held_out.mean(axis=0), held_out.std(axis=0))
    return float(np.mean(high - low))


def _scale(conformal: Conformal) -> TargetScaling:
    return TargetScaling(conformal.transform, conformal.constant)


def _taken(conformal: Conformal, centre: Array) -> Array:
    """Values that the transform takes: none below zero but on the scale of the unit."""
    return centre if conformal.transform == "none" else np.maximum(centre, 0.0)


def _largest(groups: int) -> float:
    return groups / (groups + 1)
