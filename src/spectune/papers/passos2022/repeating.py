"""What to type to do either procedure again: one command each, with every option that is not its default."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType

from spectune.files.settings import Settings

PRUNED = 10
"""Pruned trials of ours that are trained to their end, where nothing else is said."""

DATA = ("target", "split", "group", "where", "test_part", "unit", "signal", "sheet")
"""Options that say what a file of one's own means."""

PUBLISHED = ("epochs", "seed", "cores")
OURS = ("folds", "space", "fix", "epochs", "objective", "overfit", "startup", "lr", "seed", "cores", "precision", "top",
        "replicates")  # fmt: skip
"""Options of either procedure beside its number of trials, which is always said."""


def asked(settings: Settings, regression: bool, files: tuple[str, ...], simulate: int | None, named: bool) -> str:
    """The command up to its data: files, or so many simulated spectra; ``named`` for a target of one's own.

    >>> asked(Settings("mine.csv", "dry matter", split="set"), True, ("mine.csv",), None, True)
    "spectune paper passos2022 regression --data mine.csv --target 'dry matter' --split set"
    """
    said = f"--data {shlex.join(files)}" if simulate is None else f"--simulate {simulate}"
    options = _options(settings, DATA, {"target": ""}) if named else ()
    return " ".join(["spectune paper passos2022", "regression" if regression else "classification", said, *options])


def published_command(asked: str, settings: Settings, seeds: int, out: Path) -> str:
    """The published procedure with so many searches, as it was told.

    >>> published_command("spectune paper …", Settings("a.mat", "y", trials=20, cores=1), 3, Path("runs/a"))
    'spectune paper … --faithful --trials 20 --seeds 3 --cores 1 --out runs/a'
    """
    searches = [f"--seeds {seeds}"] if seeds != 1 else []
    options = [f"--trials {settings.trials}", *searches, *_options(settings, PUBLISHED)]
    return " ".join([asked, "--faithful", *options, f"--out {shlex.quote(str(out))}"])


def ours_command(asked: str, settings: Settings, pruned: int, regression: bool, out: Path) -> str:
    """Our own way, as it was told."""
    usual = {"space": f"passos-{'regression' if regression else 'classification'}", "lr": "auto"}
    looked = [f"--pruned {pruned}"] if pruned != PRUNED else []
    options = [f"--trials {settings.trials}", *_options(settings, OURS, usual), *looked]
    return " ".join([asked, *options, f"--out {shlex.quote(str(out))}"])


def _options(
    settings: Settings, names: tuple[str, ...], usual: Mapping[str, object] = MappingProxyType({})
) -> Iterator[str]:
    """Those of the options that are not their default, which ``usual`` has where it is not that of ``Settings``."""
    defaults = {field.name: field.default for field in fields(Settings)} | dict(usual)
    for name in names:
        value = getattr(settings, name)
        if value != defaults[name]:
            said = value if isinstance(value, tuple) else (value,)
            yield from (f"--{name.replace('_', '-')} {shlex.quote(str(one))}" for one in said)
