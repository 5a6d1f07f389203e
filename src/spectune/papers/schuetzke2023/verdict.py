"""What came of the benchmark, in sentences: the network with the most right, and what any could reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from spectune.papers.schuetzke2023.benchmark import Benchmark
from spectune.papers.schuetzke2023.patterns import Reference
from spectune.papers.schuetzke2023.scores import Contest
from spectune.papers.schuetzke2023.tables import MODE_WORDS, percent, standings
from spectune.report.wording import counted

Beside = Literal["behind", "near", "ahead", "apart"]

BESIDE: Mapping[Beside, str] = {
    "near": "not to be told from it",
    "ahead": "with more right in the mean of the seeds both have, beyond chance",
    "apart": "without a seed in common, so not compared",
}
"""How other networks stand to the first, where they are not behind it beyond chance."""


def answer(found: Benchmark, fought: Sequence[Contest]) -> str:
    """The network with the highest median, and how the others stand to it."""
    (name, runs, counts), *rest = standings(found)
    right = f"{counts.median} of {counts.rows} test spectra right"
    say = f"{name} has {right} ({percent(counts.median / counts.rows)} %, median of {counted(len(runs), 'seed')})"
    if not rest:
        return f"{say}."
    level = ", ".join(other for other, _, others in rest if others.median == counts.median)
    most = f"{f'as many as {level} and ' if level else ''}the most of {counted(len(rest) + 1, 'network')}"
    return f"{say}, {most}; {_others(name, [other for other, _, _ in rest], fought)}."


def reasons(found: Benchmark, fought: Sequence[Contest]) -> tuple[str, ...]:
    """What stands behind the answer."""
    made = []
    if found.reference is not None:
        made.append(_settled(found.reference))
    elif found.unknown:
        made.append(
            f"What a classifier that knows the law of training could reach is not known: {found.unknown}. No line is "
            "drawn for it, and no decision map is made."
        )
    clear = sum(one.clear for one in fought)
    if fought:
        made.append(f"{clear} of {counted(len(fought), 'pair')} of networks can be told apart.")
    return tuple(made)


def legend(told: Reference | None) -> str:
    """What the lines beside the dots of networks are; nothing where there are none."""
    if told is None or not told.lines:
        return ""
    bound = f", without {' and '.join(told.left_out)}" if told.left_out else ""
    knows = " Dashed: what a classifier has that knows the law of training"
    return (
        f"{knows} and guesses ties{bound}; dotted: one that is right in every tie." if told.ties else f"{knows}{bound}."
    )


def inclined(found: Benchmark) -> str:
    """In which failure modes guessing is all that training leaves."""
    ties = [(MODE_WORDS[mode], told) for mode, told in found.by_mode.items() if told.ties]
    if not ties:
        return ""
    shares = ", ".join(f"{told.ties} of {told.rows} by {words}" for words, told in ties)
    return (
        f" Test spectra that lie where two or more classes are exactly as likely in training: {shares}. What is above "
        "guessing there is the network's own inclination where to put the boundary, which training does not teach."
    )


def _others(name: str, others: Sequence[str], fought: Sequence[Contest]) -> str:
    stand = {other: _beside(name, other, fought) for other in others}
    if set(stand.values()) == {"behind"}:
        who = "all others are" if len(others) > 1 else "the other is"
        return f"{who} behind it in the mean, beyond chance"
    said = {kind: ", ".join(other for other in others if stand[other] == kind) for kind in BESIDE}
    return "; ".join(f"{BESIDE[kind]}: {names}" for kind, names in said.items() if names)


def _beside(name: str, other: str, fought: Sequence[Contest]) -> Beside:
    for one in fought:
        if {one.one, one.other} == {name, other}:
            lead = one.difference if one.one == name else -one.difference
            return "near" if not one.clear else "behind" if lead > 0 else "ahead"
    return "apart"


def _settled(told: Reference) -> str:
    """What training says of the test spectra, and what it leaves to guessing."""
    hide = "hides" if len(told.left_out) == 1 else "hide"
    without = f", taken without {' and '.join(told.left_out)}, which only {hide}," if told.left_out else ""
    counts = (
        (told.ties, counted(told.ties, "is a tie", "are ties"), " between classes that are exactly as likely"),
        (told.wrong, counted(told.wrong, "looks", "look"), " more like another class"),
        (told.outside, counted(told.outside, "lies", "lie"), " beyond training"),
    )
    parts = "".join(f"; {words}{rest}" for count, words, rest in counts if count)
    rows = counted(told.rows, "test spectrum", "test spectra")
    return f"Of {rows}{without or ','} training settles {told.clear}{parts}. {_reached(told)}"


def _reached(told: Reference) -> str:
    if told.outside:
        return "What could be reached where training never goes is not known, so no line is drawn for it."
    most = f"{'at most ' if told.left_out else ''}{percent(told.guessed)} %"
    against = "; a network that goes against what is likelier can have more" if told.wrong else ""
    return (
        f"Guessing there gives {most}{against}."
        if told.ties
        else f"Who knows its law and reads every peak has {most}{against}."
    )
