"""One option of ``spectune tune`` for every field of ``Settings``: its panel and its words.

Commands are made from this table and from the fields, so an option, its type and its default
are said once; a test holds that none is missing. A command may have some of them and its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, fields
from inspect import Parameter, Signature
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_type_hints

import typer

from spectune.files.settings import Settings, Workers

DATA, ROLES, SEARCH, MODEL, OUTPUT = "Data", "Roles of rows", "Search", "Model", "Output"


@dataclass(frozen=True)
class Words:
    """How an option is shown: in which panel, with what help, under which short name, with what default in words.

    ``place`` marks an argument that is said by its place, without a name.
    """

    panel: str
    help: str
    short: str = ""
    default: str = ""
    metavar: str | None = None
    place: bool = False


OPTIONS: Mapping[str, Words] = {
    "data": Words(
        DATA, "File of spectra: CSV or text, Excel, Parquet, .npz, .mat or .RData.", metavar="DATA", place=True
    ),
    "target": Words(DATA, "Column to predict.", "-t", metavar="COLUMN"),
    "where": Words(DATA, "Use only these rows, such as 'instrument == \"m5\"'.", default="all rows", metavar="RULE"),
    "classes": Words(DATA, "Take the target as classes, or as numbers.", default="as its values suggest"),
    "unit": Words(DATA, "Unit of the axis, where the file does not tell."),
    "signal": Words(DATA, "Kind of signal, where its values do not tell."),
    "sheet": Words(
        DATA,
        "Sheet of a workbook, or name of the spectra in .npz, .mat and .RData.",
        default="the first",
        metavar="NAME",
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
    "fix": Words(SEARCH, "Fix a hyperparameter of the space; may be said again for others.", metavar="NAME=VALUE"),
    "sampler": Words(SEARCH, "How the next network is chosen."),
    "pruner": Words(SEARCH, "How hopeless networks are ended early."),
    "epochs": Words(SEARCH, "Upper limit of epochs.", default="that of the space", metavar="N"),
    "objective": Words(
        SEARCH,
        "What is minimised on held-out rows: the error, that with an over-fit term, wrong classes, or error and "
        "over-fit side by side.",
    ),
    "overfit": Words(SEARCH, "Weight of the over-fit term, from 0 to 1.", metavar="WEIGHT"),
    "startup": Words(SEARCH, "Networks drawn at random before the sampler learns from them.", metavar="N"),
    "least": Words(
        SEARCH, "Epochs before networks are first compared.", default="a ninth of a network's own", metavar="N"
    ),
    "reduction": Words(
        SEARCH, "Times as many epochs to the next comparison; with hyperband one in so many goes on.", metavar="N"
    ),
    "lr": Words(
        SEARCH, "Learning rate: as the space says, or its range found by a range test before the search (auto)."
    ),
    "seed": Words(SEARCH, "Seed of everything drawn at random; the same seed gives the same run.", metavar="N"),
    "search_seed": Words(
        SEARCH,
        "Seed of the search alone, where folds must stay the same.",
        default="that of everything",
        metavar="N",
    ),
    "cores": Words(SEARCH, "Processor cores to use; 0 for all.", "-j", metavar="N"),
    "workers": Words(
        SEARCH,
        "Processes that train networks at the same time, with a share of the cores each; auto finds out how many "
        "are fastest here.",
        "-w",
        metavar="N|auto",
    ),
    "cluster": Words(
        SEARCH,
        "Where the workers are: slurm, a Dask scheduler's address, or its file.",
        default="this machine",
        metavar="slurm|ADDRESS|FILE",
    ),
    "device": Words(SEARCH, "What trains: cpu, or a GPU such as cuda or cuda:1.", metavar="NAME"),
    "per_gpu": Words(SEARCH, "Networks that share one GPU at the same time.", metavar="N"),
    "precision": Words(SEARCH, "Products while searching; bf16 is faster on processors made for it."),
    "top": Words(MODEL, "Best recipes that are trained again before one is called best.", metavar="N"),
    "replicates": Words(MODEL, "Trainings with fresh seeds of each of them.", metavar="N"),
    "refit": Words(MODEL, "Train the members again on all calibration rows, instead of keeping those of the folds."),
    "refit_rate": Words(
        MODEL, "With it, part of the learning rate to go on with from the best weights; 0 trains anew.", metavar="PART"
    ),
    "explain": Words(MODEL, "Work out which regions of the spectrum matter."),
    "out": Words(OUTPUT, "Folder of the run.", "-o", default="runs/DATA-TARGET", metavar="FOLDER"),
    "storage": Words(
        OUTPUT,
        "Copy of the trials for other programs: a file in the folder (sqlite, journal), a postgresql:// address, none.",
        metavar="PLACE",
    ),
}

OUTER = 5

NESTING: Mapping[str, tuple[Any, Words]] = {
    "outer": (int, Words(SEARCH, "Outer folds, each a whole job.", default=str(OUTER), metavar="N")),
    "out": (str, Words(OUTPUT, "Folder of the outer folds.", "-o", "runs/DATA-TARGET-nested", "FOLDER")),
}
"""Options of ``spectune nested`` that are not as in ``spectune tune``."""

COMPARED: Mapping[str, tuple[Any, Words]] = {
    "arms": (
        str,
        Words(SEARCH, "Search methods: samplers, each alone or with a pruner.", default="tpe,random", metavar="A,B+C"),
    ),
    "trials": (str, Words(SEARCH, "Networks to try: a number for all, or one an arm.", "-n", "80", metavar="N[,N]")),
    "seeds": (int, Words(SEARCH, "Searches of every arm.", default="3", metavar="N")),
    "out": (str, Words(OUTPUT, "Folder of the comparison.", "-o", "runs/compare-DATA-TARGET", "FOLDER")),
}
"""Options of ``spectune compare`` that are not as in ``spectune tune``."""

PAPER: Mapping[str, tuple[Any, Words]] = {
    "data": (str, Words(DATA, "File of soil spectra, reflectance or absorbance.", metavar="DATA")),
    "simulate": (int, Words(DATA, "Make so many LUCAS-like spectra instead of reading a file.", metavar="N")),
    "trials": (str, Words(SEARCH, "TPE trials, and random trials.", "-n", "80,250", "N,N")),
    "seeds": (int, Words(SEARCH, "Searches of each kind.", default="1", metavar="N")),
    "folds": (int, Words(SEARCH, "Folds of cross-validation.", default="10", metavar="N")),
    "outer": (int, Words(SEARCH, "Outer folds of the nested validation; 0 for none.", default="5", metavar="N")),
    "outer_trials": (int, Words(SEARCH, "TPE trials in each outer fold.", default="as in TPE searches", metavar="N")),
    "curve": (bool, Words(MODEL, "Make the learning curve.", default="yes")),
    "out": (str, Words(OUTPUT, "Folder of the experiment.", "-o", "runs/shen2021-DATA-TARGET", "FOLDER")),
}
"""Options of ``spectune paper shen2021`` that are not as in ``spectune tune``."""

_HINTS = get_type_hints(Settings)


def settings_command(
    work: Callable[[Mapping[str, Any], Path | None], None],
    words: str,
    names: Collection[str] = tuple(OPTIONS),
    own: Mapping[str, tuple[Any, Words]] = MappingProxyType({}),
    config: str | None = "run.toml",
) -> Callable[..., None]:
    """A command with an argument for the data, ``--config``, and an option for other settings.

    Args:
        work: gets what was said, by name, and the path of a ``run.toml``.
        words: help of the command.
        names: settings that are options of it.
        own: options that are no settings, by name: their type and their words.
        config: what the file of ``--config`` is usually called; None for a command without one.
    """

    def command(**said: Any) -> None:
        path = said.pop("config", None)
        work({name: _meant(value, name) for name, value in said.items() if value not in (None, [])}, path)

    settings = [_parameter(name, _HINTS[name], OPTIONS[name], _default(name)) for name in OPTIONS if name in names]
    others = [_parameter(name, hint, shown, _bracketed(shown.default)) for name, (hint, shown) in own.items()]
    command.__doc__ = words
    command.__dict__["__signature__"] = Signature([*([_config(config)] if config else []), *settings, *others])
    return command


def _meant(value: Any, name: str) -> Any:
    """What was said: a number, where that may stand beside a word and is one."""
    return int(value) if _HINTS.get(name) == Workers and isinstance(value, str) and value.isdecimal() else value


def _config(name: str) -> Parameter:
    shown = typer.Option("--config", "-c", help=f"A {name} with any of these options.", rich_help_panel=DATA)
    annotation = Annotated[Path | None, shown]
    return Parameter("config", Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _parameter(name: str, hint: Any, words: Words, default: str) -> Parameter:
    shown: Any
    if words.place:
        shown = typer.Argument(help=words.help, metavar=words.metavar, show_default=False)
    else:
        shown = typer.Option(
            *_flags(name, hint, words.short),
            help=f"{words.help}{default}",
            metavar=words.metavar,
            show_default=False,
            rich_help_panel=words.panel,
        )
    kind = {tuple[str, ...]: list[str], Workers: str}.get(hint, hint)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, shown])


def _flags(name: str, hint: Any, short: str) -> list[str]:
    long = f"--{name.rstrip('_').replace('_', '-')}"  # an option may have a name that Python keeps, with an underscore
    if hint in (bool, bool | None):
        return [f"{long}/--no-{long[2:]}"]
    return [long, *([short] if short else [])]


def _default(name: str) -> str:
    """The default of a setting in brackets, as typer itself would show it; settings without one show none."""
    default = next(field.default for field in fields(Settings) if field.name == name)
    shown = OPTIONS[name].default or ("" if default in (None, MISSING, ()) else default)
    if isinstance(shown, bool):
        shown = "yes" if shown else "no"
    return _bracketed(shown)


def _bracketed(shown: object) -> str:
    return f" [dim]\\[default: {shown}][/dim]" if shown != "" else ""
