"""``engine.md`` and ``engine.svg``: the results as tables and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from results import Result
from workloads import WORKLOADS

from spectune.report.drawing import BLUE, GREEN, INK, ORANGE, SKY, svg

SERIES = (
    ("one", "one at a time, float32", SKY),
    ("all", "all cores busy, float32", BLUE),
    ("one_bf16", "one at a time, bf16", ORANGE),
    ("all_bf16", "all cores busy, bf16", GREEN),
)
GOALS = {"one": "one", "all": "all", "all_bf16": "bf16"}
"""The goal that a series is held against."""

TITLE = """# The training engine against Keras

Made by `{command}`, {day}.
{hosts}

Seconds per epoch and model, validation and callbacks included: medians of rounds in which all ways to train take
turns on the same arrays, each in a process of its own, one working at a time. *Keras* is `model.fit` as the papers
use it, one model at a time, TensorFlow's own choice of threads. *One at a time*: one network, all cores on it. *All
cores busy*: as many networks at once as there are cores (folds, seeds or trials), seconds per network. x says how many
times faster than Keras; bold where the goal is reached. Goals: one at a time / all cores busy / all cores busy, bf16.
A training's first four epochs are not counted on any side.

![How many times faster than Keras](engine.svg)

"""

MAIN = (
    "workload", "Keras, s", "one at a time, s", "x", "all cores busy, s", "x", "bf16, one at a time, x",
    "bf16, all cores busy, x", "goals",
)  # fmt: skip

REST = """
## Beside that

- *Expert*: Keras that is handed a whole epoch at once (`steps_per_execution`), which the papers do not do.
- *Torch*: our engine without the compiled core, one thread; two rounds.
- *Limit*: part of the machine's limit that is reached: float32 products of large matrices on all cores, the best of
  torch and our own core, tried in every round, the most that was seen; {limit}.
- *Overhead*: seconds of a trial beside its epochs (building, tracing, preprocessing, what the first epoch takes
  longer), for the second trial of a process and later ones.
- *CPU*: seconds of processor time per epoch and model. Keras's divided by the number of cores is what several Keras
  processes side by side could reach at best; that was not measured.
- *Others*: cores that other processes used meanwhile, median and most.

"""

NOISY = """
The machine was not quiet: on {names}, other processes used more than {most} cores at the median. Those figures are
rough.
"""

QUIET = 0.15
"""Cores that others may use, at the median, where a figure is to be trusted."""

SECOND = (
    "workload", "GFLOP", "expert, s", "one at a time, x expert", "all busy, x expert", "torch, s",
    "limit: Keras / one / all", "overhead, s: Keras / expert / ours", "CPU, s: Keras / one / all", "others",
)  # fmt: skip


def write(results: Sequence[Result], folder: Path) -> None:
    """Writes the page and its picture; nothing where there are no results."""
    if not results:
        return
    newest = max(results, key=lambda one: one.day)
    first = table(MAIN, [_main_row(one) for one in results])
    best, single = max(one.limit for one in results), max(max(one.limits["one"]) for one in results)
    limit = f"{best:.0f} GFLOP/s, {single:.0f} with one thread"
    abouts = "\n".join(f"- {one.workload}: {WORKLOADS[one.workload].about}" for one in results)
    title = TITLE.format(command=newest.command, day=_days(results), hosts="\n".join(_hosts(results)))
    second = table(SECOND, [_second_row(one, best) for one in results])
    noisy = ", ".join(one.workload for one in results if one.others[0] > QUIET)
    warning = NOISY.format(names=noisy, most=QUIET) if noisy else ""
    text = f"{title}{first}\n\n{abouts}\n{warning}{REST.format(limit=limit)}{second}\n"
    (folder / "engine.md").write_text(text, encoding="utf-8")
    picture = svg(lambda figure: draw(figure, results), "engine", "How many times faster than Keras", 3.8)
    (folder / "engine.svg").write_text(picture, encoding="utf-8")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(head)}", *lines[1:]])


def draw(figure: Figure, results: Sequence[Result]) -> None:
    """Bars of ratios on a logarithmic axis; a short line is the goal."""
    axes = figure.add_subplot()
    present = [one for one in SERIES if any(result.ratio(one[0]) for result in results)]
    width = 0.8 / len(present)
    for number, (name, label, colour) in enumerate(present):
        places = [place - 0.4 + (number + 0.5) * width for place in range(len(results))]
        found = [result.ratio(name) or 1.0 for result in results]
        axes.bar(places, [one - 1 for one in found], width * 0.92, bottom=1.0, color=colour, label=label)
        for place, result, ratio in zip(places, results, found, strict=True):
            axes.text(place, max(ratio, 1.0) * 1.03, f"{ratio:.2g}", ha="center", va="bottom", fontsize=7)
            if goal := _goal(result, name):
                axes.hlines(goal, place - width / 2, place + width / 2, color=INK, lw=1.4)
    axes.set_yscale("log")
    axes.set_yticks([0.5, 1, 2, 5, 10, 20], ["0.5", "1", "2", "5", "10", "20"])
    axes.minorticks_off()
    low = min(result.ratio(name) or 1.0 for result in results for name, _, _ in present)
    high = max(result.ratio(name) or 1.0 for result in results for name, _, _ in present)
    axes.set_ylim(min(0.8, low * 0.85), max(high, 2) * 1.25)
    axes.axhline(1.0, color=INK, lw=0.6)
    axes.set_xticks(range(len(results)), [one.workload for one in results])
    axes.set_ylabel("times faster than Keras model.fit")
    figure.legend(ncols=len(present), loc="outside upper left")


def _goal(result: Result, name: str) -> float | None:
    goals = WORKLOADS[result.workload].goals
    return {"one": goals.one, "all": goals.all, "bf16": goals.bf16}[GOALS[name]] if name in GOALS else None


def _main_row(result: Result) -> list[str]:
    goals = WORKLOADS[result.workload].goals
    return [
        result.workload,
        *(_seconds(result, "keras"), _seconds(result, "one"), _times(result, "one")),
        *(_seconds(result, "all"), _times(result, "all")),
        *(_times(result, "one_bf16"), _times(result, "all_bf16")),
        f"{goals.one:g} / {goals.all:g} / {'-' if goals.bf16 is None else f'{goals.bf16:g}'}",
    ]


def _second_row(result: Result, limit: float) -> list[str]:
    times = result.timings
    return [
        result.workload,
        f"{result.flops / 1e9:.3g}",
        *(_seconds(result, "expert"), _times(result, "one", "expert"), _times(result, "all", "expert")),
        _seconds(result, "torch"),
        " / ".join(f"{100 * result.pace(name) / limit:.0f} %" for name in ("keras", "one", "all")),
        " / ".join(f"{times[name].overhead:.2f}" for name in ("keras", "expert", "one")),
        " / ".join(f"{times[name].epoch_cpu:.3g}" for name in ("keras", "one", "all")),
        "{:.2f}, {:.2f}".format(*result.others),
    ]


def _seconds(result: Result, name: str) -> str:
    return f"{result.timings[name].epoch:.3g}" if name in result.timings else ""


def _times(result: Result, name: str, rival: str = "keras") -> str:
    ratio, goal = result.ratio(name, rival), _goal(result, name)
    if ratio is None:
        return ""
    reached = rival == "keras" and goal is not None and ratio >= goal
    return f"**{ratio:.2f}**" if reached else f"{ratio:.2f}"


def _days(results: Sequence[Result]) -> str:
    days = sorted({one.day for one in results})
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _hosts(results: Sequence[Result]) -> list[str]:
    """A sentence for every machine and set of versions."""
    made = []
    for one in results:
        software = ", ".join(f"{name} {version}" for name, version in sorted(one.versions.items()))
        flags = one.host["flags"]
        words = " ".join(flags) if isinstance(flags, list) else str(flags)
        made.append(
            f"{one.host['processor']}, {one.host['cores']} cores, {one.host['machine']} with {words}; {software}; "
            f"{one.seconds:g} s for each way to train."
        )
    return list(dict.fromkeys(made))
