"""Learning curves: subsets that nest, laws that are found again, and advice that knows its limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nestings import SIZES, curve
from spectune.assessment.advice import advice, crossing, headline
from spectune.assessment.learning import gain
from spectune.assessment.powerlaw import PowerLaw, power_law
from spectune.assessment.subsets import FEWEST_GROUPS, FEWEST_ROWS, repeats, shares, subset
from spectune.errors import DataError
from spectune.spectra.axis import Axis
from spectune.spectra.spectra import Spectra, Task


def spectra(rows: int, replicates: int = 1, classes: tuple[str, ...] = ()) -> Spectra:
    numbers = np.arange(rows) // replicates
    return Spectra(
        x=np.zeros((rows, 3), dtype=np.float32),
        axis=Axis((1.0, 2.0, 3.0), "nm"),
        y=np.asarray(numbers % 3 if classes else numbers, dtype=np.float64),
        task=Task("fat", "%", classes, rows, 3),
        ids=numbers.astype(str),
        groups=numbers,
        roles=np.full(rows, "cal"),
    )


@given(st.integers(30, 120), st.integers(1, 4), st.integers(0, 1000), st.floats(0.2, 1.0), st.floats(0.2, 1.0))
def test_smaller_subsets_lie_inside_larger_ones_and_hold_whole_groups(
    rows: int, replicates: int, seed: int, one: float, other: float
) -> None:
    table = spectra(rows, replicates)
    rest = np.flatnonzero(table.groups % 3 != 0)
    small, large = (subset(table, rest, share, seed) for share in sorted((one, other)))
    assert set(small) <= set(large) <= set(rest)
    assert small.size >= min(one, other) * rest.size - 1e-6
    assert small.size < min(one, other) * rest.size + replicates
    assert not set(table.groups[small]) & set(table.groups[np.setdiff1d(rest, small)])


def test_the_whole_is_a_subset_too_and_seeds_choose_different_ones() -> None:
    table, rest = spectra(90), np.arange(10, 90)
    np.testing.assert_array_equal(subset(table, rest, 1.0, 3), rest)
    assert set(subset(table, rest, 0.3, 1)) != set(subset(table, rest, 0.3, 2))


@given(st.integers(0, 500), st.floats(0.25, 1.0))
def test_classes_keep_their_shares_in_every_subset(seed: int, share: float) -> None:
    table = spectra(120, classes=("a", "b", "c"))
    rest = np.arange(100)
    part = subset(table, rest, share, seed)
    for label in range(3):
        whole = (table.y[rest] == label).sum()
        assert abs((table.y[part] == label).sum() - share * whole) <= 2


@given(st.integers(60, 400), st.integers(1, 3))
def test_sizes_grow_to_the_whole_and_the_smallest_is_large_enough(rows: int, replicates: int) -> None:
    table = spectra(rows, replicates)
    rest = np.arange(rows // 5, rows)
    found = shares(table, [rest])
    assert found[-1] == 1.0
    assert list(found) == sorted(found)
    smallest = subset(table, rest, found[0], 0)
    assert smallest.size >= FEWEST_ROWS
    assert np.unique(table.groups[smallest]).size >= FEWEST_GROUPS - 1


def test_too_few_rows_for_a_curve_are_said_so() -> None:
    with pytest.raises(DataError, match="30 calibration rows are too few for a learning curve"):
        shares(spectra(30), [np.arange(24)])
    rare = np.where(np.arange(120) < 3, 2.0, np.arange(120) % 2)
    table = replace(spectra(120, classes=("a", "b", "c")), y=rare)
    with pytest.raises(DataError, match="or 4 of a class"):
        shares(table, [np.arange(120)])


@given(st.integers(1, 20))
def test_small_sizes_are_drawn_more_often_than_large_ones(most: int) -> None:
    counts = [repeats(share, most) for share in np.linspace(0.01, 1, 30)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == most
    assert counts[-1] == 1


@given(st.floats(0.0, 2.0), st.floats(0.5, 50.0), st.floats(0.15, 2.5))
def test_a_power_law_is_found_again_in_exact_data(floor: float, scale: float, exponent: float) -> None:
    truth = PowerLaw(floor, scale, exponent)
    found = power_law(SIZES, truth.at(SIZES))
    np.testing.assert_allclose(found.at(SIZES), truth.at(SIZES), rtol=1e-4)
    np.testing.assert_allclose(found.at(400.0), truth.at(400.0), rtol=1e-2)


def test_the_numbers_of_an_exact_law_are_found_again() -> None:
    found = power_law(SIZES, PowerLaw(0.5, 20.0, 0.8).at(SIZES))
    assert (found.floor, found.scale, found.exponent) == pytest.approx((0.5, 20.0, 0.8), rel=1e-4)


@given(st.lists(st.floats(0.0, 100.0), min_size=6, max_size=6))
def test_no_law_is_below_zero_or_rises_with_more_samples(errors: list[float]) -> None:
    found = power_law(SIZES, np.asarray(errors))
    assert min(found.floor, found.scale) >= 0
    line = found.at(np.geomspace(20, 4000, 30))
    assert np.isfinite(line).all()
    assert (np.diff(line) <= 1e-12 * max(line[0], 1)).all()


def test_what_twice_the_samples_save_follows_from_the_law() -> None:
    assert gain(PowerLaw(0.0, 7.0, 0.5), 123.0) == pytest.approx(1 - 2**-0.5)
    assert gain(PowerLaw(1.0, 0.0, 0.5), 123.0) == 0.0


def test_a_steep_curve_says_what_twice_the_samples_would_give_and_that_they_are_worth_it() -> None:
    law = PowerLaw(0.0, 10.0, 0.5)
    found = curve(law.at(SIZES), 2 * law.at(SIZES))
    said = headline(found)
    assert "With about 200 rows the CNN has an RMSE of 0.71 %" in said
    assert "would be expected to give 0.50 %" in said
    assert said.endswith("More samples are worth their price.")
    assert any("number of samples, which is worth more than better reference values" in one for one in advice(found))


def test_a_flat_curve_asks_for_better_reference_values() -> None:
    flat = np.full(6, 0.8)
    found = curve(flat, 2 * flat)
    assert headline(found).endswith("More samples of the same kind are not worth their price.")
    assert any("better reference values are worth more than more samples" in one for one in advice(found))


def test_a_wide_interval_is_said_to_tell_nothing() -> None:
    law = PowerLaw(0.3, 10.0, 0.5)
    found = curve(law.at(SIZES), 2 * law.at(SIZES), noise=0.5)
    assert "cannot be told closely: from" in headline(found)


def test_few_sizes_make_no_forecast() -> None:
    law = PowerLaw(0.3, 10.0, 0.5)
    found = curve(law.at(SIZES)[:3], 2 * law.at(SIZES)[:3])
    assert found.network.forecast is None
    assert found.ahead is None
    assert "3 sizes are too few" in headline(found)


def test_the_size_at_which_the_network_starts_to_beat_pls_is_named() -> None:
    pls = np.full(6, 1.0)
    assert "starts to beat PLS between 50 and 80 rows and stays ahead, clearly from 80 rows on" in crossing(
        curve(np.array([1.6, 1.4, 1.1, 0.8, 0.7, 0.6]), pls)
    )
    assert crossing(curve(0.5 * pls, pls)).startswith("The network is ahead of PLS at every size, from 20 rows on")
    never = crossing(curve(np.array([3.0, 2.4, 2.0, 1.7, 1.4, 1.2]), pls))
    assert never.startswith("The network is not ahead of PLS with all 200 rows")
    assert "extrapolation" in never


def test_every_curve_warns_of_extrapolation_and_of_the_recipe_that_was_chosen_on_these_folds() -> None:
    said = advice(curve(np.full(6, 1.0), np.full(6, 1.0)))
    assert any("is extrapolation beyond them" in one for one in said)
    assert any("chosen with all rows and on these folds" in one for one in said)


def test_what_makes_a_fold_hard_cancels_in_the_lead_and_in_the_gain() -> None:
    """Folds differ by a factor only, so the gain is the same in every resample."""
    law = PowerLaw(0.2, 10.0, 0.5)
    told = curve(law.at(SIZES), 2 * law.at(SIZES)).network.forecast
    assert told is not None
    assert told.gain.high - told.gain.low < 1e-3
    assert told.doubled.high - told.doubled.low > 0.01


def test_the_same_seed_gives_the_same_intervals() -> None:
    law = PowerLaw(0.2, 10.0, 0.5)
    one, other = (curve(law.at(SIZES), 2 * law.at(SIZES), noise=0.1) for _ in range(2))
    assert one.lead == other.lead
    assert one.network.forecast is not None
    assert other.network.forecast is not None
    assert one.network.forecast.gain == other.network.forecast.gain
