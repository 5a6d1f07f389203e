"""Where the signals come from that members are trained on: held in memory, or prepared on the way.

Prepared spectra are held when they are small. Otherwise raw spectra are read row by row, from
memory or from a file larger than memory, and the recipe's channels are made of each row when its
turn comes: they are never stored side by side.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectune.errors import DataError
from spectune.networks.recipe import Recipe
from spectune.spectra.channels import Channels, Layout
from spectune.training.machine import Machine
from spectune.training.views import Views, prepared, views

Floats = NDArray[np.float32]

PART = 1 << 26
"""Bytes of prepared signals that are looked at together when all rows have to be seen once."""


class Signals(Protocol):
    """Signals of n rows, each (L, C)."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n, L, C)."""

    def take(self, rows: Tensor) -> Tensor:
        """Signals of some rows, (rows, L, C)."""

    def parts(self) -> Iterator[tuple[int, Tensor]]:
        """All rows in order, some at a time: number of the first, and their signals."""


@dataclass(frozen=True, eq=False)
class Held:
    """Prepared signals in memory, (n, L, C)."""

    table: Tensor

    @property
    def shape(self) -> tuple[int, int, int]:
        """See ``Signals.shape``."""
        rows, points, channels = self.table.shape
        return rows, points, channels

    def take(self, rows: Tensor) -> Tensor:
        """See ``Signals.take``."""
        return self.table.index_select(0, rows)

    def parts(self) -> Iterator[tuple[int, Tensor]]:
        """See ``Signals.parts``."""
        step = max(1, PART // (8 * self.table[0].numel()))
        for first in range(0, len(self.table), step):
            yield first, self.table[first : first + step]


@dataclass(frozen=True, eq=False)
class OnTheWay:
    """Raw spectra, (n, points), that are prepared when they are needed.

    A mapped file is not touched through its mapping, which would count as memory, but read.
    """

    x: Floats
    channels: Channels
    layout: Layout

    @cached_property
    def views(self) -> Views:
        """The channels as the core makes them."""
        return views(self.channels, self.layout, self.x.shape[1])

    @cached_property
    def file(self) -> int:
        """Descriptor of the file, or -1 when the spectra lie in memory."""
        return os.open(self._mapped.filename or "", os.O_RDONLY) if isinstance(self.x, np.memmap) else -1

    @property
    def start(self) -> int:
        """Place of the first spectrum in the file; a part of a map says that it begins where the whole does."""
        if not isinstance(self.x, np.memmap):
            return 0
        whole = self.x
        while isinstance(whole.base, np.memmap):
            whole = whole.base
        return int(whole.offset + self.x.ctypes.data - whole.ctypes.data)

    @property
    def shape(self) -> tuple[int, int, int]:
        """See ``Signals.shape``."""
        return len(self.x), *self.views.shape

    def take(self, rows: Tensor) -> Tensor:
        """See ``Signals.take``."""
        if self.file < 0:
            raw = self.x[rows.numpy()]
        else:
            raw = np.empty((rows.numel(), self.x.shape[1]), dtype=np.float32)
            for place, row in enumerate(rows.tolist()):
                self._read(raw[place : place + 1], row)
        return torch.from_numpy(prepared(raw, self.channels, self.layout))

    def parts(self) -> Iterator[tuple[int, Tensor]]:
        """See ``Signals.parts``."""
        rows, points, channels = self.shape
        step = max(1, PART // (8 * points * channels))
        for first in range(0, rows, step):
            raw = np.empty((min(step, rows - first), self.x.shape[1]), dtype=np.float32)
            if self.file < 0:
                raw[:] = self.x[first : first + step]
            else:
                self._read(raw, first)
            yield first, torch.from_numpy(prepared(raw, self.channels, self.layout))

    @property
    def _mapped(self) -> np.memmap[tuple[int, int], np.dtype[np.float32]]:
        assert isinstance(self.x, np.memmap)  # noqa: S101 - only asked for then
        return self.x

    def _read(self, raw: Floats, row: int) -> None:
        if (
            os.preadv(self.file, [raw.reshape(-1).view(np.uint8).data], self.start + row * 4 * raw.shape[1])
            != raw.nbytes
        ):
            raise DataError(f"{self._mapped.filename} ends before spectrum {row + 1}; is it still there and whole?")

    def __del__(self) -> None:
        if self.__dict__.get("file", -1) >= 0:
            os.close(self.file)


def signals(recipe: Recipe, x: Floats, machine: Machine) -> Signals:
    """Signals of a recipe for raw spectra.

    Args:
        recipe: its channels and layout.
        x: raw spectra, (rows, points); a ``numpy.memmap`` stays on its disk.
        machine: how much may be held in memory, in what precision, and threads to prepare it.

    Raises:
        DataError: a mapped file that does not hold plain rows of float32.
    """
    if isinstance(x, np.memmap):
        if x.dtype != np.float32 or not x.flags.c_contiguous or x.ndim != 2 or x.filename is None:
            raise DataError(
                f"mapped spectra must be rows of float32, one behind the other; got {x.dtype} of shape {x.shape}"
            )
        return OnTheWay(x, recipe.channels, recipe.layout)
    program = views(recipe.channels, recipe.layout, x.shape[1])
    if machine.compiled and 4 * len(x) * program.shape[0] * program.shape[1] > machine.memory:
        return OnTheWay(np.ascontiguousarray(x, dtype=np.float32), recipe.channels, recipe.layout)
    return Held(torch.from_numpy(prepared(x, recipe.channels, recipe.layout, machine.threads)).to(machine.dtype))
