"""Folds: which rows train, which stop the training, and which score.

Three roles in every fold. The network is fitted on ``train``, its best epoch is chosen on
``tuning`` (cut from the training part), and ``scored`` is looked at only to report an error.
Groups never stand on two sides.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
)

from spectune.errors import DataError
from spectune.spectra.spectra import Rows, Spectra

TUNING_PART = 1 / 8
"""Part of a fold's training rows on which the best epoch is chosen."""


@dataclass(frozen=True, eq=False)
class Fold:
    """Row numbers of one fold, disjoint; ``scored`` is empty for a refit on all rows."""

    train: Rows
    tuning: Rows
    scored: Rows


def folds(spectra: Spectra, k: int, seed: int) -> tuple[Fold, ...]:
    """``k`` folds over all rows of ``spectra``, shuffled by ``seed``, groups kept together.

    Classes are spread evenly over folds as far as groups allow.

    Raises:
        DataError: fewer rows (or groups) than folds, or a class with fewer than two of them.
    """
    count = np.unique(spectra.groups).size
    if k < 2:
        raise DataError(f"cross-validation needs at least 2 folds, got {k}")
    if count < k:
        what = "groups" if spectra.grouped else "rows"
        raise DataError(
            f"{k} folds need at least {k} {what}, but only {count} are there for calibration; use fewer folds"
        )
    _check_classes(spectra, "cross-validation")
    made = []
    for inner_seed, (rest, scored) in enumerate(_outer(spectra, k, seed)):
        train, tuning = cut(spectra.rows(rest), TUNING_PART, seed + 1000 + inner_seed)
        made.append(Fold(rest[train], rest[tuning], scored))
    return tuple(made)


def cut(spectra: Spectra, part: float, seed: int) -> tuple[Rows, Rows]:
    """Row numbers of a larger and a smaller share (``part`` of the rows), groups kept together.

    Used for tuning rows inside a fold and for a test set where the user names none.
    Every class with at least three groups gives its part, at least one group; rarer classes stay
    whole in the larger share (where all are rare, the most frequent one gives a group).
    """
    if spectra.task.classes:
        share = _class_share(spectra, part, np.random.default_rng(seed))
        return np.setdiff1d(np.arange(len(spectra)), share), share
    splitter = GroupShuffleSplit if spectra.grouped else ShuffleSplit
    made = splitter(1, test_size=max(part, 1.5 / len(spectra)), random_state=seed)
    rest, share = next(made.split(spectra.x, spectra.y, spectra.groups if spectra.grouped else None))
    return np.sort(rest), np.sort(share)


def _class_share(spectra: Spectra, part: float, random: np.random.Generator) -> Rows:
    """Rows of about ``part`` of the groups of every class that has three or more."""
    groups, first = np.unique(spectra.groups, return_index=True)
    labels = spectra.y[first]
    classes = [random.permutation(groups[labels == label]) for label in np.unique(labels)]
    shares = [members[: max(1, round(part * members.size))] for members in classes if members.size >= 3]
    chosen = np.concatenate(shares) if shares else max(classes, key=len)[:1]
    return np.flatnonzero(np.isin(spectra.groups, chosen))


def refit_fold(spectra: Spectra, seed: int) -> Fold:
    """All rows for one last training: nothing is scored, an eighth still chooses the epoch."""
    train, tuning = cut(spectra, TUNING_PART, seed)
    return Fold(train, tuning, np.empty(0, dtype=np.intp))


def _outer(spectra: Spectra, k: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Rest and share of every fold; classes are spread over folds by whole groups."""
    rows = np.arange(len(spectra))
    if spectra.task.classes:
        groups, first = np.unique(spectra.groups, return_index=True)
        labels = spectra.y[first]
        if np.unique(labels, return_counts=True)[1].max() < k:
            what = "groups" if spectra.grouped else "rows"
            raise DataError(f"{k} folds need a class with at least {k} {what}; use fewer folds")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            made = list(StratifiedKFold(k, shuffle=True, random_state=seed).split(groups, labels))
        shares = [rows[np.isin(spectra.groups, groups[chosen])] for _, chosen in made]
    elif spectra.grouped:
        shares = [
            share for _, share in GroupKFold(k, shuffle=True, random_state=seed).split(rows, groups=spectra.groups)
        ]
    else:
        shares = [share for _, share in KFold(k, shuffle=True, random_state=seed).split(rows)]
    for share in shares:
        yield np.setdiff1d(rows, share), np.sort(share)


def _check_classes(spectra: Spectra, purpose: str) -> None:
    for label, name in enumerate(spectra.task.classes):
        size = np.unique(spectra.groups[spectra.y == label]).size
        if size < 2:
            what = "group" if spectra.grouped else "row"
            raise DataError(
                f"class {name!r} of {spectra.task.target!r} has {size} calibration {what}{'' if size == 1 else 's'}, "
                f"but {purpose} needs at least 2; leave the class out with --where, or measure more"
            )
