"""Spectra with the roles that Passos & Mishra (2022) gave them, and their six blocks.

The published cut of the mango is at random over spectra, although a fruit has two or three of them:
twins stand on both sides, and tuning rows look easier than they are. ``cut_by_group`` cuts whole groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from spectune.errors import DataError
from spectune.spectra.axis import Axis
from spectune.spectra.table import Column, Signal, Table, as_text

Roles = NDArray[np.str_]
Groups = NDArray[np.intp]

PARTS = ("cal", "tuning", "test")
DRY_MATTER, VARIETY = "dry_matter", "variety"
"""Names of the targets."""

ROWS: Mapping[str, tuple[int, int, int]] = {DRY_MATTER: (6_642, 3_272, 1_448), VARIETY: (72_000, 24_000, 39_096)}
"""Calibration, tuning and test rows of the paper, by target."""

TUNING, SEED = 0.33, 42
"""Part of the spectra of the earlier seasons that became tuning rows, and the seed that chose them."""

WINDOW, ORDER = 13, 2
BLOCKS = 6


@dataclass(frozen=True, eq=False)
class Published:
    """Spectra with the roles that the paper gave them.

    Attributes:
        x: raw absorbance, (rows, points).
        y: target in its unit, or the number of the class, (rows,).
        roles: ``cal``, ``tuning`` or ``test``, (rows,).
        axis: positions of the points.
        groups: rows with the same number belong together, (rows,).
        classes: their names; empty for a number.
        source: file, or what was simulated.
        unit: of the target.
        target: its name.
        signal: kind of signal.
        notes: what a reader of results should know, one sentence each.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float64]
    roles: Roles
    axis: Axis
    groups: Groups
    classes: tuple[str, ...] = ()
    source: str = ""
    unit: str = ""
    target: str = DRY_MATTER
    signal: Signal = "absorbance"
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.x.shape[0])


def published_cut(test: NDArray[np.bool_]) -> Roles:
    """Roles by the published cut of what is not the test: at random over rows, 67 to 33, seed 42.

    Raises:
        DataError: no test row, or fewer than three others.
    """
    rows = np.flatnonzero(~test)
    if rows.size < 3 or rows.size == test.size:
        raise DataError(f"expected rows of the test season and three or more others, found {rows.size} of {test.size}")
    roles = np.where(test, "test", "cal").astype("<U6")
    roles[train_test_split(rows, test_size=TUNING, shuffle=True, random_state=SEED)[1]] = "tuning"
    return roles


def cut_by_group(published: Published, seed: int = SEED) -> Published:
    """The same rows, with whole groups as tuning rows: about as many as before, the test as it was.

    Raises:
        DataError: calibration and tuning rows that are all one group.
    """
    rows = np.flatnonzero(published.roles != "test")
    if np.unique(published.groups[rows]).size < 2:
        raise DataError(f"all calibration rows of {published.source} are one group, so none can be cut for tuning")
    cut = GroupShuffleSplit(1, test_size=TUNING, random_state=seed)
    (_, tuning), *_ = cut.split(rows, groups=published.groups[rows])
    roles = np.where(published.roles == "test", "test", "cal").astype("<U6")
    roles[rows[tuning]] = "tuning"
    return replace(published, roles=roles)


def as_table(published: Published) -> Table:
    """Spectra for an ordinary job: it cuts its own folds, so calibration and tuning rows are both ``cal``."""
    names = np.array(published.classes) if published.classes else None
    columns: dict[str, Column] = {
        "group": as_text(published.groups.astype(np.float64)),
        published.target: published.y if names is None else names[published.y.astype(np.intp)],
        "role": published.roles,
        "split": np.where(published.roles == "test", "test", "cal"),
    }
    units = {published.target: published.unit} if published.unit else {}
    beside = (published.source, published.signal, published.notes, units)
    return Table(published.x, published.axis, columns, *beside)


def stacked(x: NDArray[np.floating], chunk: int = 4096) -> NDArray[np.float32]:
    """Six blocks end to end, (rows, 6 points): raw, SNV, both derivatives of raw, both of SNV.

    As published: population deviation, derivatives per point, window 13, order 2, edges by the
    polynomial of the last window.
    """
    made = np.empty((len(x), BLOCKS * x.shape[1]), dtype=np.float32)
    for start in range(0, len(x), chunk):
        raw = np.asarray(x[start : start + chunk], dtype=np.float64)
        spread = raw.std(axis=1, keepdims=True)
        snv = (raw - raw.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
        slopes = [
            savgol_filter(block, WINDOW, ORDER, deriv=deriv, axis=1, mode="interp")
            for block in (raw, snv)
            for deriv in (1, 2)
        ]
        made[start : start + chunk] = np.concatenate([raw, snv, *slopes], axis=1)
    return made


def compared(published: Published) -> Published:
    """With a note where there are not as many rows as in the paper."""
    counts = tuple(int((published.roles == role).sum()) for role in PARTS)
    wanted = ROWS[published.target]
    if counts == wanted:
        return published
    told = [" + ".join(f"{count:,}" for count in some) for some in (counts, wanted)]
    return replace(
        published, notes=(*published.notes, f"calibration, tuning and test rows are {told[0]}, in the paper {told[1]}")
    )
