"""The challenge of Schuetzke et al. (2023): what the trainings kept in a folder say, as a page.

    spectune bench schuetzke2023 --models vgg,cnn2 --out OUT      (and so on, as many as there is time for)
    python benchmarks/schuetzke2023.py OUT

Trains nothing. The tables go to ``benchmarks/schuetzke2023.md``; what stands below its first ``##`` that begins with
"Read" is kept.
"""

from __future__ import annotations

import os
import platform
import sys
from datetime import date
from pathlib import Path

from pages import last, markdown, write

from spectune.papers.schuetzke2023.benchmark import Benchmark, benchmark
from spectune.papers.schuetzke2023.claims import claims, summary
from spectune.papers.schuetzke2023.page import answer, reasons
from spectune.papers.schuetzke2023.patterns import configuration
from spectune.papers.schuetzke2023.plan import Plan
from spectune.papers.schuetzke2023.protocol import Protocol
from spectune.papers.schuetzke2023.scores import by_name, contests
from spectune.papers.schuetzke2023.tables import contests_grid, modes_grid, standings_grid, training_grid
from spectune.report.tables.grid import Grid

PAGE = Path(__file__).with_suffix(".md")


def chapters(found: Benchmark) -> list[str]:
    """Everything that the trainings say, in tables."""
    fought, judged = contests(by_name(found.runs), found.truth), claims(found)
    wrong = [
        (name, ", ".join(str(int((run.answers != found.truth).sum())) for run in runs))
        for name, runs in by_name(found.runs).items()
    ]
    findings = Grid(
        ("the paper found", "published", "here", "judgement"),
        tuple((one.claim, one.published, one.here, one.judgement) for one in judged),
    )
    return [
        f"## Networks\n\n{answer(found, fought)} {' '.join(reasons(found, fought))}",
        markdown(standings_grid(found)),
        f"Wrong of {found.truth.size}, seed by seed:",
        markdown(Grid(("network", "wrong"), tuple(wrong))),
        f"## Claims of the paper\n\n{summary(judged)}",
        markdown(findings),
        "## By failure mode (per cent right)",
        markdown(modes_grid(found)),
        "## Which networks differ",
        markdown(contests_grid(fought)),
        "## What a training took\n\nMedians over seeds; times on a machine that did other work too.",
        markdown(training_grid(found)),
    ]


def main() -> None:
    """Read what is there and write the page."""
    plan = Plan("challenge", configuration("challenge", None), (), Protocol(), 5, Path(sys.argv[1]))
    found = last(benchmark(plan))
    head = (
        f"# The challenge of Schuetzke et al. (2023)\n\n{date.today()}, {platform.machine()}, {os.cpu_count()} cores; "
        "`spectune bench schuetzke2023 --models ... --seeds 5 --out OUT`, then `python benchmarks/schuetzke2023.py "
        "OUT`. Protocol as run by the authors (plateau factor 0.1, patience 25, at most 500 epochs), float32.\n"
    )
    write(PAGE, head, chapters(found))
    print(PAGE)


if __name__ == "__main__":
    main()
