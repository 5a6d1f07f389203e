"""Folding back: sums stay, columns belong to their points, gradients are those of the raw spectrum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explaining import POINTS, spectra
from spectune.explanation.folding import blocks, columns, folded, owners, pulled, pulled_channel
from spectune.explanation.module import exact
from spectune.spectra.channels import Layout, parse_channel, parse_channels
from spectune.spectra.steps import apply

WORDS = (
    "RAW",
    "SNV",
    "ABS",
    "REF",
    "MAX",
    "DT",
    "D1(7,2)",
    "BIN(5)",
    "DEC(3)",
    "ABS+DT+SNV+D2(5,2)",
    "SNV+D1(7,2)+BIN(4)",
)
LAYOUTS = st.sampled_from(["channels", "concatenate"])


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), st.integers(0, 99))
def test_what_is_folded_keeps_its_sum_block_by_block(words: list[str], seed: int) -> None:
    channels = parse_channels(" | ".join(words))
    signal = exact(spectra(2), channels, "concatenate")
    amounts = np.random.default_rng(seed).normal(size=signal.shape)
    made = folded(amounts, channels, "concatenate", POINTS)
    assert made.shape == (2, len(words), POINTS)
    each = [part.sum(axis=1) for part in blocks(amounts, channels, "concatenate", POINTS)]
    assert made.sum(axis=2) == pytest.approx(np.stack(each, axis=1))


@given(st.sampled_from(WORDS), LAYOUTS)
def test_a_gradient_is_pulled_back_as_finite_differences_have_it(word: str, layout: Layout) -> None:
    channels = parse_channels(f"{word} | {word}")
    x, step = spectra(2), 1e-6
    weights = np.random.default_rng(0).normal(size=exact(x, channels, layout).shape)
    moved = x[:, None, :] + step * np.concatenate([np.eye(POINTS), -np.eye(POINTS)])
    answers = [(weights[row] * exact(moved[row], channels, layout)).sum(axis=(1, 2)) for row in range(len(x))]
    wanted = [(one[:POINTS] - one[POINTS:]) / (2 * step) for one in answers]
    found = pulled(weights, channels, layout, x).sum(axis=1)
    assert found == pytest.approx(np.stack(wanted), rel=1e-5, abs=1e-5)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(2, 40))
def test_a_point_belongs_to_the_bin_that_averages_it(first: int, second: int, points: int) -> None:
    channel = parse_channel(f"BIN({first})+BIN({second})")
    owner = owners(channel, points)
    for point in range(points):
        made = apply(channel, np.eye(1, points, point))[0]
        assert np.flatnonzero(made).tolist() == [owner[point]]


def test_blocks_end_to_end_lie_behind_one_another_and_side_by_side_on_one_another() -> None:
    channels = parse_channels("RAW | BIN(2) | D1(5,2)")
    assert columns(channels, "concatenate", 6)[:, [0, 5]].tolist() == [[0, 5], [6, 8], [9, 14]]
    assert columns(parse_channels("RAW | SNV"), "channels", 6)[:, [0, 5]].tolist() == [[0, 5], [0, 5]]


def test_a_long_spectrum_is_pulled_back_in_parts_that_fit_together() -> None:
    channel = parse_channel("D1")
    gradient = np.random.default_rng(0).normal(size=(1, 600))
    whole = gradient @ apply(channel, np.eye(600)).T
    assert pulled_channel(gradient, channel, np.ones((1, 600))) == pytest.approx(whole)
