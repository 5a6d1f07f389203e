"""The page of a comparison of search methods."""

from __future__ import annotations

from dataclasses import replace

from spectune.report.compared import FEWEST_SEEDS, reasons, sentence
from spectune.report.figures.compare import courses_picture, finals_picture
from spectune.report.sections import Code, Head, Part, Picture, Section, Table, Terms, Words, page
from spectune.report.tables.compare import arms_grid, gaps_grid, savings_grid, speed_grid
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import counted, simulated_warning, with_unit
from spectune.tuning.compare import Comparison


def comparison_page(comparison: Comparison) -> str:
    """One self-contained HTML page; the same text for the same comparison."""
    sections = [_searches(comparison), _speed(comparison), _differences(comparison)]
    if comparison.savings:
        sections.append(_savings(comparison))
    return page(_head(comparison), [*sections, _reading(comparison), _repeat(comparison)], _footer(comparison))


def _head(comparison: Comparison) -> Head:
    task = comparison.task
    return Head(
        kind=f"spectune comparison of search methods · {comparison.source}",
        title=f"{', '.join(comparison.arms[:-1])} and {comparison.arms[-1]} on {with_unit(task.target, task.unit)}",
        say=f"{sentence(comparison)}.",
        reasons=reasons(comparison),
        warning=simulated_warning(comparison.source),
    )


def _searches(comparison: Comparison) -> Section:
    rows = counted(comparison.task.rows, "calibration row")
    seeds = counted(comparison.seeds, "seed")
    return Section(
        "Searches",
        (
            Words(
                f"Every search method worked on the same {rows}, the same {comparison.folds} folds and the same "
                f"ranges, with {seeds}. The error of a trial is the mean over the folds of the error on rows "
                f"that the fold held out of its training. The test rows were not opened."
            ),
            Picture(
                courses_picture(comparison),
                "Lowest error so far, by trial and by time: median over seeds (line), lowest and highest (shade), "
                "the end of every search (dot). A search that has ended keeps its error.",
            ),
            Picture(finals_picture(comparison), "Lowest error of every search (dot); equal seeds are joined."),
            Table(
                _aligned(arms_grid(comparison)),
                "What every method tried, spent and found. Trials are counted over all seeds, time is the mean.",
            ),
        ),
    )


def _speed(comparison: Comparison) -> Section:
    return Section(
        "How much sooner",
        (
            Table(
                speed_grid(comparison),
                "For every pair of seeds: what the second method spent until it first had its final error, divided by "
                "what the first spent until it was as good. Median, and lowest to highest, over pairs.",
            ),
            Words(
                "Above 1 the first method is faster. A search that never became as good is not left out: its ratio is "
                "below what all its trials would give, which is what < says."
            ),
        ),
        short="Speed-up",
    )


def _differences(comparison: Comparison) -> Section:
    return Section(
        "How much better",
        (
            Table(
                gaps_grid(comparison),
                "Difference of the lowest errors, seed by seed: mean ± standard error; in how many seeds the first is "
                "lower; and how often chance alone would give a mean as far from zero.",
            ),
            Words(
                "Both searches of a seed are looked at when each had spent what the shorter one spent in all. The "
                "chance counts all ways in which the signs of the differences could have fallen; with fewer than "
                f"{FEWEST_SEEDS} seeds it cannot come below 0.05, so nothing can be shown beyond chance."
            ),
        ),
        short="Differences",
    )


def _savings(comparison: Comparison) -> Section:
    return Section(
        "What ending trials early saves",
        (
            Table(
                savings_grid(comparison),
                "Pruned methods against the same sampler without pruning, over as many trials: mean and range over "
                "seeds of the share saved, and the difference of the lowest errors, mean ± standard error.",
            ),
        ),
        short="Pruning",
    )


def _reading(comparison: Comparison) -> Section:
    notes: list[Part] = [
        Words(
            "A seed is that of the search alone: folds and rows are the same for all. Searches with the same seed draw "
            "the same first networks as long as they draw at random, which makes their differences smaller than "
            "those of unrelated searches."
        ),
        Words(
            "Time is the sum over trials of what drawing, checking and training took, rejected trials included. It was "
            "measured on this machine while it did whatever else it was doing, one search at a time."
        ),
        Words(
            "The lowest error of a search is the lowest of many looks at the same folds, and so lower than the error "
            "on new rows would be. It ranks search methods; it does not say how well a network predicts."
        ),
    ]
    if comparison.starts:
        starts = counted(comparison.starts, "network")
        notes.append(Words(f"The space gives every search the same {starts} to begin with."))
    return Section("How to read this", tuple(notes))


def _repeat(comparison: Comparison) -> Section:
    facts = tuple((name, text) for name, text in comparison.facts.items() if name != "command")
    return Section("To repeat it", (Code(comparison.facts.get("command", "")), Terms(facts)))


def _footer(comparison: Comparison) -> str:
    return f"{counted(len(comparison.courses), 'search', 'searches')} of {counted(len(comparison.arms), 'method')}."


def _aligned(grid: Grid) -> Grid:
    """The same table with decimal points below one another."""
    return replace(grid, rows=columns([row[0] for row in grid.rows], [row[1:] for row in grid.rows]))
