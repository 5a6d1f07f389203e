"""The questions the paper leaves open, answered from runs whose answer is known.

Published figures are those of Schuetzke, Szymanski & Reischl (2023): logs of the general benchmark, the table of
modifications on the challenge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import ttest_rel

from spectune.cli.app import run as command
from spectune.files.patterns import format_config
from spectune.networks.layers import Layers
from spectune.networks.published import ZOO
from spectune.networks.published.ho import RELU, UNITS, resnet
from spectune.networks.published.wang import vgg, vgg_mod
from spectune.papers.schuetzke2023.answering import answers, compared, left, missing, reply
from spectune.papers.schuetzke2023.benchmark import Benchmark
from spectune.papers.schuetzke2023.entrants import EIGHT, entrants
from spectune.papers.schuetzke2023.folder import keep_run, kept_runs
from spectune.papers.schuetzke2023.page import benchmark_page, headline
from spectune.papers.schuetzke2023.patterns import configuration, truth
from spectune.papers.schuetzke2023.plan import Plan
from spectune.papers.schuetzke2023.protocol import Protocol, recipe
from spectune.papers.schuetzke2023.questions import ASKED, CHANGES, COMPARISONS, QUESTIONS, Question, asked
from spectune.papers.schuetzke2023.scores import by_name, contest, gains, shared, student
from spectune.papers.schuetzke2023.tables import question_grid, standing_rows, training_grid
from spectune.papers.schuetzke2023.training import Run
from spectune.synthesis.patterns import Law, Pattern, PatternConfig
from spectune.synthesis.published import PUBLISHED

SHAPE = (1, 5000)
Dataset = Literal["challenge", "benchmark"]
Activation = Literal["linear", "relu"]


def answered(right: NDArray[np.int64], share: float, seed: int) -> NDArray[np.int64]:
    """Whole classes wrong, the same ones first for every network; another spectrum of one class for every seed."""
    order = np.argsort(np.random.default_rng(5).permutation(right.max() + 1)[right], kind="stable")
    count = round(share * right.size) + (seed % 3 - 1)
    said = right.copy()
    wrong = order[max(0, count) :]
    said[wrong] = (right[wrong] + 1) % (right.max() + 1)
    return said


def found(
    shares: Mapping[str, float],
    question: Question | None = None,
    seeds: Mapping[str, int] | int = 5,
    dataset: Dataset = "challenge",
    epochs: int = 500,
) -> Benchmark:
    """A finished benchmark in which networks have about the stated shares right."""
    config = PUBLISHED[dataset]()
    right, curve = truth(config), np.array([1.0, 0.5])
    runs = [
        Run(name, network, activation, "", seed, "0" * 12, 10, said, 0.5, curve, curve, 2, 3e-4, 1.0)
        for name, share in shares.items()
        for network, _, end in [name.partition("-")]
        for activation in [end if end in ("linear", "relu") else ""]
        for seed in range(seeds if isinstance(seeds, int) else seeds[name])
        for said in [answered(right, share, seed)]
    ]
    plan = Plan(dataset, config, (), Protocol(epochs=epochs), 5, Path("nowhere"), question)
    return Benchmark(plan, tuple(runs), right, {}, None, {}, (), ())


def answer(benchmark: Benchmark, question: Question) -> Mapping[str, str]:
    return answers(question, compared(question, by_name(benchmark.runs), benchmark.truth))


# What is compared


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_network_that_a_question_trains_is_compared_and_no_other(question: Question) -> None:
    trained = {one.name for one in asked(question, SHAPE, 27)}
    named = {name for one in COMPARISONS[question] for name in (one.changed, one.plain)}
    without_dense = {"resnet"} if question == "activations" else set()
    assert named == trained - without_dense
    assert len(set(COMPARISONS[question])) == len(COMPARISONS[question])


def test_a_network_says_of_itself_what_the_comparison_says_of_it() -> None:
    for question in QUESTIONS:
        for one in asked(question, SHAPE, 27):
            if one.name in CHANGES and one.change and one.name not in ("vgg-relu", "cnn_bn-relu"):
                assert one.change == "; ".join(CHANGES[one.name])


def layers_of(name: str) -> Layers:
    (found,) = {one.layers for question in QUESTIONS for one in asked(question, SHAPE, 27) if one.name == name}
    return found


@pytest.mark.parametrize("activation", ["linear", "relu"])
@pytest.mark.parametrize("kernel", [5, 20])
def test_dropout_of_vgg_moves_in_two_single_steps(kernel: int, activation: Activation) -> None:
    steps = {(0.2, 0.0): "vgg-linear", (0.0, 0.0): "vgg-nodrop", (0.2, 0.3): "vgg-bothdrop", (0.0, 0.3): "vgg-dropout"}
    assert {name: layers_of(name) for name in steps.values()} == {
        name: vgg(27, dropout=dropout) for dropout, name in steps.items()
    }
    made = vgg(27, activation, kernel, (2000, 500), (0.0, 0.3))
    assert (made == vgg_mod(27)) == ((kernel, activation) == (20, "relu"))


def test_resnet_goes_to_its_modified_version_in_single_steps() -> None:
    assert layers_of("resnet-nonorm") == resnet(27, normalised=False)
    assert layers_of("resnet-front") == resnet(27, front=(RELU,))
    assert layers_of("resnet-plain") == resnet(27, normalised=False, front=(RELU,))
    assert layers_of("resnet-units") == resnet(27, "linear", UNITS)
    assert layers_of("resnet-dense") == resnet(27, "relu", UNITS)
    assert ZOO["resnet_mod"](27) == resnet(27, "relu", UNITS, normalised=False, front=(RELU,))


@pytest.mark.parametrize(
    ("name", "identity"),
    {
        "resnet-plain": "6e68019658b5", "resnet-dense": "8c5b35905d68", "resnet-momentum0.5": "b3e5f223821d",
        "vgg-dropout": "13b78edc46a6", "vgg-relu": "2fbce8cf79a7", "cnn6-bothdrop": "4e659a80660c",
        "cnn_bn-plain": "dcb8b4f17e4c",
    }.items(),
)  # fmt: skip
def test_runs_kept_by_earlier_versions_are_of_the_same_recipe(name: str, identity: str) -> None:
    assert recipe(layers_of(name), Protocol()).id == identity


# Arithmetic


@settings(max_examples=40)
@given(st.lists(st.integers(0, 162), min_size=3, max_size=9), st.integers(0, 1000))
def test_the_interval_is_that_of_a_paired_t_test(right: list[int], seed: int) -> None:
    other = np.random.default_rng(seed).integers(0, 163, len(right))
    differences = np.asarray(right) - other
    if np.ptp(differences):
        told = ttest_rel(right, other).confidence_interval(0.95)
        assert student(differences.tolist()) == pytest.approx((told.low, told.high))


def test_differences_are_of_the_seeds_that_both_have() -> None:
    benchmark = found({"cnn2-relu": 0.8, "cnn2-linear": 0.6}, seeds={"cnn2-relu": 5, "cnn2-linear": 3})
    runs = by_name(benchmark.runs)
    (row,) = compared("activations", runs, benchmark.truth)
    pairs = shared(runs["cnn2-relu"], runs["cnn2-linear"])
    assert row.seeds == len(pairs) == 3
    assert row.changed - row.plain == pytest.approx(row.contest.difference)
    assert np.mean(gains(pairs, benchmark.truth)) == pytest.approx(row.contest.difference)
    assert row.interval == student(gains(pairs, benchmark.truth))
    assert row.contest.chance == contest("a", "b", pairs, benchmark.truth).chance


def test_a_chance_is_corrected_for_the_comparisons_of_its_own_question_only() -> None:
    shares = {"cnn2-relu": 0.66, "cnn2-linear": 0.61, "vgg-relu": 0.67, "vgg-linear": 0.64, "vgg-units": 0.7}
    benchmark = found(shares)
    runs = by_name(benchmark.runs)
    rows = compared("activations", runs, benchmark.truth)
    chances = sorted(row.contest.chance for row in rows)
    assert len(rows) == 2
    assert sorted(row.contest.corrected for row in rows) == [
        min(1.0, 2 * chances[0]),
        max(min(1.0, 2 * chances[0]), chances[1]),
    ]


# Answers


@pytest.mark.parametrize(
    ("faster", "said"),
    [((0.05, 0.75), "supported"), ((0.76, 0.75), "supported"), ((0.04, 0.03), "cannot tell")],
)
def test_a_resnet_that_follows_faster_and_gains_supports_that_its_means_come_too_late(
    faster: tuple[float, float], said: str
) -> None:
    benchmark = found({"resnet": 0.037, "resnet-momentum0.9": faster[0], "resnet-momentum0.5": faster[1]})
    assert answer(benchmark, "resnet") == {"resnet": said}


def test_a_part_is_contradicted_only_when_all_its_single_changes_go_the_other_way() -> None:
    worse = {"resnet": 0.7, "resnet-momentum0.9": 0.3, "resnet-momentum0.5": 0.2}
    assert answer(found(worse), "resnet") == {"resnet": "contradicted"}
    assert answer(found(worse | {"resnet-momentum0.9": 0.7}), "resnet") == {"resnet": "cannot tell"}
    del worse["resnet-momentum0.9"]
    assert answer(found(worse), "resnet") == {"resnet": "cannot tell"}


def test_several_changes_at_once_answer_nothing() -> None:
    together = {"vgg-linear": 0.5, "vgg_mod-relu": 0.9, "vgg-dropout": 0.9}
    assert answer(found(together), "modifications")["vgg"] == "cannot tell"
    assert answer(found(together | {"vgg-kernels": 0.9}), "modifications")["vgg"] == "supported"


def test_what_makes_cnn6_worse_does_what_it_did_in_the_paper() -> None:
    said = answer(found({"cnn6-relu": 0.9, "cnn6_bn-relu": 0.5}), "modifications")
    assert said["batch normalisation of cnn6"] == "supported"
    turned = answer(found({"cnn6-relu": 0.5, "cnn6_bn-relu": 0.9}), "modifications")
    assert turned["batch normalisation of cnn6"] == "contradicted"


def test_two_seeds_have_no_interval_and_answer_nothing() -> None:
    shares = {"cnn2-relu": 0.9, "cnn2-linear": 0.5}
    few = found(shares, seeds=2)
    (row,) = compared("activations", by_name(few.runs), few.truth)
    assert row.interval is None
    assert answer(few, "activations")["cnn2"] == "cannot tell"
    assert "cannot tell from 2 seeds" in cells(few, "activations")["cnn2-relu against cnn2-linear"]
    assert answer(found(shares, seeds=3), "activations")["cnn2"] == "supported"


def test_a_difference_that_seeds_do_not_repeat_answers_nothing() -> None:
    benchmark = found({"cnn2-relu": 0.9, "cnn2-linear": 0.2})
    lucky = [
        replace(run, answers=answered(benchmark.truth, 0.2, run.seed)) if "relu" in run.name and run.seed else run
        for run in benchmark.runs
    ]
    (row,) = compared("activations", by_name(lucky), benchmark.truth)
    assert row.contest.clear
    assert not row.clear


def test_shortened_trainings_answer_nothing() -> None:
    whole = found({"cnn2-relu": 0.9, "cnn2-linear": 0.5})
    cut = found({"cnn2-relu": 0.9, "cnn2-linear": 0.5}, epochs=499)
    assert "is supported for cnn2 (cnn2-relu +40.1 points" in reply("activations", whole)
    assert reply("activations", cut).startswith("Nothing is told here")


# What is missing


def test_networks_without_runs_are_named() -> None:
    benchmark = found({"cnn2-relu": 0.9, "cnn2-linear": 0.5, "vgg-relu": 0.6})
    runs = by_name(benchmark.runs)
    assert len(missing("activations", runs)) == 6
    said = left("activations", runs)
    assert said.startswith("6 of 7 comparisons cannot be made: no runs yet of cnn3-relu, cnn3-linear, ")
    assert "vgg-linear" in said
    assert "vgg-relu" not in said
    assert cells(benchmark, "activations")["vgg-relu against vgg-linear"][0] == "no runs yet of vgg-linear"


def test_nothing_is_missing_when_every_network_of_the_question_has_run() -> None:
    for question in QUESTIONS:
        benchmark = found({one.name: 0.5 for one in asked(question, SHAPE, 27)}, seeds=1)
        assert left(question, by_name(benchmark.runs)) == ""


# The page


def cells(benchmark: Benchmark, question: Question) -> Mapping[str, tuple[str, ...]]:
    """Rows of a question's table without the marks of alignment."""
    return {
        row[0]: tuple(cell.striptags() if hasattr(cell, "striptags") else cell for cell in row[1:])
        for row in question_grid(question, benchmark).rows
    }


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.usefixtures("sketches")
def test_a_page_answers_its_question_from_the_runs_of_a_folder(question: Question, tmp_path: Path) -> None:
    names = [one.name for one in asked(question, SHAPE, 27)][:6]
    benchmark = found({name: 0.2 + 0.1 * place for place, name in enumerate(names)}, question)
    for run in benchmark.runs:
        keep_run(tmp_path, run)
    text = benchmark_page(replace(benchmark, runs=kept_runs(tmp_path)), "spectune x")
    assert ASKED[question] in text
    assert "The comparisons that answer it" in text
    plain = text.replace("<wbr>", "")
    for one in COMPARISONS[question]:
        assert f"{one.changed} against {one.plain}" in plain
        assert "; ".join(one.changes) in plain


def test_the_answer_to_the_question_comes_before_the_network_that_is_ahead() -> None:
    shares = {"cnn2-relu": 0.9, "cnn2-linear": 0.5}
    runs = by_name(found(shares).runs)
    say, missed, ahead, *_ = headline(found(shares, "activations"), ())
    assert (say, missed) == (reply("activations", found(shares)), left("activations", runs))
    assert headline(found(shares), ())[0] == ahead


def test_the_command_says_the_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    law = Law(train=4, val=2, shift=1, variation=0.08, width=(1.0, 1.5), test_width=1.0)
    peaks = {"a": Pattern((10, 30), (1.0, 0.5)), "b": Pattern((10, 36), (1.0, 0.5))}
    path = tmp_path / "mine.json"
    path.write_text(format_config(PatternConfig(64, peaks, law=law)))
    words = ["--dataset", str(path), "--question", "resnet", "--seeds", "1", "--epochs", "1", "--cores", "1"]
    assert command(["bench", "schuetzke2023", *words, "--out", str(tmp_path / "out")]) == 0
    assert "Nothing is told here of whether running means" in capsys.readouterr().out
    text = (tmp_path / "out" / "report.html").read_text()
    assert "cannot tell from 1 seed" in text


@pytest.mark.usefixtures("sketches")
def test_a_page_without_a_question_answers_those_its_runs_say_something_to() -> None:
    text = benchmark_page(found({"cnn2-relu": 0.9, "cnn2-linear": 0.5}), "spectune x")
    assert ASKED["activations"] in text
    assert ASKED["resnet"] not in text


def test_every_change_of_a_modified_network_is_said_on_the_page() -> None:
    grid = question_grid("modifications", found({"vgg-linear": 0.5}))
    notes = {row[0]: note for row, note in zip(grid.rows, grid.notes, strict=True)}
    assert notes["vgg-dropout against vgg-linear"] == "no dropout behind pooling; dropout of 0.3 before dense layers"
    assert notes["resnet-plain against resnet"] == "no batch normalisation; ReLU in front of the first stage"
    assert len(notes["vgg_mod-relu against vgg-linear"].split("; ")) == 5


# Published figures beside


def published_medians(benchmark: Benchmark) -> Mapping[str, str]:
    return {row[0]: row[-1] for row in standing_rows(benchmark)}


def test_published_medians_of_modified_networks_stand_beside_ours() -> None:
    names = [one.name for one in asked("modifications", SHAPE, 27)]
    told = published_medians(found(dict.fromkeys(names, 0.5), seeds=1))
    assert {name: median for name, median in told.items() if median != "n.a."} == {
        "resnet": "3.70", "vgg_mod-relu": "83.95", "cnn_bn_mod-relu": "58.64", "cnn6_bn-relu": "67.90",
        "cnn6_convdo-relu": "79.63", "cnn6-relu": "85.19",
    }  # fmt: skip


def test_published_epochs_and_times_stand_beside_ours_on_the_general_benchmark() -> None:
    names = [one.name for one in entrants(EIGHT, ["published", "relu"], SHAPE, 27)]
    grid = training_grid(found(dict.fromkeys(names, 0.9), seeds=1, dataset="benchmark"))
    rows = {row[0]: tuple(cell.striptags() for cell in row[-2:]) for row in grid.rows}  # type: ignore[attr-defined]
    assert grid.groups[-1] == ("published", 2)
    assert rows["cnn2-linear"] == ("74", "5 min 43 s")
    assert rows["resnet"] == ("49", "46 min 32 s")
    assert rows["cnn2-relu"] == ("n.a.", "n.a.")


def test_other_data_have_no_published_figures_beside() -> None:
    whole = found({"resnet": 0.5, "cnn6_bn-relu": 0.5}, seeds=1)
    assert training_grid(whole).groups == ()
    cut = replace(whole, plan=replace(whole.plan, config=configuration("challenge", 9)))
    assert set(published_medians(cut).values()) == {"n.a."}
    general = found({"cnn2-linear": 0.9}, seeds=1, dataset="benchmark")
    few = replace(general, plan=replace(general.plan, config=configuration("benchmark", 9)))
    assert training_grid(few).groups == ()
