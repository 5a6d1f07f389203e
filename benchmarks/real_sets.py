"""Runs ``spectune tune`` with default settings on real sets and writes a table of what came out.

    python benchmarks/real_sets.py DATA_FOLDER OUT_FOLDER [SET ...]

DATA_FOLDER holds ``NAME/spectra.parquet`` with a ``split`` column. Each set is one whole process; its
run folder is kept under OUT_FOLDER, and a run that is finished there is not done again. The table
goes to ``benchmarks/real_sets.md``.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from spectune import Outcome, load_outcome
from spectune.metrics import ClassScores


@dataclass(frozen=True)
class Case:
    """One run: what is asked for, and what should be reached on the test rows."""

    name: str
    target: str
    wanted: str
    options: tuple[str, ...] = ()


CASES = (
    Case("tecator", "fat", "RMSEP <= 0.60"),
    Case("wheat_kernels", "protein", "RMSEP <= 0.46, right about PLS"),
    Case("soil_nirsoil", "total_carbon", "RMSEP <= 0.43"),
    Case("olive_oil", "country", "balanced accuracy >= 0.87", ("--group", "oil")),
    Case("corn", "moisture", "verdict PLS", ("--where", 'instrument == "m5"')),
)

TITLE = """# Real sets, default settings

`make bench`, {day}, {machine}. Seed 0, 50 trials, 5 folds, the `split` column of each set; only target, rows and
group were said. Errors in the unit of the target; for classes balanced accuracy. The network is the tuned one that
is kept; PLS is PLS-DA for classes.

"""

COLUMNS = (
    "set, target",
    "to reach on test",
    "network, cross-validated",
    "network, test",
    "PLS, cross-validated",
    "PLS, test",
    "best other, test",
    "minutes",
    "verdict",
)


def main(data: Path, out: Path, names: list[str]) -> None:
    """Runs the cases and writes the table."""
    lines = []
    for case in CASES:
        if names and case.name not in names:
            continue
        folder = out / case.name
        source = str(data / case.name / "spectra.parquet")
        command = ["tune", source, "--target", case.target, "--out", str(folder), *case.options]
        program = [sys.executable, "-c", "from spectune.cli import main; main()", *command]
        subprocess.run(program, check=True)  # noqa: S603 - our own program
        lines.append(row(case, load_outcome(folder)))
        machine = f"{os.cpu_count()} cores, {platform.machine()}"
        head = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
        title = TITLE.format(day=date.today().isoformat(), machine=machine)
        (Path(__file__).parent / "real_sets.md").write_text(title + "\n".join([*head, *lines]) + "\n")


def row(case: Case, outcome: Outcome) -> str:
    """One line of the table; the time is the run's own record of it, also when it was done before."""
    minutes = float(outcome.facts["time"].removesuffix(" s")) / 60
    plain = next(model.name for model in outcome.models if model.name.startswith("PLS"))
    others = [model.name for model in outcome.models if model.name not in (plain, outcome.network) and model.rank < 4]
    best = max(others, key=lambda name: good(outcome, name))
    cells = (
        f"{case.name}, {case.target}",
        case.wanted,
        figure(outcome, outcome.network, "cross-validated"),
        f"**{figure(outcome, outcome.network, 'test')}** ({outcome.network})",
        figure(outcome, plain, "cross-validated"),
        figure(outcome, plain, "test"),
        f"{figure(outcome, best, 'test')} ({best})",
        f"{minutes:.1f}",
        outcome.verdict.sentence,
    )
    return f"| {' | '.join(cells)} |"


def good(outcome: Outcome, name: str) -> float:
    """How good a model is on the test rows, larger is better."""
    scores = outcome.scores(name, "test")
    return scores.balanced_accuracy if isinstance(scores, ClassScores) else -scores.rmse


def figure(outcome: Outcome, name: str, part: str) -> str:
    """The figure of merit of a model on one part of the rows."""
    scores = outcome.scores(name, part)  # type: ignore[arg-type]
    return f"{scores.balanced_accuracy:.3f}" if isinstance(scores, ClassScores) else f"{scores.rmse:.4g}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
