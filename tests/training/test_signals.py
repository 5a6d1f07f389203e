"""Spectra are the same numbers wherever they lie: held, prepared on the way, mapped, in any order in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from spectune.networks.layers import Dense, Flatten
from spectune.networks.recipe import Recipe, Schedule
from spectune.spectra.channels import parse_channels
from spectune.spectra.folds import Fold
from spectune.spectra.spectra import Task
from spectune.training.fit import fit
from spectune.training.machine import Machine
from spectune.training.native import core

pytestmark = pytest.mark.skipif(core() is None, reason="the compiled core was not built here")

Table = NDArray[np.float32]

TABLES: dict[str, Callable[[Table], NDArray[Any]]] = {
    "rows": lambda x: x,
    "columns": np.asfortranarray,
    "every other row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "double": lambda x: x.astype(np.float64),
}


def spectra() -> Table:
    return np.random.default_rng(3).normal(size=(40, 30)).cumsum(axis=1).astype(np.float32)


def kernels(x: NDArray[Any], machine: Machine) -> torch.Tensor:
    """Weights after two epochs on 30 of the 40 rows."""
    recipe = Recipe(parse_channels("RAW"), (Flatten(), Dense(1)), Schedule(batch=8, epochs=2))
    order, y = np.random.default_rng(4).permutation(40), spectra()[:, 4].astype(np.float64)
    fold = Fold(order[:30], order[30:35], order[35:])
    *_, last = fit(recipe, x, y, Task("t", rows=40, points=30), [fold], [0], machine=machine)
    return last.fitted.stack.kernels


@pytest.mark.parametrize("name", list(TABLES))
@pytest.mark.parametrize("memory", [pytest.param(1 << 30, id="held"), pytest.param(0, id="on the way")])
def test_the_order_of_spectra_in_memory_changes_nothing(name: str, memory: int) -> None:
    """Tables of other programs often come column by column, in double precision, or as a part of a larger one."""
    wanted = kernels(spectra(), Machine("core"))
    assert torch.equal(kernels(TABLES[name](spectra()), Machine("core", memory=memory)), wanted)


def mapped(folder: Path, before: int) -> np.memmap[tuple[int, int], np.dtype[np.float32]]:
    """A mapped file of the spectra with other rows before them, and something else at its head."""
    x = np.concatenate([np.full((before, 30), 7, dtype=np.float32), spectra()])
    (folder / "spectra.bin").write_bytes(bytes(52) + x.tobytes())
    return np.memmap(folder / "spectra.bin", dtype=np.float32, mode="r", offset=52, shape=x.shape)


def test_a_mapped_file_is_the_table_it_maps(tmp_path: Path) -> None:
    assert torch.equal(kernels(mapped(tmp_path, 0), Machine("core")), kernels(spectra(), Machine("core")))


def test_a_part_of_a_mapped_file_is_that_part(tmp_path: Path) -> None:
    part = mapped(tmp_path, 5)[2:][3:]
    np.testing.assert_array_equal(part, spectra())
    assert torch.equal(kernels(part, Machine("core")), kernels(spectra(), Machine("core")))
