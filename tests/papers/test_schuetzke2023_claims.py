"""The paper's claims, judged on runs whose answer is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from spectune.papers.schuetzke2023.benchmark import Benchmark
from spectune.papers.schuetzke2023.claims import (
    AS_RUN,
    FEWEST_SEEDS,
    MODIFIED_PAIRS,
    ON_BENCHMARK,
    ON_CHALLENGE,
    Finding,
    claims,
    summary,
)
from spectune.papers.schuetzke2023.entrants import EIGHT, entrants
from spectune.papers.schuetzke2023.page import benchmark_page
from spectune.papers.schuetzke2023.patterns import configuration, truth
from spectune.papers.schuetzke2023.plan import Plan
from spectune.papers.schuetzke2023.protocol import Protocol
from spectune.papers.schuetzke2023.questions import QUESTIONS, asked
from spectune.papers.schuetzke2023.reported import CHALLENGE, LOGGED, MODIFIED
from spectune.papers.schuetzke2023.training import Run
from spectune.synthesis.published import PUBLISHED

SHAPE = (1, 5000)
Dataset = Literal["challenge", "benchmark"]


def answers(right: NDArray[np.int64], count: int, seed: int, near: bool = True) -> NDArray[np.int64]:
    """``count`` right answers, in whole classes as far as it goes; wrong ones say a neighbour, or one far away."""
    order = np.argsort(np.random.default_rng(seed % 2).permutation(right.max() + 1)[right], kind="stable")
    said = right.copy()
    wrong = order[count:]
    beside = right - right % 3 + (right + 1) % 3
    said[wrong] = beside[wrong] if near else (right[wrong] + 13) % (right.max() + 1)
    return said


def found(
    dataset: Dataset, shares: Mapping[str, float], seeds: int = 5, near: bool = True, epochs: int = 500
) -> Benchmark:
    """A finished benchmark in which networks have the stated shares right."""
    config = PUBLISHED[dataset]()
    right, curve = truth(config), np.array([1.0, 0.5])
    runs = [
        Run(name, network, activation, "", seed, "0" * 12, 10, said, 0.5, curve, curve, 2, 3e-4, 1.0)
        for name, share in shares.items()
        for network, _, activation in [name.partition("-")]
        for seed in range(seeds)
        for said in [answers(right, round(share * right.size), seed, near)]
    ]
    plan = Plan(dataset, config, (), Protocol(epochs=epochs), seeds, Path("nowhere"))
    return Benchmark(plan, tuple(runs), right, {}, None, {}, (), ())


def judged(benchmark: Benchmark, words: str) -> Finding:
    """The one finding whose claim has these words."""
    (one,) = [finding for finding in claims(benchmark) if words in finding.claim]
    return one


AS_PUBLISHED: dict[str, float] = {
    f"{name}-{activation}": float(np.median(right)) / 162 for (name, activation), right in CHALLENGE.items()
} | {
    "resnet": 0.037,
    "vgg-linear": 0.685,
    "cnn_bn-linear": 0.525,
    "cnn_bn_mod-relu": 0.586,
    "resnet_mod-relu": 0.805,
    "cnn6_bn-relu": 0.679,
    "vgg_mod-relu": 0.84,
    "cnn6_convdo-relu": 0.796,
}


def test_every_network_of_a_claim_is_one_that_a_command_trains() -> None:
    known = {one.name for question in QUESTIONS for one in asked(question, SHAPE, 27)}
    known |= {one.name for one in entrants(EIGHT, ["published", "linear", "relu"], SHAPE, 27)}
    named = {name for claim in (*ON_BENCHMARK, *ON_CHALLENGE) for pair in claim.pairs for name in pair}
    assert named <= known
    assert set(AS_RUN) == {one.name for one in entrants(EIGHT, ["published"], SHAPE, 27)}
    assert set(MODIFIED_PAIRS) == set(MODIFIED)


def test_runs_like_the_published_ones_confirm_what_was_published() -> None:
    benchmark = found("challenge", AS_PUBLISHED)
    for words in ("ReLU are right more often", "ResNet fails", "resnet_mod-relu is", "CNN6 is right most often"):
        assert judged(benchmark, words).judgement == "confirmed", words
    assert judged(benchmark, "it fails because").judgement == "not told"


def test_turned_round_they_contradict() -> None:
    other = {name: 1 - share for name, share in AS_PUBLISHED.items()} | {"resnet": 0.5}
    benchmark = found("challenge", other)
    for words in ("ReLU are right more often", "ResNet fails", "vgg_mod-relu is", "CNN6 is right most often"):
        assert judged(benchmark, words).judgement == "contradicted", words


def test_networks_that_are_all_alike_tell_nothing_of_which_is_better() -> None:
    benchmark = found("challenge", dict.fromkeys(AS_PUBLISHED, 0.7))
    told = [judged(benchmark, claim.claim) for claim in ON_CHALLENGE]
    assert {one.judgement for one in told} == {"not told"}


def test_few_seeds_judge_no_network() -> None:
    benchmark = found("challenge", AS_PUBLISHED, seeds=FEWEST_SEEDS - 1)
    assert {one.judgement for one in claims(benchmark)} == {"not told"}


def test_a_claim_on_many_networks_is_not_judged_on_one_of_them() -> None:
    one = found("challenge", {"cnn2-linear": 0.3, "cnn2-relu": 0.9})
    assert judged(one, "ReLU are right").judgement == "not told"
    two = found("challenge", {"cnn2-linear": 0.3, "cnn2-relu": 0.9, "vgg-linear": 0.3, "vgg-relu": 0.9})
    told = judged(two, "ReLU are right")
    assert told.judgement == "confirmed"
    assert "+59.9 in 2 pairs (over cnn2-linear +59.9, vgg-linear +59.9)" in told.here


def test_the_best_network_is_not_told_while_a_rival_is_missing() -> None:
    few = {"cnn6-relu": 0.9, "cnn2-linear": 0.2}
    told = judged(found("challenge", few), "CNN6 is right most often")
    assert told.judgement == "not told"
    assert "6 of 7 have too few seeds" in told.here
    assert judged(found("challenge", {"cnn6-relu": 0.2, "cnn2-linear": 0.9}), "CNN6 is").judgement == "contradicted"


@pytest.mark.parametrize(("faster", "judgement"), [(0.75, "contradicted"), (0.037, "confirmed"), (0.5, "not told")])
def test_a_resnet_that_only_follows_faster_tells_whether_normalisation_is_to_blame(
    faster: float, judgement: str
) -> None:
    benchmark = found("challenge", {"resnet": 0.037, "resnet-momentum0.5": faster})
    assert judged(benchmark, "it fails because").judgement == judgement


@pytest.mark.parametrize(("lowest", "judgement"), [(0.992, "confirmed"), (0.97, "contradicted"), (0.9885, "not told")])
def test_the_floor_of_the_benchmark_is_judged_on_all_eight(lowest: float, judgement: str) -> None:
    shares = {name: 1 - LOGGED[name.partition("-")[0]].median / 4500 for name in AS_RUN} | {"cnn2-linear": lowest}
    assert judged(found("benchmark", shares, seeds=3), "98.9 %").judgement == judgement
    if judgement == "confirmed":
        del shares["inc6-linear"]
        assert judged(found("benchmark", shares, seeds=3), "98.9 %").judgement == "not told"


def test_wrong_answers_among_overlapping_classes_are_told_from_others() -> None:
    near, far = (found("challenge", {"cnn2-linear": 0.6}, near=one) for one in (True, False))
    assert judged(near, "overlap with its own").judgement == "confirmed"
    assert judged(far, "overlap with its own").judgement == "contradicted"


def test_other_data_and_shortened_trainings_judge_nothing() -> None:
    whole = found("challenge", AS_PUBLISHED)
    assert claims(found("challenge", AS_PUBLISHED, epochs=499)) == ()
    cut = replace(whole, plan=replace(whole.plan, config=configuration("challenge", 9)))
    assert claims(cut) == ()


def test_all_comparisons_are_corrected_for_each_other() -> None:
    pair = {"cnn6_bn-relu": 0.72, "cnn6-relu": 0.79}
    alone = judged(found("challenge", pair), "cnn6-relu is right more often than cnn6_bn-relu")
    beside = judged(found("challenge", {**dict.fromkeys(AS_PUBLISHED, 0.79), **pair}), alone.claim)
    chances = [float(one.here.rsplit(" ", 1)[1]) for one in (alone, beside)]
    assert chances[0] < chances[1]


@pytest.mark.usefixtures("sketches")
def test_the_page_says_what_became_of_the_claims() -> None:
    benchmark = found("challenge", AS_PUBLISHED)
    text = benchmark_page(benchmark, "spectune x")
    assert "What the paper said, and what is here" in text
    assert summary(claims(benchmark)) in text
    assert "medians +4.3 (cnn2)" in text
