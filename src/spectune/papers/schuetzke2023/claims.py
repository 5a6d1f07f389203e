"""What the paper found, held against the runs at hand.

The rules. A network takes part with at least ``FEWEST_SEEDS`` seeds. That one network is right more often than
another is judged by turning classes round at random (``scores.contest``), with a chance of at most ``LIKELY`` after
Holm's correction over all such comparisons of the claims. A claim on many networks is judged on all pairs of
networks together, and on no fewer than two. What no test tells apart is not told, whichever way it points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from spectune.papers.schuetzke2023.benchmark import Benchmark
from spectune.papers.schuetzke2023.entrants import EIGHT
from spectune.papers.schuetzke2023.reported import LOGGED, MODIFIED, as_run
from spectune.papers.schuetzke2023.scores import Contest, by_name, confused, contest, corrected, shared, tally, wilson
from spectune.papers.schuetzke2023.training import Run
from spectune.papers.shen2021.findings import Judgement
from spectune.report.wording import counted, fixed, number
from spectune.synthesis.neighbours import confusable, trained

FEWEST_SEEDS = 3
"""Seeds of a network below which it is not judged: one may have been lucky."""

WHOLE = 500
"""Epochs the published trainings might take; shorter ones are a look and judge nothing."""

LEAST = 0.989
"""What every published run has right of the general benchmark, at least."""

CHANCE = 1 / 27
"""Share that is right by naming one class of the challenge always."""

Runs = Mapping[str, tuple[Run, ...]]


@dataclass(frozen=True)
class Finding:
    """A claim of the paper: what it published for it, what these runs say, and the judgement."""

    claim: str
    published: str
    here: str
    judgement: Judgement


@dataclass(frozen=True)
class Versus:
    """A claim that some networks are right more often than others.

    Attributes:
        claim: in words.
        published: figures of the paper.
        pairs: names of networks, in each pair the one first that is to be right more often.
        together: whether the pairs are judged as one; else every one of them must hold.
    """

    claim: str
    published: str
    pairs: tuple[tuple[str, str], ...]
    together: bool = False


AS_RUN: tuple[str, ...] = tuple(f"{name}-{as_run(name)}".rstrip("-") for name in EIGHT)
"""Names of the eight networks with the dense layers of the published runs."""

BEST = "cnn6-relu"
OTHERS = tuple(name for name in AS_RUN if name != BEST)
ELABORATE = ("resnet", "cnn_bn-linear", "inc3-linear", "inc6-linear")

SWITCHED = tuple((f"{name}-relu", f"{name}-linear") for name in EIGHT if name != "resnet")
NORMALISED = (("cnn_bn-plain", "cnn_bn-linear"), (BEST, "cnn6_bn-relu"), ("resnet-nonorm", "resnet"))
MODIFIED_PAIRS: Mapping[str, tuple[str, str]] = {
    "cnn_bn_mod": ("cnn_bn_mod-relu", "cnn_bn-linear"),
    "resnet_mod": ("resnet_mod-relu", "resnet"),
    "cnn6_bn": (BEST, "cnn6_bn-relu"),
    "vgg_mod": ("vgg_mod-relu", "vgg-linear"),
    "cnn6_convdo": (BEST, "cnn6_convdo-relu"),
}
"""The better and the worse network of each row of the paper's table of modifications."""

ON_BENCHMARK = (
    Versus(
        "CNN6 has the fewest spectra wrong",
        f"median {LOGGED['cnn6'].median} of 4500; the others "
        + ", ".join(f"{name} {LOGGED[name].median}" for name in EIGHT if name != "cnn6"),
        tuple((BEST, name) for name in OTHERS),
    ),
    Versus(
        "residual blocks, inception blocks and batch normalisation gain nothing over plain convolutions (CNN6)",
        "CNN6 8 wrong; " + ", ".join(f"{name} {LOGGED[name].median}" for name in ("resnet", "cnn_bn", "inc3", "inc6")),
        tuple((BEST, name) for name in ELABORATE),
    ),
)
ON_CHALLENGE = (
    Versus(
        "hidden dense layers with ReLU are right more often than linear ones",
        "medians +4.3 (cnn2), +5.6 (cnn3, cnn6, inc3), +3.1 (inc6) points",
        SWITCHED,
        together=True,
    ),
    Versus(
        "CNN6 is right most often",
        "median 85.19 % with ReLU; the next of those published: inc6 76.54 %",
        tuple((BEST, name) for name in OTHERS),
    ),
    Versus(
        "batch normalisation makes networks worse",
        "67.90 % with it, 85.19 % without (CNN6); in the other networks more was changed at once",
        NORMALISED,
        together=True,
    ),
    *(
        Versus(
            f"{better} is right more often than {worse}",
            f"medians {MODIFIED[name].modified:.2f} % against {MODIFIED[name].original:.2f} %"
            + "; 80.74 % is 218 of the 270 validation spectra, and no share of 162" * (name == "resnet_mod"),
            ((better, worse),),
        )
        for name, (better, worse) in MODIFIED_PAIRS.items()
    ),
)


def claims(found: Benchmark) -> tuple[Finding, ...]:
    """The paper's claims on a published data set, each judged; none on other data or after shortened trainings."""
    if not found.published or found.plan.protocol.epochs < WHOLE:
        return ()
    runs = {name: each for name, each in by_name(found.runs).items() if len(each) >= FEWEST_SEEDS}
    if found.published == "benchmark":
        return (_floor(runs, found), *_versus(ON_BENCHMARK, runs, found), _overlap(runs, found))
    return (*_versus(ON_CHALLENGE, runs, found), _failure(runs, found), _momentum(runs, found), _overlap(runs, found))


def summary(judged: Sequence[Finding]) -> str:
    """How many claims stand how."""
    counts = Counter(one.judgement for one in judged)
    return (
        f"Of {counted(len(judged), 'claim')} of the paper, these runs confirm {counts['confirmed']}, "
        f"contradict {counts['contradicted']} and cannot tell {counts['not told']}."
    )


def _versus(asked: Sequence[Versus], runs: Runs, found: Benchmark) -> Iterator[Finding]:
    """Comparisons of networks, all corrected for one another."""
    fought = [_fought(claim, runs, found) for claim in asked]
    in_order = sorted((one for each in fought for one in each), key=lambda one: one.chance)
    known = {(one.one, one.other): one for one in corrected(tuple(dict.fromkeys(in_order)))}
    for claim, each in zip(asked, fought, strict=True):
        yield _told(claim, [known[one.one, one.other] for one in each], runs, found)


def _fought(claim: Versus, runs: Runs, found: Benchmark) -> list[Contest]:
    """The contests of a claim: one of all its pairs together, or one of each; none where too few are there."""
    there = _there(claim, runs)
    if not claim.together:
        return [contest(one, other, shared(runs[one], runs[other]), found.truth) for one, other in there]
    if len(there) < 2:
        return []
    seeds = [seed for one, other in there for seed in shared(runs[one], runs[other])]
    return [contest(f"first of {claim.claim}", "second", seeds, found.truth)]


def _there(claim: Versus, runs: Runs) -> list[tuple[str, str]]:
    return [
        (one, other)
        for one, other in claim.pairs
        if one in runs and other in runs and len(shared(runs[one], runs[other])) >= FEWEST_SEEDS
    ]


def _told(claim: Versus, fought: Sequence[Contest], runs: Runs, found: Benchmark) -> Finding:
    if not fought:
        return Finding(claim.claim, claim.published, _missing(claim, runs), "not told")
    ahead = all(one.clear and one.difference > 0 for one in fought)
    behind = any(one.clear and one.difference < 0 for one in fought)
    whole = claim.together or len(fought) == len(claim.pairs)
    judgement: Judgement = "contradicted" if behind else "confirmed" if ahead and whole else "not told"
    return Finding(claim.claim, claim.published, _words(claim, fought, runs, found), judgement)


def _missing(claim: Versus, runs: Runs) -> str:
    absent = dict.fromkeys(name for pair in claim.pairs for name in pair if name not in runs)
    who = f"of {', '.join(absent)}" if absent else "in common"
    return f"fewer than {FEWEST_SEEDS} seeds {who}"


def _words(claim: Versus, fought: Sequence[Contest], runs: Runs, found: Benchmark) -> str:
    there = _there(claim, runs)
    if len(claim.pairs) == 1:
        (one, other), (told,) = there[0], fought
        return f"{_share(one, runs, found)} against {_share(other, runs, found)}; {_chance(told)}"
    if claim.together:
        alone = [contest(one, other, shared(runs[one], runs[other]), found.truth) for one, other in there]
        return f"{_points(fought[0])} in {len(there)} pairs (over {_listed(alone)}); {_chance(fought[0])}"
    missing = len(claim.pairs) - len(there)
    left = f"; {missing} of {len(claim.pairs)} have too few seeds" if missing else ""
    return f"{_share(BEST, runs, found)}; its lead over {_listed(fought)}; {_clear(fought)}{left}"


def _listed(fought: Sequence[Contest]) -> str:
    return ", ".join(f"{one.other} {_points(one)}" for one in fought)


def _clear(fought: Sequence[Contest]) -> str:
    return f"beyond chance in {sum(one.clear for one in fought)} of {len(fought)}"


def _points(one: Contest) -> str:
    """A difference with its sign, in points of per cent."""
    return f"{'+' if one.difference > 0 else ''}{fixed(100 * one.difference, 1)}"


def _chance(one: Contest) -> str:
    return f"chance {number(one.chance, 2)}, with all comparisons {number(one.corrected, 2)}"


def _share(name: str, runs: Runs, found: Benchmark) -> str:
    """A network's median with its 95 % interval, per cent."""
    counts = tally(runs[name], found.truth)
    low, high = counts.interval
    return f"{name} {fixed(100 * counts.median / counts.rows, 2)} % ({fixed(100 * low, 1)} to {fixed(100 * high, 1)})"


def _floor(runs: Runs, found: Benchmark) -> Finding:
    """Confirmed when the median of each of the eight reaches it; contradicted by an interval wholly below."""
    claim, published = "all eight networks have at least 98.9 % right", "98.89 to 99.87 %, 40 runs"
    tried = {name: tally(runs[name], found.truth) for name in AS_RUN if name in runs}
    if not tried:
        return Finding(claim, published, f"none of the eight has {FEWEST_SEEDS} seeds", "not told")
    lowest = min(tried, key=lambda name: tried[name].median)
    here = f"{len(tried)} of 8 tried; the lowest median: {_share(lowest, runs, found)}"
    below = any(counts.interval[1] < LEAST for counts in tried.values())
    reached = len(tried) == len(AS_RUN) and tried[lowest].median / tried[lowest].rows >= LEAST
    return Finding(claim, published, here, "contradicted" if below else "confirmed" if reached else "not told")


def _failure(runs: Runs, found: Benchmark) -> Finding:
    """Confirmed when guessing lies in the interval of the median seed; contradicted when it lies below."""
    claim, published = "ResNet fails: no better than naming one class", "median 3.70 % = 6 of 162"
    if "resnet" not in runs:
        return Finding(claim, published, f"no {FEWEST_SEEDS} seeds of resnet", "not told")
    low, high = tally(runs["resnet"], found.truth).interval
    judgement: Judgement = "contradicted" if low > CHANCE else "confirmed" if high >= CHANCE else "not told"
    return Finding(claim, published, _share("resnet", runs, found), judgement)


def _momentum(runs: Runs, found: Benchmark) -> Finding:
    """Contradicted when another momentum alone brings more than half right; confirmed when none comes so far."""
    claim = "it fails because batch normalisation and missing dense layers lose heights"
    published = "80.74 % without batch normalisation and with two dense layers"
    tried = [name for name in runs if name.startswith("resnet-momentum")]
    if not tried or "resnet" not in runs:
        return Finding(claim, published, "no ResNet with another momentum", "not told")
    here = ", ".join(_share(name, runs, found) for name in ("resnet", *tried))
    lows = [tally(runs[name], found.truth).interval[0] for name in tried]
    highs = [tally(runs[name], found.truth).interval[1] for name in tried]
    fails = tally(runs["resnet"], found.truth).interval[0] <= CHANCE
    if fails and max(lows) > 0.5:
        return Finding(claim, published, f"{here}: momentum alone decides", "contradicted")
    return Finding(claim, published, here, "confirmed" if fails and max(highs) < 0.5 else "not told")


def _overlap(runs: Runs, found: Benchmark) -> Finding:
    """Judged by whether more than half of the wrong answers are such, beyond a 95 % interval."""
    claim = "what is wrong is taken for a class whose positions and heights overlap with its own"
    published = "said of all networks; three pairs of classes drawn"
    config = found.plan.config
    pairs = set(confusable(config, trained(config.law)))
    wrong = confused([run for each in runs.values() for run in each], found.truth)
    inside, whole = sum(count for pair, count in wrong.items() if pair in pairs), wrong.total()
    if not whole:
        return Finding(claim, published, "no wrong answer", "not told")
    low, high = wilson(inside, whole)
    every = len(config.spectra) * (len(config.spectra) - 1) // 2
    here = (
        f"{inside} of {whole} wrong answers ({fixed(100 * low, 1)} to {fixed(100 * high, 1)} %), where "
        f"{len(pairs)} of {every} pairs overlap in training"
    )
    return Finding(claim, published, here, "confirmed" if low > 0.5 else "contradicted" if high < 0.5 else "not told")
