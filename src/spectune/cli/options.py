"""One option of ``spectune tune`` for every field of ``Settings``: its panel and its words.

The command is made from this table and from the fields, so an option, its type and its default
are said once; a test holds that none is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from spectune.files.settings import Settings

DATA, ROLES, SEARCH, MODEL, OUTPUT = "Data", "Roles of rows", "Search", "Model", "Output"


@dataclass(frozen=True)
class Words:
    """How an option is shown: in which panel, with what help, under which short name, with what default in words."""

    panel: str
    help: str
    short: str = ""
    default: str = ""
    metavar: str | None = None


OPTIONS: Mapping[str, Words] = {
    "data": Words(DATA, "File of spectra: CSV or text, Excel, Parquet, .npz or .mat.", metavar="DATA"),
    "target": Words(DATA, "Column to predict.", "-t", metavar="COLUMN"),
    "where": Words(DATA, "Use only these rows, such as 'instrument == \"m5\"'.", default="all rows", metavar="RULE"),
    "classes": Words(DATA, "Take the target as classes, or as numbers.", default="as its values suggest"),
    "unit": Words(DATA, "Unit of the axis, where the file does not tell."),
    "signal": Words(DATA, "Kind of signal, where its values do not tell."),
    "sheet": Words(
        DATA, "Sheet of a workbook, or name of the spectra in .npz and .mat.", default="the first", metavar="NAME"
    ),
    "split": Words(ROLES, "Column that marks each row cal or test.", metavar="COLUMN"),
    "test": Words(ROLES, "File whose rows are the test set.", metavar="FILE"),
    "test_part": Words(ROLES, "Share of rows set aside as test set without --split or --test.", metavar="SHARE"),
    "group": Words(
        ROLES,
        "Column whose equal values stay together on one side of every split, such as the sample of repeated scans.",
        default="repeated scans are recognised",
        metavar="COLUMN",
    ),
    "trials": Words(SEARCH, "Networks to try.", "-n", metavar="N"),
    "folds": Words(SEARCH, "Folds of cross-validation.", metavar="N"),
    "space": Words(SEARCH, "Search space: a shipped name, or a TOML file of your own.", metavar="NAME|FILE"),
    "sampler": Words(SEARCH, "How the next network is chosen."),
    "pruner": Words(SEARCH, "How hopeless networks are ended early."),
    "epochs": Words(SEARCH, "Upper limit of epochs.", default="that of the space", metavar="N"),
    "seed": Words(SEARCH, "Seed of everything drawn at random; the same seed gives the same run.", metavar="N"),
    "workers": Words(SEARCH, "Processor cores to use; 0 for all.", "-j", metavar="N"),
    "precision": Words(SEARCH, "Products while searching; bf16 is faster on processors made for it."),
    "top": Words(MODEL, "Best recipes that are trained again before one is called best.", metavar="N"),
    "replicates": Words(MODEL, "Trainings with fresh seeds of each of them.", metavar="N"),
    "refit": Words(MODEL, "Train the members again on all calibration rows, instead of keeping those of the folds."),
    "explain": Words(MODEL, "Work out which regions of the spectrum matter."),
    "out": Words(OUTPUT, "Folder of the run.", "-o", default="runs/DATA-TARGET", metavar="FOLDER"),
}

_HINTS = get_type_hints(Settings)


def tuning_command(work: Callable[[Mapping[str, Any], Path | None], None], words: str) -> Callable[..., None]:
    """A command with an argument for the data, ``--config``, and an option for every other setting.

    Args:
        work: gets the settings that were said, by name, and the path of a ``run.toml``.
        words: help of the command.
    """

    def command(**said: Any) -> None:
        config = said.pop("config")
        work({name: value for name, value in said.items() if value is not None}, config)

    command.__doc__ = words
    command.__dict__["__signature__"] = Signature([_config(), *(_parameter(name) for name in OPTIONS)])
    return command


def _config() -> Parameter:
    shown = typer.Option("--config", "-c", help="A run.toml with any of these options.", rich_help_panel=DATA)
    annotation = Annotated[Path | None, shown]
    return Parameter("config", Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _parameter(name: str) -> Parameter:
    words = OPTIONS[name]
    shown: Any
    if name == "data":
        shown = typer.Argument(help=words.help, metavar="DATA", show_default=False)
    else:
        shown = typer.Option(
            *_flags(name),
            help=f"{words.help}{_default(name)}",
            metavar=words.metavar,
            show_default=False,
            rich_help_panel=words.panel,
        )
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[_HINTS[name] | None, shown])


def _flags(name: str) -> list[str]:
    long = f"--{name.replace('_', '-')}"
    if _HINTS[name] in (bool, bool | None):
        return [f"{long}/--no-{long[2:]}"]
    return [long, *([OPTIONS[name].short] if OPTIONS[name].short else [])]


def _default(name: str) -> str:
    """The default in brackets, as typer itself would show it; options without one show none."""
    default = next(field.default for field in fields(Settings) if field.name == name)
    shown = OPTIONS[name].default or ("" if default in (None, MISSING) else default)
    if isinstance(shown, bool):
        shown = "yes" if shown else "no"
    return f" [dim]\\[default: {shown}][/dim]" if shown != "" else ""
