"""What an estimator is given, checked and in the words of the package: numbers, seeds, axes, rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import skew
from sklearn.utils import check_consistent_length, check_random_state, column_or_1d

from spectune.errors import DataError, SettingError
from spectune.files.readers.header import longest_run
from spectune.files.readers.units import unit_from_range
from spectune.files.settings import BOUNDS
from spectune.networks.space import Value
from spectune.spectra.axis import UNITS, Axis, Unit
from spectune.spectra.spectra import Spectra, Task

Array = NDArray[np.float64]

SEEDS = BOUNDS["seed"][1]
"""Seeds that are drawn lie below."""

SOURCE = "arrays in memory"
"""Where the spectra of an estimator come from, in words."""


@dataclass(frozen=True)
class Points:
    """The axis of spectra, and whether their columns descend along it."""

    axis: Axis
    descending: bool = False

    def ascending(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Spectra (rows, points) in the order of the axis."""
        return np.ascontiguousarray(x[:, ::-1] if self.descending else x)


def whole(name: str, value: object, least: int) -> int:
    """A whole number from ``least``, also one of NumPy's.

    >>> whole("members", np.int64(5), 1)
    5

    Raises:
        SettingError: anything else.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise SettingError(f"{name} must be a whole number from {least}, got {value!r}")
    return int(value)


def plain(values: Mapping[str, Any]) -> dict[str, Value]:
    """Values by name, those of NumPy as Python's own.

    >>> plain({"rate": np.float64(0.001), "batch": 64})
    {'rate': 0.001, 'batch': 64}

    Raises:
        SettingError: a value that is no flag, number or word.
    """
    made = {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}
    for name, value in made.items():
        if not isinstance(value, bool | int | float | str):
            raise SettingError(f"{name} must be a flag, a number or a word, got {value!r}")
    return made


def seed_of(random_state: object) -> int:
    """The seed that a ``random_state`` stands for: a whole number for itself, else one is drawn."""
    stream = check_random_state(random_state)
    return int(random_state) if isinstance(random_state, Integral) else int(stream.randint(SEEDS))


def points_of(wavelengths: ArrayLike | None, unit: Unit | None, names: ArrayLike | None, count: int) -> Points:
    """The axis of ``count`` points: from ``wavelengths``, from names that are numbers, or 0, 1, 2, ...

    Names such as ``1100``, ``X1100.5`` or ``1100 nm`` count when all of them are of one kind and
    rise or fall throughout. A ``unit`` that is neither given nor in the names is judged from the range.

    >>> points_of([2500.0, 2498.0, 2496.0], "nm", None, 3)
    Points(axis=Axis(values=(2496.0, 2498.0, 2500.0), unit='nm'), descending=True)

    Raises:
        DataError: wavelengths that do not fit the spectra, or neither rise nor fall.
        SettingError: a unit that is none.
    """
    if unit is not None and unit not in UNITS:
        raise SettingError(f"unit must be one of {', '.join(UNITS)}, got {unit!r}")
    if wavelengths is not None:
        given = np.asarray(wavelengths, dtype=np.float64)
        if given.shape != (count,):
            raise DataError(f"wavelengths must be {count} numbers, one for each column of X, got shape {given.shape}")
        return _along(given, unit)
    run = None if names is None else longest_run([str(name) for name in np.asarray(names)])
    if run is None or len(run) != count or run.fault is not None:
        return _along(np.arange(count, dtype=np.float64), unit)
    return _along(run.positions, unit or run.unit)


def spectra_of(
    x: NDArray[np.float32], y: Array, points: Points, classes: Sequence[str], groups: ArrayLike | None
) -> Spectra:
    """Arrays as calibration spectra: columns in the order of the axis, rows of equal groups together.

    Raises:
        DataError: groups that are not one label a row, or only one group.
    """
    count = len(y)
    roles, ids = np.full(count, "cal"), np.arange(1, count + 1).astype(np.str_)
    task = _task(y, x.shape[1], tuple(classes))
    return Spectra(points.ascending(x), points.axis, y, task, ids, _groups(groups, y), roles, SOURCE)


def _task(y: Array, points: int, classes: tuple[str, ...]) -> Task:
    if classes:
        return Task("y", "", classes, y.size, points)
    return Task("y", "", (), y.size, points, float(skew(y)) if np.ptp(y) else 0.0, bool((y > 0).all()))


def _along(positions: Array, unit: Unit | None) -> Points:
    falls = bool(positions[0] > positions[-1])
    ordered = positions[::-1] if falls else positions
    return Points(Axis(tuple(ordered.tolist()), unit or unit_from_range(positions)), falls)


def _groups(groups: ArrayLike | None, y: Array) -> NDArray[np.intp]:
    if groups is None:
        return np.arange(len(y))
    labels = column_or_1d(groups)
    check_consistent_length(labels, y)
    numbers = np.unique(labels, return_inverse=True)[1]
    if numbers.max() == 0:
        raise DataError("all rows belong to one group, so no tuning rows can be cut; give groups that differ")
    return np.asarray(numbers, dtype=np.intp)
