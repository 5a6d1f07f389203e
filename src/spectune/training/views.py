"""Channels as a program for the compiled core, which prepares raw spectra row by row, on the way.

``spectra/steps.py`` says what the steps mean; the core does them in ``core/views.h``. Channels that
begin alike share their first steps. Coefficients come from the same SciPy and NumPy calls as there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spectune.errors import DataError, RunError
from spectune.spectra.channels import Channel, Channels, Layout, prepare, prepared_shape
from spectune.spectra.steps import (
    SNV,
    Absorbance,
    Bin,
    Decimate,
    Detrend,
    Maximum,
    Reflectance,
    SavGol,
    Step,
    apply,
    points_after,
    polynomials,
)
from spectune.training.native import core

KINDS = ("absorbance", "reflectance", "snv", "maximum", "detrend", "savgol", "bin", "decimate", "write")
"""Steps by their number in ``core/views.h``; the last one brings a channel to where the network reads it."""

SLACK = 8
"""Numbers that whole vectors of the core may read past an end, as in ``core/views.h``."""

VIEW = np.dtype([(name, np.int64) for name in ("kind", "from", "to", "points", "size", "place")])
"""A step, as ``View`` in ``core/views.h``."""

Pool = NDArray[np.float64]


class ViewsStruct(ctypes.Structure):
    """``Views`` of ``core/views.h``."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("points", "steps", "buffers", "channels", "numbers")),
        *((name, ctypes.c_void_p) for name in ("step", "pool", "fault")),
    )


PREPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)
"""``spectune_prepare`` of ``core/views.h``."""


@dataclass(frozen=True, eq=False)
class Views:
    """A program that makes the signal of a network from raw spectra.

    Attributes:
        points: numbers of a raw spectrum.
        shape: (points, channels) of what the network receives.
        woven: channels that the core puts side by side, 1 for blocks end to end.
        buffers: rooms for a spectrum that the steps need.
        steps: as ``View`` in ``core/views.h``.
        pool: coefficients of filters and bases.
    """

    points: int
    shape: tuple[int, int]
    woven: int
    buffers: int
    steps: NDArray[np.void]
    pool: Pool

    def struct(self, fault: Pool) -> ViewsStruct:
        """The program as the core reads it; this object and ``fault`` (row, point, value) must outlive it."""
        numbers = self.shape[0] * self.shape[1]
        places = (array.ctypes.data for array in (self.steps, self.pool, fault))
        return ViewsStruct(self.points, self.steps.size, self.buffers, self.woven, numbers, *places)


@dataclass(eq=False)
class _Draft:
    """What is known so far while channels are walked."""

    buffers: int = 1
    steps: list[tuple[int, ...]] = field(default_factory=list)
    pool: list[Pool] = field(default_factory=list)

    def step(self, step: Step, source: int, target: int, points: int) -> None:
        """Notes a step from one buffer to another."""
        size, numbers = _numbers(step, points)
        place = sum(part.size for part in self.pool)
        self.steps.append((KINDS.index(step.kind), source, target, points, size, place))
        self.pool.append(numbers)
        self.buffers = max(self.buffers, target + 1)


def views(channels: Channels, layout: Layout, points: int) -> Views:
    """The program of channels for raw spectra of ``points`` points.

    Raises:
        SettingError: channels that do not fit together, or a filter that does not fit the points.
    """
    shape = prepared_shape(channels, layout, points)
    draft = _Draft()
    places = np.cumsum([0, *(points_after(channel, points) for channel in channels)]).tolist()
    _branch(draft, list(zip(places, channels, strict=False)), 0, points)
    return Views(
        points=points,
        shape=(shape[1], shape[0]),
        woven=len(channels) if layout == "channels" else 1,
        buffers=draft.buffers,
        steps=np.array(draft.steps, dtype=VIEW),
        pool=np.concatenate([*draft.pool, np.zeros(SLACK)]),
    )


def prepared(x: NDArray[np.float32], channels: Channels, layout: Layout, threads: int = 1) -> NDArray[np.float32]:
    """What ``prepare`` gives, (rows, points, channels) float32: by the core, or by ``prepare`` without one.

    Args:
        x: raw spectra, (rows, points); may lie in a mapped file.
        channels: what to make of them.
        layout: side by side or end to end.
        threads: among which rows are shared out.

    Raises:
        DataError: absorbance of a value that is not above zero.
        SettingError: as ``views``.
        RunError: there is no memory for the work.
    """
    library = core()
    if library is None:
        return prepare(x, channels, layout)
    program = views(channels, layout, x.shape[1])
    raw = np.ascontiguousarray(x, dtype=np.float32)
    made = np.empty((len(raw), *program.shape), dtype=np.float32)
    fast = PREPARE(("spectune_prepare", library))
    cuts = np.linspace(0, len(raw), threads + 1).astype(int).tolist()
    faults = np.zeros((threads, 3))

    def part(thread: int) -> int:
        first, last, struct = cuts[thread], cuts[thread + 1], program.struct(faults[thread])
        return int(fast(ctypes.addressof(struct), raw[first:].ctypes.data, last - first, made[first:].ctypes.data))

    with ThreadPoolExecutor(threads) as pool:
        codes = list(pool.map(part, range(threads)))
    _check(codes, faults, cuts)
    return made


def _check(codes: Sequence[int], faults: Pool, cuts: Sequence[int]) -> None:
    for code, (row, point, value), first in zip(codes, faults, cuts, strict=False):
        if code == 1:
            raise DataError(
                f"absorbance log10(1/R) needs values above zero, but spectrum {first + row + 1:.0f} has "
                f"{value:g} at point {point + 1:.0f}; is the signal already absorbance?"
            )
        if code:
            raise RunError("there is not enough memory for a single spectrum")


def _branch(draft: _Draft, rests: Sequence[tuple[int, Channel]], buffer: int, points: int) -> None:
    """Channels that have begun alike, and so far lie in ``buffer``: the rest of each, and where it goes.

    The last step that needs the buffer works in its place if it can.
    """
    write = KINDS.index("write")
    draft.steps += [(write, buffer, place, points, 0, 0) for place, rest in rests if not rest]
    heads = list(dict.fromkeys(rest[0] for _, rest in rests if rest))
    for head in heads:
        in_place = head is heads[-1] and not isinstance(head, SavGol | Bin | Decimate)
        target = buffer if in_place else buffer + 1
        draft.step(head, buffer, target, points)
        tails = [(place, rest[1:]) for place, rest in rests if rest and rest[0] == head]
        _branch(draft, tails, target, points_after([head], points))


def _numbers(step: Step, points: int) -> tuple[int, Pool]:
    """Size of a step (window, width of a bin, vectors of a basis) and its coefficients."""
    match step:
        case Absorbance() | Reflectance() | SNV() | Maximum():
            return 0, np.zeros(0)
        case Detrend(degree):
            basis = polynomials(degree, points).T
            return len(basis), basis.ravel()
        case SavGol():
            return _filter(step, points)
        case Bin(width) | Decimate(width):
            return width, np.zeros(0)


def _filter(step: SavGol, points: int) -> tuple[int, Pool]:
    """Window of a filter, and its coefficients: inside, then a matrix for either end.

    The filter is linear: what it makes of unit vectors of just its window holds all of them.
    """
    apply([step], np.zeros((1, points)))  # says what is wrong if it does not fit
    window = min(step.window, points - 1 + points % 2)
    half = window // 2
    made = apply([step], np.eye(window))
    ends = np.zeros((2, window, -(-half // SLACK) * SLACK))
    ends[0, :, :half], ends[1, :, :half] = made[:, :half], made[:, window - half :]
    return window, np.concatenate([made[:, half], ends.ravel()])
