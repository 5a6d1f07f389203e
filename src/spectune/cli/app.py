"""The commands and their options; what each does is in a module of its own beside this one.

Those modules stand on torch, scikit-learn and matplotlib, which take seconds to load: a command
imports its module only when it runs, so that help and mistakes answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated, Any

import typer

from spectune.cli.adapt import adapt
from spectune.cli.bench import app as bench
from spectune.cli.dashboard import dashboard
from spectune.cli.download import download
from spectune.cli.explain import explain
from spectune.cli.export import export
from spectune.cli.faults import plain_notices, unforeseen
from spectune.cli.lr_range import command as lr_range
from spectune.cli.options import COMPARED, DATA, NESTING, OPTIONS, OUTER, OUTPUT, settings_command
from spectune.cli.paper import app as paper
from spectune.cli.pruning import pruning
from spectune.cli.serve import serve
from spectune.cli.simulate import simulate
from spectune.cli.synth import app as synth
from spectune.errors import SettingError, SpectuneError
from spectune.files.compare_settings import SHARED, arms_and_trials, checked_comparison, load_compare_settings
from spectune.files.settings import Settings, checked, load_settings
from spectune.spectra.axis import Unit
from spectune.spectra.table import Signal

INTERRUPTED = 130

JOB, JUDGE, USE = "From a file to a model", "To judge and to understand", "To use a model elsewhere"
SPECTRA, PUBLISHED = "Spectra to try", "Published work"
"""Panels of commands."""

TUNE = """Tune a 1D-CNN on a file of spectra, judge it beside PLS and others, and say what to use.

The test rows are opened once, at the end. The same command continues an interrupted run.

[bold]Examples:[/bold]

[cyan]spectune tune soil.csv --target total_carbon[/cyan]

[cyan]spectune tune soil.csv -t total_carbon --split split --group site -o runs/soil[/cyan]

[cyan]spectune tune --config runs/soil/run.toml --seed 2 -o runs/soil-2[/cyan]
"""

NESTED = """Do the whole job once in every outer fold, and say what a search is worth on rows it never saw.

The error that a search reports is the lowest of many looks at the same folds, hence optimistic.

Here search, fresh seeds and PLS choose on outer training rows, and the rows left out are predicted once.

Test rows of the file stay closed. The same command continues an interrupted one.

[bold]Example:[/bold] [cyan]spectune nested soil.csv --target total_carbon --outer 5 -o runs/soil-nested[/cyan]
"""

COMPARE = """Compare search methods on the same rows, folds and search space, each with several seeds.

Only calibration rows are used; the test rows stay closed. The same command continues an interrupted comparison.

Asking for more trials, seeds or arms goes on from what is there.

[bold]Examples:[/bold]

[cyan]spectune compare soil.csv --target total_carbon[/cyan]

[cyan]spectune compare soil.csv -t total_carbon --arms tpe,random,tpe+hyperband --trials 80,250,80 --seeds 6[/cyan]
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
Subsets = Annotated[int, typer.Option(help="Random subsets of the smallest size; larger have fewer.", min=1, max=50)]
Cores = Annotated[int | None, typer.Option("--cores", "-j", help=OPTIONS["cores"].help, min=0, max=1024)]


@app.command(rich_help_panel=JOB)
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
    settings = _settings("tune", said, config)
    from spectune.cli import tuning

    tuning.tune(settings)


def nested(said: Mapping[str, Any], config: Path | None) -> None:
    """Nested validation with what was said on the command line, on top of a ``run.toml``; errors as for ``tune``."""
    told = {name: value for name, value in said.items() if name != "outer"}
    settings = _settings("nested", told, config)
    if "out" not in said:
        settings = replace(settings, out=f"{settings.out}-nested")
    from spectune.cli import nesting

    nesting.nest(settings, said.get("outer", OUTER))


def compare(said: Mapping[str, Any], config: Path | None) -> None:
    """Compare search methods as said on the command line, on top of a ``compare.toml``; errors as for ``tune``."""
    _check_said("spectune compare", said, config)
    values = {**said, **arms_and_trials(said)}
    settings = load_compare_settings(config, values) if config else checked_comparison(values, "spectune compare")
    from spectune.cli import comparing

    comparing.compare(settings)


def _check_said(command: str, said: Mapping[str, Any], config: Path | None) -> None:
    """A SettingError when neither the command line nor a file names data and target."""
    if config is None and "data" not in said:
        raise SettingError(f"{command} needs a file of spectra and a target: {command} FILE --target COLUMN")
    if config is None and "target" not in said:
        raise SettingError(
            f"{command} needs the column to predict, as in --target COLUMN; "
            f"see the columns with: spectune inspect {said['data']}"
        )


def _settings(command: str, said: Mapping[str, Any], config: Path | None) -> Settings:
    """The settings of a command that needs a file and a target."""
    _check_said(f"spectune {command}", said, config)
    return load_settings(config, said) if config else checked(said, f"spectune {command}")


app.command("tune", rich_help_panel=JOB)(settings_command(tune, TUNE))
app.command("nested", rich_help_panel=JUDGE)(
    settings_command(nested, NESTED, [name for name in OPTIONS if name not in {"explain", *NESTING}], NESTING)
)
app.command("compare", rich_help_panel=JUDGE)(
    settings_command(compare, COMPARE, [name for name in SHARED if name not in COMPARED], COMPARED, "compare.toml")
)


@app.command(rich_help_panel=JOB)
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


@app.command("learning-curve", rich_help_panel=JUDGE)
def learning_curve(run: RunFolder, subsets: Subsets = 3, cores: Cores = None) -> None:
    """Say what more samples would bring: the best network of a run, and PLS, on growing training sets.

    The same command continues an interrupted one.

    [bold]Example:[/bold] [cyan]spectune learning-curve runs/soil[/cyan]
    """
    from spectune.cli import learning

    learning.learn(run, subsets, cores)


@app.command(rich_help_panel=JOB)
def predict(
    run: RunFolder,
    data: Annotated[Path, typer.Argument(help="File of new spectra.", metavar="DATA", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file to write.", rich_help_panel=OUTPUT)] = Path(
        "predictions.csv"
    ),
    sheet: Sheet = None,
    unit: UnitOption = None,
    signal: SignalOption = None,
    level: Annotated[
        float | None, typer.Option(help="How often intervals hold the true value. [dim]\\[default: 0.9][/dim]")
    ] = None,
) -> None:
    """Predict new spectra with the model of a run, with intervals and flags; errors too, where it was measured.

    [bold]Example:[/bold] [cyan]spectune predict runs/soil new.csv -o predictions.csv --level 0.9[/cyan]
    """
    from spectune.cli import predicting
    from spectune.cli.reading import Reading

    predicting.predict(run, data, out, Reading(sheet, unit, signal), level)


app.command(rich_help_panel=SPECTRA)(simulate)
app.command(rich_help_panel=SPECTRA)(download)
app.add_typer(synth, name="synth", rich_help_panel=SPECTRA)
app.add_typer(paper, name="paper", rich_help_panel=PUBLISHED)
app.add_typer(bench, name="bench", rich_help_panel=PUBLISHED)
app.command(rich_help_panel=USE)(adapt)
app.command(rich_help_panel=JUDGE)(dashboard)
app.command("explain", rich_help_panel=JUDGE)(explain)
app.command(rich_help_panel=USE)(export)
app.command(rich_help_panel=JUDGE)(pruning)
app.command(rich_help_panel=USE)(serve)
app.command("lr-range", rich_help_panel=JUDGE)(lr_range)


@app.command(rich_help_panel="About")
def version() -> None:
    """Say which versions are installed."""
    for name in ("spectune", "torch", "optuna", "scikit-learn", "numpy", "scipy"):
        typer.echo(f"{name} {installed(name)}")
    typer.echo(f"python {sys.version.split()[0]}")


def main() -> None:
    """Entry of the ``spectune`` command; where spectune is at fault, one sentence and exit code 1."""
    plain_notices()
    try:
        sys.exit(run(sys.argv[1:]))
    finally:  # Typer puts a hook of its own there
        sys.excepthook = lambda _, error, __: print(f"error: {unforeseen(error)}", file=sys.stderr)


def run(arguments: Sequence[str]) -> int:
    """Exit code of a command line: 0, or 2 after one sentence on standard error.

    Nothing, or a group of commands alone, asks for help.
    """
    words = list(arguments)
    if not words or words in [[group.name] for group in app.registered_groups]:
        words.append("--help")
    try:
        ended = app(words, prog_name="spectune", standalone_mode=False)
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
