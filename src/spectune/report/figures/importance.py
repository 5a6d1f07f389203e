"""Which hyperparameters mattered, group by group, as Shen & Viscarra Rossel (2021) draw it in figure 3."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spectune.report.drawing import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, svg
from spectune.report.wording import fixed, number, shortened
from spectune.tuning.shares import Group, GroupShare, Importance, Share

MOST_BARS = 20
"""Bars of a picture; those of the largest shares are drawn."""

DAGGER = "†"
"""Marks a hyperparameter that some trials do without."""

COLOURS: dict[Group, str] = {"training": BLUE, "input channels": GREEN, "Conv-block": ORANGE, "FC-block": PURPLE}


def importance_picture(importance: Importance) -> str:
    """Share of each hyperparameter with its spread over forests, by group, and what chance reaches (dashed)."""
    rows = _rows(importance)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, row in enumerate(rows):
            if isinstance(row, Share):
                _bar(axes, place, row)
        axes.axvline(importance.floor, color=INK, lw=0.9, ls=(0, (4, 2)), label="highest share of a dummy")
        _names(axes, rows)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(left=0.0)
        axes.set_xlabel(f"share of the variance of results ({importance.method}, {sampler_name(importance)} search)")
        axes.margins(x=0.12)
        axes.legend(loc="lower right")

    return svg(draw, "importance", f"Importance of hyperparameters by {importance.method}", 0.65 + 0.2 * len(rows))


def sampler_name(importance: Importance) -> str:
    """The sampler as it is written: an abbreviation in capitals."""
    return importance.sampler.upper() if importance.sampler == "tpe" else importance.sampler


def _rows(importance: Importance) -> list[GroupShare | Share]:
    """Each group followed by its members."""
    rows: list[GroupShare | Share] = []
    for group in importance.groups:
        members = [share for share in importance.shares[:MOST_BARS] if share.group == group.group]
        rows += [group, *members] if members else []
    return rows


def _bar(axes: Axes, place: int, share: Share) -> None:
    strength = 1.0 if share.matters else 0.35
    axes.barh(place, share.mean, height=0.62, color=COLOURS[share.group], alpha=strength)
    axes.errorbar(share.mean, place, xerr=share.spread, color=INK if share.matters else GREY, lw=0.9, capsize=2)
    if share.matters:
        end = (share.mean + share.spread, place)
        axes.annotate(number(share.mean, 2), end, xytext=(5, 0), textcoords="offset points", va="center", fontsize=8)


def _names(axes: Axes, rows: Sequence[GroupShare | Share]) -> None:
    """Names beside their bars, grey for those that chance explains; a group's name with the sum of its shares."""
    axes.set_yticks(range(len(rows)), [_name(row) for row in rows])
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        match row:
            case GroupShare():
                label.set(color=COLOURS[row.group], fontweight="bold")
            case Share():
                label.set_color(INK if row.matters else GREY)
    axes.tick_params(axis="y", length=0)


def _name(row: GroupShare | Share) -> str:
    match row:
        case GroupShare(group, mean, spread):
            return f"{group} {fixed(mean, 2)} ± {fixed(spread, 2)}"
        case Share():
            return shortened(row.name, 36) + (f" {DAGGER}" if row.conditional else "")
