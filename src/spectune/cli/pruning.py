"""``spectune pruning``: what pruned trials of a run would have come to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spectune.cli.options import OPTIONS

Run = Annotated[Path, typer.Argument(help="Folder of a finished run.", metavar="RUN", show_default=False)]
Sample = Annotated[int, typer.Option(help="Pruned trials to train to their end.", min=1, max=10_000)]
Seed = Annotated[int, typer.Option(help="Seed of the choice among them.", min=0, max=2_000_000_000)]
Cores = Annotated[int | None, typer.Option("--cores", "-j", help=OPTIONS["cores"].help, min=0, max=1024)]


def pruning(run: Run, sample: Sample = 10, seed: Seed = 0, cores: Cores = None) -> None:
    """Train a sample of a run's pruned trials to the end, and say what pruning threw away.

    The same command continues an interrupted one; a larger sample goes on from a smaller.

    [bold]Example:[/bold] [cyan]spectune pruning runs/soil --sample 10[/cyan]
    """
    from spectune.cli import pruned

    pruned.look(run, sample, seed, cores)
