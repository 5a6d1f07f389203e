"""The benchmark of Schuetzke, Szymanski & Reischl (2023) cut off in the middle of a fit: nothing is trained twice."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectune.errors import Notice
from spectune.papers.schuetzke2023.benchmark import Benchmark, benchmark
from spectune.papers.schuetzke2023.entrants import entrants
from spectune.papers.schuetzke2023.folder import begun, keep_way, kept_runs, kept_way
from spectune.papers.schuetzke2023.patterns import made
from spectune.papers.schuetzke2023.plan import Plan, missing
from spectune.papers.schuetzke2023.protocol import Protocol
from spectune.papers.schuetzke2023.training import Run, Seen, Way, trained
from spectune.progress import Progress
from spectune.synthesis.patterns import Law, Pattern, PatternConfig

LAW = Law(train=24, val=6, shift=3, variation=0.08, width=(1.0, 1.5), test_width=1.0)
PEAKS = {"a": Pattern((10, 30), (1.0, 0.5)), "b": Pattern((10, 34), (1.0, 0.5)), "c": Pattern((22, 30), (1.0, 0.65))}
TINY = PatternConfig(48, PEAKS, law=LAW)
PATTERNS = made("tiny", TINY)
(WHO,) = entrants(["vgg"], ["relu"], (1, 48), 3)
SHORT = Protocol(epochs=14, patience=2, plateau_patience=2, rate=4e-3, batch=32)
SEEDS = (0, 1, 2)


def epochs(way: Way | None = None) -> list[Seen]:
    return list(trained(WHO, PATTERNS, SHORT, SEEDS, way=way))


def runs(seen: list[Seen]) -> dict[int, Run]:
    return {run.seed: run for one in seen for run in one.ended}


def alike(one: Run, other: Run) -> bool:
    curves = np.array_equal(one.tuning, other.tuning) and np.array_equal(one.training, other.training)
    return curves and np.array_equal(one.answers, other.answers) and one.best_epoch == other.best_epoch


WHOLE = epochs()
LAST = WHOLE[-1].epoch


WAYS = [seen.way() for seen in trained(WHO, PATTERNS, SHORT, SEEDS) if seen.going_on]
"""How far the fit is after each of its epochs but the last."""


def test_its_seeds_end_at_different_epochs() -> None:
    assert len({run.tuning.size for run in runs(WHOLE).values()}) > 1


@settings(max_examples=12)
@given(st.integers(0, LAST - 2))
def test_a_fit_goes_on_from_any_epoch_to_the_bit(place: int) -> None:
    later = epochs(WAYS[place])
    assert [seen.epoch for seen in later] == list(range(place + 2, LAST + 1))
    found, whole = runs(later), runs(WHOLE)
    assert set(found) == {seed for seed, run in whole.items() if run.tuning.size > place + 1}
    assert all(alike(found[seed], whole[seed]) for seed in found)
    losses = [seen.losses for seen in WHOLE[place + 1 :]]
    assert [seen.losses for seen in later] == losses


def plan_of(folder: Path, seeds: int = 3) -> Plan:
    return Plan("tiny", TINY, (WHO,), SHORT, seeds, folder, checkpoint=0.0)


def cut_off(plan: Plan, ended: int) -> None:
    """A command that is killed when so many seeds have ended, behind the next epoch."""
    count = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spectune.papers.schuetzke2023.benchmark.QUIET", 0.0)
        with closing(benchmark(plan)) as steps:
            for step in steps:
                count += isinstance(step, Progress) and step.done >= ended
                if count == (2 if ended else 4):
                    return
    raise AssertionError("it has ended by itself")


def done(plan: Plan, patch: pytest.MonkeyPatch) -> tuple[Benchmark, list[int]]:
    """What a benchmark finds, and the epochs it trained for that."""
    seen: list[int] = []

    def counted(*told: object) -> object:
        for one in trained(*told):  # type: ignore[arg-type]
            seen.append(one.epoch)
            yield one

    patch.setattr("spectune.papers.schuetzke2023.benchmark.trained", counted)
    *_, found = benchmark(plan)
    assert isinstance(found, Benchmark)
    return found, seen


@pytest.mark.parametrize("ended", [0, 1])
def test_a_command_that_was_killed_in_a_fit_goes_on_in_it(
    ended: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(tmp_path)
    cut_off(plan, ended)
    kept = {run.seed for run in kept_runs(tmp_path)}
    assert len(kept) == ended
    assert begun(tmp_path, WHO.name) == (0,)
    (fit,) = missing(plan)
    assert fit.continued
    assert (fit.seeds, set(fit.left)) == (SEEDS, set(SEEDS) - kept)
    found, seen = done(plan, monkeypatch)
    assert seen[0] > 1
    assert seen[-1] == LAST
    assert all(alike(run, runs(WHOLE)[run.seed]) for run in found.runs)
    assert len(found.runs) == len(SEEDS)
    assert begun(tmp_path, WHO.name) == ()


@pytest.mark.parametrize("what", ["cut", "flipped", "empty"])
def test_what_is_damaged_is_not_used_and_said(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(tmp_path)
    cut_off(plan, 0)
    path = tmp_path / "fits" / f"{WHO.name}-0.fit"
    data = path.read_bytes()
    half = len(data) // 2
    flipped = data[:half] + bytes([data[half] ^ 1]) + data[half + 1 :]
    path.write_bytes({"cut": data[:half], "flipped": flipped, "empty": b""}[what])
    with pytest.warns(Notice, match="is damaged or cannot be read, and is not used"):
        found, seen = done(plan, monkeypatch)
    assert seen == list(range(1, LAST + 1))
    assert all(alike(run, runs(WHOLE)[run.seed]) for run in found.runs)


def test_what_cannot_be_kept_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    *_, _ = benchmark(plan_of(tmp_path, 1))
    (tmp_path / "fits").rmdir()
    (tmp_path / "fits").touch()
    with pytest.warns(Notice, match="the training goes on, but after a stop it would go on from an earlier point"):
        found, _ = done(plan_of(tmp_path), monkeypatch)
    assert len(found.runs) == len(SEEDS)


@pytest.mark.parametrize("other", [{"recipe": "another"}, {"engine": "another"}, {"seeds": (0, 7, 8)}])
def test_only_a_fit_of_the_same_kind_is_gone_on_with(other: dict[str, object], tmp_path: Path) -> None:
    keep_way(tmp_path, WHO.name, replace(WAYS[0], **other))  # type: ignore[arg-type]
    assert kept_way(tmp_path, WHO.name, 0) is not None
    (fit,) = missing(plan_of(tmp_path))
    assert not fit.continued
    assert fit.seeds == SEEDS


def test_fewer_seeds_than_were_begun_begin_anew(tmp_path: Path) -> None:
    keep_way(tmp_path, WHO.name, WAYS[0])
    (fit,) = missing(plan_of(tmp_path, 2))
    assert (fit.seeds, fit.continued) == ((0, 1), False)


def test_large_networks_are_kept_more_rarely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(folder: Path, name: str, way: Way) -> None:
        kept.append(now[0])
        now[0] += 10.0

    def clock() -> float:
        now[0] += 1.0
        return now[0]

    now, kept = [0.0], list[float]()
    monkeypatch.setattr("spectune.papers.schuetzke2023.benchmark.keep_way", slow)
    *_, _ = benchmark(replace(plan_of(tmp_path), checkpoint=5.0), clock)
    assert kept
    assert all(later - before >= 500 for before, later in pairwise(kept))
