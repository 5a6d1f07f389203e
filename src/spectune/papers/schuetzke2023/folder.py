"""The folder of a benchmark: what is kept, whose it is, and how it goes on.

    runs/schuetzke2023-challenge/
        identity.json           the training, and a digest of the data
        config.json             classes and law of the data
        runs/cnn2-linear/0.json one record a network and seed, its answers and curves beside it
        fits/cnn6-relu-2.fit    how far a fit is whose first seed is 2; gone when it is over
        models/cnn2-linear/     weights of the seed with the lowest validation loss
        maps/cnn2-linear.json   what that network says over position and height of a peak
        report.html

Every file is written whole or not at all; records carry the digest of their content.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from spectune.errors import RunError, notice
from spectune.files.atomic import make_folder, write_text
from spectune.files.lock import lock
from spectune.files.models import Model, load_model, save_model
from spectune.files.patterns import format_config
from spectune.files.records import keep, keep_in_one, kept, kept_in_one
from spectune.files.sealed import damaged, digest, read_bytes
from spectune.papers.schuetzke2023.maps import DecisionMap
from spectune.papers.schuetzke2023.patterns import Patterns
from spectune.papers.schuetzke2023.protocol import Protocol
from spectune.papers.schuetzke2023.training import Run, Way
from spectune.synthesis.patterns import PatternConfig
from spectune.training.fit import Fitted

IDENTITY, CONFIG, PAGE = "identity.json", "config.json", "report.html"
RUNS, FITS, MODELS, MAPS = "runs", "fits", "models", "maps"

_LOOSE = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
_RUNS = TypeAdapter(tuple[Run], config=_LOOSE)
_WAYS = TypeAdapter(tuple[Way], config=_LOOSE)
_MAPS = TypeAdapter(tuple[DecisionMap], config=_LOOSE)


@contextmanager
def opened(folder: Path, name: str, config: PatternConfig, protocol: Protocol) -> Iterator[Path]:
    """The folder of a benchmark, made or taken up again; other commands are kept out meanwhile.

    Raises:
        RunError: the folder holds something else or another benchmark, or another command works in it.
    """
    text = format_config(config)
    identity = {"data": digest(text), **asdict(protocol)}
    if (folder / IDENTITY).exists():
        _check_same(folder, identity, name)
    elif folder.is_dir() and any(not path.name.startswith(".") and path.name != CONFIG for path in folder.iterdir()):
        raise RunError(f"{folder} exists and is not the folder of a benchmark; choose another --out")
    make_folder(folder)
    with lock(folder):
        write_text(folder / CONFIG, text + "\n")
        write_text(folder / IDENTITY, json.dumps(identity, indent=1) + "\n")
        yield folder


def keep_run(folder: Path, run: Run) -> None:
    """Keep a finished run as ``runs/NAME/SEED.json``."""
    make_folder(folder / RUNS / run.name)
    keep(folder / RUNS / run.name / f"{run.seed}.json", "run", run)


def kept_runs(folder: Path) -> tuple[Run, ...]:
    """All runs of a folder, by name and seed.

    Raises:
        RunError: a record that is damaged, or that another version wrote.
    """
    found = [kept(path, "run", _RUNS) for path in (folder / RUNS).glob("*/[0-9]*.json")]
    return tuple(sorted(found, key=lambda run: (run.name, run.seed)))


def keep_way(folder: Path, name: str, way: Way) -> None:
    """Keep how far a fit is as ``fits/NAME-SEED.fit``.

    What cannot be written ends nothing: it is said in a warning.
    """
    try:
        make_folder(folder / FITS)
        keep_in_one(_way_file(folder, name, way.seeds[0]), "way", way)
    except RunError as error:
        notice(f"{error}; the training goes on, but after a stop it would go on from an earlier point")


def begun(folder: Path, name: str) -> tuple[int, ...]:
    """First seeds of the fits of a network that are kept on their way."""
    return tuple(sorted(int(path.stem.rpartition("-")[2]) for path in (folder / FITS).glob(f"{name}-[0-9]*.fit")))


def kept_way(folder: Path, name: str, seed: int) -> Way | None:
    """How far the fit is whose first seed this is; a damaged record is as good as none, which is said in a warning."""
    path = _way_file(folder, name, seed)
    if not path.exists():
        return None
    try:
        return kept_in_one(path, "way", _WAYS)
    except RunError:
        notice(f"{path} is damaged or cannot be read, and is not used; what it was about is trained again")
    return None


def drop_way(folder: Path, name: str, seed: int) -> None:
    """Forget how far a fit is, once it is over."""
    with suppress(OSError):
        _way_file(folder, name, seed).unlink(missing_ok=True)


def keep_best(folder: Path, run: Run, fitted: Fitted, patterns: Patterns) -> None:
    """Keep the weights of a run as ``models/NAME``; a map of other weights is no longer there."""
    (folder / MAPS / f"{run.name}.json").unlink(missing_ok=True)
    save_model(folder / MODELS / run.name, Model(fitted, patterns.axis, "intensity"))


def load_best(folder: Path, name: str) -> Fitted:
    """The weights kept as ``models/NAME``.

    Raises:
        ModelError: there are none, or they are damaged.
    """
    return load_model(folder / MODELS / name).fitted


def keep_map(folder: Path, made: DecisionMap) -> None:
    """Keep a map as ``maps/NAME.json``."""
    make_folder(folder / MAPS)
    keep(folder / MAPS / f"{made.name}.json", "map", made)


def kept_map(folder: Path, name: str) -> DecisionMap | None:
    """The map kept as ``maps/NAME.json``, if there is one.

    Raises:
        RunError: it is damaged.
    """
    path = folder / MAPS / f"{name}.json"
    return kept(path, "map", _MAPS) if path.exists() else None


def _way_file(folder: Path, name: str, seed: int) -> Path:
    return folder / FITS / f"{name}-{seed}.fit"


def _check_same(folder: Path, identity: Mapping[str, Any], name: str) -> None:
    there = _read(folder / IDENTITY)
    differing = [key for key, value in identity.items() if there.get(key) != value]
    said = [f"{key} is {there.get(key)!r} there and {identity[key]!r} here" for key in differing if key != "data"]
    differences = said or [f"its classes or their law are not those that {name} now gives"] * bool(differing)
    if differences:
        raise RunError(f"{folder} holds another benchmark: {' and '.join(differences)}; choose another --out")


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(read_bytes(path))
    except ValueError as error:
        raise damaged(path) from error
    if not isinstance(found, dict):
        raise damaged(path)
    return found
