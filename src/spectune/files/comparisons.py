"""The folder of a comparison: what is kept, whose it is, and how it goes on.

    runs/compare-soil-carbon/
        compare.toml            what was asked for, and digests of the data and of the space
        tpe-0/, random-0/, ...  one ordinary run folder for every arm and seed
        comparison.json         the courses of all searches, once all are done
        report.html

The runs are those of ``spectune tune``: each can be looked at, or continued, alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter

from spectune.errors import RunError
from spectune.files.atomic import make_folder, write_text
from spectune.files.border import read_toml
from spectune.files.compare_settings import SHARED, CompareSettings, format_compare_settings, load_compare_settings
from spectune.files.lock import lock
from spectune.files.records import keep, kept
from spectune.files.runs import FREE, Fingerprint
from spectune.tuning.compare import Comparison

TABLE, RECORD = "compare.toml", "comparison.json"

_COMPARISONS = TypeAdapter(tuple[Comparison], config=ConfigDict(extra="forbid"))


@contextmanager
def open_comparison(settings: CompareSettings, mark: Fingerprint) -> Iterator[Path]:
    """The folder of a comparison, made or taken up again; other commands are kept out meanwhile.

    Raises:
        RunError: the folder holds something else or another comparison, or another command works in it.
    """
    folder = settings.folder
    if (folder / TABLE).exists():
        _check_same(folder, settings, mark)
    elif folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise RunError(f"{folder} exists and is not the folder of a comparison; choose another --out")
    make_folder(folder)
    with lock(folder):
        write_text(folder / TABLE, format_compare_settings(settings, asdict(mark)))
        yield folder


def save_comparison(folder: Path, comparison: Comparison) -> None:
    """Keep a finished comparison as ``comparison.json``."""
    keep(folder / RECORD, "comparison", comparison)


def load_comparison(folder: Path) -> Comparison:
    """The finished comparison kept in a folder.

    Raises:
        RunError: there is none, or it is damaged.
    """
    if not (folder / RECORD).exists():
        raise RunError(
            f"{folder} holds no finished comparison; continue it with: spectune compare --config {folder / TABLE}"
        )
    return kept(folder / RECORD, "comparison", _COMPARISONS)


def _check_same(folder: Path, settings: CompareSettings, mark: Fingerprint) -> None:
    there, here = asdict(load_compare_settings(folder / TABLE).shared), asdict(settings.shared)
    differences = [
        f"{name} is {there[name]!r} there and {here[name]!r} here"
        for name in SHARED
        if name not in FREE and there[name] != here[name]
    ]
    identity = read_toml(folder / TABLE).get("identity")
    if not differences and identity != asdict(mark):
        differences = ["its spectra, roles or ranges are not those that data and space now give"]
    if differences:
        raise RunError(f"{folder} holds another comparison: {' and '.join(differences)}; choose another --out")
