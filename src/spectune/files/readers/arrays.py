"""Named arrays, as in ``.npz`` and plain ``.mat`` files: which are spectra, axis, targets, words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectune.errors import ReadError
from spectune.files.readers.draft import Draft
from spectune.files.readers.units import unit_in
from spectune.spectra.table import Column

SPECTRA_NAMES = (
    *("x", "spectra", "spectrum", "sp", "spec", "spc", "data", "absorbance", "reflectance", "transmittance"),
    *("intensity", "intensities", "nir", "mir", "ir", "raman", "xrd", "signal", "signals", "d"),
)
"""Names that mean spectra, the surest first."""

AXIS_NAMES = frozenset(
    (
        "axis",
        "axisscale",
        "wave",
        "waves",
        "freq",
        "freqs",
        "frequency",
        "x_axis",
        "xaxis",
        "wl",
        "wn",
        "lambda",
        "angle",
    )
)

_ROLE = re.compile(
    r"(?P<stem>.*?)[_ ]?(?P<role>cal|calibration|train|training|test|val|validation|tuning)", re.IGNORECASE
)

Arrays = dict[str, NDArray[Any]]


def draft_of_arrays(found: Mapping[str, Any], chosen: str | None) -> Draft:
    """Spectra of a set of named arrays, one row a sample.

    The spectra are the two-dimensional array with a telling name (``x``, ``spectra``, ...), or
    the largest; parts such as ``X_train`` and ``X_test`` are put together, with a column ``split``.
    The axis is the ascending or descending vector of their width; other arrays of their length
    become columns.

    Args:
        found: arrays by name.
        chosen: name of the spectra, where several could be meant.

    Raises:
        ReadError: nothing that could be spectra, several arrays that could, or values that are not finite.
    """
    plain = {name: array for name, value in found.items() if (array := _plain(value)) is not None}
    arrays, splits = _joined(plain)
    if not any(array.ndim == 2 for array in arrays.values()):
        arrays = _single(arrays)
    name = _spectra_name(arrays, chosen)
    x = arrays[name]
    axis_name = _axis_name(arrays, x.shape[1], name)
    notes: tuple[str, ...] = (f"the spectra are the array {name!r}",)
    if axis_name is None and (turned := _axis_name(arrays, x.shape[0], name, named_only=True)):
        x, axis_name, notes = x.T, turned, (*notes, "one sample per column: the array was turned round")
    positions = arrays[axis_name].astype(float) if axis_name else np.arange(1.0, x.shape[1] + 1)
    columns = _columns({key: array for key, array in arrays.items() if key not in (name, axis_name)}, len(x))
    if name in splits and len(splits[name]) == len(x):
        columns.setdefault("split", splits[name])
    return Draft(finite_rows(x, positions), positions, columns, unit_in(axis_name or ""), notes)


def finite_rows(x: NDArray[Any], positions: NDArray[np.float64]) -> NDArray[np.float32]:
    """Spectra as float32.

    Raises:
        ReadError: a value that is missing or not finite, with its row and position.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        made = np.ascontiguousarray(x, dtype=np.float32)
    if not np.isfinite(made).all():
        row, point = np.argwhere(~np.isfinite(made))[0].tolist()
        raise ReadError(
            f"row {row + 1}, column {positions[point]:g}: expected a number, found {x[row, point]}; "
            f"correct it, or leave the row out"
        )
    return made


def _plain(value: Any) -> NDArray[Any] | None:
    """A vector or matrix of numbers or words; None for anything else."""
    array = np.asarray(value)
    if array.dtype.kind == "O":
        words = [_word(cell) for cell in array.ravel()]
        if not words or any(word is None for word in words):
            return None
        array = np.asarray(words, dtype=np.str_).reshape(array.shape)
    if array.dtype.kind == "S":
        array = np.char.decode(array, "latin-1")
    if array.dtype.kind not in "biufU" or array.size < 2:
        return None
    if array.ndim == 2 and 1 in array.shape:
        array = array.ravel()
    return array if array.ndim in (1, 2) else None


def _word(cell: Any) -> str | None:
    array = np.asarray(cell)
    if array.dtype.kind != "U" or array.size > 1:
        return None
    return str(array.ravel()[0]).strip() if array.size else ""


def _joined(arrays: Arrays) -> tuple[Arrays, dict[str, NDArray[np.str_]]]:
    """Arrays with parts such as ``X_cal`` and ``X_test`` put together, and the role of every row."""
    parts: dict[str, list[tuple[str, str]]] = {}
    for name in arrays:
        if found := _ROLE.fullmatch(name):
            parts.setdefault(found["stem"] or "x", []).append((found["role"].lower(), name))
    made, splits = dict(arrays), {}
    for stem, members in parts.items():
        pieces = [arrays[name] for _, name in members]
        if (
            len(members) < 2
            or stem in made
            or len({(piece.ndim, piece.shape[1:], piece.dtype.kind) for piece in pieces}) > 1
        ):
            continue
        for _, name in members:
            del made[name]
        made[stem] = np.concatenate(pieces)
        splits[stem] = np.repeat([role for role, _ in members], [len(piece) for piece in pieces])
    return made, splits


def _single(arrays: Arrays) -> Arrays:
    """One spectrum beside its axis, both vectors, as a matrix of one row."""
    axis = next((name for name, array in arrays.items() if _is_axis_name(name) and array.dtype.kind in "iuf"), None)
    if axis is None:
        return arrays
    size = arrays[axis].size
    return {
        name: array[None, :] if name != axis and array.dtype.kind in "iuf" and array.size == size else array
        for name, array in arrays.items()
    }


def _spectra_name(arrays: Arrays, chosen: str | None) -> str:
    fitting = {name: a for name, a in arrays.items() if a.ndim == 2 and a.dtype.kind in "iuf" and max(a.shape) >= 3}
    contents = ", ".join(f"{name} ({' x '.join(map(str, array.shape))})" for name, array in arrays.items()) or "nothing"
    if chosen is not None:
        if chosen not in fitting:
            raise ReadError(f"expected a matrix of numbers called {chosen!r}, but the file holds {contents}")
        return chosen
    if not fitting:
        raise ReadError(
            f"no spectra found: expected a matrix of numbers, one row per sample, but the file holds {contents}"
        )
    telling = [name for word in SPECTRA_NAMES for name in fitting if name.casefold() == word]
    if telling:
        return telling[0]
    by_size = sorted(fitting, key=lambda name: fitting[name].size, reverse=True)
    if len(by_size) > 1 and fitting[by_size[1]].size * 2 > fitting[by_size[0]].size:
        raise ReadError(f"several arrays could be the spectra: {contents}; name one of them with sheet")
    return by_size[0]


def _is_axis_name(name: str) -> bool:
    return name.casefold() in AXIS_NAMES or unit_in(name) is not None


def _axis_name(arrays: Arrays, points: int, spectra: str, named_only: bool = False) -> str | None:
    vectors = [name for name, a in arrays.items() if name != spectra and a.shape == (points,) and a.dtype.kind in "iuf"]
    named = [name for name in vectors if _is_axis_name(name)]
    for name in named:
        steps = np.diff(arrays[name].astype(float))
        if not ((steps > 0).all() or (steps < 0).all()):
            raise ReadError(f"the axis {name!r} must ascend or descend throughout, without repeats and without gaps")
    if named or named_only:
        return named[0] if named else None
    ordered = [name for name in vectors if _ordered(arrays[name])]
    return ordered[0] if len(ordered) == 1 and points != len(arrays[spectra]) else None


def _ordered(vector: NDArray[Any]) -> bool:
    steps = np.diff(vector.astype(float))
    return bool((steps > 0).all() or (steps < 0).all())


def _columns(arrays: Arrays, rows: int) -> dict[str, Column]:
    made: dict[str, Column] = {}
    for name, array in arrays.items():
        if array.shape == (rows,):
            made[name] = _column(array)
        elif array.ndim == 2 and len(array) == rows and array.shape[1] <= 64 and array.dtype.kind in "biuf":
            titles = _titles(arrays, name, array.shape[1])
            made |= {title: _column(array[:, j]) for j, title in enumerate(titles)}
    return made


def _titles(arrays: Arrays, name: str, count: int) -> list[str]:
    """Names for the columns of a matrix of targets: a list of words of its width, or numbers."""
    for other, array in arrays.items():
        if (
            array.shape == (count,)
            and array.dtype.kind == "U"
            and re.search("name|label|target|prop", other, re.IGNORECASE)
        ):
            return [str(word).strip() for word in array]
    return [f"{name}_{j + 1}" for j in range(count)]


def _column(array: NDArray[Any]) -> Column:
    if array.dtype.kind == "U":
        return np.char.strip(array.astype(np.str_))
    return array.astype(np.float64)
