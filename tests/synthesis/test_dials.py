"""Beyond the published law: each dial does what it says, and nothing else moves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectune.synthesis.dials import scene
from spectune.synthesis.making import blocks
from spectune.synthesis.patterns import SHAPES, Dials, Grid, Law, Pattern, PatternConfig, Split
from spectune.synthesis.profiles import profile

STILL = Law(train=6, val=2, shift=0, variation=0.0, width=(4.0, 4.0), test_width=3.0)
CONFIG = PatternConfig(
    600,
    {
        "a": Pattern((100, 250), (1.0, 0.5)),
        "b": Pattern((180, 400), (0.3, 1.0)),
        "c": Pattern((330,), (1.0,)),
    },
    law=STILL,
)


def made(config: PatternConfig, split: Split = "train", rows: int | None = None) -> np.ndarray:
    return np.concatenate([np.asarray(block.x) for block in blocks(config, (split,), np.float64, rows)])


def turned(dials: Dials, law: Law = STILL) -> PatternConfig:
    return replace(CONFIG, dials=dials, law=law)


AT_REST = Dials(noise=1e-13)
"""A dial turned so little that nothing shows."""

EVERYTHING = Dials(9.0, 0.02, "pseudo_voigt", 0.3, 0.0, 0.2, 0.01, 1e4, 0.2, 3, 0.1, 3)


@given(st.integers(1, 9), st.sampled_from(["train", "val", "test"]))
@settings(max_examples=12)
def test_how_many_rows_are_made_at_once_changes_nothing(rows: int, split: Split) -> None:
    config = turned(EVERYTHING, Law(train=7, val=3))
    assert np.array_equal(made(config, split), made(config, split, rows))


def test_a_class_is_the_same_whoever_stands_behind_it() -> None:
    config = turned(replace(EVERYTHING, phases=1), Law(train=5))
    alone = replace(config, spectra={"a": CONFIG.spectra["a"]})
    assert np.array_equal(made(config)[:5], made(alone))


def test_seeds_and_splits_have_spectra_of_their_own() -> None:
    config = turned(EVERYTHING, Law(train=5, val=5))
    assert not np.isclose(made(config), made(config, "val")).all(axis=1).any()
    assert not np.isclose(made(config), made(replace(config, law=Law(train=5, seed=1)))).all(axis=1).any()


@pytest.mark.parametrize("shape", SHAPES)
@given(st.floats(1.5, 8), st.floats(0, 0.9))
@settings(max_examples=20)
def test_a_peak_of_any_shape_has_area_one_and_the_width_of_its_gaussian(shape: str, width: float, dial: float) -> None:
    dials = Dials(shape=shape, lorentz=dial, asymmetry=dial)  # type: ignore[arg-type]
    away = np.arange(-200000, 200000) / 50
    heights = profile(away, np.full(away.size, width), dials)
    assert heights.sum() / 50 == pytest.approx(1, abs=3e-3)
    above = away[heights >= heights.max() / 2]
    assert above[-1] - above[0] == pytest.approx(2 * np.sqrt(2 * np.log(2)) * width, abs=0.05)
    right, left = above[-1], -above[0]
    assert right / left == pytest.approx((1 + dial) / (1 - dial) if shape == "asymmetric" else 1, rel=0.1)


def test_at_rest_spectra_look_as_published() -> None:
    published, ours = made(CONFIG), made(turned(AT_REST))
    assert np.abs(published - ours).max() < 1e-3 * published.max()
    assert np.allclose(ours.sum(axis=1), published.sum(axis=1), rtol=1e-4)


def test_a_common_shift_moves_all_peaks_of_a_spectrum_together() -> None:
    drawn = scene(turned(Dials(common=20.0)), 0, "train")
    moved = drawn.positions.reshape(6, 2) - [100, 250]
    assert np.allclose(moved[:, 0], moved[:, 1])
    assert np.ptp(moved) > 5
    assert np.abs(moved).max() <= 20


def test_a_stretch_moves_peaks_as_far_as_they_are_from_the_middle() -> None:
    drawn = scene(turned(Dials(stretch=0.03)), 0, "train")
    strain = (drawn.positions.reshape(6, 2) - [100, 250]) / (np.array([100, 250]) - 299.5)
    assert np.allclose(strain[:, 0], strain[:, 1])
    assert 0.003 < np.abs(strain).max() <= 0.03


def test_widths_differ_within_a_spectrum_only_with_their_dial() -> None:
    law = replace(STILL, width=(2.0, 5.0))
    one, own = (
        scene(turned(dials, law), 0, "train").widths.reshape(6, 2)
        for dials in (Dials(common=1.0), Dials(width_spread=0.5))
    )
    assert (one[:, 0] == one[:, 1]).all()
    assert (own[:, 0] != own[:, 1]).all()
    assert np.unique(one).size == 6


def test_white_noise_has_the_standard_deviation_that_was_asked() -> None:
    law = replace(STILL, train=40)
    clean, noisy = made(replace(CONFIG, law=law)), made(turned(Dials(noise=0.05), law))
    assert (noisy - clean).std() == pytest.approx(0.05 * clean.max(), rel=0.03)


def test_photons_scatter_as_the_root_of_their_number() -> None:
    law = replace(STILL, train=400)
    counted = made(turned(Dials(counts=400.0), law))[:400]
    assert counted[:, 100].std() / counted[:, 100].mean() == pytest.approx(1 / 20, rel=0.15)
    assert counted[:, 100].mean() == pytest.approx(made(turned(AT_REST, law))[0, 100], rel=0.01)
    assert counted[:, 599].max() == 0


def test_a_baseline_is_smooth_from_zero_and_no_higher_than_its_dial() -> None:
    baselines = made(turned(Dials(baseline=0.5))) - made(turned(AT_REST))
    top = made(CONFIG).max(axis=1)
    assert np.allclose(baselines.min(axis=1), 0, atol=1e-6)
    assert (baselines.max(axis=1) <= 0.5 * top + 1e-6).all()
    assert np.abs(np.diff(baselines, n=2, axis=1)).max() < 1e-3 * top.max()
    assert np.ptp(baselines.max(axis=1)) > 0


def test_impurities_are_at_most_as_many_and_as_high_as_asked() -> None:
    law = replace(STILL, train=200)
    drawn = scene(turned(Dials(impurities=3, impurity_height=0.2), law), 2, "train")
    counts = np.bincount(drawn.row, minlength=200) - 1
    assert set(counts.tolist()) == {0, 1, 2, 3}
    assert drawn.heights[drawn.positions != 330].max() <= 0.2


def test_a_mixture_is_the_sum_of_its_phases_by_their_fractions() -> None:
    pure = made(turned(AT_REST))[::6]
    for block in blocks(turned(Dials(phases=3)), ("train", "val", "test"), np.float64):
        assert block.fractions is not None
        assert np.allclose(block.fractions.sum(axis=1), 1)
        assert (block.fractions.argmax(axis=1) == block.labels).all()
        if block.split != "test":
            assert np.allclose(block.x, block.fractions @ pure, atol=1e-9)


def test_mixtures_have_one_to_as_many_phases_as_asked() -> None:
    config = turned(Dials(phases=2), replace(STILL, train=100))
    counts = [(block.fractions > 0).sum(axis=1) for block in blocks(config, ("train",)) if block.fractions is not None]
    assert set(np.concatenate(counts).tolist()) == {1, 2}


def test_test_spectra_stand_where_their_grid_says() -> None:
    config = replace(turned(Dials(common=30.0, width_spread=0.4)), grid=Grid(10, 0.1))
    drawn = scene(config, 0, "test")
    assert drawn.positions.reshape(9, 2)[:3].tolist() == [[100, 250], [90, 240], [110, 260]]
    assert np.allclose(drawn.heights.reshape(9, 2)[::3], [[1, 0.5], [1, 0.6], [1, 0.4]])
    assert set(drawn.widths.tolist()) == {3.0}
