"""What can be attained on a configuration, in lines for ``spectune synth describe``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spectune.errors import SettingError
from spectune.synthesis.bayes import Attainable, attainable
from spectune.synthesis.neighbours import within_reach
from spectune.synthesis.patterns import Dials, PatternConfig

MOST_PAIRS = 10

HIDING = {"noise": "noise", "counts": "photon counts", "baseline": "baselines", "impurities": "impurity peaks"}
"""Dials that hide peaks, in words."""


def attained(config: PatternConfig, samples: int, seed: int) -> Iterator[str]:
    """Confusable pairs and the best accuracy, or why there is none."""
    try:
        found = attainable(config, samples, seed)
    except SettingError as error:
        yield from _near(config)
        yield f"no best accuracy is given: {error}"
    else:
        yield from _confused(found)
        yield from _accuracy(found)
        yield from _tests(found)
        yield from _alike(config)
        yield "peaks that overlap are taken as read apart, and heights as drawn: no classifier reaches more"


def _near(config: PatternConfig) -> Iterator[str]:
    pairs = [f"  {one} and {other}, parted by {kind}" for one, other, kind in within_reach(config)]
    yield f"{len(pairs)} pairs of classes have all their peaks within reach of each other, each peak taken by itself"
    yield from _first(pairs)


def _confused(found: Attainable) -> Iterator[str]:
    errs = "the best classifier errs in at least" if found.left_out else "the best classifier errs in"
    pairs = [
        f"  {pair.one} and {pair.other}, parted by {pair.parted_by}: {errs} {pair.error:.1%}" for pair in found.pairs
    ]
    yield f"{len(pairs)} pairs of classes can be mistaken for each other"
    yield from _first(pairs)


def _first(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:MOST_PAIRS]
    if len(lines) > MOST_PAIRS:
        yield f"  and {len(lines) - MOST_PAIRS} more"


def _accuracy(found: Attainable) -> Iterator[str]:
    most = "at most " if found.left_out else ""
    yield (
        f"best accuracy on spectra as in training: {most}{found.accuracy:.2%} "
        f"(standard error of the sampling {found.uncertainty:.2%})"
    )
    for kind, accuracy in found.by_parting.items():
        yield f"  classes parted by {kind}: {most}{accuracy:.1%}"
    if found.left_out:
        words = [HIDING[name] for name in found.left_out]
        yield f"  an upper bound, of the same law without {' and '.join(words)}: what is left out can only hide"


def _tests(found: Attainable) -> Iterator[str]:
    taken = ", taken the same way" if found.left_out else ""
    yield f"test spectra{taken}: {found.clear} clear, {found.ties} exact ties"
    for count, words in ((found.wrong, "look more like another class"), (found.outside, "lie beyond training")):
        if count:
            yield f"  {count} {words}"


def _alike(config: PatternConfig) -> Iterator[str]:
    """What was set and tells no class from another."""
    law, dials = config.law, config.dials
    if dials.shape != Dials().shape or dials.width_spread:
        yield "shape and width of peaks are drawn alike for all classes and tell none apart"
    if not law.width[0] <= law.test_width <= law.width[1]:
        yield (
            f"peaks of test spectra are {law.test_width:g} wide, those of training {law.width[0]:g} to "
            f"{law.width[1]:g}: that tells no class either, but no network has seen it"
        )
