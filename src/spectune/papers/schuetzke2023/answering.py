"""What the runs say to an open question: every comparison it asks for, with an interval over seeds, and a sentence.

The rules. A difference is one of the two networks when chance that turns classes round does not reach it, after Holm's
correction over all comparisons of the question, and when its interval over seeds, from ``FEWEST_SEEDS`` on, leaves out
zero. A part of a question is supported by one single change that differs as expected; it is contradicted when all
its single changes are there and differ the other way. Everything else cannot be told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spectune.papers.schuetzke2023.benchmark import Benchmark
from spectune.papers.schuetzke2023.claims import FEWEST_SEEDS, WHOLE
from spectune.papers.schuetzke2023.questions import COMPARISONS, HYPOTHESES, Comparison, Question
from spectune.papers.schuetzke2023.scores import Contest, Labels, by_name, contest, corrected, gains, shared, student
from spectune.papers.schuetzke2023.training import Run
from spectune.report.wording import counted, fixed

Answer = Literal["supported", "contradicted", "cannot tell"]
WORDS: dict[Answer, str] = {
    "supported": "is supported",
    "contradicted": "is contradicted",
    "cannot tell": "cannot be told",
}
Runs = Mapping[str, Sequence[Run]]


@dataclass(frozen=True)
class Compared:
    """A comparison, as the runs at hand have it.

    Attributes:
        asked: who against whom.
        seeds: that both networks have, at least one.
        changed, plain: their mean accuracies over these.
        contest: their difference and its chance, corrected for all comparisons of the question.
        interval: 95 % interval of the difference over seeds; none with fewer than ``FEWEST_SEEDS``.
    """

    asked: Comparison
    seeds: int
    changed: float
    plain: float
    contest: Contest
    interval: tuple[float, float] | None

    @property
    def clear(self) -> bool:
        """Whether the networks differ, beyond chance of classes and of seeds."""
        return self.contest.clear and self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]

    @property
    def expected(self) -> bool:
        """Whether the difference points where it is expected to."""
        return self.contest.difference > 0 if self.asked.gain else self.contest.difference < 0


def compared(question: Question, runs: Runs, truth: Labels) -> tuple[Compared, ...]:
    """All comparisons of a question whose networks have a seed in common, in its order."""
    there = [one for one in COMPARISONS[question] if _pairs(one, runs)]
    fought = [contest(one.changed, one.plain, _pairs(one, runs), truth) for one in there]
    known = {(one.one, one.other): one for one in corrected(sorted(fought, key=lambda one: one.chance))}
    return tuple(_compared(one, known[one.changed, one.plain], runs, truth) for one in there)


def missing(question: Question, runs: Runs) -> tuple[Comparison, ...]:
    """Comparisons of a question whose networks have no seed in common yet."""
    return tuple(one for one in COMPARISONS[question] if not _pairs(one, runs))


def untrained(one: Comparison, runs: Runs) -> tuple[str, ...]:
    """Networks of a comparison without any run."""
    return tuple(name for name in (one.changed, one.plain) if name not in runs)


def answers(question: Question, rows: Sequence[Compared]) -> Mapping[str, Answer]:
    """What the comparisons say to every part of a question."""
    return {part: _answer(question, part, rows) for part in dict.fromkeys(one.about for one in COMPARISONS[question])}


def reply(question: Question, found: Benchmark) -> str:
    """The answer in one sentence, with the single changes it rests on."""
    if found.plan.protocol.epochs < WHOLE:
        return f"Nothing is told here of whether {HYPOTHESES[question]}: the trainings were cut short."
    rows = compared(question, by_name(found.runs), found.truth)
    said = answers(question, rows)
    parts = {answer: [part for part, one in said.items() if one == answer] for answer in WORDS}
    words = [_said(answer, each, rows, len(said) == 1) for answer, each in parts.items() if each]
    return f"That {HYPOTHESES[question]} {'; '.join(words)}."


def left(question: Question, runs: Runs) -> str:
    """What is missing for the whole answer; empty where nothing is."""
    without = missing(question, runs)
    if not without:
        return ""
    names = dict.fromkeys(name for one in without for name in untrained(one, runs))
    who = f"no runs yet of {', '.join(names)}" if names else "no seed in common"
    return f"{len(without)} of {counted(len(COMPARISONS[question]), 'comparison')} cannot be made: {who}."


def _pairs(one: Comparison, runs: Runs) -> list[tuple[Run, Run]]:
    return shared(runs.get(one.changed, ()), runs.get(one.plain, ()))


def _compared(one: Comparison, fought: Contest, runs: Runs, truth: Labels) -> Compared:
    pairs = _pairs(one, runs)
    differences = gains(pairs, truth)
    changed, plain = (
        float(np.mean([np.mean(run.answers == truth) for run in side])) for side in zip(*pairs, strict=True)
    )
    interval = student(differences) if len(pairs) >= FEWEST_SEEDS else None
    return Compared(one, len(pairs), changed, plain, fought, interval)


def _answer(question: Question, part: str, rows: Sequence[Compared]) -> Answer:
    asked = [one for one in COMPARISONS[question] if one.about == part and one.single]
    clear = [row for row in rows if row.asked in asked and row.clear]
    if any(row.expected for row in clear):
        return "supported"
    return "contradicted" if len(clear) == len(asked) else "cannot tell"


def _said(answer: Answer, parts: Sequence[str], rows: Sequence[Compared], whole: bool) -> str:
    """An answer, the parts of the question it is for unless that is the whole, and the single changes behind it."""
    listed = [f"{'' if whole else part}{_behind(part, rows, answer)}" for part in parts]
    return f"{WORDS[answer]}{' ' if whole else ' for '}{', '.join(listed)}".rstrip()


def _behind(part: str, rows: Sequence[Compared], answer: Answer) -> str:
    single = [row for row in rows if row.asked.about == part and row.asked.single]
    decisive = [row for row in single if row.clear and row.expected == (answer == "supported")]
    if answer == "cannot tell" or not decisive:
        return ""
    named = [
        f"{row.asked.changed} {points(row.contest.difference)} points, {fixed(100 * row.changed, 1)} % right"
        for row in decisive
    ]
    return f" ({'; '.join(named)})"


def points(share: float) -> str:
    """A difference of shares in points of per cent, with its sign.

    >>> points(0.0432), points(-0.0432), points(0.0)
    ('+4.3', '−4.3', '0.0')
    """
    text = fixed(100 * share, 1)
    return f"+{text}" if share > 0 and text != "0.0" else text
