"""The folder of a nested validation: what is kept, and whose it is.

runs/soil-nested/
    nested.json         outer folds, settings, digests of the data and of the space
    run.toml            every setting
    outer-1/ ...        a run whose test rows are those the outer fold left out
    predictions.csv     every row by every model that never saw it
    nested.html
"""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

from spectune.assessment.nested import Nested
from spectune.errors import RunError
from spectune.files.atomic import make_folder, write_text
from spectune.files.runs import FREE, Fingerprint
from spectune.files.sealed import canonical, sealed, unsealed
from spectune.files.settings import Settings, format_settings
from spectune.files.tables import Cell, Columns

PAGE = "nested.html"


def outer_folder(folder: Path, number: int) -> Path:
    """Where the run of an outer fold, counted from 1, is kept."""
    return folder / f"outer-{number}"


def nested_command(folder: Path, outer: int) -> str:
    """What to type to go on with a nested validation."""
    config, out = shlex.quote(str(folder / "run.toml")), shlex.quote(str(folder))
    return f"spectune nested --config {config} --outer {outer} --out {out}"


def claim(folder: Path, settings: Settings, outer: int, mark: Fingerprint) -> None:
    """Make the folder of a nested validation, or find that it is that of the same one.

    Raises:
        RunError: it holds something else, or another nested validation (the message says what differs).
    """
    own = _own(settings, outer, mark)
    path = folder / "nested.json"
    if path.exists():
        _check_same(folder, unsealed(path, "nested"), own)
    elif folder.is_dir() and any(folder.iterdir()):
        raise RunError(f"{folder} exists and is not the folder of a nested validation; choose another --out")
    make_folder(folder)
    write_text(folder / "run.toml", format_settings(settings))
    write_text(path, sealed("nested", own))


def nested_table(found: Nested) -> Columns:
    """Every row with the outer fold that left it out, and what every model said of it."""
    spectra, classes = found.spectra, found.spectra.task.classes
    columns: dict[str, list[Cell]] = {
        "id": spectra.ids.tolist(),
        "outer fold": (found.fold_of + 1).tolist(),
        "measured": [classes[int(label)] for label in spectra.y] if classes else spectra.y.tolist(),
    }
    for model in found.models:
        said = [classes[label] for label in model.output.argmax(axis=1)] if classes else model.output.tolist()
        columns[f"predicted by {model.name}"] = said
    return Columns(tuple(columns), tuple(columns.values()))


def _own(settings: Settings, outer: int, mark: Fingerprint) -> dict[str, Any]:
    """What makes a nested validation this one and no other, as JSON keeps it."""
    told = {name: value for name, value in asdict(settings).items() if name not in FREE}
    kept: dict[str, Any] = json.loads(canonical({"outer": outer, **told, **asdict(mark)}))
    return kept


def _check_same(folder: Path, there: dict[str, Any], here: dict[str, Any]) -> None:
    """Fingerprints differ where settings do, so these are named first."""
    marks = {"data": "its spectra, targets or roles", "space": "the ranges of its search space"}
    names = [name for name in here if there.get(name) != here[name]]
    said = [f"{name} is {there.get(name)!r} there and {here[name]!r} here" for name in names if name not in marks]
    said = said or [f"{marks[name]} are not those that are there now" for name in names]
    if said:
        raise RunError(
            f"{folder} belongs to another nested validation: {' and '.join(said)}; "
            f"choose another --out, or go on with that one: {nested_command(folder, there.get('outer', 5))}"
        )
