"""Sets of synthetic spectra as files: six arrays as published, or one table that ``spectune tune`` reads.

Arrays are written block by block, so memory does not grow with the set. Where measured spectra stand in
for the generated test spectra, every spectrum, generated or measured, is divided by its maximum.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Literal, get_args

import numpy as np
import polars as pl
from numpy.lib import format as npy
from numpy.typing import NDArray
from polars.io.plugins import register_io_source

from spectune.errors import RunError, SettingError
from spectune.files.atomic import make_folder, replacing
from spectune.files.patterns import format_config
from spectune.spectra.axis import Unit
from spectune.spectra.steps import Maximum, apply
from spectune.synthesis.dials import scene
from spectune.synthesis.making import Block, Precision, blocks, labels_of
from spectune.synthesis.measured import Measured
from spectune.synthesis.patterns import SPLITS, PatternConfig, Split

Format = Literal["npy", "npz", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

BATCH_CELLS, GROUP_CELLS = 5_000_000, 30_000_000
"""Numbers of a Parquet table that go to polars at once, and those in a group of rows."""

_AXIS_NAMES: dict[Unit, str] = {
    "nm": "wavelength_nm",
    "um": "wavelength_um",
    "cm-1": "wavenumber_cm-1",
    "2theta": "2theta",
    "ppm": "shift_ppm",
    "index": "axis",
}


def write_arrays(
    folder: Path, config: PatternConfig, dtype: Precision = np.float32, tested: Measured | None = None
) -> None:
    """Six ``.npy`` as published (``x_train``, ``y_train``, ``x_val``, ...) and ``config.json``, all or none.

    Labels are float64. Mixtures have their fractions in ``fractions_train`` and so on.

    Raises:
        SettingError: the folder exists and is not empty.
        RunError: it cannot be written to.
    """
    with _new_folder(folder) as beside:
        for split in SPLITS:
            labels = _labels(config, split, tested)
            with (beside / f"x_{split}.npy").open("wb") as file:
                _write_spectra(file, config, (split,), dtype, tested)
            np.save(beside / f"y_{split}.npy", labels.astype(np.float64), allow_pickle=False)
            if config.dials.phases > 1:
                np.save(beside / f"fractions_{split}.npy", _fractions(config, (split,)), allow_pickle=False)
        (beside / "config.json").write_text(format_config(config), encoding="utf-8")


def write_npz(path: Path, config: PatternConfig, dtype: Precision = np.float32, tested: Measured | None = None) -> None:
    """One archive with ``x``, the axis, ``class``, ``split`` and the fractions of mixtures.

    Raises:
        RunError: it cannot be written.
    """
    with replacing(path) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("x.npy", "w", force_zip64=True) as file:
            _write_spectra(file, config, SPLITS, dtype, tested)
        columns = _columns(config, tested)
        arrays: dict[str, NDArray[np.generic]] = {_axis_name(config): _positions(config), **columns}
        for name, array in arrays.items():
            with archive.open(f"{name.replace('/', '_')}.npy", "w", force_zip64=True) as file:
                npy.write_array(file, array, allow_pickle=False)


def write_parquet(
    path: Path, config: PatternConfig, dtype: Precision = np.float32, tested: Measured | None = None
) -> None:
    """One table: ``class``, ``split``, the fractions of mixtures, and a column a point.

    Spectra go through polars some at a time and reach the file in groups of rows. A group has a piece for every
    point, of which the writer remembers some kilobytes until the end: small groups cost more than they spare.

    Raises:
        RunError: it cannot be written.
    """
    names, columns = _point_names(config), _columns(config, tested)
    metadata = pl.DataFrame({name: column.tolist() for name, column in columns.items()})
    number = pl.Float32 if np.dtype(dtype) == np.float32 else pl.Float64

    def frames(*_: object) -> Iterator[pl.DataFrame]:
        first = 0
        for x in _stacked(_blocks(config, SPLITS, dtype, tested), BATCH_CELLS // config.datapoints):
            points = dict(zip(names, np.ascontiguousarray(x.T), strict=True))
            yield metadata[first : first + len(x)].hstack(pl.DataFrame(points))
            first += len(x)

    source = register_io_source(frames, schema=metadata.schema | dict.fromkeys(names, number))
    rows = max(1, GROUP_CELLS // config.datapoints)
    with replacing(path) as beside:
        try:
            source.sink_parquet(beside, row_group_size=rows, statistics=False)
        except pl.exceptions.PolarsError as error:
            raise RunError(f"cannot write {path}: {str(error).splitlines()[0]}") from error


def _stacked(parts: Iterable[Block], rows: int) -> Iterator[NDArray[np.floating]]:
    """Spectra of consecutive blocks, at least ``rows`` of them together where there are that many."""
    held: list[NDArray[np.floating]] = []
    for part in parts:
        held.append(part.x)
        if sum(map(len, held)) >= rows:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)


def _write_spectra(
    file: IO[bytes], config: PatternConfig, splits: tuple[Split, ...], dtype: Precision, tested: Measured | None
) -> None:
    rows = sum(_labels(config, split, tested).size for split in splits)
    shape = (rows, config.datapoints)
    header = {"descr": npy.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(file, header)
    for block in _blocks(config, splits, dtype, tested):
        file.write(np.ascontiguousarray(block.x).data)


def _blocks(
    config: PatternConfig, splits: tuple[Split, ...], dtype: Precision, tested: Measured | None
) -> Iterator[Block]:
    """Generated spectra as they were drawn; beside measured ones, both divided by their maximum."""
    if tested is None:
        yield from blocks(config, splits, dtype)
        return
    for block in blocks(config, tuple(split for split in splits if split != "test"), dtype):
        yield replace(block, x=apply([Maximum()], block.x).astype(dtype))
    if "test" in splits:
        yield Block("test", apply([Maximum()], tested.x).astype(dtype), tested.labels)


def _labels(config: PatternConfig, split: Split, tested: Measured | None) -> NDArray[np.int64]:
    return labels_of(config, split) if tested is None or split != "test" else tested.labels


def _columns(config: PatternConfig, tested: Measured | None) -> dict[str, NDArray[np.generic]]:
    labels = {split: _labels(config, split, tested) for split in SPLITS}
    names = np.asarray(config.names, dtype=np.str_)
    columns: dict[str, NDArray[np.generic]] = {
        "class" if tested is None else tested.substance: names[np.concatenate(list(labels.values()))],
        "split": np.repeat(np.asarray(SPLITS, dtype=np.str_), [part.size for part in labels.values()]),
    }
    if config.dials.phases > 1:
        shares = _fractions(config, SPLITS)
        columns |= {f"fraction {name}": shares[:, label] for label, name in enumerate(config.names)}
    return columns


def _fractions(config: PatternConfig, splits: tuple[Split, ...]) -> NDArray[np.float64]:
    """Share of every class, (rows, classes)."""
    made = [scene(config, label, split).fractions for split in splits for label in range(len(config.spectra))]
    return np.concatenate([part for part in made if part is not None])


def _positions(config: PatternConfig) -> NDArray[np.float64]:
    return np.arange(float(config.datapoints)) if config.axis is None else config.axis.positions


def _axis_name(config: PatternConfig) -> str:
    return "axis" if config.axis is None else _AXIS_NAMES[config.axis.unit]


def _point_names(config: PatternConfig) -> list[str]:
    unit = "" if config.axis is None or config.axis.unit == "index" else f" {config.axis.unit}"
    return [f"{position:.10g}{unit}" for position in _positions(config).tolist()]


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A hidden folder beside ``folder`` that takes its name when all went well."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise SettingError(f"{folder} exists already and is not an empty folder; name a new one with --out")
        make_folder(folder.absolute().parent)
        beside = folder.absolute().with_name(f".{folder.absolute().name}.{os.getpid()}.part")
        beside.mkdir()
    except OSError as error:
        raise RunError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    try:
        yield beside
        beside.replace(folder)
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
