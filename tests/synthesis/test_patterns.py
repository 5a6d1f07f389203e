"""Configurations: the published draw, the published sets, and test spectra that keep classes apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectune.files.patterns import format_config
from spectune.synthesis.neighbours import kept_apart
from spectune.synthesis.patterns import Dials, Grid, Law, Pattern, PatternConfig, faults, grid_for, random_config
from spectune.synthesis.published import benchmark_config, challenge_config

DATA = Path(__file__).parents[3] / "shared" / "data" / "schuetzke2023"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the published configurations are not beside the checkout")


@needs_data
def test_seed_2022_draws_the_published_benchmark_byte_for_byte() -> None:
    assert format_config(random_config(500, 2022)).encode() == (DATA / "benchmark.json").read_bytes()


@needs_data
def test_the_challenge_has_the_published_classes_in_their_order() -> None:
    published = json.loads((DATA / "challenge.json").read_text())
    ours = json.loads(format_config(challenge_config()))
    assert {key: ours[key] for key in published} == published
    assert list(ours["spectra"]) == list(published["spectra"])


def test_the_benchmark_has_as_many_peaks_as_published() -> None:
    counts = np.bincount([len(pattern.positions) for pattern in benchmark_config().spectra.values()])
    assert counts[2:].tolist() == [126, 183, 100, 50, 19, 7, 6, 3, 6]


@given(st.integers(1, 30), st.integers(0, 10**6), st.integers(30, 3000), st.integers(0, 14))
def test_every_draw_is_a_configuration_without_faults(classes: int, seed: int, points: int, boundary: int) -> None:
    config = random_config(classes, seed, points, boundary)
    assert list(faults(config)) == []
    positions = [position for pattern in config.spectra.values() for position in pattern.positions]
    assert boundary <= min(positions) <= max(positions) < points - boundary
    assert all(max(pattern.heights) == 1 for pattern in config.spectra.values())
    assert config == random_config(classes, seed, points, boundary)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"datapoints": 2_000_000}, "datapoints must be from 2"),
        ({"spectra": {}}, "at least one class"),
        ({"spectra": {"a": Pattern((), ())}}, "no peak"),
        ({"spectra": {"a": Pattern((5, 3), (1.0, 0.5))}}, "must ascend"),
        ({"spectra": {"a": Pattern((5,), (1.0, 0.5))}}, "1 peak_positions but 2"),
        ({"spectra": {"a": Pattern((50,), (1.0,))}}, "outside 0 to 49"),
        ({"spectra": {"a": Pattern((5,), (float("nan"),))}}, "height nan"),
        ({"law": Law(width=(5.0, 2.0))}, "the lower first"),
        ({"law": Law(shift=-1)}, "law.shift must be from 0"),
        ({"dials": Dials(phases=3)}, "dials.phases must be from 1 to 1, got 3"),
        ({"dials": Dials(noise=float("nan"))}, "dials.noise"),
        ({"grid": Grid(cells=((0, 2),))}, "grid.cells"),
        ({"grids": {"b": Grid()}}, "'b', which is not among"),
    ],
)
def test_what_cannot_be_drawn_is_named(wrong: dict[str, object], words: str) -> None:
    config = PatternConfig(50, {"a": Pattern((5, 9), (1.0, 0.5))})
    assert list(faults(config)) == []
    (fault,) = faults(replace(config, **wrong))  # type: ignore[arg-type]
    assert words in fault


def test_the_grid_of_a_law_scales_with_it() -> None:
    assert grid_for(Law()) == Grid(30, 0.04)
    assert grid_for(Law(shift=10, variation=0.1)) == Grid(6, 0.08)


def meet(one: Pattern, other: Pattern, first: Grid, second: Grid) -> bool:
    """Whether test spectra of two classes with equally many peaks can be the same."""
    away = np.abs(np.subtract(one.positions, other.positions))
    differ = np.abs(np.subtract(one.heights, other.heights))
    changes = [
        np.where(np.asarray(pattern.heights) == 1, 0, grid.variation)
        for pattern, grid in ((one, first), (other, second))
    ]
    return bool((away <= first.shift + second.shift).all() and (differ <= changes[0] + changes[1]).all())


@given(st.integers(0, 10**6), st.integers(0, 60), st.sampled_from([0.0, 0.04, 0.3]))
@settings(max_examples=50)
def test_test_spectra_that_are_kept_apart_never_meet(seed: int, shift: int, variation: float) -> None:
    config = replace(random_config(15, seed, points=300, boundary=60), grid=Grid(shift, variation))
    apart = kept_apart(config)
    patterns = list(config.spectra.items())
    for place, (name, pattern) in enumerate(patterns):
        for other, second in patterns[:place]:
            if len(pattern.positions) == len(second.positions) and pattern != second:
                assert not meet(pattern, second, apart.grid_of(name), apart.grid_of(other))
    assert all(grid.shift <= shift and grid.variation <= variation for grid in apart.grids.values())


def test_classes_that_are_narrowed_are_those_that_the_authors_narrowed() -> None:
    assert set(kept_apart(random_config(500, 2022)).grids) == set(benchmark_config().grids)
