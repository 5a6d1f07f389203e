"""``spectune synth``: its commands and their options; what each does is in ``synthesising``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer

from spectune.spectra.axis import Unit
from spectune.synthesis.patterns import Dials, Law

PEAKS, LAW, BEYOND, OUTPUT = "Peaks", "Published law", "Beyond the published law", "Output"

DRAW_WORDS: Mapping[str, tuple[str, int, int, int]] = {
    "classes": ("Classes to draw.", 500, 1, 100_000),
    "seed": ("Seed of peaks and spectra.", 2022, 0, 2**63 - 1),
    "points": ("Points of a spectrum.", 5000, 10, 1_000_000),
    "boundary": ("Points without a peak at both ends.", 100, 0, 1_000_000),
}
"""Words, default and limits."""

LAW_WORDS: Mapping[str, str] = {
    "train": "Training spectra of a class.",
    "val": "Validation spectra of a class.",
    "shift": "Every peak moves by up to this many points.",
    "variation": "Every height changes by up to this; the highest peak is 1.",
    "tops_vary": "Peaks of height 1 change too.",
    "width": "Standard deviations of peaks in points, as LOW:HIGH.",
    "test_width": "The one of test spectra.",
}
DIAL_WORDS: Mapping[str, str] = {
    "common": "All peaks of a spectrum move together by up to this many points.",
    "stretch": "The axis stretches about its middle by up to this share.",
    "shape": "Shape of a peak.",
    "lorentz": "Share of the Lorentzian in a pseudo-Voigt peak.",
    "asymmetry": "An asymmetric peak is wider on its right by this share.",
    "width_spread": "Widths differ from peak to peak by up to this share.",
    "noise": "White noise, as a share of the highest point.",
    "counts": "Photons counted at the highest point; 0 for no Poisson noise.",
    "baseline": "Smooth baseline, up to this share of the highest point.",
    "impurities": "Up to this many foreign peaks.",
    "impurity_height": "Their height at most.",
    "phases": "Up to this many classes mixed in a spectrum; their fractions are written too.",
}

app = typer.Typer(
    help="Synthetic spectra of many classes: draw peaks, make spectra, say what can be attained.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Config = Annotated[
    str,
    typer.Argument(
        help="benchmark or challenge, as published, or a JSON file; ./challenge is always a file.",
        metavar="CONFIG",
        show_default=False,
    ),
]
Shift = Annotated[
    float | None,
    typer.Option(
        help="Peaks move by up to this, in the unit of the axis. [dim]\\[default: a quarter of the mean width][/dim]"
    ),
]
Fwhm = Annotated[
    str | None,
    typer.Option(
        help="Full widths at half-maximum, in the unit of the axis. [dim]\\[default: 4.7 to 11.8 points][/dim]",
        metavar="LOW:HIGH",
    ),
]
FoundFwhm = Annotated[
    str | None,
    typer.Option(
        help="Full widths at half-maximum, in the unit of the axis. "
        "[dim]\\[default: the quartiles of those found][/dim]",
        metavar="LOW:HIGH",
    ),
]
Where = Annotated[
    str | None, typer.Option(help="Use only these rows, such as 'water == \"pristine\"'.", metavar="RULE")
]


def draw(out: Path, published: str | None, library: str | None, tests: str, **said: Any) -> None:
    """Draw the peaks of many classes, or take a configuration that is there and change its law and dials.

    [bold]Examples:[/bold]

    [cyan]spectune synth config mine.json --classes 100 --seed 7 --noise 0.01[/cyan]

    [cyan]spectune synth config challenge.json --published challenge[/cyan]

    [cyan]spectune synth config noisy.json --library library.json --noise 0.02 --baseline 0.5[/cyan]
    """
    from spectune.cli import synthesising

    told = {name: value for name, value in said.items() if value is not None}
    drawn = {name: told.pop(name) for name in DRAW_WORDS if name in told}
    if published or library:
        synthesising.write_taken(out, (published, library), told, tests, drawn)
    else:
        synthesising.write_random(out, synthesising.Draw(**drawn), told, tests)


@app.command()
def make(
    config: Config,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder, .npz or .parquet to write.", show_default=False)],
    format: Annotated[
        Literal["npy", "npz", "parquet"] | None,
        typer.Option(help="Six arrays in a folder, or one table. [dim]\\[default: as OUT ends][/dim]"),
    ] = None,
    float64: Annotated[bool, typer.Option("--float64", help="Double precision, as published.")] = False,
    measured: Annotated[
        Path | None,
        typer.Option(help="Measured spectra for the test, instead of generated ones.", metavar="FILE"),
    ] = None,
    substance: Annotated[
        str | None, typer.Option(help="Column of --measured with the names of the classes.", metavar="COLUMN")
    ] = None,
    where: Where = None,
) -> None:
    """Make the spectra of a configuration.

    With --measured the test spectra are those of a file, cut to the axis of the configuration;

    all spectra, generated and measured, are then divided by their maximum.

    [bold]Examples:[/bold]

    [cyan]spectune synth make challenge --out challenge[/cyan]

    [cyan]spectune synth make mine.json --out mine.parquet[/cyan]

    [cyan]spectune synth make library.json --measured field.csv --substance polymer --out set.parquet[/cyan]
    """
    from spectune.cli import synthesising

    asked = measured or substance or where
    held_out = synthesising.HeldOut(measured, substance, where) if asked else None
    synthesising.make(config, out, format, float64, held_out)


@app.command()
def describe(
    config: Config,
    samples: Annotated[int, typer.Option(help="Spectra to draw of a class.", min=100, max=1_000_000)] = 4000,
    seed: Annotated[int, typer.Option(help="Seed of the sampling.", min=0)] = 0,
) -> None:
    """Say what can be attained: classes that can be mistaken for each other, and the best possible accuracy.

    [bold]Example:[/bold] [cyan]spectune synth describe challenge[/cyan]
    """
    from spectune.cli import synthesising

    synthesising.describe(config, samples, seed)


@app.command("from-peaks")
def from_peaks(
    peaks: Annotated[
        Path, typer.Argument(help="CSV with substance, position, height.", metavar="PEAKS", show_default=False)
    ],
    axis: Annotated[str, typer.Option(help="First position, last, and step.", metavar="FIRST:LAST:STEP")],
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file to write.", rich_help_panel=OUTPUT)],
    unit: Annotated[Unit, typer.Option(help="Unit of the axis.")] = "index",
    shift: Shift = None,
    fwhm: Fwhm = None,
) -> None:
    """Make a configuration from a table of reference peaks.

    [bold]Example:[/bold]

    [cyan]spectune synth from-peaks peaks.csv --axis 100:3500:1 --unit cm-1 --shift 3 --fwhm 6:15 -o mine.json[/cyan]
    """
    from spectune.cli import synthesising

    synthesising.from_peaks(peaks, synthesising.Line(axis, unit), out, shift, fwhm)


@app.command("from-spectra")
def from_spectra(
    data: Annotated[
        Path, typer.Argument(help="File with one reference spectrum per substance.", metavar="DATA", show_default=False)
    ],
    substance: Annotated[str, typer.Option(help="Column with the names.", metavar="COLUMN")],
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file to write.", rich_help_panel=OUTPUT)],
    prominence: Annotated[
        float, typer.Option(help="A peak stands out by this share of the range.", min=1e-6, max=1)
    ] = 0.05,
    where: Where = None,
    range: Annotated[str | None, typer.Option(help="Part of the axis to use, in its unit.", metavar="LOW:HIGH")] = None,
    shift: Shift = None,
    fwhm: FoundFwhm = None,
) -> None:
    """Make a configuration from the peaks of measured reference spectra.

    [bold]Example:[/bold] [cyan]spectune synth from-spectra library.csv --substance name -o mine.json[/cyan]
    """
    from spectune.cli import synthesising

    synthesising.from_spectra(data, synthesising.References(substance, prominence, where, range), out, shift, fwhm)


def _parameters() -> list[Parameter]:
    """Parameters of ``synth config``: those of the peaks, and one for every field of the law and the dials."""
    shown: dict[str, tuple[Any, Any, Any]] = {
        "out": (Path, typer.Argument(help="JSON file to write.", metavar="FILE", show_default=False), Parameter.empty),
        "published": (
            Literal["benchmark", "challenge"] | None,
            typer.Option(help="Take published peaks and law instead.", rich_help_panel=PEAKS),
            None,
        ),
        "library": (
            str | None,
            typer.Option(
                help="Take peaks, axis and law of a configuration instead.", metavar="FILE", rich_help_panel=PEAKS
            ),
            None,
        ),
        "tests": (
            Literal["plain", "apart"],
            typer.Option(
                help="Same test spectra for all classes, or ranges that keep classes apart.", rich_help_panel=LAW
            ),
            "plain",
        ),
    }
    for name, (words, default, low, high) in DRAW_WORDS.items():
        told = f"{words} [dim]\\[default: {default}][/dim]"
        shown[name] = (int | None, typer.Option(help=told, min=low, max=high, rich_help_panel=PEAKS), None)
    for name, words in (("shift", "Test spectra move by this."), ("variation", "Their heights change by this.")):
        kind = int if name == "shift" else float
        told = f"{words} [dim]\\[default: {0.6 if name == 'shift' else 0.8} of --{name}][/dim]"
        shown[f"test_{name}"] = (kind | None, typer.Option(help=told, rich_help_panel=LAW), None)
    own = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])
        for name, (kind, option, default) in shown.items()
    ]
    return [*own, *_settings(Law, LAW_WORDS, LAW), *_settings(Dials, DIAL_WORDS, BEYOND)]


def _settings(record: type, words: Mapping[str, str], panel: str) -> list[Parameter]:
    hints, made = get_type_hints(record), []
    for field in fields(record):
        if field.name in words:
            kind = str if field.name == "width" else hints[field.name]
            flag = f"--{field.name.replace('_', '-')}"
            flags = [f"{flag}/--no-{flag[2:]}"] if kind is bool else [flag]
            default = "2:5" if field.name == "width" else field.default
            told = f"{words[field.name]} [dim]\\[default: {default}][/dim]"
            option = typer.Option(*flags, help=told, show_default=False, rich_help_panel=panel)
            made.append(
                Parameter(field.name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option])
            )
    return made


draw.__dict__["__signature__"] = Signature(_parameters())
app.command("config")(draw)
