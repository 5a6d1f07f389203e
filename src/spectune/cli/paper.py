"""``spectune paper``: the experiments of the papers, each a command of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from spectune.cli.options import OPTIONS, PAPER, settings_command
from spectune.errors import SettingError
from spectune.files.settings import checked, default_out

SHEN = """Shen & Viscarra Rossel (2021) on any soil library: figures 1-5 and 7, tables 1-3, and what they left undone.

TPE against random search over the published space, importance of hyperparameters, the published optimum as given,

PLS and others on the same folds, nested validation, fresh seeds, a learning curve. The same command continues.

[bold]Examples:[/bold]

[cyan]spectune paper shen2021 --data lucas.csv --target OC --out runs/shen[/cyan]

[cyan]spectune paper shen2021 --simulate 600 --trials 20,40 --outer 0 --out runs/shen-try[/cyan]
"""

NAMES = ("target", "split", "test", "test_part", "group", "where", "unit", "signal", "sheet", "fix", "epochs")
MORE = ("seed", "workers", "precision")

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
