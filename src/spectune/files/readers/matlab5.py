"""MATLAB files of version 5 to 7 (level 5 MAT-files), element by element.

The format is in "MAT-File Format" (The MathWorks). Every length is checked against the bytes
that are there: ``scipy.io.loadmat`` can end the whole process on a file with one flipped bit.
Arrays come out as scipy gives them (column-major dimensions restored), characters as rows of
text, structures as dictionaries, cells as object arrays.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectune.errors import ReadError
from spectune.files.readers.plain import MOST_BYTES

Value = Any
"""A numeric array, an array of text, an object array (cell) or a dictionary (structure)."""

_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MATRIX, _COMPRESSED = 14, 15
_TEXTS = {1: "latin-1", 2: "utf-8", 3: "utf-16", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE = 1, 2, 3, 4, 5
_NUMERIC = range(6, 16)
_DEEPEST = 32


@dataclass(frozen=True)
class _Element:
    kind: int
    data: memoryview


def variables(raw: bytes) -> dict[str, Value]:
    """Variables of a level 5 MAT-file by name; functions, opaque objects and sparse matrices are left out.

    Raises:
        ReadError: a file that is damaged or cut short.
    """
    order = {b"IM": "<", b"MI": ">"}.get(raw[126:128])
    if len(raw) < 136 or order is None:
        raise ReadError(_damaged("its header is incomplete"))
    found: dict[str, Value] = {}
    try:
        for element in _elements(memoryview(raw)[128:], order):
            if element.kind == _COMPRESSED:
                element = _inflated(element, order)
            if element.kind != _MATRIX:
                raise ReadError(_damaged(f"an element of kind {element.kind} stands where a matrix should"))
            name, value = _matrix(element.data, order, 0)
            if value is not None:
                found[name] = value
    except (struct.error, UnicodeDecodeError):
        raise ReadError(_damaged("an element is incomplete")) from None
    return found


def _damaged(why: str) -> str:
    return f"the .mat file is damaged or cut short ({why}); copy it again"


def _elements(data: memoryview, order: str) -> Iterator[_Element]:
    at = 0
    while at + 8 <= len(data):
        first, second = struct.unpack_from(f"{order}II", data, at)
        if first >> 16:
            size, kind, start = first >> 16, first & 0xFFFF, at + 4
            at += 8
        else:
            size, kind, start = second, first, at + 8
            at = start + size + (0 if kind == _COMPRESSED else -size % 8)
        if (first >> 16 and size > 4) or start + size > len(data):
            raise ReadError(_damaged(f"an element of {size} bytes does not fit into what is left"))
        yield _Element(kind, data[start : start + size])
    if any(data[at:]):
        raise ReadError(_damaged("bytes are left over at its end"))


def _inflated(element: _Element, order: str) -> _Element:
    unzip = zlib.decompressobj()
    try:
        content = unzip.decompress(element.data, MOST_BYTES)
    except zlib.error as error:
        raise ReadError(_damaged(str(error))) from None
    if not unzip.eof:
        raise ReadError(_damaged("a compressed variable ends too early"))
    return next(_elements(memoryview(content), order), _Element(0, memoryview(b"")))


def _matrix(data: memoryview, order: str, depth: int) -> tuple[str, Value]:
    if not len(data):
        return "", np.empty((0, 0))
    if depth > _DEEPEST:
        raise ReadError(_damaged("cells are nested beyond reason"))
    parts = _elements(data, order)
    flags, kind = _flags(_take(parts), order)
    if kind > _NUMERIC[-1]:
        return "", None
    shape = tuple(int(size) for size in _numbers(_take(parts), order))
    if len(shape) < 2 or min(shape) < 0:
        raise ReadError(_damaged(f"an array has the dimensions {shape}"))
    name = bytes(_take(parts).data).decode("latin-1")
    return name, _value(kind, shape, parts, order, depth, complex_=bool(flags & 0x08))


def _value(
    kind: int, shape: tuple[int, ...], parts: Iterator[_Element], order: str, depth: int, *, complex_: bool
) -> Value:
    if kind == _CELL:
        return _cells(shape, parts, order, depth)
    if kind in (_STRUCT, _OBJECT):
        if kind == _OBJECT:
            _take(parts)
        return _structure(shape, parts, order, depth)
    if kind == _CHAR:
        return _characters(shape, _take(parts), order)
    if kind in _NUMERIC and not complex_:
        return _array(_numbers(_take(parts), order), shape)
    return None


def _flags(element: _Element, order: str) -> tuple[int, int]:
    words = _numbers(element, order)
    if len(words) != 2:
        raise ReadError(_damaged("an array has no flags"))
    word = int(words[0])
    return (word >> 8) & 0xFF, word & 0xFF


def _take(parts: Iterator[_Element]) -> _Element:
    element = next(parts, None)
    if element is None:
        raise ReadError(_damaged("a part of an array is missing"))
    return element


def _numbers(element: _Element, order: str) -> NDArray[Any]:
    code = _TYPES.get(element.kind)
    if code is None or len(element.data) % int(code[1]):
        raise ReadError(_damaged(f"an element of kind {element.kind} stands where numbers should"))
    return np.frombuffer(element.data, dtype=np.dtype(order + code)).astype(code)


def _array(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if values.size != prod(shape):
        raise ReadError(_damaged(f"an array of {' x '.join(map(str, shape))} has {values.size} values"))
    return values.reshape(shape, order="F")


def _characters(shape: tuple[int, ...], element: _Element, order: str) -> NDArray[np.str_]:
    encoding = _TEXTS.get(element.kind)
    if encoding is None:
        raise ReadError(_damaged(f"an element of kind {element.kind} stands where text should"))
    if encoding in ("utf-16", "utf-32"):
        encoding += "-le" if order == "<" else "-be"
    letters = list(bytes(element.data).decode(encoding))
    if len(letters) != prod(shape):
        raise ReadError(_damaged(f"a text of {' x '.join(map(str, shape))} has {len(letters)} letters"))
    if 0 in shape:
        return np.empty(0, dtype=np.str_)
    grid = np.asarray(letters, dtype=np.str_).reshape(shape[0], -1, order="F")
    return np.asarray(["".join(row) for row in grid], dtype=np.str_)


def _cells(shape: tuple[int, ...], parts: Iterator[_Element], order: str, depth: int) -> NDArray[Any]:
    values = [_matrix(element.data, order, depth + 1)[1] for element in parts]
    return _objects(values, shape)


def _structure(shape: tuple[int, ...], parts: Iterator[_Element], order: str, depth: int) -> Value:
    length = _numbers(_take(parts), order)
    text = bytes(_take(parts).data)
    if len(length) != 1 or int(length[0]) < 1 or len(text) % int(length[0]):
        raise ReadError(_damaged("the names of a structure are incomplete"))
    step = int(length[0])
    names = [text[k : k + step].split(b"\0")[0].decode("latin-1") for k in range(0, len(text), step)]
    values = [_matrix(element.data, order, depth + 1)[1] for element in parts]
    if len(values) != prod(shape) * len(names):
        raise ReadError(_damaged("a structure lacks values"))
    if not names:
        return {}
    made = [dict(zip(names, values[k : k + len(names)], strict=True)) for k in range(0, len(values), len(names))]
    return made[0] if len(made) == 1 else _objects(made, shape)


def _objects(values: list[Value], shape: tuple[int, ...]) -> NDArray[Any]:
    if len(values) != prod(shape):
        raise ReadError(_damaged(f"a cell array of {' x '.join(map(str, shape))} has {len(values)} cells"))
    made = np.empty(len(values), dtype=object)
    for k, value in enumerate(values):
        made[k] = value
    return made.reshape(shape, order="F")
