"""The page of an explanation: what the network looks at, beside PLS, and whether this tells of the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectune.assessment.pls_weights import PlsWeights
from spectune.explanation.attribution import Method
from spectune.explanation.explaining import Explanation
from spectune.explanation.sanity import SURVIVES, tells
from spectune.report.figures.explanation import (
    blocks_picture,
    coefficient_cases,
    coefficients_picture,
    effects_picture,
    importance_beside_picture,
    maps_picture,
    sanity_picture,
)
from spectune.report.sections import Code, Head, Part, Picture, Points, Section, Table, Terms, Words, page
from spectune.report.sheets import axis_words
from spectune.report.tables.explanation import (
    beside_grid,
    blocks_grid,
    likeness,
    regions,
    regions_grid,
    survivals_grid,
)
from spectune.report.wording import counted, fixed, simulated_warning, with_unit

MAIN: Method = "integrated gradients"
"""The method that the answer, the signs and the channels are told by: its values add up to what is explained."""

NAMED = 4
"""Classes that the answer names."""

QUESTIONS: dict[Method, str] = {
    "integrated gradients": "How much did each wavelength move this answer away from the answer for the mean "
    "spectrum? Values have the unit of the answer and add up to the difference (Sundararajan et al. 2017).",
    "occlusion": "How much does the answer change if a stretch of the spectrum is replaced by the mean's, in all "
    "channels at once? Needs no gradient; coarse, and blind to what another stretch repeats (Zeiler & Fergus 2014).",
    "gradient × activation": "Which positions of the last convolution speak for this answer? A class activation map "
    "whose gradient is that of the logit, or of the number, and stays where it was taken, summed over filters, brought "
    "back to the spectrum between the centres of what the positions see.",
    "grad-CAM as published": "The map of Passos & Mishra (2022), to the letter; for a number with the output in the "
    "place of the class's probability. With one filter it is the positive part of plus or minus the filter's "
    "activation: class or number enter through a sign only.",
    "regression coefficients": "What would the answer be if the raw spectrum were a little higher here? The "
    "derivative through the preprocessing, mean over the rows: what a regression vector is to PLS.",
}
"""Which question a method answers."""


def explanation_page(found: Explanation, pls: PlsWeights | None, network: str, source: str, command: str) -> str:
    """The page; ``network`` is what the run calls it, ``command`` explains it again."""
    task = found.task
    head = Head(
        kind=f"spectune explanation · {source or 'unnamed spectra'} · {axis_words(found.axis)}",
        title=f"{with_unit(task.target, task.unit)}: what the {network} looks at",
        say=headline(found, network),
        reasons=reasons(found, pls),
        warning=simulated_warning(source),
    )
    how = Section("How it was done", (*_method(found), Code(command)), "Method")
    footer = f"{counted(len(found.cases), 'case')}, {counted(found.members, 'member')}."
    return page(head, (*explanation_sections(found, pls), how), footer)


def explanation_sections(found: Explanation, pls: PlsWeights | None = None) -> tuple[Section, ...]:
    """Sections of an explanation, for a page of its own or as a part of another."""
    made = [Section("Where it looks", _where(found), "Where")]
    if MAIN in found.methods:
        made.append(Section("What raises and what lowers the answer", _effects(found), "Signs"))
    if pls is not None and coefficient_cases(found):
        made.append(Section("Beside PLS", _beside(found, pls), "PLS"))
    if len(found.blocks) > 1 and MAIN in found.methods:
        made.append(Section("Channel by channel", _blocks(found), "Channels"))
    return *made, Section("Does it tell of the model?", _sanity(found), "Check")


def headline(found: Explanation, network: str) -> str:
    """Where the network looks, in a sentence: overall for a number, by class for classes."""
    method = MAIN if MAIN in found.methods else found.methods[0]
    by = f"({method}, {found.part} rows)"
    if found.task.regression:
        strongest = [region.words(found.axis) for region in regions(found.axis, found.overall(method), most=3)]
        return f"For {found.task.target} the {network} looks most at {_listed(strongest)} {by}."
    told = [
        f"{one.case} at {regions(found.axis, one.importance, most=1)[0].words(found.axis)}"
        for one in found.of(method)[:NAMED]
    ]
    return f"The {network} knows {_listed(told)} {by}."


def reasons(found: Explanation, pls: PlsWeights | None) -> tuple[str, ...]:
    """How this sits with PLS, with fresh weights, and between members."""
    told = [_beside_words(found, pls)] if pls is not None and coefficient_cases(found) else []
    told += [words for words in (survival_words(found), _agreement_words(found)) if words]
    return tuple(told)


def survival_words(found: Explanation) -> str:
    """Which explanations survive fresh weights, and what that means."""
    told = {method: tells(found.survival(method)) for method in found.methods}
    survived, chance, learned = (
        [method for method in told if told[method] == word] for word in ("the data", "chance", "the model")
    )
    parts = [f"told by {_listed(learned)} the maps change when the weights do"] if learned else []
    if survived:
        parts.append(
            f"those by {_listed(survived)} stay (rank correlation of {SURVIVES} or more), and an explanation that "
            "survives randomised weights explains the data, not the model"
        )
    if chance:
        parts.append(f"by {_listed(chance)} two trained members agree no more than a trained and a fresh one")
    words = "; ".join(parts)
    return f"{words[0].upper()}{words[1:]}."


def _beside_words(found: Explanation, pls: PlsWeights) -> str:
    alike = float(np.mean([likeness(one.mean, pls.coefficients[one.output]) for one in coefficient_cases(found)]))
    strength = "much the same" if alike >= 0.7 else "partly the same" if alike >= 0.3 else "other"
    return (
        f"Network and PLS ({pls.settings}) lean on {strength} wavelengths: the rank correlation of their absolute "
        f"coefficients on the raw spectrum is {fixed(alike, 2)}."
    )


def _agreement_words(found: Explanation) -> str:
    known = {one.beside: one for one in found.survival(MAIN)} if MAIN in found.methods else {}
    between = known.get("another member")
    if between is None or not between.correlations:
        return "There is one member only: how much of this is chance cannot be told."
    return (
        f"Maps of two members, by {MAIN}, have a rank correlation of {fixed(between.mean, 2)} ± "
        f"{fixed(between.spread, 2)}: details that only one of them shows are chance."
    )


def _where(found: Explanation) -> tuple[Part, ...]:
    left = len(set(found.task.classes) - {case.name for case in found.cases})
    left = left if left < len(found.task.classes) else 0
    some = f" {counted(left, 'class', 'classes')} are left out; name others with --of." if left > 0 else ""
    empty = [one for one in found.attributions if one.empty]
    said = [_empty_words(one.case, one.empty) for one in empty]
    return (
        Picture(
            maps_picture(found),
            "Mean spectrum of each case, drawn to its own height and coloured by the strength of the attribution "
            f"(mean absolute value over rows and members, channels added up), each from nothing to its own most.{some}",
        ),
        *((Points(tuple(said)),) if said else ()),
        Table(regions_grid(found), "Regions of at least half of the largest strength, the heaviest first."),
        Terms(tuple((method, QUESTIONS[method]) for method in found.methods)),
    )


def _effects(found: Explanation) -> tuple[Part, ...]:
    unit = found.task.unit or "the target's unit" if found.task.regression else "logits"
    return (
        Picture(
            effects_picture(found, MAIN),
            f"{MAIN.capitalize()}, in {unit} per point, mean over the rows of each case; the band is one standard "
            "deviation over members. Above zero a point raises the answer over that for the mean calibration "
            "spectrum, below zero it lowers it.",
        ),
    )


def _beside(found: Explanation, pls: PlsWeights) -> tuple[Part, ...]:
    told: list[Part] = [
        Picture(
            coefficients_picture(found, pls),
            "Derivative of the answer by the raw spectrum, through the preprocessing of either model. Coloured band: "
            "one standard deviation over members; grey band: over rows, zero where the whole model is linear. The "
            "scales differ: shapes are to be compared.",
        )
    ]
    if MAIN in found.methods:
        told.append(
            Picture(
                importance_beside_picture(found, pls, MAIN),
                "Squares of VIP (variable importance in projection, Wold et al. 1993) add up to the number of "
                "variables. It belongs to the preprocessed variable of that wavelength.",
            )
        )
    table = Table(
        beside_grid(found, pls), "Rank correlation of absolute values over the axis: 1 the same order, 0 none."
    )
    return *told, table


def _blocks(found: Explanation) -> tuple[Part, ...]:
    return (
        Picture(
            blocks_picture(found, MAIN),
            f"Strength of {MAIN} by channel, mean over cases and members, on one scale, folded back to the axis.",
        ),
        Table(blocks_grid(found, MAIN), "How much of the attribution goes through which channel."),
    )


def _sanity(found: Explanation) -> tuple[Part, ...]:
    return (
        Words(survival_words(found)),
        Picture(
            sanity_picture(found),
            "Spearman's rank correlation of absolute maps, row by row, of the trained network with another member, and "
            "with itself after its last layer or all its layers got fresh weights (Adebayo et al. 2018); whiskers: "
            f"deviation over members. Grey: {SURVIVES} and more, where fresh weights count as unnoticed.",
        ),
        Table(survivals_grid(found), "The same in numbers, ± deviation over members."),
        Words(
            "Some likeness always stays: coefficients carry the deviations of the columns and the shape of derivative "
            "filters, attributions how far a spectrum lies from the mean. Read the place of a band from a method whose "
            "members agree far better than fresh weights do."
        ),
    )


def _method(found: Explanation) -> tuple[Part, ...]:
    cases = ", ".join(f"{case.name} ({counted(case.rows, 'row')})" for case in found.cases)
    opened = (
        "The run has opened them for its verdict, and nothing is chosen here."
        if found.part == "test"
        else "There are too few test rows to explain."
    )
    pairs = (
        ("rows", f"{found.part} rows. {opened}"),
        ("cases", cases),
        ("answer", _answer_words(found)),
        ("compared with", "the mean of the calibration rows after preprocessing"),
        ("occlusion", f"windows of {counted(found.window, 'point')}, overlapping by half"),
        ("channels", " | ".join(found.blocks)),
        ("members", f"{found.members}; each is explained alone, means and spreads are over them"),
        *((silence.method, f"not shown: {silence.reason}") for silence in found.silences),
    )
    return (Terms(pairs),)


def _answer_words(found: Explanation) -> str:
    if found.task.regression:
        return f"{with_unit(found.task.target, found.task.unit)}, after the target's transform is undone"
    return "logit of the class: its log-probability minus the mean over classes"


def _empty_words(case: str, share: float) -> str:
    return (
        f"Grad-CAM as published has no map for {fixed(100 * share, 0)} % of rows and members ({case}): its sum is "
        "nowhere above zero, and the published scaling divides zero by zero. They count as zero here."
    )


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
