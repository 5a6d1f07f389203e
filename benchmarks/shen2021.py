"""The experiment of Shen & Viscarra Rossel (2021) on two real soil libraries, and what pruning saves there.

    python benchmarks/shen2021.py DATA_FOLDER OUT_FOLDER

DATA_FOLDER holds ``NAME/spectra.parquet`` with a ``split`` column. Every step is kept under OUT_FOLDER and is not done
again. The tables go to ``benchmarks/shen2021.md``; what stands below its first ``##`` that begins with "Read" is kept.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from pages import last, markdown, write

from spectune.files.compare_settings import Asked, CompareSettings
from spectune.files.settings import Settings
from spectune.job.comparing import compare
from spectune.papers.shen2021.experiment import Experiment, Plan, experiment
from spectune.papers.shen2021.page import command_of, experiment_page, findings
from spectune.papers.shen2021.tables import models_grid, rules
from spectune.report.nesting import errors_grid
from spectune.report.sheets import replicates_sentence
from spectune.report.tables.compare import arms_grid, gaps_grid, savings_grid, speed_grid
from spectune.report.tables.grid import Grid
from spectune.tuning.compare import Comparison

PAGE = Path(__file__).with_suffix(".md")
TARGET = "total_carbon"
LARGE, SMALL = "soil_nirsoil", "soil_geeves"
ARMS = ("tpe", "tpe+hyperband", "tpe+median")


def told(data: Path, name: str, out: Path) -> Settings:
    """Settings of the experiment on one library, as ``spectune paper shen2021`` makes them."""
    source = str(data / name / "spectra.parquet")
    return Settings(
        source, TARGET, str(out), split="split", folds=10, space="shen2021", sampler="tpe", pruner="none", top=5
    )


def plans(data: Path, out: Path) -> Iterator[tuple[str, Plan]]:
    """The larger library with one search of each kind and nested validation, the smaller with three of each."""
    yield LARGE, Plan(told(data, LARGE, out / "nirsoil"), (80, 250), seeds=1, outer=5, outer_trials=40)
    yield SMALL, Plan(told(data, SMALL, out / "geeves"), (40, 120), seeds=3, outer=0, outer_trials=40)


def chapter(name: str, found: Experiment) -> str:
    """One library in tables."""
    plan = found.plan
    command = (
        command_of(found).replace(str(plan.folder), "OUT").replace(plan.settings.data, f"DATA/{name}/spectra.parquet")
    )
    claims = Grid(
        ("the paper found", "here", "judgement"),
        tuple((claim.claim, claim.here, claim.judgement) for claim in findings(found)),
    )
    parts = [
        f"## {name}, {TARGET}",
        f"`{command}`",
        found.outcome.verdict.sentence,
        markdown(claims),
        "Searches:",
        markdown(arms_grid(found.comparison)),
        markdown(speed_grid(found.comparison)),
        "Models on the same rows and folds (g/100 g; test rows opened once):",
        markdown(models_grid(found)),
        replicates_sentence(found.outcome),
        "\n".join(f"- {rule}" for rule in rules(found)),
    ]
    if found.nested is not None:
        parts += ["Nested validation:", markdown(errors_grid(found.nested))]
    return "\n\n".join(parts)


def pruning(found: Comparison) -> str:
    """What pruning saves and costs, in tables."""
    parts = (
        f"## Pruning on {SMALL}: {', '.join(ARMS)}, 40 trials each, 3 seeds",
        markdown(arms_grid(found)),
        markdown(savings_grid(found)),
        markdown(gaps_grid(found)),
    )
    return "\n\n".join(parts)


def main() -> None:
    """Run what is missing and write the page."""
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    head = (
        f"# Shen & Viscarra Rossel (2021) on two soil libraries\n\n{date.today()}, {platform.machine()}, "
        f"{os.cpu_count()} cores; `python benchmarks/shen2021.py DATA OUT`. All ten folds and the paper's own range "
        "of epochs (100 to 1,500); the libraries are small (548 and 274 calibration rows), and batches end there.\n"
    )
    chapters = []
    for name, plan in plans(data, out):
        found = last(experiment(plan))
        (plan.folder / "report.html").write_text(experiment_page(found, command_of(found)), encoding="utf-8")
        chapters.append(chapter(name, found))
    shared = told(data, SMALL, out / "pruning")
    chapters.append(pruning(last(compare(CompareSettings(shared, Asked(ARMS, (40,), 3))))))
    write(PAGE, head, chapters)
    print(f"{PAGE}, {time.strftime('%H:%M')}")


if __name__ == "__main__":
    main()
