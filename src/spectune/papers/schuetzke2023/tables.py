"""Tables of the benchmark: networks, failure modes, contests between networks, published figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectune.papers.schuetzke2023.benchmark import Benchmark
from spectune.papers.schuetzke2023.scores import Contest, Tally, by_mode, by_name, tally
from spectune.papers.schuetzke2023.training import Run
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import NOT_AVAILABLE, duration, fixed, number, plain
from spectune.synthesis.neighbours import Parting

MODE_WORDS: dict[Parting, str] = {"minor peak": "minor peak", "position": "position", "height": "intensity"}
MOST_CONTESTS = 40
STANDING = ("network", "seeds", "wrong", "right", "from", "to", "mean", "± sd", "validation", "right")


def standings(found: Benchmark) -> list[tuple[str, tuple[Run, ...], Tally]]:
    """Networks with their runs, the highest median first."""
    made = [(name, runs, tally(runs, found.truth)) for name, runs in by_name(found.runs).items()]
    return sorted(made, key=lambda one: (-one[2].median, -one[2].mean, one[0]))


def standings_grid(found: Benchmark) -> Grid:
    """Every network: right and wrong, how sure, and the median of what was published."""
    ranked = standings(found)
    return Grid(
        head=STANDING,
        rows=columns([name for name, _, _ in ranked], [row[1:] for row in standing_rows(found)]),
        groups=(("", 2), ("median seed, 95 % interval", 4), ("over seeds (%)", 2), ("", 1), ("published median", 1)),
        notes=tuple(runs[0].change for _, runs, _ in ranked),
    )


def standing_rows(found: Benchmark) -> list[list[str]]:
    """Cells of ``standings_grid`` under ``STANDING``, as plain text."""
    return [[name, *_standing(found, runs, counts)] for name, runs, counts in standings(found)]


def training_grid(found: Benchmark) -> Grid:
    """Every network: size, epochs, final rate and time, medians of the seeds."""
    ranked = standings(found)
    return Grid(
        head=("network", "parameters", "best epoch", "last epoch", "final rate", "time a seed"),
        rows=columns([name for name, _, _ in ranked], [_trained(runs) for _, runs, _ in ranked]),
    )


def modes_grid(found: Benchmark) -> Grid:
    """Accuracy of every network by failure mode, and what any classifier could reach."""
    ranked = standings(found)
    rows = [
        [cell for counts in by_mode(runs, found.truth, found.modes).values() for cell in _share(counts)]
        for _, runs, _ in ranked
    ]
    names = [name for name, _, _ in ranked]
    if found.by_mode:
        names.append("knows the law, guesses ties")
        rows.append([cell for mode in found.modes for cell in (percent(found.by_mode[mode].guessed), "–", "–")])
    return Grid(
        head=("network", *(("median", "from", "to") * len(found.modes))),
        rows=columns(names, rows),
        groups=(("", 1), *((f"{MODE_WORDS[mode]} (%)", 3) for mode in found.modes)),
    )


def contests_grid(contests: Sequence[Contest]) -> Grid:
    """Pairs of networks, the clearest first; those that can be told apart stand out."""
    shown = contests[:MOST_CONTESTS]
    rows = [
        (
            fixed(100 * one.difference, 2),
            str(one.ahead),
            str(one.behind),
            number(one.chance, 2),
            number(one.corrected, 2),
            *map(str, one.only),
            number(one.mcnemar, 2),
        )
        for one in shown
    ]
    return Grid(
        head=(
            "networks",
            "difference",
            "ahead",
            "behind",
            "chance",
            "all pairs",
            "only first",
            "only second",
            "chance",
        ),
        rows=columns([f"{one.one} against {one.other}" for one in shown], rows),
        groups=(("", 1), ("points", 1), ("classes", 4), ("spectra, by majority of seeds (McNemar)", 3)),
        marked=tuple(place for place, one in enumerate(shown) if one.clear),
    )


def percent(share: float) -> str:
    """A share in per cent with two decimals, without its sign."""
    return fixed(100 * share, 2)


def _standing(found: Benchmark, runs: Sequence[Run], counts: Tally) -> list[str]:
    theirs = found.reported(runs[0])
    low, high = counts.interval
    return [
        str(len(runs)),
        str(counts.rows - counts.median),
        percent(counts.median / counts.rows),
        percent(low),
        percent(high),
        percent(counts.mean),
        percent(counts.spread),
        percent(float(np.median([run.validation for run in runs]))),
        percent(float(np.median(theirs))) if theirs else NOT_AVAILABLE,
    ]


def _trained(runs: Sequence[Run]) -> list[str]:
    return [
        f"{runs[0].parameters:,}".replace(",", "\u202f"),
        plain(float(np.median([run.best_epoch for run in runs]))),
        plain(float(np.median([run.tuning.size for run in runs]))),
        plain(float(np.median([run.rate for run in runs]))),
        duration(float(np.median([run.seconds for run in runs]))),
    ]


def _share(counts: Tally) -> tuple[str, str, str]:
    low, high = counts.interval
    return percent(counts.median / counts.rows), percent(low), percent(high)
