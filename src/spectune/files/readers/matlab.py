"""MATLAB files: DataSet objects where there are any, plain arrays otherwise."""

from __future__ import annotations

import io
from typing import Any

from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from spectune.errors import ReadError
from spectune.files.readers import matlab5, matlab73
from spectune.files.readers.arrays import draft_of_arrays
from spectune.files.readers.dataset import draft_of_datasets, is_dataset
from spectune.files.readers.draft import Draft

HDF5_MARK = b"\x89HDF\r\n\x1a\n"


def read_matlab(raw: bytes, chosen: str | None) -> Draft:
    """Spectra of a .mat file of any version (4, 5 to 7, 7.3).

    Raises:
        ReadError: a damaged file, or no spectra in it.
    """
    found = variables(raw)
    sets = {name: value for name, value in found.items() if is_dataset(value)}
    if sets:
        return draft_of_datasets(sets, chosen)
    inside = next((value for value in found.values() if isinstance(value, dict)), {}) if len(found) == 1 else {}
    return draft_of_arrays(inside or found, chosen)


def variables(raw: bytes) -> dict[str, Any]:
    """Everything in a .mat file by name, whatever its version.

    Raises:
        ReadError: a damaged file.
    """
    if HDF5_MARK in (raw[:8], raw[512:520]):
        return matlab73.variables(raw)
    if raw[126:128] in (b"IM", b"MI"):
        return matlab5.variables(raw)
    return _version4(raw)


def _version4(raw: bytes) -> dict[str, Any]:
    if 0 not in raw[:4]:  # scipy would take it for version 5, which it does not survive when damaged
        raise ReadError("the file is no .mat file, or its header is damaged; copy it again")
    try:
        found = loadmat(io.BytesIO(raw))
    except (MatReadError, ValueError, TypeError, KeyError, OSError, NotImplementedError, OverflowError, MemoryError):
        raise ReadError("the .mat file is damaged or cut short; copy it again") from None
    return {name: value for name, value in found.items() if not name.startswith("__")}
