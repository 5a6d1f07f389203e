"""Tables of importance: every hyperparameter by two methods, and the pairs that work together."""

from __future__ import annotations

from spectune.report.figures.importance import DAGGER
from spectune.report.tables.grid import Grid, columns
from spectune.report.wording import fixed
from spectune.tuning.shares import Importance

MOST_ROWS = 12


def shares_grid(importance: Importance) -> Grid:
    """The largest shares, with those of PED-ANOVA beside them; marked: above every dummy."""
    shares = importance.shares[:MOST_ROWS]
    names = [share.name + (f" {DAGGER}" if share.conditional else "") for share in shares]
    rows = [[fixed(share.mean, 3), fixed(share.spread, 3), fixed(share.ped_anova, 3)] for share in shares]
    cells = columns(names, rows)
    return Grid(
        ("hyperparameter", "group", "share", "deviation", "PED-ANOVA"),
        tuple((name, share.group, *numbers) for (name, *numbers), share in zip(cells, shares, strict=True)),
        words=2,
        marked=tuple(place for place, share in enumerate(shares) if share.matters),
    )


def interactions_grid(importance: Importance) -> Grid:
    """The strongest pairs, with what such a pair reaches where nothing interacts; marked: above it."""
    pairs = importance.interactions
    rows = [[fixed(pair.mean, 3), fixed(pair.spread, 3), fixed(pair.floor, 3)] for pair in pairs]
    return Grid(
        ("pair", "share", "deviation", "without interaction"),
        columns([f"{pair.one} × {pair.other}" for pair in pairs], rows),
        marked=tuple(place for place, pair in enumerate(pairs) if pair.matters),
    )
