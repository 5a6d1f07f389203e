"""Generated patterns against measured Raman spectra: does a classifier that saw no measured spectrum know them?

    python benchmarks/measured_patterns.py DATA_FOLDER [--test]

DATA_FOLDER holds ``raman_microplastics/spectra.parquet`` with its ``split`` column. Training patterns are generated
from the peaks of one reference spectrum a polymer; all other spectra are measured rows to be told. Without ``--test``
only calibration rows are looked at: so dials and preprocessing were chosen. With it the test rows are opened, and the
tables go to ``benchmarks/measured_patterns.md``; what stands below its first ``##`` that begins with "Read" is kept.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from measured_methods import (
    ALL,
    CHOSEN,
    DIALS,
    MEASURED,
    QUICK,
    SEEDS,
    SMALL,
    VIEWS,
    Answers,
    Data,
    classical,
    data,
    generated,
    library,
    matched,
    nearest,
    opened,
    trained,
)
from numpy.typing import NDArray
from scipy.stats import binomtest

from spectune.papers.schuetzke2023.scores import wilson

PAGE = Path(__file__).with_suffix(".md")


def steps(known: Data, folder: Path) -> Iterator[tuple[str, Answers]]:
    """Everything that is asked, with the heading it stands under."""
    views, everything = list(VIEWS), generated(library(known, ALL))
    yield from (("No training", nearest(known, view)) for view in views)
    yield "No training", matched(known)
    if known.test.any():
        rows = data(folder, False)
        x = np.concatenate([rows.references.x, rows.others.x]).astype(float)
        labels = np.concatenate([np.arange(len(rows.names)), rows.truth])
        for view in ("SNV", CHOSEN):
            yield from ((MEASURED, one) for one in classical(known, view, x, labels))
    for view in views[:QUICK]:
        yield from (
            ("PLS-DA and SVC on generated patterns, all dials", one) for one in classical(known, view, *everything[:2])
        )
    yield from ablations(known)
    for name, turned, view in (
        ("vgg", (), CHOSEN),
        ("vgg", ALL[:-1], CHOSEN),
        ("vgg", ALL, CHOSEN),
        ("vgg", ALL, views[0]),
        ("cnn2", ALL, CHOSEN),
    ):
        words = {0: "no dials", len(ALL): "all dials"}.get(len(turned), "all but foreign peaks")
        yield "Published networks (ReLU) on generated patterns", trained(known, name, turned, view, words)


def ablations(known: Data) -> Iterator[tuple[str, Answers]]:
    """The small CNN with one dial more each time, and with all but one."""
    for count in range(len(DIALS) + 1):
        words = f"+ {DIALS[count - 1][0]}" if count else "no dials: the peaks as found"
        for view in list(VIEWS)[:QUICK]:
            yield (
                "Dials, one more in each line: small CNN on generated patterns",
                trained(known, SMALL, ALL[:count], view, words),
            )
    for left in ALL[:-1]:
        turned = [place for place in ALL if place != left]
        yield (
            "All dials but one: small CNN on generated patterns",
            trained(known, SMALL, turned, CHOSEN, f"without {DIALS[left][0]}"),
        )


def share(right: NDArray[np.bool_]) -> str:
    """Per cent right with its 95 % interval."""
    low, high = wilson(int(right.sum()), right.size)
    return f"{100 * right.mean():.1f} ({100 * low:.0f}-{100 * high:.0f})"


def line(known: Data, one: Answers, heading: str = "") -> str:
    """A row of a table: the vote on every part, and what the seeds have alone."""
    right = one.vote == known.truth
    parts = [share(right[~known.test]), *([share(right[known.test]), share(right)] if known.test.any() else [])]
    alone = 100 * (one.said == known.truth).mean(axis=1)
    seeds = f"{np.median(alone):.1f} ({alone.min():.1f}-{alone.max():.1f})" if len(alone) > 1 else ""
    if heading == MEASURED:
        parts = ["", parts[1], ""]
    return f"| {one.method} | {one.view} | {' | '.join(parts)} | {seeds} |"


def duel(known: Data, one: Answers, other: Answers, rows: NDArray[np.bool_]) -> str:
    """Rows that only one of two has right, and McNemar's exact chance."""
    ones, others = ((each.vote == known.truth)[rows] for each in (one, other))
    only = int((ones & ~others).sum()), int((others & ~ones).sum())
    chance = float(binomtest(only[0], sum(only)).pvalue) if sum(only) else 1.0
    return f"- {one.method} against {other.method} ({other.view}): {only[0]} to {only[1]}, chance {chance:.2g}"


def duels(known: Data, best: Answers, found: Sequence[tuple[str, Answers]]) -> str:
    """The small CNN with all dials against the best without training (all rows), and with measured rows (test)."""
    nearest = max(
        (one for title, one in found if title == "No training"), key=lambda one: (one.vote == known.truth).sum()
    )
    everywhere = np.ones(known.truth.size, dtype=np.bool_)
    taught = [one for title, one in found if title == MEASURED]
    return "\n".join([duel(known, best, nearest, everywhere), *(duel(known, best, one, known.test) for one in taught)])


def confusion(known: Data, one: Answers) -> str:
    """Every spectrum that is wrong, and what it is taken for."""
    wrong = np.flatnonzero(one.vote != known.truth)
    ids, said = known.others.column("id")[wrong].tolist(), one.vote[wrong].tolist()
    return ", ".join(f"{name} for {known.names[label]}" for name, label in zip(ids, said, strict=True)) or "nothing"


def failures(known: Data, one: Answers) -> str:
    """How like its own reference a spectrum is, where the answer is right and where it is wrong."""
    sides = [opened(table.x.astype(float)) for table in (known.others, known.references)]
    own = np.einsum("ij,ij->i", sides[0], sides[1][known.truth]) / sides[0].shape[1]
    right = one.vote == known.truth
    return f"correlation with the own reference after {CHOSEN}: median {np.median(own[right]):.2f} where right, " + (
        f"{np.median(own[~right]):.2f} where wrong" if (~right).any() else "nothing wrong"
    )


def page(known: Data, found: Sequence[tuple[str, Answers]], seconds: float) -> str:
    """The tables."""
    heads = ["method", "preprocessing"]
    heads += [
        f"calibration ({int((~known.test).sum())})",
        f"test ({int(known.test.sum())})",
        f"both ({known.truth.size})",
        f"both, {SEEDS} seeds alone: median (lowest-highest)",
    ]
    parts = [
        f"# Generated patterns against measured Raman spectra\n\n{date.today()}, {platform.machine()}, "
        f"{os.cpu_count()} cores; `python benchmarks/measured_patterns.py DATA --test`, {seconds / 60:.0f} minutes of "
        "processor time.\n",
        "Per cent right, with 95 % intervals (Wilson). Networks: the mean probability of all seeds, and at the right "
        "each seed alone.\n",
    ]
    for title in dict.fromkeys(title for title, _ in found):
        lines = [line(known, one, title) for heading, one in found if heading == title]
        parts += [f"## {title}\n", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *lines, ""]
    best = next(one for _, one in found if one.method == f"{SMALL}, + {DIALS[-1][0]}" and one.view == CHOSEN)
    parts += [f"## Where the small CNN fails\n\n{confusion(known, best)}.\n\n{failures(known, best)}.\n"]
    parts += [f"## Only one is right\n\n{duels(known, best, found)}\n"]
    return "\n".join(parts)


def main() -> None:
    """Asks everything; with ``--test`` writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--test", action="store_true", help="open the test rows and write the page")
    said = parser.parse_args()
    known, found, begun = data(said.data, said.test), [], time.process_time()
    for title, one in steps(known, said.data):
        found.append((title, one))
        print(line(known, one, title), f"{time.process_time() - begun:.0f} s", flush=True)
    print(text := page(known, found, time.process_time() - begun))
    if said.test:
        before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        kept = before[before.index("\n## Read") :] if "\n## Read" in before else ""
        PAGE.write_text(text + kept, encoding="utf-8")


if __name__ == "__main__":
    main()
