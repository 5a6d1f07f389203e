"""The commands and their options; what each does is in a module of its own beside this one.

Those modules stand on torch, scikit-learn and matplotlib, which take seconds to load: a command
imports its module only when it runs, so that help and mistakes answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated, Any

import typer

from spectune.cli.options import DATA, OPTIONS, OUTPUT, tuning_command
from spectune.errors import SettingError, SpectuneError
from spectune.files.settings import checked, load_settings
from spectune.spectra.axis import Unit
from spectune.spectra.table import Signal

INTERRUPTED = 130

TUNE = """Tune a 1D-CNN on a file of spectra, judge it beside PLS and others, and say what to use.

The test rows are opened once, at the end. The same command continues an interrupted run.

[bold]Examples:[/bold]

[cyan]spectune tune soil.csv --target total_carbon[/cyan]

[cyan]spectune tune soil.csv -t total_carbon --split split --group site -o runs/soil[/cyan]

[cyan]spectune tune --config runs/soil/run.toml --seed 2 -o runs/soil-2[/cyan]
"""

app = typer.Typer(
    name="spectune",
    help="From a file of spectra to a tuned, honestly validated 1D-CNN, or a plain word that PLS is as good.",
    epilog="Start with: spectune inspect FILE",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Sheet = Annotated[str | None, typer.Option(help=OPTIONS["sheet"].help, metavar="NAME", rich_help_panel=DATA)]
UnitOption = Annotated[Unit | None, typer.Option(help=OPTIONS["unit"].help, rich_help_panel=DATA)]
SignalOption = Annotated[Signal | None, typer.Option(help=OPTIONS["signal"].help, rich_help_panel=DATA)]
RunFolder = Annotated[Path, typer.Argument(help="Folder of a finished run.", metavar="RUN", show_default=False)]


@app.command()
def inspect(
    data: Annotated[Path, typer.Argument(help=OPTIONS["data"].help, metavar="DATA", show_default=False)],
    target: Annotated[str | None, typer.Option("--target", "-t", help="Colour the picture by this column.")] = None,
    sheet: Sheet = None,
    unit: UnitOption = None,
    signal: SignalOption = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture",
            "-o",
            help="SVG or PNG to draw. [dim]\\[default: DATA-spectra.svg, here][/dim]",
            rich_help_panel=OUTPUT,
            metavar="FILE",
        ),
    ] = None,
) -> None:
    """Say what was understood of a file: rows, axis, signal, targets, groups, oddities; and draw it.

    [bold]Example:[/bold] [cyan]spectune inspect soil.csv --target total_carbon[/cyan]
    """
    from spectune.cli import inspecting
    from spectune.cli.reading import Reading

    picture = picture or Path(f"{data.stem}-spectra.svg")
    inspecting.inspect(data, target, Reading(sheet, unit, signal), picture)


def tune(said: Mapping[str, Any], config: Path | None) -> None:
    """Tune with what was said on the command line, on top of a ``run.toml``.

    Raises:
        SettingError: no file, no target, or an option that makes no sense.
    """
    if config is None and "data" not in said:
        raise SettingError("spectune tune needs a file of spectra and a target: spectune tune FILE --target COLUMN")
    if config is None and "target" not in said:
        raise SettingError(
            f"spectune tune needs the column to predict, as in --target COLUMN; "
            f"see the columns with: spectune inspect {said['data']}"
        )
    settings = load_settings(config, said) if config else checked(said, "spectune tune")
    from spectune.cli import tuning

    tuning.tune(settings)


app.command("tune")(tuning_command(tune, TUNE))


@app.command()
def report(
    run: RunFolder,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="HTML file. [dim]\\[default: RUN/report.html][/dim]", rich_help_panel=OUTPUT),
    ] = None,
) -> None:
    """Write the report of a finished run: one HTML file that opens without a network.

    [bold]Example:[/bold] [cyan]spectune report runs/soil[/cyan]
    """
    from spectune.cli import reporting

    reporting.write_report(run, out)


@app.command()
def predict(
    run: RunFolder,
    data: Annotated[Path, typer.Argument(help="File of new spectra.", metavar="DATA", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file to write.", rich_help_panel=OUTPUT)] = Path(
        "predictions.csv"
    ),
    sheet: Sheet = None,
    unit: UnitOption = None,
    signal: SignalOption = None,
) -> None:
    """Predict new spectra with the model of a run; errors too, where the target was measured.

    [bold]Example:[/bold] [cyan]spectune predict runs/soil new.csv -o predictions.csv[/cyan]
    """
    from spectune.cli import predicting
    from spectune.cli.reading import Reading

    predicting.predict(run, data, out, Reading(sheet, unit, signal))


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="CSV file to write.", metavar="FILE", show_default=False)],
    rows: Annotated[int, typer.Option(help="Spectra to make.", min=10, max=100_000)] = 600,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn at random.", min=0, max=2_000_000_000)] = 0,
) -> None:
    """Make a file of simulated fruit spectra, to try spectune on.

    [bold]Example:[/bold] [cyan]spectune simulate fruit.csv --rows 600 --seed 1[/cyan]
    """
    from spectune.cli import simulating

    simulating.simulate(out, rows, seed)


@app.command()
def version() -> None:
    """Say which versions are installed."""
    for name in ("spectune", "torch", "optuna", "scikit-learn", "numpy", "scipy"):
        typer.echo(f"{name} {installed(name)}")
    typer.echo(f"python {sys.version.split()[0]}")


def main() -> None:
    """Entry of the ``spectune`` command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Exit code of a command line: 0, or 2 after one sentence on standard error."""
    try:
        ended = app(list(arguments) or ["--help"], prog_name="spectune", standalone_mode=False)
    except SpectuneError as error:
        return _refuse(str(error))
    except typer.TyperException as error:
        return _refuse(_usage(error))
    return _refuse("stopped; nothing was written") if ended == INTERRUPTED else int(ended or 0)


def _usage(error: typer.TyperException) -> str:
    """Typer's sentence without a full stop, and where to look."""
    return f"{error.format_message().rstrip('.')}; see spectune --help"


def _refuse(sentence: str) -> int:
    print(f"error: {' '.join(sentence.split())}", file=sys.stderr)
    return 2
