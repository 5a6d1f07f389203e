"""``spectune export``: its options; what it does is in ``exporting``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spectune.errors import SettingError

Run = Annotated[
    Path, typer.Argument(help="Folder of a finished run, or of an adaptation.", metavar="RUN", show_default=False)
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="File to write. [dim]\\[default: RUN.onnx, here][/dim]", metavar="FILE"),
]
Level = Annotated[
    float | None,
    typer.Option(
        help="How often an interval, or a set of classes, is to hold the true value. [dim]\\[default: 0.9][/dim]",
        metavar="LEVEL",
    ),
]
Date = Annotated[
    str | None,
    typer.Option(help="Date to write into the file; without it the same run gives the same file.", metavar="DATE"),
]


def export(run: Run, out: Out = None, level: Level = None, date: Date = None) -> None:
    """Write a model as one ONNX file: raw spectra in, predictions in the target's unit out.

    What reads the file needs neither spectune nor torch. Making it needs the packages of the extra onnx.

    [bold]Example:[/bold] [cyan]spectune export runs/soil -o soil.onnx[/cyan]
    """
    path = out or Path(f"{run.resolve().name}.onnx")
    if path.suffix.lower() != ".onnx":
        raise SettingError(f"a model is written as ONNX, so --out must end in .onnx; got {path}")
    from spectune.cli import exporting

    exporting.export(run, path, level, date)
