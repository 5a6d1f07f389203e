"""``spectune bench``: published benchmarks, each a command of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import typer

from spectune.cli.options import DATA, MODEL, OUTPUT, SEARCH, Words, settings_command

SCHUETZKE = """Schuetzke, Szymanski & Reischl (2023): published networks on one set of synthetic spectra, trained alike.

Accuracy of every network and seed beside the published ones, by failure mode, which networks differ beyond chance,

what any classifier could reach, decisions as maps. The same command continues an interrupted one;

more seeds or networks go on from what is there.

[bold]Examples:[/bold]

[cyan]spectune bench schuetzke2023 --models cnn2,cnn6 --fc linear,relu --out runs/challenge[/cyan]

[cyan]spectune bench schuetzke2023 --question resnet --out runs/resnet[/cyan]

[cyan]spectune bench schuetzke2023 --dataset benchmark --classes 20 --models vgg --epochs 10 --out runs/look[/cyan]
"""

Asking = Literal["resnet", "modifications", "activations"]

BENCH: Mapping[str, tuple[Any, Words]] = {
    "dataset": (
        str,
        Words(DATA, "benchmark, challenge, or a JSON configuration.", default="challenge", metavar="NAME|FILE"),
    ),
    "classes": (int, Words(DATA, "Only the first N classes, for a look.", default="all", metavar="N")),
    "models": (str, Words(MODEL, "Networks, with commas.", default="the eight published ones", metavar="A,B")),
    "fc": (
        str,
        Words(MODEL, "Hidden dense layers: published, linear, relu, with commas.", default="published", metavar="A,B"),
    ),
    "question": (Asking, Words(MODEL, "Networks that answer a question the paper leaves open, instead of --models.")),
    "seeds": (int, Words(SEARCH, "Trainings of each network.", default="5", metavar="N")),
    "factor": (
        float,
        Words(SEARCH, "What a plateau leaves of the rate: 0.1 as run, 0.5 as printed.", default="0.1", metavar="F"),
    ),
    "epochs": (int, Words(SEARCH, "Upper limit of epochs.", default="500", metavar="N")),
    "memory": (
        float,
        Words(SEARCH, "Memory for weights; seeds that do not fit in train later.", default="8", metavar="GB"),
    ),
    "out": (Path, Words(OUTPUT, "Folder of the benchmark.", "-o", "runs/schuetzke2023-DATASET", "FOLDER")),
}
"""Options of ``spectune bench schuetzke2023`` that are not as in ``spectune tune``."""

app = typer.Typer(help="Published benchmarks of networks on synthetic spectra.")


@app.callback()
def benches() -> None:
    """Published benchmarks of networks on synthetic spectra."""


def schuetzke2023(said: Mapping[str, Any], _: Path | None) -> None:
    """Run the benchmark as said on the command line.

    Raises:
        SettingError: options that make no sense.
    """
    from spectune.cli import bench_schuetzke2023

    bench_schuetzke2023.follow_benchmark(bench_schuetzke2023.Asked(**said))


app.command("schuetzke2023")(settings_command(schuetzke2023, SCHUETZKE, ["cores", "device"], BENCH, None))
