"""MATLAB files of version 7.3 (HDF5) through h5py, an optional extra.

MATLAB stores its arrays column by column, so every data set is turned round. Cells are lists of
references, texts are numbers with a class beside them, structures are groups.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from spectune.errors import ReadError
from spectune.files.readers.plain import MOST_BYTES

try:
    import h5py
except ImportError:
    h5py = None

_DEEPEST = 16


def variables(raw: bytes) -> dict[str, Any]:
    """Variables of an HDF5 file by name, in the shapes MATLAB shows.

    Raises:
        ReadError: h5py is missing, or a file that is damaged or cut short.
    """
    if h5py is None:
        raise ReadError("reading .mat files of version 7.3 needs h5py: pip install 'spectune[hdf5]'")
    try:
        with h5py.File(io.BytesIO(raw), "r") as file:
            return _group(file, file, 0)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError) as error:
        reason = str(error).strip("'\"")[:100]
        raise ReadError(f"the HDF5 file is damaged or cut short ({reason}); copy it again") from None


def _group(group: Any, file: Any, depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        raise ValueError("groups are nested beyond reason")
    return {name: _value(group[name], file, depth + 1) for name in group if not name.startswith("#")}


def _value(item: Any, file: Any, depth: int) -> Any:
    if isinstance(item, h5py.Group):
        return _group(item, file, depth)
    if not isinstance(item, h5py.Dataset) or item.shape is None:
        return None
    if item.size * max(1, item.dtype.itemsize) > MOST_BYTES:
        raise ValueError(f"a data set claims {item.size} values")
    if "MATLAB_empty" in item.attrs:
        return np.empty((0, 0))
    values = item[()]
    if item.attrs.get("MATLAB_class", b"") == b"char":
        return _text(values)
    if item.dtype == h5py.ref_dtype:
        return _cells(values, file, depth)
    if isinstance(values, np.ndarray) and values.dtype.kind in "OS":
        values = item.asstr()[()] if h5py.check_string_dtype(item.dtype) else values
    return np.asarray(values).T


def _text(values: Any) -> Any:
    letters = np.asarray(values)
    letters = letters.reshape(-1, 1) if letters.ndim < 2 else letters
    return np.asarray(["".join(chr(int(code)) for code in row) for row in letters.T], dtype=np.str_)


def _cells(references: Any, file: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("cells are nested beyond reason")
    made = np.empty(references.shape, dtype=object)
    for place, reference in np.ndenumerate(references):
        made[place] = _value(file[reference], file, depth + 1) if reference else None
    return made.T
