"""What computes the answers of the members: ONNX Runtime where it can, else spectune itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from torch.onnx import OnnxExporterError

from spectune.errors import DataError
from spectune.export.checking import misfit, session_of
from spectune.export.graph import INPUT, onnx_bytes
from spectune.files.models import Model
from spectune.predictions import Predictions
from spectune.spectra.interpolation import table_on_axis
from spectune.spectra.select import row_ids
from spectune.spectra.table import Table
from spectune.training.fit import Fitted, answers, signal

Matrix = NDArray[np.float32]
Array = NDArray[np.float64]

NEEDED = ("onnx", "onnxscript", "onnxruntime")
"""Packages that ONNX Runtime's answers need here."""

CLOSE = 1e-5
"""Largest difference from spectune's own answers, as a part of the target's spread, with which a graph serves."""


@dataclass(frozen=True, eq=False)
class Engine:
    """What computes.

    Attributes:
        name: of the library, with its version.
        words: why this one, and how close it is to spectune itself.
        members: raw spectra (rows, points), and what the network receives of them (rows, L, C), to the
            answers of every member, as ``training.fit.answers`` gives them.
    """

    name: str
    words: str
    members: Callable[[Matrix, Matrix], Array]


def engine_for(model: Model, sample: Matrix, spread: float) -> Engine:
    """ONNX Runtime, where it is installed and answers as the model does; else spectune itself.

    Args:
        model: what is served.
        sample: raw spectra on which both are compared, (rows, points).
        spread: standard deviation of the target; 1 for classes.
    """
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        return own(model.fitted, f"{' and '.join(absent)} cannot be imported here")
    try:
        graph = onnx_bytes(model.fitted)
    except OnnxExporterError as error:
        return own(model.fitted, f"the network cannot be written as a graph ({str(error).splitlines()[0][:120]})")
    found = misfit(graph, model.fitted, sample, spread)
    if not found <= CLOSE:
        return own(model.fitted, f"the graph differs from it by up to {found:.1g} of the target's spread")
    what = "of the target's spread" if model.task.regression else "in probability"
    return Engine(
        f"onnxruntime {version('onnxruntime')}",
        f"as spectune itself to {found:.1g} {what}, tried on {len(sample)} calibration spectra",
        _members(graph),
    )


def own(fitted: Fitted, reason: str) -> Engine:
    """Spectune itself, and why."""
    return Engine(
        f"torch {version('torch')}", f"spectune itself, since {reason}", lambda _, seen: answers(fitted, seen)
    )


@dataclass(frozen=True, eq=False)
class Ready:
    """Spectra on the axis of a model, and what its network receives of them, (rows, L, C)."""

    table: Table
    prepared: Matrix

    def __len__(self) -> int:
        return len(self.table)

    def rows(self, rows: slice) -> Ready:
        """Some of them, with the names they have among all."""
        table = self.table
        return Ready(Table(table.x[rows], table.axis, {"id": row_ids(table)[rows]}), self.prepared[rows])


def ready(model: Model, table: Table) -> Ready:
    """A table on the axis of the model, looked at and prepared.

    Raises:
        DataError: spectra that do not reach over the axis, or of which the preprocessing makes no number.
    """
    moved = table_on_axis(table, model.axis)
    model.check(moved)
    with np.errstate(all="ignore"):
        prepared = signal(model.fitted, moved.x)
    usable = np.isfinite(prepared).all(axis=(1, 2))
    if not usable.all():
        raise DataError(
            f"spectrum {int(np.argmin(usable)) + 1} of {table.source} has values of which the preprocessing of this "
            "model makes no number; leave it out"
        )
    return Ready(moved, prepared)


def predictions(model: Model, engine: Engine, known: Ready, level: float | None) -> Predictions:
    """As ``Model.predict``, with answers computed by an engine.

    Raises:
        SettingError: a level that cannot be supported.
    """
    return model.said(known.table, known.prepared, engine.members(known.table.x, known.prepared), level)


def _members(graph: bytes) -> Callable[[Matrix, Matrix], Array]:
    session = session_of(graph)

    def members(x: Matrix, _: Matrix) -> Array:
        return np.asarray(session.run(["members"], {INPUT: x})[0], dtype=np.float64)

    return members
