"""``spectune inspect``: what was understood of a file, and a picture of it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from spectune.cli.reading import Reading, read_as
from spectune.files.atomic import replacing
from spectune.report.inspection import write_picture
from spectune.report.wording import counted, number, with_unit
from spectune.spectra.sheet import Numbers, Sheet, Words, sheet

MOST_CLASSES = 8


def inspect(data: Path, target: str | None, reading: Reading, picture: Path) -> None:
    """Print the data sheet of a file and draw its spectra.

    Raises:
        ReadError: the file cannot be read.
        DataError: there is no column ``target``.
        SettingError: a picture that is neither SVG nor PNG.
    """
    table = read_as(data, reading)
    with replacing(picture) as beside:
        write_picture(table, beside, target)
    console = Console(highlight=False)
    _show(sheet(table), target, console)
    console.print(f"\npicture: {picture}", markup=False, soft_wrap=True)


def _show(known: Sheet, target: str | None, console: Console) -> None:
    console.print(known.source, style="bold", markup=False, soft_wrap=True)
    for name, words in _facts(known):
        console.print(f"  {name:<12}{words}", markup=False, soft_wrap=True)
    if known.targets:
        console.print(_numbers(known.targets))
    for classes in known.classes:
        console.print(f"  classes in {classes.name}: {_counts(classes)}", markup=False, soft_wrap=True)
    for mark, sentences in (("look at", known.oddities), ("note", known.notes)):
        for sentence in sentences:
            console.print(f"  {mark}: {sentence}", markup=False, soft_wrap=True)
    console.print(f"\nnext: {_next_command(known, target)}", markup=False, soft_wrap=True)


def _facts(known: Sheet) -> Iterator[tuple[str, str]]:
    """Names and words of what a file holds, as far as it holds it."""
    yield "spectra", counted(known.rows, "row")
    yield "axis", known.axis
    yield "signal", f"{known.signal} ({known.signal_reason})" if known.signal_reason else known.signal
    for name, columns in (("ids", known.ids), ("groups", known.groups), ("split", known.splits)):
        if columns:
            yield name, f"perhaps {', '.join(columns)}" if name != "ids" else ", ".join(columns)
    for (groups, rows), why in (
        (known.equal_ids, f"share their {known.replicate_column}"),
        (known.near_identical, "are the same but for rounding"),
    ):
        if groups:
            yield "replicates", f"{counted(rows, 'row')} in {counted(groups, 'group')} {why}"
    if known.others:
        yield "others", ", ".join(known.others)


def _numbers(targets: tuple[Numbers, ...]) -> Grid:
    grid = Grid(box=SIMPLE_HEAD, pad_edge=True)
    grid.add_column("possible target", no_wrap=True)
    for name in ("known", "missing", "min", "mean", "max", "SD", "skew"):
        grid.add_column(name, justify="right")
    for one in targets:
        figures = (number(value) for value in (one.minimum, one.mean, one.maximum, one.sd))
        grid.add_row(Text(with_unit(one.name, one.unit)), str(one.n), str(one.missing), *figures, f"{one.skew:.1f}")
    return grid


def _counts(classes: Words) -> str:
    shown = ", ".join(f"{name} {count}" for name, count in classes.counts[:MOST_CLASSES])
    more = classes.distinct - min(MOST_CLASSES, len(classes.counts))
    missing = f"; {classes.missing} missing" if classes.missing else ""
    return shown + (f" and {more} more" if more > 0 else "") + missing


def _next_command(known: Sheet, target: str | None) -> str:
    measured = [one.name for one in known.targets if one.name not in known.groups]
    others = (*(one.name for one in known.classes), *(one.name for one in known.targets))
    candidates = [*measured, *others]
    name = target or (candidates[0] if candidates else "COLUMN")
    split = ["--split", known.splits[0]] if known.splits else []
    return shlex.join(["spectune", "tune", known.source, "--target", name, *split])
