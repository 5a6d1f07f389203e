"""The benchmark of Schuetzke, Szymanski & Reischl (2023): protocol, runner, arithmetic, page and command.

Published numbers come from the logs the authors keep beside their program.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spectune.cli.app import run as command
from spectune.cli.bench import BENCH
from spectune.cli.bench_schuetzke2023 import Asked, planned
from spectune.errors import RunError, SettingError
from spectune.files.patterns import format_config
from spectune.networks.layers import BatchNorm, Layers, Residual
from spectune.networks.published import ZOO
from spectune.networks.published.pieces import remembering
from spectune.networks.published.wang import vgg, vgg_mod
from spectune.papers.schuetzke2023.benchmark import Benchmark, Pace, benchmark
from spectune.papers.schuetzke2023.entrants import EIGHT, Entrant, entrant, entrants
from spectune.papers.schuetzke2023.folder import kept_runs, load_best
from spectune.papers.schuetzke2023.maps import STEPS, DecisionMap, spectra, sweeps
from spectune.papers.schuetzke2023.page import benchmark_page
from spectune.papers.schuetzke2023.patterns import (
    Patterns,
    configuration,
    made,
    outlook,
    truth,
)
from spectune.papers.schuetzke2023.plan import Plan, missing
from spectune.papers.schuetzke2023.protocol import AS_PRINTED, Protocol, multiplications, recipe
from spectune.papers.schuetzke2023.questions import QUESTIONS, asked
from spectune.papers.schuetzke2023.reported import BEST, CHALLENGE, LOGGED, MODIFIED
from spectune.papers.schuetzke2023.scores import (
    Tally,
    by_mode,
    by_name,
    confused,
    contests,
    flips,
    majority,
    tally,
    wilson,
)
from spectune.papers.schuetzke2023.training import Run, beginning, final_rate, together, trained
from spectune.progress import Progress
from spectune.synthesis.bayes import attainable
from spectune.synthesis.patterns import Dials, Law, Pattern, PatternConfig
from spectune.synthesis.published import PUBLISHED
from spectune.training.fit import predict

LAW = Law(train=24, val=6, shift=3, variation=0.08, width=(1.0, 1.5), test_width=1.0)
PEAKS = {
    "a": Pattern((10, 30), (1.0, 0.5)),
    "b": Pattern((10, 34), (1.0, 0.5)),
    "c": Pattern((10, 30), (1.0, 0.65)),
    "d": Pattern((10, 22, 30), (1.0, 0.3, 0.5)),
}
TINY = PatternConfig(48, PEAKS, law=LAW)
SHAPE = (1, 48)
SHORT = Protocol(epochs=14, patience=3, plateau_patience=2, rate=2e-3, batch=32)
PLAIN, BENT = entrants(["vgg"], ["linear", "relu"], SHAPE, 4)


@pytest.fixture(scope="module")
def tiny() -> Patterns:
    return made("tiny", TINY)


def ended(patterns: Patterns, who: Entrant, seeds: Sequence[int], protocol: Protocol = SHORT) -> dict[int, Run]:
    """Runs of all seeds, trained together."""
    return {run.seed: run for seen in trained(who, patterns, protocol, seeds) for run in seen.ended}


def done(plan: Plan) -> Benchmark:
    """What a benchmark finds."""
    *_, found = benchmark(plan)
    assert isinstance(found, Benchmark)
    return found


def plan_of(folder: Path, seeds: int = 3, who: tuple[Entrant, ...] = (PLAIN, BENT)) -> Plan:
    return Plan("tiny", TINY, who, SHORT, seeds, folder)


def equal(one: Run, other: Run) -> bool:
    """Whether two runs are the same but for the time they took."""
    curves = np.array_equal(one.tuning, other.tuning) and np.array_equal(one.training, other.training)
    facts = [(run.name, run.seed, run.recipe, run.best_epoch, run.rate, run.validation) for run in (one, other)]
    return curves and np.array_equal(one.answers, other.answers) and facts[0] == facts[1]


# The protocol


def test_the_training_is_the_published_one() -> None:
    told = recipe(ZOO["cnn2"](27), Protocol())
    schedule = told.schedule
    assert (schedule.optimiser, schedule.rate, schedule.batch, schedule.epochs) == ("adam", 3e-4, 128, 500)
    assert (schedule.decay, schedule.factor, schedule.plateau_patience, schedule.patience) == ("plateau", 0.1, 10, 25)
    assert schedule.min_delta == schedule.best_delta == 1e-4
    assert (told.start, told.standardised, told.balanced, schedule.penalty) == ("glorot_uniform", False, False, 0.0)


@pytest.mark.parametrize(
    ("factor", "best", "last", "rate"), [(0.1, 46, 71, 3e-6), (0.5, 46, 71, 7.5e-5), (0.1, 25, 25, 3e-4)]
)
def test_the_rate_falls_as_logged_between_best_and_last_epoch(factor: float, best: int, last: int, rate: float) -> None:
    curve = np.concatenate((np.linspace(1, 0.02, best + 1), np.full(last - best, 0.02)))
    assert final_rate(recipe((), Protocol(factor)).schedule, curve) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("name", "millions"),
    {
        "cnn2": 69.743, "cnn3": 145.386, "cnn6": 542.647, "vgg": 35.865, "cnn_bn": 111.504, "resnet": 985.590,
        "inc3": 205.962, "inc6": 350.301, "vgg_mod": 174.586, "resnet_mod": 1010.450,
    }.items(),
)  # fmt: skip
def test_a_network_costs_its_logged_number_of_multiplications(name: str, millions: float) -> None:
    assert multiplications(ZOO[name](500), (1, 5000)) / 1e6 == pytest.approx(millions, abs=5e-4)


def test_a_factor_or_a_number_of_epochs_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(SettingError, match="the factor on a plateau must be above 0 and at most 1, got 2"):
        Protocol(2.0)
    with pytest.raises(SettingError, match="epochs must be from 1 to 100000, got 0"):
        Protocol(epochs=0)


# The data


def test_splits_are_the_published_ones_and_stay_apart(tiny: Patterns) -> None:
    fold = tiny.fold
    assert [rows.size for rows in (fold.train, fold.tuning, fold.scored)] == [96, 24, 36]
    assert np.array_equal(np.concatenate((fold.train, fold.tuning, fold.scored)), np.arange(len(tiny.x)))
    assert np.array_equal(tiny.y[fold.scored], truth(TINY))
    assert tiny.x.dtype == np.float32


def test_the_first_classes_of_a_set_keep_their_spectra() -> None:
    few = made("few", configuration("challenge", 3))
    whole = made("whole", PUBLISHED["challenge"]())
    for part, every in zip((few.fold.train, few.fold.scored), (whole.fold.train, whole.fold.scored), strict=True):
        assert np.array_equal(few.x[part], whole.x[every[: part.size]])


def test_a_mixture_or_a_class_without_validation_spectra_is_no_benchmark(tmp_path: Path) -> None:
    for config, words in (
        (replace(TINY, dials=Dials(phases=2)), "mixes up to 2 classes"),
        (replace(TINY, law=replace(LAW, val=0)), "classes without a val spectrum"),
    ):
        path = tmp_path / "mine.json"
        path.write_text(format_config(config))
        with pytest.raises(SettingError, match=words):
            configuration(str(path))


def test_half_of_the_ties_of_the_challenge_make_77_8_per_cent() -> None:
    told = outlook(PUBLISHED["challenge"]())
    found = told.reference
    assert found is not None
    assert (found.rows, found.clear, found.ties) == (162, 90, 72)
    assert round(100 * found.guessed, 1) == 77.8
    assert {mode: one.ties for mode, one in told.by_mode.items()} == {"minor peak": 0, "position": 36, "height": 36}


# Who takes part


def test_the_activation_that_was_published_has_its_own_name_and_is_not_trained_twice() -> None:
    names = [one.name for one in entrants(EIGHT, ["published", "linear"], (1, 5000), 27)]
    assert names == [
        "cnn2-linear", "cnn3-linear", "cnn6-relu", "cnn6-linear", "vgg-linear", "resnet", "cnn_bn-linear",
        "inc3-linear", "inc6-linear",
    ]  # fmt: skip


def test_only_what_differs_from_the_published_runs_says_so() -> None:
    assert entrant("cnn6", "relu", (1, 5000), 27).change == ""
    assert entrant("cnn2", "relu", (1, 5000), 27).change == "hidden dense layers relu"


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_network_of_a_question_has_its_own_name_and_layers(question: str) -> None:
    (known,) = [one for one in QUESTIONS if one == question]
    found = asked(known, (1, 5000), 27)
    assert len({one.name for one in found}) == len({one.layers for one in found}) == len(found)
    for one in found:
        assert one.network in ZOO
        assert bool(one.change) != (one.layers == ZOO[one.network](27))


def test_a_question_about_activations_asks_all_eight_networks() -> None:
    found = asked("activations", (1, 5000), 27)
    assert len(found) == 15
    assert {one.network for one in found} == set(EIGHT)


def test_the_four_changes_of_vgg_together_are_the_modified_vgg() -> None:
    assert vgg(27, "relu", kernel=20, units=(2000, 500), dropout=(0.0, 0.3)) == vgg_mod(27)
    alone = [one for one in asked("modifications", (1, 5000), 27) if one.network == "vgg" and one.change]
    assert {one.name for one in alone} >= {"vgg-kernels", "vgg-units", "vgg-dropout", "vgg-relu"}


def test_resnets_with_another_momentum_differ_in_nothing_else() -> None:
    for one, momentum in zip(asked("resnet", (1, 5000), 27), (0.99, 0.9, 0.5), strict=True):
        assert momenta(one.layers) == {momentum}
        assert remembering(one.layers, 0.99) == ZOO["resnet"](27)


def momenta(layers: Layers) -> set[float]:
    found: set[float] = set()
    for layer in layers:
        match layer:
            case BatchNorm(momentum):
                found.add(momentum)
            case Residual(body, shortcut):
                found |= momenta(body) | momenta(shortcut)
            case _:
                pass
    return found


# Training


def test_all_networks_of_a_seed_see_rows_in_the_same_order(tiny: Patterns) -> None:
    orders = []
    for who in entrants(["vgg", "cnn2"], ["linear"], SHAPE, 4):
        _, material = beginning(recipe(who.layers, SHORT), tiny, [0, 1])
        orders.append([material.shuffled(member) for _ in range(3) for member in (0, 1)])
    for one, other in zip(*orders, strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(orders[0][0], orders[0][1])


def test_seeds_that_train_together_are_what_each_is_alone(tiny: Patterns) -> None:
    whole = ended(tiny, PLAIN, [0, 1, 2])
    assert len({run.tuning.size for run in whole.values()}) > 1
    for seed, run in whole.items():
        assert equal(ended(tiny, PLAIN, [seed])[seed], run)


def test_the_test_spectra_never_reach_the_training(tiny: Patterns) -> None:
    other = tiny.x.copy()
    other[tiny.fold.scored] = np.random.default_rng(0).random((tiny.fold.scored.size, 48))
    one, two = ended(tiny, PLAIN, [0])[0], ended(replace(tiny, x=other), PLAIN, [0])[0]
    assert np.array_equal(one.tuning, two.tuning)
    assert np.array_equal(one.training, two.training)
    assert not np.array_equal(one.answers, two.answers)


def test_a_run_ends_by_the_rule_and_knows_its_best_epoch(tiny: Patterns) -> None:
    for run in ended(tiny, PLAIN, [0, 1, 2]).values():
        assert run.tuning.size == 14 or run.tuning.size - run.best_epoch == 3
        assert run.tuning[run.best_epoch - 1] <= run.tuning.min() + 1e-4
        assert run.tuning.size == run.training.size


def test_fewer_seeds_train_at_once_where_memory_is_short() -> None:
    who = entrant("cnn2", "published", (1, 5000), 500)
    assert together(who, 5000, 8.0) == 11
    assert together(entrant("inc6", "published", (1, 5000), 500), 5000, 8.0) == 1


# The runner


def test_a_benchmark_that_was_stopped_goes_on_to_the_same_end(tmp_path: Path) -> None:
    whole, stopped = plan_of(tmp_path / "whole"), plan_of(tmp_path / "stopped")
    at_once = done(whole)
    with closing(benchmark(stopped)) as steps:
        for step in steps:
            if isinstance(step, Progress) and step.done:
                break
    kept = kept_runs(stopped.folder)
    assert 0 < len(kept) < 6
    assert sum(len(fit.seeds) for fit in missing(stopped)) == 6 - len(kept)
    found = done(stopped)
    assert all(equal(one, other) for one, other in zip(found.runs, at_once.runs, strict=True))
    for name in by_name(found.runs):
        first, second = [predict(load_best(plan.folder, name), made("tiny", TINY).x) for plan in (whole, stopped)]
        assert np.array_equal(first, second)
    assert [len(one.maps) for one in (found, at_once)] == [2, 2]
    for one, other in zip(found.maps, at_once.maps, strict=True):
        assert np.array_equal(one.said, other.said)


def test_more_seeds_and_networks_go_on_from_what_is_there(tmp_path: Path) -> None:
    done(plan_of(tmp_path, 1, (PLAIN,)))
    before = (tmp_path / "runs" / PLAIN.name / "0.json").stat().st_mtime_ns
    more = plan_of(tmp_path, 2)
    assert [(fit.entrant.name, fit.seeds) for fit in missing(more)] == [(PLAIN.name, (1,)), (BENT.name, (0, 1))]
    found = done(more)
    assert [(run.name, run.seed) for run in found.runs] == [
        (who.name, seed) for who in (PLAIN, BENT) for seed in (0, 1)
    ]
    assert (tmp_path / "runs" / PLAIN.name / "0.json").stat().st_mtime_ns == before
    assert missing(more) == ()
    assert not any(isinstance(step, Progress) for step in benchmark(more))


def test_the_weights_that_are_kept_are_of_the_lowest_validation_loss(tmp_path: Path) -> None:
    found = done(plan_of(tmp_path, 3, (PLAIN,)))
    best = min(found.runs, key=lambda run: float(run.tuning.min()))
    patterns = made("tiny", TINY)
    said = predict(load_best(tmp_path, PLAIN.name), patterns.x[patterns.fold.scored])[0].argmax(axis=1)
    assert np.array_equal(said, best.answers)


def test_a_folder_of_another_benchmark_is_refused_with_what_differs(tmp_path: Path) -> None:
    plan = replace(plan_of(tmp_path, 1, (PLAIN,)), protocol=replace(SHORT, epochs=1))
    done(plan)
    with pytest.raises(RunError, match=r"factor is 0.1 there and 0.5 here; choose another --out"):
        done(replace(plan, protocol=replace(plan.protocol, factor=AS_PRINTED)))
    with pytest.raises(RunError, match="its classes or their law are not those that tiny now gives"):
        done(replace(plan, config=replace(TINY, law=replace(LAW, seed=1))))
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="is not the folder of a benchmark"):
        done(replace(plan, folder=stranger))


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    plan = replace(plan_of(tmp_path, 1, (PLAIN,)), protocol=replace(SHORT, epochs=1))
    done(plan)
    path = tmp_path / "runs" / PLAIN.name / "0.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 7'))
    with pytest.raises(RunError, match="is damaged"):
        done(plan)


def test_time_left_is_that_of_the_work_that_is_left(tmp_path: Path) -> None:
    (fit, later) = missing(plan_of(tmp_path, 2))
    patterns = made("tiny", TINY)
    seen = next(trained(fit.entrant, patterns, Protocol(epochs=10), fit.seeds))
    pace = Pace(work=1e6, seconds=10.0, epochs=(10, 10))
    cost = fit.cost * 2 * (10 - 1) + later.cost * 2 * 10
    assert pace.left((later,), fit, seen, Protocol(epochs=10)) == pytest.approx(cost * 1e-5)


# Arithmetic


def made_up(name: str, seed: int, answers: NDArray[np.int64], epochs: int = 3) -> Run:
    network, _, activation = name.partition("-")
    curve = np.linspace(1.0, 0.5, epochs)
    return Run(name, network, activation, "", seed, "0" * 12, 10, answers, 0.5, curve, curve, epochs, 3e-4, 1.0)


TRUTH = np.repeat(np.arange(3), 2)


def test_counts_are_those_made_by_hand() -> None:
    runs = [made_up("x", 0, np.array([0, 0, 1, 1, 2, 2])), made_up("x", 1, np.array([1, 0, 0, 1, 2, 1]))]
    counts = tally(runs, TRUTH)
    assert (counts.right, counts.rows, counts.median) == ((6, 3), 6, 3)
    assert counts.mean == 0.75
    assert counts.spread == pytest.approx(np.std([1.0, 0.5], ddof=1))
    assert by_mode(runs, TRUTH, {"position": np.array([0, 1])}) == {"position": Tally((4, 2), 4)}
    assert confused(runs, TRUTH) == Counter({(0, 1): 2, (1, 2): 1})


@pytest.mark.parametrize(
    ("right", "rows", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)]
)
def test_intervals_are_those_of_newcombe_1998(right: int, rows: int, low: float, high: float) -> None:
    assert wilson(right, rows) == pytest.approx((low, high), abs=5e-5)


@settings(max_examples=40)
@given(st.lists(st.integers(-6, 6), max_size=9))
def test_flips_count_all_signs(differences: list[int]) -> None:
    sums = [sum(sign * value for sign, value in zip(signs, differences, strict=True)) for signs in
            product((1, -1), repeat=len(differences))]  # fmt: skip
    share = np.mean([abs(one) >= abs(sum(differences)) for one in sums])
    assert flips(differences) == pytest.approx(share)


def test_the_majority_is_what_most_seeds_say() -> None:
    answers = ([0, 1, 2], [0, 1, 1], [2, 1, 0])
    assert majority([made_up("x", seed, np.array(said)) for seed, said in enumerate(answers)]).tolist() == [0, 1, 0]


def test_a_contest_counts_classes_and_spectra_over_common_seeds() -> None:
    many = np.repeat(np.arange(10), 2)
    right, wrong = many.copy(), np.where(many < 9, 9, many)
    runs = [made_up("a", 0, right), made_up("a", 1, right), made_up("b", 0, wrong), made_up("b", 7, right)]
    (found,) = contests(by_name(runs), many)
    assert (found.ahead, found.behind, found.only) == (9, 0, (18, 0))
    assert found.difference == 0.9
    assert found.chance == found.corrected == 2 / 2**9
    assert found.mcnemar == pytest.approx(2 / 2**18)
    assert found.clear


def test_looking_at_many_pairs_makes_a_chance_larger() -> None:
    many = np.repeat(np.arange(10), 2)
    worse = [np.where(many < cut, 9, many) for cut in (0, 6, 9)]
    found = contests(by_name([made_up(name, 0, said) for name, said in zip("abc", worse, strict=True)]), many)
    assert [one.chance for one in found] == [2 / 2**9, 2 / 2**6, 2 / 2**3]
    assert [one.corrected for one in found] == [3 * 2 / 2**9, 2 * 2 / 2**6, 2 / 2**3]


def test_networks_without_a_seed_in_common_are_not_compared() -> None:
    assert contests(by_name([made_up("a", 0, TRUTH), made_up("b", 1, TRUTH)]), TRUTH) == ()


# Published figures


def test_published_figures_agree_with_the_published_summary() -> None:
    medians = {"cnn2": 36, "cnn3": 27, "cnn6": 8, "vgg": 19, "resnet": 22, "cnn_bn": 45, "inc3": 18, "inc6": 11}
    assert {name: logged.median for name, logged in LOGGED.items()} == medians
    totals = {"cnn2": 31, "cnn3": 25, "cnn6": 6, "vgg": 16, "resnet": 20, "inc3": 12, "inc6": 10}
    assert {name: sum(counts.values()) for name, counts in BEST.items()} == totals
    assert all(min(LOGGED[name].wrong) == total for name, total in totals.items())
    assert {key: round(np.median(right) / 1.62, 2) for key, right in CHALLENGE.items()} == {
        ("cnn2", "linear"): 61.73, ("cnn2", "relu"): 66.05, ("cnn3", "linear"): 54.94, ("cnn3", "relu"): 60.49,
        ("cnn6", "linear"): 79.63, ("cnn6", "relu"): 85.19, ("inc3", "linear"): 59.88, ("inc3", "relu"): 65.43,
        ("inc6", "linear"): 73.46, ("inc6", "relu"): 76.54,
    }  # fmt: skip


def test_the_published_resnet_is_a_share_of_validation_spectra_not_of_test_spectra() -> None:
    shares = {rows: {round(100 * right / rows, 2) for right in range(rows + 1)} for rows in (162, 270)}
    assert MODIFIED["resnet_mod"].modified not in shares[162]
    assert MODIFIED["resnet_mod"].modified in shares[270]


# Maps and page


def test_a_map_goes_over_what_parts_two_classes() -> None:
    config = PUBLISHED["challenge"]()
    position, height = sweeps(config, outlook(config).pairs)
    assert {position.parted_by, height.parted_by} == {"position", "height"}
    assert spectra(PUBLISHED["challenge"](), height).shape == (STEPS[0] * STEPS[1], 5000)
    (one, other) = (PUBLISHED["challenge"]().spectra[str(label)] for label in position.classes)
    places = one.positions[position.peak], other.positions[position.peak]
    assert position.positions[0] < min(places) - 50
    assert max(places) + 50 < position.positions[-1]


def found_on(dataset: str, names: Sequence[str], seeds: int, tmp_path: Path) -> Benchmark:
    """A finished benchmark with made-up answers, nine in ten right."""
    config = PUBLISHED[dataset]()
    told = outlook(config)
    random, right, over = np.random.default_rng(1), truth(config), sweeps(config, told.pairs)
    runs = [
        made_up(name, seed, np.where(random.random(right.size) < 0.1, (right + 1) % len(config.spectra), right), 5)
        for name in names
        for seed in range(seeds)
    ]
    maps = [DecisionMap(name, np.full((len(over), STEPS[1], STEPS[0]), over[0].classes[0])) for name in names]
    plan = Plan(dataset, config, (), Protocol(), seeds, tmp_path, question="activations")
    return Benchmark(plan, tuple(runs), right, told.modes, told.reference, told.by_mode, over, tuple(maps))


def test_the_page_of_the_challenge_has_modes_maps_and_published_figures_beside(tmp_path: Path) -> None:
    text = benchmark_page(found_on("challenge", ["cnn2-linear", "cnn6-relu", "vgg-linear"], 3, tmp_path), "spectune x")
    assert text.count("<figure>") == 5
    assert text.count("<table>") == 6
    for words in ("minor peak (%)", "61.73", "85.19", "80.74", "knows the law, guesses ties", "77.78", "spectune x"):
        assert words in text
    assert "A look, not a result" not in text


def test_the_page_of_the_benchmark_has_published_pairs_and_modes(tmp_path: Path) -> None:
    text = benchmark_page(found_on("benchmark", ["cnn6-relu", "resnet", "odd"], 2, tmp_path), "spectune x")
    assert "published, best run" in text
    assert "Classes: minor peak 4, position 10, intensity 4; 482 more can be mistaken for no other." in text
    assert "99.82" in text
    assert "99.51" in text


def test_other_data_and_changed_networks_have_no_published_figures_beside(tmp_path: Path) -> None:
    found = found_on("challenge", ["cnn2-linear"], 1, tmp_path)
    (run,) = found.runs
    assert len(found.reported(run)) == 5
    assert found.reported(replace(run, name="cnn2-other")) == ()
    assert found.reported(replace(run, network="vgg", name="vgg-linear")) == ()
    cut = replace(found, plan=replace(found.plan, config=configuration("challenge", 9)))
    assert cut.reported(run) == ()


def test_the_hardest_pairs_of_the_maps_are_those_of_the_law() -> None:
    config = PUBLISHED["benchmark"]()
    hard = {frozenset((pair.one, pair.other)) for pair in attainable(config, 200).pairs}
    for sweep in sweeps(config, outlook(config).pairs):
        assert frozenset(config.names[label] for label in sweep.classes) in hard


# The command


@pytest.mark.parametrize(("device", "said"), [("gpu", "device must be cpu, cuda"), ("cuda:99", "asked for, but")])
def test_a_device_that_is_not_here_is_refused_before_anything_is_made(device: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=said):
        planned(Asked(device=device, out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_the_command_trains_writes_a_page_and_continues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.json"
    path.write_text(format_config(TINY))
    words = ["bench", "schuetzke2023", "--dataset", str(path), "--models", "vgg", "--seeds", "2", "--epochs", "2"]
    assert command([*words, "--cores", "1", "--out", str(tmp_path / "out")]) == 0
    first = capsys.readouterr().out
    assert "training networks 2/2" in first
    assert "vgg-linear" in first
    page = (tmp_path / "out" / "report.html").read_text()
    assert "A look, not a result: trainings end after 2 epochs at most" in page
    assert command([*words, "--cores", "1", "--out", str(tmp_path / "out")]) == 0
    assert "training networks" not in capsys.readouterr().out
    assert (tmp_path / "out" / "report.html").read_text() == page


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (["--models", "cnn4"], "--models has 'cnn4'"),
        (["--models", ","], "--models is empty"),
        (["--fc", "tanh"], "--fc has 'tanh'; it takes a list of: published, linear, relu"),
        (["--dataset", "chalenge"], "there is no configuration 'chalenge'"),
        (["--dataset", "none.json"], "there is no file none.json"),
        (["--classes", "1"], "classes must be from 2 to 27, those of the data set, got 1"),
        (["--classes", "99"], "classes must be from 2 to 27"),
        (["--question", "resnet", "--models", "cnn2"], "--question brings its own networks"),
        (["--question", "why"], "'why' is not one of"),
        (["--factor", "0"], "the factor on a plateau must be above 0 and at most 1, got 0"),
        (["--epochs", "0"], "epochs must be from 1 to 100000, got 0"),
        (["--seeds", "0"], "--seeds must be from 1 to 1000, got 0"),
        (["--memory", "-1"], "--memory must be from 0.001"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(
    said: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(["bench", "schuetzke2023", *said]) == 2
    shown = capsys.readouterr().err
    assert sentence in shown
    assert shown.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_spectra_too_short_for_a_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.json"
    path.write_text(
        format_config(replace(TINY, datapoints=12, spectra={"a": Pattern((3,), (1.0,)), "b": Pattern((8,), (1.0,))}))
    )
    with pytest.raises(SettingError, match="the network 'cnn2' needs spectra of at least 17 points, these have 12"):
        planned(Asked(dataset=str(path), models="cnn2"))


def test_options_of_the_command_are_what_it_takes() -> None:
    assert {*BENCH, "cores", "device"} == set(Asked.__dataclass_fields__)
