"""``spectune dashboard``: its options; what it does is in ``viewing``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[Path, typer.Argument(help="Folder of a run, finished or not.", metavar="RUN", show_default=False)]
Port = Annotated[
    int,
    typer.Option(
        help="Port to listen at. [dim]\\[default: one that is free][/dim]", min=0, max=65535, show_default=False
    ),
]


def dashboard(run: Run, port: Port = 0) -> None:
    """Show the trials of a run in a browser with optuna-dashboard, also while the search goes on.

    Only this machine can look. Whatever is changed there is gone when it ends: the run is not touched.

    Needs the packages of the extra dashboard. Ctrl-C ends it.

    [bold]Example:[/bold] [cyan]spectune dashboard runs/soil[/cyan]
    """
    from spectune.cli import viewing

    viewing.show(run, port)
