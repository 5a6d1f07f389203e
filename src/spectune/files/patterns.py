"""Configurations of synthetic spectra in JSON, in the published form with what it lacks behind.

{"datapoints": 5000, "boundary": 100, "classes": 2, "min_peaks": 2, "max_peaks": 10, "max_height": 100,
 "spectra": {"quartz": {"peak_positions": [28, 96], "peak_heights": [0.5, 1.0]}, ...},
 "law": {...}, "dials": {...}, "grid": {...}, "grids": {"quartz": {...}}, "axis": {"values": [...], "unit": "nm"}}

What stands in the second line is written where it differs from the published law. Mistakes in a
file are all named at once.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from spectune.errors import DataError, SettingError
from spectune.files.border import STRICT, close_to, refusal, sentences
from spectune.spectra.axis import Axis, Unit
from spectune.synthesis.patterns import Dials, Grid, Law, Pattern, PatternConfig, faults
from spectune.synthesis.published import PUBLISHED

MOST_BYTES = 200_000_000


@dataclass(frozen=True)
class _Peaks:
    peak_positions: tuple[int, ...]
    peak_heights: tuple[float, ...]

    __pydantic_config__: ClassVar[ConfigDict] = STRICT


@dataclass(frozen=True)
class _Positions:
    values: tuple[float, ...]
    unit: Unit = "index"

    __pydantic_config__: ClassVar[ConfigDict] = STRICT


@dataclass(frozen=True)
class _File:
    """A configuration as it stands in a file."""

    datapoints: int
    boundary: int
    classes: int
    min_peaks: int
    max_peaks: int
    max_height: int
    spectra: dict[str, _Peaks]
    law: Law = field(default_factory=Law)
    dials: Dials = field(default_factory=Dials)
    grid: Grid = field(default_factory=Grid)
    grids: dict[str, Grid] = field(default_factory=dict)
    axis: _Positions | None = None

    __pydantic_config__: ClassVar[ConfigDict] = STRICT


_FILE = TypeAdapter(_File)
_RECORDS = (_File, _Peaks, _Positions, Law, Dials, Grid)
_NAMES = tuple({one.name: None for record in _RECORDS for one in fields(record)})


def named_config(name: str) -> PatternConfig:
    """A published configuration by its name, or that of a JSON file.

    A published name goes before a file of that name, which is reached as ``./challenge``.

    >>> len(named_config("challenge").spectra)
    27

    Raises:
        SettingError: no such configuration, or mistakes in it.
    """
    if name in PUBLISHED:
        return PUBLISHED[name]()
    path = Path(name)
    if not path.suffix and not path.exists():
        known = ", ".join(PUBLISHED)
        raise SettingError(
            f"there is no configuration {name!r}{close_to(name, PUBLISHED)}; give a JSON file or one of: {known}"
        )
    return load_config(path)


def load_config(path: Path) -> PatternConfig:
    """The configuration in a JSON file.

    Raises:
        SettingError: no such file, not JSON, or mistakes in it, all named.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SettingError(f"{path} is larger than the {MOST_BYTES // 10**6} MB of a configuration")
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise SettingError(f"there is no file {path}; make one with: spectune synth config {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"cannot read {path} as text: {error}") from error
    return parse_config(text, str(path))


def parse_config(text: str, source: str = "the configuration") -> PatternConfig:
    """A configuration from its JSON text; the inverse of ``format_config``.

    Raises:
        SettingError: not JSON, or mistakes, all named.
    """
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingError(f"{source} is not JSON: {error}") from error
    if not isinstance(table, dict):
        raise SettingError(f"{source} must hold one JSON object with datapoints, classes and spectra")
    try:
        read = _FILE.validate_json(text)
    except ValidationError as error:
        raise refusal(source, sentences(error, _NAMES)) from None
    return checked(_config(read, source), source, read.classes)


def checked(config: PatternConfig, source: str, classes: int | None = None) -> PatternConfig:
    """The configuration, if it can be drawn.

    Args:
        config: a configuration.
        source: what to call it in errors.
        classes: how many it says to have.

    Raises:
        SettingError: all that is wrong with it.
    """
    mistakes = list(faults(config))
    if classes not in (None, len(config.spectra)):
        mistakes.insert(0, f"classes is {classes}, but spectra holds {len(config.spectra)}")
    if mistakes:
        shown = mistakes[:10] + ([f"and {len(mistakes) - 10} more"] if len(mistakes) > 10 else [])
        raise refusal(source, shown)
    return config


def format_config(config: PatternConfig) -> str:
    """The JSON text of a configuration, byte for byte as published where it has no more to say.

    >>> spectra = {"0": Pattern((391, 413), (0.5, 1.0))}
    >>> print(format_config(PatternConfig(5000, spectra, boundary=100)))
    {"datapoints": 5000, "boundary": 100, "classes": 1, "min_peaks": 2, "max_peaks": 10, "max_height": 100, \
"spectra": {"0": {"peak_positions": [391, 413], "peak_heights": [0.5, 1.0]}}}
    """
    said: dict[str, Any] = {
        "datapoints": config.datapoints,
        "boundary": config.boundary,
        "classes": len(config.spectra),
        "min_peaks": config.min_peaks,
        "max_peaks": config.max_peaks,
        "max_height": config.max_height,
        "spectra": {
            name: {"peak_positions": pattern.positions, "peak_heights": pattern.heights}
            for name, pattern in config.spectra.items()
        },
    }
    for record, default in ((config.law, Law()), (config.dials, Dials()), (config.grid, Grid())):
        if record != default:
            said[type(default).__name__.lower()] = _differing(record, default)
    if config.grids:
        said["grids"] = {name: _differing(grid, Grid()) for name, grid in config.grids.items()}
    if config.axis is not None:
        said["axis"] = asdict(config.axis)
    return json.dumps(said)


def _differing(record: Any, default: object) -> dict[str, Any]:
    return {key: value for key, value in asdict(record).items() if value != getattr(default, key)}


def _config(read: _File, source: str) -> PatternConfig:
    try:
        axis = None if read.axis is None else Axis(read.axis.values, read.axis.unit)
    except DataError as error:
        raise SettingError(f"{source}: {error}") from error
    spectra = {name: Pattern(peaks.peak_positions, peaks.peak_heights) for name, peaks in read.spectra.items()}
    drawn = (read.boundary, read.min_peaks, read.max_peaks, read.max_height)
    return PatternConfig(read.datapoints, spectra, *drawn, read.law, read.dials, read.grid, read.grids, axis)
