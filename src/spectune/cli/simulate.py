"""``spectune simulate`` and its options; what it does is in ``simulating``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def simulate(
    out: Annotated[
        Path, typer.Argument(help="File to write: .csv, .parquet or .npz.", metavar="FILE", show_default=False)
    ],
    kind: Annotated[
        Literal["fruit", "soil", "mango", "wheat"],
        typer.Option(help="Fruit, a library of topsoils, mango of four seasons, or wheat kernels of 30 varieties."),
    ] = "fruit",
    rows: Annotated[
        int | None,
        typer.Option(
            help="Spectra to make. [dim]\\[default: 600 of fruit and soil; 11,362 of mango and 135,096 of wheat, "
            "the published numbers][/dim]",
            min=10,
            max=1_000_000,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn at random.", min=0, max=2_000_000_000)] = 0,
    step: Annotated[
        float | None,
        typer.Option(
            help="Distance of the points of soil spectra, nm. [dim]\\[default: 0.5, 4,200 points][/dim]", metavar="NM"
        ),
    ] = None,
) -> None:
    """Make a file of simulated spectra, to try spectune on or in place of published sets.

    [bold]Examples:[/bold]

    [cyan]spectune simulate fruit.csv --rows 600 --seed 1[/cyan]

    [cyan]spectune simulate soil.parquet --kind soil --rows 2000 --step 5[/cyan]

    [cyan]spectune simulate wheat.parquet --kind wheat[/cyan]
    """
    from spectune.cli import simulating

    simulating.simulate(out, kind, rows, seed, step)
