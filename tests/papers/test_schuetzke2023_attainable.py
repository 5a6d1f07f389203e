"""What the benchmark says of what could be reached, and of who is first: true on every configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spectune.cli.app import run as command
from spectune.files.patterns import format_config
from spectune.papers.schuetzke2023 import benchmark as runner
from spectune.papers.schuetzke2023.benchmark import Benchmark, benchmark
from spectune.papers.schuetzke2023.entrants import entrants
from spectune.papers.schuetzke2023.folder import kept_runs
from spectune.papers.schuetzke2023.maps import sweeps
from spectune.papers.schuetzke2023.page import benchmark_page
from spectune.papers.schuetzke2023.patterns import Reference, configuration, outlook, truth
from spectune.papers.schuetzke2023.plan import Plan
from spectune.papers.schuetzke2023.protocol import Protocol
from spectune.papers.schuetzke2023.scores import by_name, contests
from spectune.papers.schuetzke2023.training import Run
from spectune.papers.schuetzke2023.verdict import answer, legend, reasons
from spectune.synthesis.bayes import hardest
from spectune.synthesis.patterns import Dials, Grid, Law, Pattern, PatternConfig
from spectune.synthesis.published import INTENSITY, MINOR, POSITION, PUBLISHED, challenge_config

LAW = Law(train=8, val=2, shift=3, variation=0.08, width=(1.0, 1.5), test_width=1.0)
GRID = Grid(2, 0.06)
PEAKS = {
    "a": Pattern((10, 30), (1.0, 0.5)),
    "b": Pattern((10, 34), (1.0, 0.5)),
    "c": Pattern((10, 30), (1.0, 0.65)),
    "d": Pattern((10, 22, 42), (1.0, 0.3, 0.5)),
}
TINY = PatternConfig(48, PEAKS, law=LAW, grid=GRID)
CONFIGS = {
    "challenge": challenge_config(),
    "several": TINY,
    "three equal classes": replace(TINY, spectra=dict.fromkeys("xyz", PEAKS["a"])),
    "shift beyond training": replace(TINY, grid=replace(GRID, shift=5)),
    "nearer to the other": replace(
        TINY,
        spectra={name: Pattern((at, at + 20), (1.0, 0.5)) for name, at in (("a", 10), ("b", 14))},
        grid=replace(GRID, shift=3),
    ),
    "no ties": replace(TINY, spectra={name: PEAKS[name] for name in "ad"}),
    "noise": replace(TINY, dials=Dials(noise=0.1)),
    "common shift": replace(TINY, dials=Dials(common=2.0)),
}
CROWDED = replace(
    TINY,
    spectra={name: Pattern(tuple(range(at, at + 42, 3)), (1.0, *(0.5,) * 13)) for name, at in (("p", 4), ("q", 5))},
)
"""Thirteen peaks in reach of each other: more than can be summed over."""


def made_up(name: str, seed: int, answers: NDArray[np.int64]) -> Run:
    network, _, activation = name.partition("-")
    curve = np.array([1.0, 0.5])
    return Run(name, network, activation, "", seed, "0" * 12, 10, answers, 0.5, curve, curve, 2, 3e-4, 1.0)


def found_on(config: PatternConfig, said: Mapping[tuple[str, int], NDArray[np.int64]] | None = None) -> Benchmark:
    """A finished benchmark in which networks and seeds gave these answers; by default one that is always right."""
    right, told = truth(config), outlook(config)
    runs = tuple(made_up(name, seed, given) for (name, seed), given in (said or {("vgg-linear", 0): right}).items())
    plan = Plan("mine", config, (), Protocol(), 1, Path("nowhere"))
    return Benchmark(plan, runs, right, told.modes, told.reference, told.by_mode, (), (), told.unknown)


def plan_of(config: PatternConfig, folder: Path) -> Plan:
    who = entrants(["vgg"], ["linear"], (1, config.datapoints), len(config.spectra))
    return Plan("mine", config, who, Protocol(epochs=1), 1, folder)


def said_of(found: Benchmark) -> str:
    """What the page says of what could be reached."""
    return reasons(found, ())[0]


def count(pattern: str, text: str) -> int:
    """The number in front of some words; 0 where they are not said."""
    match = re.search(pattern, text)
    return int(match.group(1)) if match else 0


# What could be reached


@pytest.mark.parametrize("name", CONFIGS)
def test_the_benchmark_and_the_description_of_a_configuration_count_alike(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(format_config(CONFIGS[name]))
    assert command(["synth", "describe", str(path), "--samples", "300"]) == 0
    described, said = capsys.readouterr().out, said_of(found_on(CONFIGS[name]))
    for here, there in (
        (r"training settles (\d+)", r"(\d+) clear"),
        (r"(\d+) (?:is a tie|are ties)", r"(\d+) exact ties"),
        (r"(\d+) looks? more like", r"(\d+) look more like"),
        (r"(\d+) lies? beyond training", r"(\d+) lie beyond training"),
    ):
        assert count(here, said) == count(there, described), (here, said, described)


def test_the_configurations_that_are_compared_have_everything_that_is_counted() -> None:
    told = [one for config in CONFIGS.values() if (one := outlook(config).reference)]
    assert len(told) == len(CONFIGS)
    for which in ("clear", "ties", "wrong", "outside", "left_out"):
        assert any(getattr(one, which) for one in told)
        assert not all(getattr(one, which) for one in told)


def test_guessing_on_the_challenge_gives_77_78_per_cent() -> None:
    assert said_of(found_on(challenge_config())) == (
        "Of 162 test spectra, training settles 90; 72 are ties between classes that are exactly as likely. "
        "Guessing there gives 77.78 %."
    )


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 6), st.integers(0, 3))
def test_guessing_between_k_equal_classes_gives_one_in_k(classes: int, others: int) -> None:
    apart = {f"other {number}": Pattern((5 + 9 * number,), (1.0,)) for number in range(others)}
    law = replace(LAW, tops_vary=False)
    equal = {str(label): Pattern((40, 45), (1.0, 0.5)) for label in range(classes)}
    told = outlook(PatternConfig(48, apart | equal, law=law, grid=GRID)).reference
    assert told is not None
    assert told.guessed == pytest.approx((others + 1) / (others + classes))
    assert told.most == 1


def test_three_equal_classes_are_guessed_right_once_in_three() -> None:
    assert "27 are ties" in said_of(found_on(CONFIGS["three equal classes"]))
    assert "Guessing there gives 33.33 %." in said_of(found_on(CONFIGS["three equal classes"]))


def test_ties_are_not_spoken_of_where_there_are_none() -> None:
    found = found_on(CONFIGS["no ties"])
    assert said_of(found) == (
        "Of 18 test spectra, training settles 18. Who knows its law and reads every peak has 100.00 %."
    )
    page = benchmark_page(found, "spectune x")
    assert "knows the law" in page
    assert "tie" not in legend(found.reference)
    assert found.reference is not None
    assert found.reference.lines == (1.0,)


def test_spectra_beyond_training_have_no_line_and_the_page_says_why() -> None:
    found = found_on(CONFIGS["shift beyond training"])
    assert found.reference is not None
    assert found.reference.outside
    assert found.reference.lines == ()
    assert legend(found.reference) == ""
    assert "beyond training. What could be reached where training never goes is not known, so no line" in said_of(found)
    page = benchmark_page(found, "spectune x")
    assert "Dashed" not in page
    assert "guesses ties</text>" not in page


def test_a_network_can_have_more_than_the_law_where_the_law_says_another_class() -> None:
    told = Reference(clear=5, ties=2, wrong=3, outside=0, won=1.0)
    assert (told.rows, told.guessed, told.most) == (10, 0.6, 0.7)
    found = replace(found_on(TINY), reference=told)
    assert "3 look more like another class" in said_of(found)
    assert "gives 60.00 %; a network that goes against what is likelier can have more." in said_of(found)


def test_what_noise_hides_makes_an_upper_bound() -> None:
    said = said_of(found_on(CONFIGS["noise"]))
    assert said == (
        "Of 36 test spectra, taken without noise, which only hides, training settles 30; 6 are ties between classes "
        "that are exactly as likely. Guessing there gives at most 91.67 %."
    )


# Where it cannot be worked out


def test_a_benchmark_ends_with_a_page_where_the_best_accuracy_cannot_be_worked_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(format_config(CROWDED))
    words = ["bench", "schuetzke2023", "--dataset", str(path), "--models", "vgg", "--seeds", "1", "--epochs", "1"]
    assert command([*words, "--cores", "1", "--out", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    for text in (capsys.readouterr().out, page):
        assert "could reach is not known: 13 peaks of a class lie within reach of each other" in text
    assert "knows the law</text>" not in page
    assert "Dashed" not in page
    assert "Decisions over" not in page
    assert "Failure modes" not in page


def test_what_may_fail_is_worked_out_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(config: PatternConfig) -> None:
        raise MemoryError(config.datapoints)

    monkeypatch.setattr(runner, "outlook", failing)
    with pytest.raises(MemoryError):
        list(benchmark(plan_of(TINY, tmp_path)))
    assert kept_runs(tmp_path) == ()


# Failure modes


def labels_of(config: PatternConfig) -> dict[str, list[int]]:
    return {mode: labels.tolist() for mode, labels in outlook(config).modes.items()}


def test_the_challenge_has_its_published_failure_modes_with_and_without_dials() -> None:
    published = {"minor peak": [*MINOR], "position": [*POSITION], "height": [*INTENSITY]}
    assert labels_of(challenge_config()) == published
    assert labels_of(replace(challenge_config(), dials=Dials(noise=0.1))) == published
    assert labels_of(configuration("challenge", 9)) == {"minor peak": [*MINOR]}


def test_hardest_pairs_part_the_challenge_as_published() -> None:
    kinds = hardest(outlook(challenge_config()).pairs)
    by_kind = {kind: {int(name) for name, one in kinds.items() if one == kind} for kind in set(kinds.values())}
    assert by_kind == {"minor peak": {*MINOR}, "position": {*POSITION}, "height": {*INTENSITY}}


def test_classes_of_any_configuration_are_grouped_by_their_hardest_rival() -> None:
    one, two = PEAKS["a"], Pattern((20, 40), (1.0, 0.5))
    near = {"a": one, "b": Pattern((10, 33), (1.0, 0.5)), "c": two, "d": Pattern((20, 40), (1.0, 0.6))}
    config = replace(TINY, spectra=near | {"alone": Pattern((3,), (1.0,))}, law=replace(LAW, tops_vary=False))
    assert labels_of(config) == {"position": [0, 1], "height": [2, 3]}
    page = benchmark_page(found_on(config), "spectune x")
    assert "Classes: position 2, intensity 2; 1 more can be mistaken for no other." in page
    told = outlook(config)
    assert {mode: one.rows for mode, one in told.by_mode.items()} == {"position": 18, "height": 18}


def test_one_failure_mode_of_some_classes_is_no_grouping() -> None:
    pair = {"a": PEAKS["a"], "b": Pattern((10, 33), (1.0, 0.5))}
    assert labels_of(replace(TINY, spectra=pair)) == {"position": [0, 1]}
    assert labels_of(replace(TINY, spectra=pair | {"alone": Pattern((3,), (1.0,))})) == {}


def test_modes_add_up_to_the_whole() -> None:
    told = outlook(PUBLISHED["benchmark"]())
    assert told.reference is not None
    assert sum(one.ties for one in told.by_mode.values()) == told.reference.ties == 22
    assert sum(one.won for one in told.by_mode.values()) == told.reference.won == 11


def test_turned_dials_have_no_decision_map() -> None:
    noisy = replace(challenge_config(), dials=Dials(noise=0.1))
    assert sweeps(noisy, outlook(noisy).pairs) == ()


# Who is first

MANY = replace(TINY, spectra={str(label): Pattern((10, 12 + 3 * label), (1.0, 0.5)) for label in range(10)})


def with_right(classes: int, most: bool = True) -> NDArray[np.int64]:
    """Answers that are right for the first classes, or the last; the others are all taken for one class."""
    right = truth(MANY)
    keep = right < classes if most else right >= 10 - classes
    return np.where(keep, right, (right + 1) % 10)


def said_first(said: Mapping[tuple[str, int], NDArray[np.int64]]) -> str:
    found = found_on(MANY, said)
    return answer(found, contests(by_name(found.runs), found.truth))


def test_networks_that_are_behind_beyond_chance_are_said_to_be_so() -> None:
    said = said_first({("a", 0): with_right(10), ("b", 0): with_right(0), ("c", 0): with_right(1)})
    assert said.endswith("the most of 3 networks; all others are behind it in the mean, beyond chance.")
    alone = said_first({("a", 0): with_right(10), ("b", 0): with_right(0)})
    assert alone.endswith("the most of 2 networks; the other is behind it in the mean, beyond chance.")


def test_a_network_that_cannot_be_told_from_the_first_is_named() -> None:
    said = said_first({("a", 0): with_right(10), ("b", 0): with_right(0), ("c", 0): with_right(9)})
    assert said.endswith("the most of 3 networks; not to be told from it: c.")


def test_a_network_without_a_seed_in_common_is_not_said_to_be_behind() -> None:
    said = said_first({("a", 0): with_right(10), ("b", 0): with_right(0), ("c", 1): with_right(9)})
    assert said.endswith("the most of 3 networks; without a seed in common, so not compared: c.")
    assert "behind" not in said_first({("a", 0): with_right(10), ("b", 1): with_right(9)})


def test_a_network_whose_mean_is_higher_beyond_chance_is_not_said_to_be_behind() -> None:
    # The first has the higher median; over the one seed that both have it is far behind.
    first = {("a", seed): with_right(8 if seed else 0) for seed in range(3)}
    said = said_first(first | {("b", 0): with_right(7)})
    assert said.startswith("a has 72 of 90")
    assert said.endswith("with more right in the mean of the seeds both have, beyond chance: b.")


def test_networks_with_the_same_median_are_named() -> None:
    assert "as many as b and the most of 2 networks" in said_first(
        {("a", 0): with_right(9), ("b", 0): with_right(9, most=False)}
    )


def test_one_network_is_compared_with_none() -> None:
    assert said_first({("a", 0): with_right(10)}) == "a has 90 of 90 test spectra right (100.00 %, median of 1 seed)."
