"""How well every class is told from the others, and how certain that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spectune.assessment.outcome import Part
from spectune.metrics import averages, score_interval
from spectune.report.drawing import GREY, INK, PALE, SKY, svg
from spectune.report.scored import Told
from spectune.report.wording import counted, fixed, shortened


def classes_picture(names: Sequence[str], parts: Mapping[Part, Told]) -> str:
    """F1 of every class (bar) and its sensitivity (dot) with a 95 % interval; dashed: macro-F1."""

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(parts), sharey=True, squeeze=False)[0]
        for panel, (part, told) in zip(panels, parts.items(), strict=True):
            _classes(panel, told)
            macro, _ = averages(told.classes)
            panel.axvline(macro.f1, color=GREY, lw=1.0, ls=(0, (4, 2)), label="macro-F1")
            panel.set_title(f"{part}, {counted(macro.rows, 'row')}: macro-F1 {fixed(macro.f1, 3)}")
        panels[0].set_yticks(range(len(names)), [shortened(name, 32) for name in names])
        panels[0].set_ylim(len(names) - 0.4, -0.6)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)

    return svg(draw, "by-class", "F1 and sensitivity of every class", 1.1 + 0.23 * len(names))


def _classes(panel: Axes, told: Told) -> None:
    for row, (one, samples) in enumerate(zip(told.classes, told.samples, strict=True)):
        if not one.rows:
            continue
        panel.barh(row, one.f1, height=0.62, color=SKY, label="F1" if row == 0 else None)
        ends = score_interval(one.sensitivity, samples)
        panel.plot(ends, (row, row), color=INK, lw=1.2)
        panel.plot(one.sensitivity, row, "o", color=INK, ms=4.2, label="sensitivity" if row == 0 else None)
    panel.set(xlim=(0, 1.02))
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x", color=PALE, lw=0.6)
    panel.set_axisbelow(True)
