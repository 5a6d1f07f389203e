"""``spectune explain``: its options; what it does is in ``explaining``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spectune.errors import SettingError

Run = Annotated[Path, typer.Argument(help="Folder of a finished run.", metavar="RUN", show_default=False)]
Rows = Annotated[
    int | None,
    typer.Option(
        help="Explain so many single spectra, evenly over the target or the classes.", metavar="N", show_default=False
    ),
]
Of = Annotated[
    list[str] | None,
    typer.Option("--of", help="Explain this class; may be said again for others.", metavar="CLASS", show_default=False),
]


def explain(run: Run, rows: Rows = None, of: Of = None) -> None:
    """Say what the network of a run looks at: attributions on the wavelength axis, beside PLS, and checked.

    Writes RUN/explanation.html and RUN/explanation.csv.

    [bold]Examples:[/bold]

    [cyan]spectune explain runs/soil[/cyan]

    [cyan]spectune explain runs/plastics --of PET --of PS[/cyan]

    [cyan]spectune explain runs/soil --rows 5[/cyan]
    """
    if rows is not None and of:
        raise SettingError("--rows explains single spectra and --of whole classes; say one of them")
    from spectune.cli import explaining

    explaining.explain(run, rows, tuple(of or ()))
