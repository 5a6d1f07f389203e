"""``spectune download`` and its options; what it does is in ``downloading``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def download(
    name: Annotated[
        str | None, typer.Argument(help="What to get; alone it lists what there is.", metavar="NAME")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Folder to put it in. [dim]\\[default: data/NAME][/dim]", metavar="FOLDER"),
    ] = None,
) -> None:
    """Get published spectra, checked to be those that were published; without a name, list what there is.

    Nothing else of spectune uses the network.

    [bold]Examples:[/bold]

    [cyan]spectune download[/cyan]

    [cyan]spectune download mango --to data/mango[/cyan]
    """
    from spectune.cli import downloading

    downloading.download(name, to)
