"""Figure of what pruning threw away: what a rung showed against what a trial came to."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spectune.report.drawing import BLUE, GREY, INK, ORANGE, note, svg
from spectune.report.wording import fixed
from spectune.tuning.pruning import Ending, Regret, Tie


def pruning_picture(found: Regret, minimised: str) -> str:
    """One panel a rung; ``minimised`` names what the search minimised."""

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(found.parts), sharey=True, squeeze=False)[0]
        for place, (panel, part, tie) in enumerate(zip(panels, found.parts, found.ties, strict=True)):
            _rung(panel, found, place)
            panel.set_title(f"after {100 * part:.0f} % of the epochs")
            panel.set_xlabel("compared at the rung")
            note(panel, _words(tie))
        panels[0].set_ylabel(f"{minimised} at the end")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=4, handletextpad=0.4)

    return svg(draw, "pruning", "What trials came to at their end against what was compared at each rung", 3.3)


def _rung(panel: Axes, found: Regret, place: int) -> None:
    complete = [one for one in found.endings if not one.pruned]
    _dots(panel, complete, place, BLUE, BLUE, "complete")
    _dots(panel, found.again, place, ORANGE, "white", "pruned, trained on")
    panel.axhline(found.best, color=INK, lw=0.9, label="best complete trial")
    panel.axhline(found.median, color=GREY, lw=0.9, ls=(0, (4, 2)), label="median complete trial")


def _dots(panel: Axes, endings: Sequence[Ending], place: int, edge: str, face: str, label: str) -> None:
    shown = [(one.rungs[place], one.final) for one in endings if len(one.rungs) > place and one.final is not None]
    at, final = [pair[0] for pair in shown], [pair[1] for pair in shown]
    panel.plot(at, final, "o", mec=edge, mfc=face, ms=4.5, mew=1.1, alpha=0.85, ls="", label=label)


def _words(tie: Tie) -> str:
    if tie.correlation is None:
        return f"{tie.trials} trials"
    return f"rank correlation {fixed(tie.correlation, 2)}, {tie.trials} trials"
