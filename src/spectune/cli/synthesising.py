"""``spectune synth``: configurations, spectra from them, and what can be attained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from spectune.cli.attaining import attained
from spectune.errors import DataError, SettingError
from spectune.files.atomic import write_text
from spectune.files.pattern_sets import Format, write_arrays, write_npz, write_parquet
from spectune.files.patterns import checked, format_config, named_config
from spectune.files.read import read
from spectune.files.reference_peaks import read_peaks
from spectune.spectra.axis import Axis, Unit
from spectune.spectra.table import Table
from spectune.spectra.where import describe as describe_condition
from spectune.spectra.where import matches, parse
from spectune.synthesis import library
from spectune.synthesis.dials import spectra_of
from spectune.synthesis.measured import Measured, between, measured
from spectune.synthesis.neighbours import kept_apart
from spectune.synthesis.patterns import SPLITS, Dials, Law, PatternConfig, grid_for, random_config
from spectune.synthesis.published import published_peaks

MOST_POINTS = 1_000_000

ENDINGS: Mapping[str, Format] = {"": "npy", ".npz": "npz", ".parquet": "parquet"}
"""Formats by the end of a name."""


@dataclass(frozen=True)
class Draw:
    """What ``synth config`` draws."""

    classes: int = 500
    seed: int = 2022
    points: int = 5000
    boundary: int = 100


@dataclass(frozen=True)
class Line:
    """An axis in words, as ``100:3500:1``, and its unit."""

    words: str
    unit: Unit


@dataclass(frozen=True)
class HeldOut:
    """Measured spectra for the test: their file, the column with the names, and a condition on the rows."""

    path: Path | None
    substance: str | None
    where: str | None


@dataclass(frozen=True)
class References:
    """Reference spectra: column with the names, how far a peak stands out, which rows, and from where to where."""

    substance: str
    prominence: float
    where: str | None = None
    range: str | None = None


def write_random(out: Path, draw: Draw, said: Mapping[str, Any], tests: str) -> None:
    """Draw the peaks of many classes and write them.

    Raises:
        SettingError: options that make no sense.
    """
    if draw.points <= 2 * draw.boundary:
        raise SettingError(f"a boundary of {draw.boundary} at both ends leaves no point of {draw.points}")
    config = random_config(draw.classes, draw.seed, draw.points, draw.boundary, law=Law(seed=draw.seed))
    _write(out, _with(config, said, tests))


def write_taken(
    out: Path, there: tuple[str | None, str | None], said: Mapping[str, Any], tests: str, drawn: Mapping[str, int]
) -> None:
    """Write a configuration that is there, published or in a file, with what was said changed.

    Raises:
        SettingError: options of a draw, which there is none of, or options that make no sense.
    """
    published, name = there
    if published and name:
        raise SettingError("give either --published or --library; both say which peaks are taken")
    name = str(published or name)
    if drawn:
        raise SettingError(f"the peaks of {name} are taken as they are, so leave out --{' and --'.join(drawn)}")
    taken = named_config(name)
    _write(out, _with(taken, said, tests))
    _warn_plain(taken)


def make(name: str, out: Path, format: Format | None, float64: bool, held_out: HeldOut | None = None) -> None:
    """Make the spectra of a configuration and say what they are.

    Raises:
        SettingError: no such configuration, mistakes in it, or a name that does not fit the format.
        ReadError: measured spectra that cannot be read.
        DataError: measured spectra that do not fit the configuration.
    """
    config, kind = named_config(name), _format(out, format)
    tested = None if held_out is None else _tested(held_out, config)
    dtype = np.float64 if float64 else np.float32
    match kind:
        case "npy":
            write_arrays(out, config, dtype, tested)
        case "npz":
            write_npz(out, config, dtype, tested)
        case "parquet":
            write_parquet(out, config, dtype, tested)
    print(f"{', '.join(_sizes(config, tested))} of {config.datapoints} points, {len(config.spectra)} classes: {out}")
    if tested is None:
        _warn_plain(config)


def describe(name: str, samples: int, seed: int) -> None:
    """Say what a configuration holds and what the best classifier reaches.

    Raises:
        SettingError: no such configuration, or mistakes in it.
    """
    config = named_config(name)
    print("\n".join([*_facts(config), *attained(config, samples, seed)]))


def from_peaks(peaks: Path, line: Line, out: Path, shift: float | None, fwhm: str | None) -> None:
    """Write a configuration from a table of reference peaks.

    Raises:
        ReadError: a table that cannot be read.
        DataError: peaks outside the axis.
        SettingError: an axis or a width that makes no sense.
    """
    widths = None if fwhm is None else _pair("--fwhm", fwhm)
    config = library.in_units(library.from_peaks(read_peaks(peaks), _axis(line)), shift, widths)
    _write(out, config)
    print(_variation(config))


def from_spectra(data: Path, what: References, out: Path, shift: float | None, fwhm: str | None) -> None:
    """Write a configuration from the peaks of measured reference spectra.

    Raises:
        ReadError: a file that cannot be read.
        DataError: no such column, or not one spectrum with peaks per substance.
        SettingError: a width, a range or a condition that makes no sense.
    """
    widths = None if fwhm is None else _pair("--fwhm", fwhm)
    table = _chosen(read(data), what.where)
    if what.range is not None:
        table = between(table, *_pair("--range", what.range))
    config = library.in_units(library.from_spectra(table, what.substance, what.prominence), shift, widths)
    _write(out, config)
    print(_variation(config))


def _chosen(table: Table, where: str | None) -> Table:
    """The rows of a file that fulfil a condition."""
    if where is None:
        return table
    condition = parse(where)
    rows = matches(condition, table)
    if not rows.any():
        raise DataError(f"no row of {table.source} fulfils {describe_condition(condition)}")
    return table.rows(rows)


def _tested(held_out: HeldOut, config: PatternConfig) -> Measured:
    if held_out.path is None:
        raise SettingError("--substance and --where choose among measured spectra; name their file with --measured")
    if held_out.substance is None:
        raise SettingError("--measured needs --substance, the column with the names of the substances")
    if config.dials.phases > 1:
        raise SettingError("measured spectra are of one substance each, and the configuration mixes several")
    return measured(_chosen(read(held_out.path), held_out.where), held_out.substance, config)


def _write(out: Path, config: PatternConfig) -> None:
    write_text(out, format_config(checked(config, "the configuration")))
    peaks = sum(len(pattern.positions) for pattern in config.spectra.values())
    print(f"{len(config.spectra)} classes with {peaks} peaks on {config.datapoints} points: {out}")


def _warn_plain(config: PatternConfig) -> None:
    if published := published_peaks(config):
        print(
            f"these are the peaks of the published {published} with the plain law and test grid; the published ones, "
            f"with the exceptions of some classes, come with the name: {published}"
        )


def _variation(config: PatternConfig) -> str:
    """By how much peaks move and how wide they are, in the unit of the axis and in points.

    >>> _variation(PatternConfig(100, {}, law=Law(shift=3, width=(2.0, 4.0))))
    'peaks move by up to 3 points and are 4.71 to 9.42 wide at half-maximum; --shift and --fwhm change that'
    """
    step, law = library.step_of(config), config.law
    unit = "" if config.axis is None or config.axis.unit == "index" else f" {config.axis.unit}"
    moved = f"{law.shift} points" if config.axis is None else f"{law.shift * step:.3g}{unit} ({law.shift} points)"
    low, high = (width * library.FWHM * step for width in law.width)
    wide = f"{low:.3g} to {high:.3g}{unit} wide at half-maximum"
    return f"peaks move by up to {moved} and are {wide}; --shift and --fwhm change that"


def _with(config: PatternConfig, said: Mapping[str, Any], tests: str) -> PatternConfig:
    told = dict(said)
    if "width" in told:
        told["width"] = _pair("--width", told["width"])
    laws, dials = ({field.name for field in fields(record)} & set(told) for record in (Law, Dials))
    law = replace(config.law, **{name: told[name] for name in laws})
    beyond = replace(config.dials, **{name: told[name] for name in dials})
    made = replace(config, law=law, dials=beyond, grid=config.grid if config.grids else grid_for(law))
    made = checked(_with_tests(made, told), "the configuration")
    return kept_apart(made) if tests == "apart" else made


def _with_tests(config: PatternConfig, told: Mapping[str, Any]) -> PatternConfig:
    """Test spectra with the shift and the variation that were said, for all classes."""
    change = {name: told[f"test_{name}"] for name in ("shift", "variation") if f"test_{name}" in told}
    grids = {name: replace(grid, **change) for name, grid in config.grids.items()}
    return replace(config, grid=replace(config.grid, **change), grids=grids)


def _format(out: Path, format: Format | None) -> Format:
    ends = ENDINGS.get(out.suffix.casefold())
    if ends is None:
        raise SettingError(
            f"nothing is written to names that end in {out.suffix}, as {out}; name a folder without an ending, or a "
            f"file that ends in .parquet or .npz"
        )
    if format not in (None, ends):
        wanted = "a folder without an ending" if format == "npy" else f"a name that ends in .{format}"
        raise SettingError(f"the format {format} is written to {wanted}, got {out}")
    return ends


def _axis(line: Line) -> Axis:
    parts = line.words.split(":")
    try:
        first, last, step = (float(part) for part in parts)
    except ValueError:
        raise SettingError(f"--axis must be FIRST:LAST:STEP, as 100:3500:1, got {line.words!r}") from None
    if not (step > 0 and last > first and (last - first) / step < MOST_POINTS):
        raise SettingError(
            f"--axis must go up in fewer than {MOST_POINTS} steps above 0, as 100:3500:1, got {line.words!r}"
        )
    values = first + step * np.arange(int((last - first) / step + 1e-6) + 1)
    return Axis(tuple(np.round(values, 9).tolist()), line.unit)


def _pair(name: str, words: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in words.split(":"))
    except ValueError:
        raise SettingError(f"{name} must be LOW:HIGH, as 2:5, got {words!r}") from None
    return low, high


def _sizes(config: PatternConfig, tested: Measured | None = None) -> list[str]:
    classes = range(len(config.spectra))
    counts = {split: sum(spectra_of(config, label, split) for label in classes) for split in SPLITS}
    words: dict[str, str] = {split: f"{count} {split}" for split, count in counts.items()}
    if tested is not None:
        words["test"] = f"{tested.labels.size} measured test"
    return list(words.values())


def _facts(config: PatternConfig) -> Iterator[str]:
    patterns = config.spectra.values()
    counts = [len(pattern.positions) for pattern in patterns]
    weakest = min(height for pattern in patterns for height in pattern.heights)
    yield f"{len(counts)} classes, {config.datapoints} points; {', '.join(_sizes(config))} spectra"
    yield f"{min(counts)} to {max(counts)} peaks in a class, {sum(counts)} in all; the weakest has height {weakest:g}"
