"""``spectune paper``: the experiments of the papers, each a command of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import typer

from spectune.cli.options import DATA, MODEL, OPTIONS, OUTPUT, PAPER, SEARCH, Words, settings_command
from spectune.errors import SettingError
from spectune.files.settings import checked, default_out
from spectune.tuning.record import Objective

SHEN = """Shen & Viscarra Rossel (2021) on any soil library: figures 1-5 and 7, tables 1-3, and what they left undone.

TPE against random search over the published space, importance of hyperparameters, the published optimum as given,

PLS and others on the same folds, nested validation, fresh seeds, a learning curve. The same command continues.

[bold]Examples:[/bold]

[cyan]spectune paper shen2021 --data lucas.csv --target OC --out runs/shen[/cyan]

[cyan]spectune paper shen2021 --simulate 600 --trials 20,40 --outer 0 --out runs/shen-try[/cyan]
"""

PASSOS = """Passos & Mishra (2022): the tutorial on automatic tuning, {what}.

By default spectune's own way: search on folds of whole groups, fresh seeds, PLS beside it, test rows opened once.

With --faithful the published procedure to the letter. Both into one --out stand side by side on its page.

[bold]Examples:[/bold]

[cyan]spectune paper passos2022 {kind} --data {file} --out runs/{kind}[/cyan]

[cyan]spectune paper passos2022 {kind} --simulate {rows} --faithful --trials 20 --out runs/{kind}-try[/cyan]

[cyan]spectune paper passos2022 {kind} --data mine.csv --target {target} --split split --out runs/mine[/cyan]
"""

TUTORIAL: Mapping[str, tuple[Any, Words]] = {
    "files": (tuple[str, ...], Words(DATA, "More files of the same data.", metavar="[FILE]...", place=True)),
    "data": (str, Words(DATA, "A published file, a folder of them, or any file with --target.", metavar="FILE")),
    "simulate": (int, Words(DATA, "Make so many spectra like the paper's instead of reading a file.", metavar="N")),
    "target": (str, Words(DATA, "Column to predict, for a file of your own.", "-t", metavar="COLUMN")),
    "faithful": (bool, Words(SEARCH, "Do the published procedure, instead of ours.", default="no")),
    "trials": (int, Words(SEARCH, "Networks to try.", "-n", "500 with --faithful, 100 without", "N")),
    "seeds": (int, Words(SEARCH, "Searches of the published procedure.", default="1", metavar="N")),
    "space": (str, Words(SEARCH, "Search space of ours.", default="the paper's, corrected", metavar="NAME|FILE")),
    "objective": (
        Objective,
        Words(
            SEARCH,
            "What ours minimises on held-out rows: the error, that with an over-fit term, wrong classes, or error and "
            "over-fit side by side, which no pruning goes with.",
            default="error",
        ),
    ),
    "lr": (
        Literal["space", "auto"],
        Words(SEARCH, "Learning rate of ours: by a range test, or the space's.", default="auto"),
    ),
    "pruned": (int, Words(MODEL, "Pruned trials of ours that are trained to their end.", default="10", metavar="N")),
    "out": (str, Words(OUTPUT, "Folder of the experiment.", "-o", "runs/passos2022-KIND", "FOLDER")),
}
"""Options of ``spectune paper passos2022`` that are not as in ``spectune tune``."""

NAMES = ("target", "split", "test", "test_part", "group", "where", "unit", "signal", "sheet", "fix", "epochs")
MORE = ("seed", "cores", "precision")
ROOM = ("split", "test_part", "group", "where", "unit", "signal", "sheet", "fix", "epochs", "folds",
        "overfit", "startup", "top", "replicates", *MORE)  # fmt: skip

OF_ONES_OWN = ("split", "test_part", "group", "where", "unit", "signal", "sheet")
"""Options that say what a file of one's own means; published files and simulated spectra are known."""

app = typer.Typer(help="The experiments of the papers spectune stands on, on your own data.")


@app.callback()
def papers() -> None:
    """The experiments of the papers spectune stands on, on your own data."""


def shen2021(said: Mapping[str, Any], _: Path | None) -> None:
    """Run the experiment as said on the command line.

    Raises:
        SettingError: neither data nor a number of spectra to simulate, or both; no target; counts that make no sense.
    """
    if ("data" in said) == ("simulate" in said):
        raise SettingError("spectune paper shen2021 needs either --data FILE or --simulate N, one of them")
    if "simulate" in said and "target" in said:
        raise SettingError("--simulate makes its own target, organic_carbon; leave --target out")
    if "data" in said and "target" not in said:
        raise SettingError(f"--data needs --target; see the columns with: spectune inspect {said['data']}")
    own = {name: said[name] for name in said if name in PAPER and name not in ("data", "folds", "out")}
    data = str(said.get("data", f"simulated-soil-{own.get('simulate')}"))
    target = str(said.get("target", "organic_carbon"))
    told = {name: said[name] for name in said if name in NAMES or name in MORE}
    out = said.get("out") or default_out(data, target).replace("runs/", "runs/shen2021-", 1)
    fixed = {"space": "shen2021", "sampler": "tpe", "pruner": "none", "top": 5, "folds": said.get("folds", 10)}
    settings = checked({**told, **fixed, "data": data, "target": target, "out": out}, "spectune paper shen2021")
    from spectune.cli import paper_shen2021

    paper_shen2021.follow_experiment(settings, own)


app.command("shen2021")(
    settings_command(shen2021, SHEN, [name for name in OPTIONS if name in (*NAMES, *MORE)], PAPER, None)
)


def passos2022(regression: bool, said: Mapping[str, Any], _: Path | None) -> None:
    """Run the tutorial as said on the command line.

    Raises:
        SettingError: options that make no sense, or would be ignored.
    """
    kind = "regression" if regression else "classification"
    name = f"spectune paper passos2022 {kind}"
    _check_asked(regression, said, name)
    files = (said["data"], *said.get("files", ())) if "data" in said else ()
    own = {one: said[one] for one in ("simulate", "faithful", "seeds", "pruned") if one in said}
    fixed = {
        "data": files[0] if files else f"simulated {kind}",
        "target": said.get("target", "target"),
        "out": said.get("out", f"runs/passos2022-{kind}"),
        "trials": said.get("trials", 500 if said.get("faithful") else 100),
        "space": said.get("space", f"passos-{kind}"),
        "lr": said.get("lr", "auto"),
        **({"pruner": "none"} if said.get("objective") == "pareto" else {}),
    }
    settings = checked({one: said[one] for one in said if one in (*ROOM, "objective")} | fixed, name)
    from spectune.cli import paper_passos2022

    named = {"named": True} if "target" in said else {}
    paper_passos2022.follow_experiment(settings, regression, files, own | named)


def _check_asked(regression: bool, said: Mapping[str, Any], name: str) -> None:
    """Nothing, when every option that was said means something with the data that were said.

    Raises:
        SettingError: neither data nor a number of spectra to simulate, or both; an option that would be ignored.
    """
    if ("data" in said) == ("simulate" in said):
        raise SettingError(f"{name} needs either --data FILE or --simulate N, one of them")
    if "simulate" in said and "target" in said:
        raise SettingError("--simulate makes its own target; leave --target out")
    more = said.get("files", [])
    if "simulate" in said and more:
        raise SettingError(f"--simulate makes spectra instead of reading a file; leave {more[0]} out")
    if more and (regression or "target" in said):
        raise SettingError(
            f"{name} reads one file, {said['data']}; only the published wheat set, without --target, has more: "
            f"leave {more[0]} out"
        )
    known = next((one for one in OF_ONES_OWN if one in said), None)
    if known is None or "target" in said:
        return
    option = f"--{known.replace('_', '-')}"
    if "simulate" in said:
        raise SettingError(f"--simulate makes spectra with roles, groups and a unit of their own; leave {option} out")
    raise SettingError(
        f"{said['data']} without --target is read as a file of the paper, with its roles, groups and units: "
        f"leave {option} out, or name the column to predict with --target"
    )


tutorial = typer.Typer(help="Passos & Mishra (2022): automatic tuning for a number, or for classes.")
app.add_typer(tutorial, name="passos2022")

for _kind, _words in {
    "regression": {"what": "for a number", "file": "mango.mat", "rows": 1000, "target": "protein"},
    "classification": {"what": "for classes", "file": "wheat/", "rows": 3000, "target": "variety"},
}.items():
    tutorial.command(_kind)(
        settings_command(
            partial(passos2022, _kind == "regression"),
            PASSOS.format(kind=_kind, **_words),
            [name for name in OPTIONS if name in ROOM],
            TUTORIAL,
            None,
        )
    )
