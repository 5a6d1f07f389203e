"""PLS_Toolbox DataSet objects: data, axisscale, label, class and the 1-based include lists.

Cells of a DataSet are indexed {mode, 1 = content or 2 = name, set}; mode 1 are rows, mode 2
columns. Several objects with one axis and as many rows are the same samples on several
instruments; an object without an axis beside them holds their properties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectune.errors import ReadError
from spectune.files.readers.arrays import finite_rows
from spectune.files.readers.draft import Draft
from spectune.files.readers.units import unit_in
from spectune.spectra.table import Column

FIELDS = frozenset({"data", "axisscale", "label", "include"})


@dataclass(frozen=True, eq=False)
class Part:
    """One DataSet object; ``rows`` and ``points`` are the included ones, counted from 0."""

    name: str
    data: NDArray[np.float64]
    rows: NDArray[np.intp]
    points: NDArray[np.intp]
    axis: NDArray[np.float64] | None
    axis_name: str
    row_labels: list[str] | None
    point_labels: list[str] | None
    classes: Mapping[str, Column]

    @property
    def key(self) -> tuple[object, ...]:
        """What objects that can be stacked have in common: axis, included points, number of rows."""
        axis = () if self.axis is None else tuple(self.axis.tolist())
        return axis, tuple(self.points.tolist()), self.data.shape


def is_dataset(value: object) -> bool:
    """Whether a structure or object has the fields of a DataSet."""
    return isinstance(value, dict) and FIELDS.issubset(value)


def draft_of_datasets(found: Mapping[str, Any], chosen: str | None) -> Draft:
    """Spectra of the DataSet objects of a file.

    Raises:
        ReadError: no object with spectra, include lists beyond the data, values that are not finite.
    """
    parts = [_part(name, value) for name, value in found.items()]
    spectra, properties = _sorted(parts, chosen)
    stacked, left = _stackable(spectra, properties)
    fitting = [part for part in properties if len(part.data) == len(stacked[0].data)]
    left += [part for part in properties if part not in fitting]
    kept = [
        np.asarray([r for r in part.rows if all(r in other.rows for other in fitting)], np.intp) for part in stacked
    ]
    first = stacked[0]
    positions = _positions(first)
    x = np.concatenate([part.data[np.ix_(rows, part.points)] for part, rows in zip(stacked, kept, strict=True)])
    columns = _columns(stacked, kept, fitting)
    notes = _notes(stacked, kept, left)
    return Draft(finite_rows(x, positions), positions, columns, unit_in(first.axis_name), notes)


def _part(name: str, fields: Mapping[str, Any]) -> Part:
    data = np.asarray(fields["data"])
    if data.ndim != 2 or data.dtype.kind not in "iufb" or not data.size:
        raise ReadError(f"the DataSet {name!r} holds no matrix of numbers")
    rows, points = (_included(name, fields["include"], mode, data.shape[mode]) for mode in (0, 1))
    axis = _content(fields["axisscale"], 1)
    numeric = axis is not None and axis.dtype.kind in "iuf" and axis.size == data.shape[1]
    return Part(
        name=name,
        data=data.astype(np.float64),
        rows=rows,
        points=points,
        axis=axis.ravel().astype(np.float64) if axis is not None and numeric else None,
        axis_name=_text(_content(fields["axisscale"], 1, 1)),
        row_labels=_labels(fields["label"], 0, data.shape[0]),
        point_labels=_labels(fields["label"], 1, data.shape[1]),
        classes=_classes(fields, data.shape[0]),
    )


def _content(cells: Any, mode: int, which: int = 0, layer: int = 0) -> NDArray[Any] | None:
    """Content (0) or name (1) that a cell array keeps for a mode; None where it has none."""
    table = np.asarray(cells, dtype=object)
    place = (mode, which, layer)[: table.ndim]
    if (
        table.ndim < 1
        or any(k >= size for k, size in zip(place, table.shape, strict=True))
        or (layer and table.ndim < 3)
    ):
        return None
    value = table[place]
    return None if value is None or isinstance(value, dict) else np.asarray(value)


def _included(name: str, cells: Any, mode: int, size: int) -> NDArray[np.intp]:
    listed = _content(cells, mode)
    if listed is None or listed.size == 0:
        return np.arange(size)
    chosen = np.sort(listed.ravel().astype(np.intp)) - 1
    if chosen[0] < 0 or chosen[-1] >= size:
        what = ("rows", "columns")[mode]
        raise ReadError(
            f"the DataSet {name!r} includes {what} 1 to {size} at most, but its list names {chosen[-1] + 1}"
        )
    return chosen


def _text(value: NDArray[Any] | None) -> str:
    return str(value.ravel()[0]).strip() if value is not None and value.size and value.dtype.kind == "U" else ""


def _labels(cells: Any, mode: int, size: int) -> list[str] | None:
    words = _content(cells, mode)
    if words is None or words.size != size or words.dtype.kind not in "UO":
        return None
    return [str(np.asarray(word).ravel()[0]).strip() if np.asarray(word).size else "" for word in words.ravel()]


def _classes(fields: Mapping[str, Any], rows: int) -> dict[str, Column]:
    cells = np.asarray(fields.get("class"), dtype=object)
    made: dict[str, Column] = {}
    for layer in range(cells.shape[2] if cells.ndim == 3 else 1):
        numbers = _content(cells, 0, 0, layer)
        if numbers is None or numbers.size != rows or numbers.dtype.kind not in "iuf":
            continue
        name = _text(_content(cells, 0, 1, layer)) or ("class" if layer == 0 else f"class_{layer + 1}")
        made[name] = _named_classes(numbers.ravel().astype(float), fields.get("classlookup"), layer)
    return made


def _named_classes(numbers: NDArray[np.float64], lookup: Any, layer: int) -> Column:
    table = np.asarray(lookup, dtype=object)
    inside = table[0, layer] if table.ndim == 2 and table.shape[0] > 0 and table.shape[1] > layer else None
    pairs = np.asarray(inside, dtype=object)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        return numbers
    names = {float(np.asarray(number).ravel()[0]): _text(np.asarray(name)) for number, name in pairs if np.size(number)}
    return np.asarray([names.get(number, f"{number:g}") for number in numbers], dtype=np.str_)


def _sorted(parts: Sequence[Part], chosen: str | None) -> tuple[list[Part], list[Part]]:
    """Objects with spectra, and objects with properties."""
    if chosen is not None and chosen not in [part.name for part in parts]:
        raise ReadError(f"the file has no DataSet {chosen!r}; it has {', '.join(part.name for part in parts)}")
    spectra = [part for part in parts if part.axis is not None] or [max(parts, key=lambda part: part.data.shape[1])]
    properties = [part for part in parts if part not in spectra]
    return [part for part in spectra if chosen in (None, part.name)] or spectra, properties


def _stackable(spectra: Sequence[Part], properties: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """The largest set of objects with one axis and as many rows, preferring those with properties; and the others."""
    sets: dict[tuple[object, ...], list[Part]] = {}
    for part in spectra:
        sets.setdefault(part.key, []).append(part)
    known = {len(part.data) for part in properties}
    best = max(sets.values(), key=lambda members: (len(members[0].data) in known, len(members) * members[0].data.size))
    return best, [part for part in spectra if part not in best]


def _positions(part: Part) -> NDArray[np.float64]:
    axis = np.arange(1.0, part.data.shape[1] + 1) if part.axis is None else part.axis
    steps = np.diff(axis[part.points])
    if not ((steps > 0).all() or (steps < 0).all()):
        raise ReadError(f"the axis of {part.name!r} must ascend or descend throughout, without repeats")
    return axis[part.points]


def _columns(
    stacked: Sequence[Part], kept: Sequence[NDArray[np.intp]], properties: Sequence[Part]
) -> dict[str, Column]:
    numbers = np.concatenate(list(kept))
    labels = next((part.row_labels for part in (*stacked, *properties) if part.row_labels), None)
    samples = np.asarray([labels[row] if labels else str(row + 1) for row in numbers], dtype=np.str_)
    made: dict[str, Column] = {"id": samples}
    if len(stacked) > 1:
        instruments = np.repeat(_short([part.name for part in stacked]), [len(rows) for rows in kept])
        ids = np.asarray([f"{one}_{two}" for one, two in zip(instruments, samples, strict=True)], dtype=np.str_)
        made = {"id": ids, "sample": samples, "instrument": instruments}
    for name, column in stacked[0].classes.items():
        made[name] = column[numbers]
    for part in properties:
        titles = _property_names(part)
        made |= {titles[j]: part.data[numbers, j] for j in part.points}
    return made


def _property_names(part: Part) -> list[str]:
    """Labels of the columns; ``Moisture`` becomes ``moisture`` where all are such words."""
    labels = part.point_labels or [f"{part.name}_{j + 1}" for j in range(part.data.shape[1])]
    plain = all(label.isalpha() and label.istitle() and len(label) > 2 for label in labels)
    return [label.lower() if plain else label for label in labels]


def _short(names: Sequence[str]) -> list[str]:
    """Names without the word they share: m5spec, mp5spec -> m5, mp5."""
    end = _shared([name[::-1] for name in names])[::-1].lstrip("0123456789")
    cut = [name[: len(name) - len(end)].rstrip("_") for name in names] if end.strip("_").isalpha() else list(names)
    start = _shared(cut)
    start = start[: start.rfind("_") + 1]
    made = [name[len(start) :] for name in cut]
    return made if all(made) else list(names)


def _shared(words: Sequence[str]) -> str:
    """The letters all words begin with."""
    same = 0
    for letters in zip(*words, strict=False):
        if len(set(letters)) > 1:
            break
        same += 1
    return words[0][:same]


def _notes(stacked: Sequence[Part], kept: Sequence[NDArray[np.intp]], left: Sequence[Part]) -> tuple[str, ...]:
    names = ", ".join(part.name for part in stacked)
    notes = []
    if len(stacked) > 1:
        notes.append(
            f"{names}: same axis and rows, read as the same samples on several instruments (column 'instrument')"
        )
    rows = sum(len(part.data) for part in stacked) - sum(len(chosen) for chosen in kept)
    points = stacked[0].data.shape[1] - stacked[0].points.size
    if rows or points:
        notes.append(f"{rows} row(s) and {points} point(s) are excluded by the include lists of {names}")
    if left:
        listed = ", ".join(f"{part.name} ({len(part.data)} rows)" for part in left)
        notes.append(f"left out, with other rows or another axis: {listed}")
    return tuple(notes)
