"""The files that Passos & Mishra (2022) tuned on, and what stands in for them, as one value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectune.errors import DataError, ReadError
from spectune.files.read import content, read
from spectune.files.readers.body import body_of, numbers_and_words
from spectune.files.readers.dialect import Dialect
from spectune.files.readers.matlab import variables
from spectune.files.readers.plain import lines_of, unpacked
from spectune.papers.passos2022.material import VARIETY, Published, compared, published_cut
from spectune.spectra.axis import Axis
from spectune.spectra.replicates import equal_labels
from spectune.spectra.roles import plain_label
from spectune.spectra.table import Column, Table, as_text, is_number
from spectune.synthesis import mango, wheat

ARRAYS = ("Sp_cal", "DM_cal", "Sp_test", "DM_test", "wave")
"""What is used of the .mat file; the six blocks that stand in it too are made again."""

MANGO_AXIS = Axis(tuple(np.arange(684.0, 991.0, 3.0).tolist()), "nm")
WHEAT_AXIS = Axis(tuple(wheat.WAVELENGTHS.round(2).tolist()), "nm")

WHEAT_PARTS: Mapping[str, tuple[str, int]] = {"train": ("cal", 5), "val": ("tuning", 2), "test": ("test", 3)}
"""Role and number of the files of every part."""

_WHEAT_NAME = re.compile(r"DT_(train|val|test)-?([0-9]+)\.csv(\.gz)?", re.IGNORECASE)


def mango_file(path: Path | str) -> Published:
    """The mango as the paper had it: a .mat file of any version, cut as in the notebook.

    The file does not name its fruit: rows of equal dry matter are taken as one.

    Raises:
        ReadError: no such file, a damaged one, or arrays that are missing or do not fit each other.
    """
    try:
        found = _mango_arrays(variables(content(Path(path))))
        axis = Axis(tuple(found["wave"].astype(float).tolist()), "nm")
        test = np.repeat([False, True], [found["DM_cal"].size, found["DM_test"].size])
        roles = published_cut(test)
    except DataError as error:
        raise ReadError(f"{path}: {error}") from None
    x = np.concatenate([found["Sp_cal"], found["Sp_test"]]).astype(np.float32)
    y = np.concatenate([found["DM_cal"], found["DM_test"]]).astype(np.float64)
    groups = equal_labels(np.char.add(np.where(test, "test/", ""), as_text(y)))
    return compared(Published(x, y, roles, axis, groups, source=str(path), unit="%"))


def mendeley_file(path: Path | str) -> Published:
    """The mango as its makers publish it (Mendeley Data 46htwnp833, versions 1 to 3), cut as in the paper.

    Points from 684 to 990 nm; the fourth season is the test, later ones are left out. The paper left
    out 329 spectra of the first three as outliers, by limits that it does not give: they stay here.
    Groups are populations.

    Raises:
        ReadError: no such file, a damaged one, columns or points that are missing, no row of the
            fourth season, or too few before it.
    """
    table = read(path)
    try:
        season, population, dry = (_column(table, name) for name in ("season", "pop", "dm"))
        points = _mango_points(table.axis)
        known = np.isfinite(_numbers("DM", dry)) & (_numbers("Season", season) <= 4)
        roles = published_cut(_numbers("Season", season)[known] == 4)
    except DataError as error:
        raise ReadError(f"{path}: {error}") from None
    groups = equal_labels(np.char.add(np.char.add(as_text(season), "/"), as_text(population))[known])
    later = int((~known).sum())
    notes = (f"{later} row(s) of later seasons, or without dry matter, were left out",) if later else ()
    x, y = table.x[known][:, points], _numbers("DM", dry)[known]
    return compared(Published(x, y, roles, MANGO_AXIS, groups, source=str(path), unit="%", notes=notes))


def wheat_files(paths: Sequence[Path | str]) -> Published:
    """The wheat kernels of Zhou et al. (2020): ten CSV files in any order, or the folder they are in.

    Raises:
        ReadError: a part that is missing or twice there, a name that is none of theirs, a damaged
            file, or a class that is none of 0 to 29.
    """
    named = _wheat_names(paths)
    parts = [(role, _wheat_part(named[name, number])) for name, number, role in _wheat_order()]
    values = np.concatenate([part for _, part in parts])
    roles = np.repeat([role for role, _ in parts], [len(part) for _, part in parts])
    return compared(
        Published(
            x=np.ascontiguousarray(values[:, :-1]),
            y=values[:, -1].astype(np.float64),
            roles=roles,
            axis=WHEAT_AXIS,
            groups=np.arange(len(values)),
            classes=wheat.VARIETIES,
            source=str(Path(paths[0]) if len(paths) == 1 else Path(paths[0]).parent),
            target=VARIETY,
        )
    )


def simulated_mango(rows: int = mango.ROWS, seed: int = 0) -> Published:
    """What stands in for the mango, cut as in the paper; groups are fruit.

    Raises:
        SettingError: too few rows.
    """
    table = mango.mango(rows, seed)
    roles = published_cut(table.column("split") == "test")
    groups, y = equal_labels(as_text(table.column("fruit"))), table.column("dry_matter").astype(np.float64)
    return Published(table.x, y, roles, table.axis, groups, source=table.source, unit="%", notes=table.notes)


def simulated_wheat(rows: int = wheat.ROWS, seed: int = 0) -> Published:
    """What stands in for the wheat kernels.

    Raises:
        SettingError: too few rows.
    """
    table = wheat.wheat(rows, seed)
    places = {name: float(place) for place, name in enumerate(wheat.VARIETIES)}
    y = np.array([places[name] for name in table.column("variety").tolist()])
    roles, groups = as_text(table.column("split")), np.arange(rows)
    named = Published(table.x, y, roles, table.axis, groups, wheat.VARIETIES, table.source, target=VARIETY)
    return replace(named, notes=table.notes)


def _mango_arrays(found: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    missing = [name for name in ARRAYS if np.asarray(found.get(name)).dtype.kind not in "iuf"]
    if missing:
        raise ReadError(
            f"expected the arrays {', '.join(ARRAYS)}, there is no {missing[0]} of numbers; "
            f"take mango_dm_full_outlier_removed2.mat"
        )
    made = {name: np.asarray(found[name]) if name.startswith("Sp") else np.ravel(found[name]) for name in ARRAYS}
    for spectra, target in (("Sp_cal", "DM_cal"), ("Sp_test", "DM_test")):
        wanted = (made[target].size, made["wave"].size)
        if made[spectra].shape != wanted:
            raise ReadError(
                f"expected {spectra} of shape {wanted}, as {target} and wave are long; it is {made[spectra].shape}"
            )
    for name, array in made.items():
        if not np.isfinite(array).all():
            raise ReadError(f"the array {name} holds a value that is no finite number; copy the file again")
    return made


def _column(table: Table, name: str) -> Column:
    found = next((given for given in table.columns if plain_label(given) == name), None)
    if found is None:
        raise ReadError(
            f"expected the columns Season, Pop and DM of Mendeley Data 46htwnp833, versions 1 to 3; "
            f"there is no {name!r} among {', '.join(list(table.columns)[:12]) or 'none'}"
        )
    return table.columns[found]


def _numbers(name: str, column: Column) -> NDArray[np.float64]:
    if not is_number(column):
        raise ReadError(f"expected numbers in the column {name}, found words")
    return column.astype(np.float64)


def _mango_points(axis: Axis) -> NDArray[np.intp]:
    """Places of the 103 points on a longer axis."""
    missing = np.setdiff1d(MANGO_AXIS.positions, axis.positions)
    if missing.size:
        raise ReadError(f"expected points from 684 to 990 nm every 3, there is none at {missing[0]:g} nm")
    return np.searchsorted(axis.positions, MANGO_AXIS.positions)


def _wheat_order() -> list[tuple[str, int, str]]:
    return [(name, k, role) for name, (role, count) in WHEAT_PARTS.items() for k in range(1, count + 1)]


def _wheat_names(paths: Sequence[Path | str]) -> dict[tuple[str, int], Path]:
    """Files by part and number."""
    named: dict[tuple[str, int], Path] = {}
    for path in _unfolded(paths):
        match = _WHEAT_NAME.fullmatch(path.name)
        if match is None:
            raise ReadError(f"{path}: expected names such as DT_train-1.csv, DT_val-1.csv and DT_test-1.csv")
        key = (match[1].lower(), int(match[2]))
        if key in named:
            raise ReadError(f"{path}: the part DT_{key[0]}-{key[1]} is there twice, the other is {named[key]}")
        named[key] = path
    missing = [f"DT_{name}-{k}.csv" for name, k, _ in _wheat_order() if (name, k) not in named]
    if missing:
        raise ReadError(
            f"expected ten files of wheat kernels, {', '.join(missing)} missing; get them with: spectune download wheat"
        )
    return named


def _unfolded(paths: Sequence[Path | str]) -> Iterable[Path]:
    """Files, and those of the published names in folders."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(file for file in path.iterdir() if _WHEAT_NAME.fullmatch(file.name))
        else:
            yield path


def _wheat_part(path: Path) -> NDArray[np.float32]:
    """One file: 200 points and the class, (rows, 201).

    Raises:
        ReadError: a damaged file, another width, or a class that is none of 0 to 29.
    """
    points, classes = len(WHEAT_AXIS), len(wheat.VARIETIES)
    try:
        raw = content(path)
        lines = lines_of(unpacked(raw) if raw.startswith(b"\x1f\x8b") else raw)
        body = body_of(lines.texts, lines.rows, Dialect(",", quoted=False))
        if body.width != points + 1:
            raise ReadError(f"expected {points} points and a class in every row, found {body.width} cells")
        names = [*(str(point) for point in range(1, points + 1)), "class"]
        values, _ = numbers_and_words(body, range(points + 1), names, None)
    except ReadError as error:
        raise ReadError(f"{path}: {error}") from None
    wrong = np.flatnonzero(~np.isin(values[:, -1], np.arange(classes)))
    if wrong.size:
        raise ReadError(
            f"{path}: row {lines.rows[wrong[0]]}: expected a class from 0 to {classes - 1} in the last cell, "
            f"found {values[wrong[0], -1]:g}"
        )
    return values
