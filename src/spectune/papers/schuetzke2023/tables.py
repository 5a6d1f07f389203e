"""Tables of the benchmark: networks, failure modes, contests, comparisons of a question, published figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectune.papers.schuetzke2023.answering import Compared, Runs, compared, untrained
from spectune.papers.schuetzke2023.benchmark import Benchmark
from spectune.papers.schuetzke2023.questions import COMPARISONS, Comparison, Question
from spectune.papers.schuetzke2023.reported import logged, published_median
from spectune.papers.schuetzke2023.scores import Contest, Tally, by_mode, by_name, tally
from spectune.papers.schuetzke2023.training import Run
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import NOT_AVAILABLE, counted, duration, fixed, number, plain
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
    """Every network: size, epochs, final rate and time, medians of the seeds; those of the published runs beside."""
    ranked = standings(found)
    beside = any(logged(found.published, name) for name, _, _ in ranked)
    theirs = [_logged(found.published, name) if beside else () for name, _, _ in ranked]
    rows = [(*_trained(runs), *more) for (_, runs, _), more in zip(ranked, theirs, strict=True)]
    return Grid(
        head=("network", "parameters", "best epoch", "last epoch", "final rate", "time a seed")
        + ("last epoch", "time a seed") * beside,
        rows=columns([name for name, _, _ in ranked], rows),
        groups=(("", 2), ("here", 4), ("published", 2)) if beside else (),
    )


def question_grid(question: Question, found: Benchmark) -> Grid:
    """Every comparison of a question with what is changed, also those whose runs are missing."""
    runs, asked = by_name(found.runs), COMPARISONS[question]
    rows = {one.asked: one for one in compared(question, runs, found.truth)}
    said = [_said(rows[one]) if one in rows else _why_not(one, runs) for one in asked]
    numbers = columns(said, [_numbers(rows.get(one)) for one in asked])
    return Grid(
        head=(
            *("networks", "the first is right", "seeds", "first", "second"),
            *("difference", "from", "to", "alone", "table"),
        ),
        rows=tuple((f"{one.changed} against {one.plain}", *cells) for one, cells in zip(asked, numbers, strict=True)),
        words=2,
        groups=(("", 3), ("mean (%)", 2), ("points, 95 % over seeds", 3), ("chance", 2)),
        notes=tuple("; ".join(one.changes) for one in asked),
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
    theirs = published_median(found.published, runs[0].name, found.reported(runs[0]))
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
        NOT_AVAILABLE if theirs is None else percent(theirs),
    ]


def _trained(runs: Sequence[Run]) -> list[str]:
    return [
        f"{runs[0].parameters:,}".replace(",", "\u202f"),
        plain(float(np.median([run.best_epoch for run in runs]))),
        plain(float(np.median([run.tuning.size for run in runs]))),
        plain(float(np.median([run.rate for run in runs]))),
        duration(float(np.median([run.seconds for run in runs]))),
    ]


def _logged(dataset: str, name: str) -> tuple[str, str]:
    theirs = logged(dataset, name)
    if theirs is None:
        return NOT_AVAILABLE, NOT_AVAILABLE
    return plain(float(np.median(theirs.epochs))), duration(float(np.median(theirs.seconds)))


def _said(row: Compared) -> str:
    if row.clear:
        return "more often" if row.contest.difference > 0 else "less often"
    return "cannot tell" if row.interval else f"cannot tell from {counted(row.seeds, 'seed')}"


def _why_not(one: Comparison, runs: Runs) -> str:
    absent = untrained(one, runs)
    return f"no runs yet of {', '.join(absent)}" if absent else "no seed in common"


def _numbers(row: Compared | None) -> tuple[str, ...]:
    if row is None:
        return ("0", *(NOT_AVAILABLE,) * 7)
    limits = row.interval or (float("nan"), float("nan"))
    shares = (row.changed, row.plain, row.contest.difference, *limits)
    return str(row.seeds), *map(percent, shares), number(row.contest.chance, 2), number(row.contest.corrected, 2)


def _share(counts: Tally) -> tuple[str, str, str]:
    low, high = counts.interval
    return percent(counts.median / counts.rows), percent(low), percent(high)
