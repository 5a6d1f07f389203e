"""Whether a file answers as its model does, by running it."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectune.errors import ModelError
from spectune.training.fit import Fitted, predict

MOST = 1e-3
"""Largest difference, as a part of the target's spread, that can pass as rounding; it is usually below 1e-5."""

ROWS = 256
"""Spectra that are answered at once."""


def can_run() -> bool:
    """Whether ONNX Runtime is installed."""
    return find_spec("onnxruntime") is not None


def answers_of(data: bytes, x: NDArray[np.float32], threads: int = 1) -> dict[str, NDArray[Any]]:
    """Outputs of the file ``data`` by name for raw spectra (rows, points), by ONNX Runtime."""
    session = session_of(data, threads)
    names = [output.name for output in session.get_outputs()]
    parts = [session.run(None, {"spectra": x[at : at + ROWS]}) for at in range(0, len(x), ROWS)]
    along = [1 if name == "members" else 0 for name in names]
    joined = (np.concatenate(every, axis=axis) for every, axis in zip(zip(*parts, strict=True), along, strict=True))
    return dict(zip(names, joined, strict=True))


def session_of(data: bytes, threads: int = 1) -> Any:
    """The file ``data`` ready to be run.

    ONNX Runtime reports to its makers since 1.29 unless it is told not to before it is loaded; here it is told.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def misfit(data: bytes, fitted: Fitted, x: NDArray[np.float32], spread: float) -> float:
    """Largest difference between file and package over all members, as a part of the target's spread.

    Args:
        data: the file.
        fitted: the members it was made from.
        x: raw spectra, (rows, points).
        spread: standard deviation of the target in its unit; 1 for probabilities.
    """
    difference = answers_of(data, x)["members"] - predict(fitted, x)
    return float(np.abs(difference).max() / spread)


def check(data: bytes, fitted: Fitted, x: NDArray[np.float32], spread: float) -> float:
    """The ``misfit``, where it is no more than rounding.

    Raises:
        ModelError: the file answers otherwise than the model.
    """
    found = misfit(data, fitted, x, spread)
    if not found <= MOST:
        raise ModelError(
            f"the ONNX file is not usable: on {len(x)} spectra of the run its answers differ from the model's by up to "
            f"{found:.2g} of the target's spread, and rounding explains no more than {MOST:g}; it was not written, "
            "predict with spectune instead"
        )
    return found
