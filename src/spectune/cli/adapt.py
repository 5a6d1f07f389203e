"""``spectune adapt``: a finished model on a new instrument, season or product."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spectune.cli.options import DATA, MODEL, OPTIONS, OUTPUT, ROLES
from spectune.spectra.axis import Unit
from spectune.spectra.table import Signal

Run = Annotated[Path, typer.Argument(help="Folder of a finished run.", metavar="RUN", show_default=False)]
New = Annotated[Path, typer.Argument(help="File of new spectra, target known.", metavar="NEW", show_default=False)]
Target = Annotated[
    str,
    typer.Option("--target", "-t", help="Column of the target, where it is not that of the run.", rich_help_panel=DATA),
]
Where = Annotated[str | None, typer.Option(help=OPTIONS["where"].help, metavar="RULE", rich_help_panel=DATA)]
Sheet = Annotated[str | None, typer.Option(help=OPTIONS["sheet"].help, metavar="NAME", rich_help_panel=DATA)]
UnitOption = Annotated[Unit | None, typer.Option(help=OPTIONS["unit"].help, rich_help_panel=DATA)]
SignalOption = Annotated[Signal | None, typer.Option(help=OPTIONS["signal"].help, rich_help_panel=DATA)]
Split = Annotated[str | None, typer.Option(help=OPTIONS["split"].help, metavar="COLUMN", rich_help_panel=ROLES)]
Test = Annotated[str | None, typer.Option(help=OPTIONS["test"].help, metavar="FILE", rich_help_panel=ROLES)]
Group = Annotated[str | None, typer.Option(help=OPTIONS["group"].help, metavar="COLUMN", rich_help_panel=ROLES)]
Curve = Annotated[bool, typer.Option("--curve", help="Say how many new samples are needed.", rich_help_panel=MODEL)]
Seed = Annotated[int, typer.Option(help="Seed of everything drawn at random.", min=0, max=2_000_000_000)]
Cores = Annotated[int | None, typer.Option("--cores", "-j", help=OPTIONS["cores"].help, min=0, max=1024)]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Folder. [dim]\\[default: RUN-on-NEW][/dim]", rich_help_panel=OUTPUT),
]


def adapt(  # noqa: PLR0913  (the words of one command line)
    run: Run,
    new: New,
    target: Target = "",
    where: Where = None,
    split: Split = None,
    test: Test = None,
    group: Group = None,
    sheet: Sheet = None,
    unit: UnitOption = None,
    signal: SignalOption = None,
    curve: Curve = False,
    seed: Seed = 0,
    cores: Cores = None,
    out: Out = None,
) -> None:
    """Say what to do with the model of a run on a new instrument, season or product, and keep that as a model.

    As it is, with slope and bias corrected, fine-tuned, or trained from nothing: on the same few new rows.

    [bold]Example:[/bold] [cyan]spectune adapt runs/m5 mp5.csv --target moisture --group sample --out runs/mp5[/cyan]
    """
    from spectune.cli import adapted
    from spectune.job.new_rows import Asked

    folder = out or run.with_name(f"{run.name}-on-{new.stem}")
    asked = Asked(run, str(new), folder, target, split, where, group, test, sheet, unit, signal, seed, cores, curve)
    adapted.adapt(asked)
