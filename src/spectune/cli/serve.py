"""``spectune serve``: its options; what it does is in ``serving``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[
    Path, typer.Argument(help="Folder of a finished run, or of an adaptation.", metavar="RUN", show_default=False)
]
Host = Annotated[str, typer.Option(help="Address to listen at; any but that of this machine itself needs a token.")]
Port = Annotated[int, typer.Option(help="Port to listen at; 0 for any that is free.", min=0, max=65535)]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="File with the token that requests have to carry.", metavar="FILE", show_default=False),
]


def serve(run: Run, host: Host = "127.0.0.1", port: Port = 8000, token_file: TokenFile = None) -> None:
    """Answer requests for predictions with the model of a run, and show a page to drop files of spectra on.

    Needs the packages of the extra server. SIGTERM or Ctrl-C ends it once accepted requests are answered.

    [bold]Examples:[/bold]

    [cyan]spectune serve runs/soil[/cyan]

    [cyan]spectune serve runs/soil --host 0.0.0.0 --token-file token.txt[/cyan]
    """
    from spectune.cli import serving

    serving.serve(run, host, port, token_file)
