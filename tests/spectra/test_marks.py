"""Marks of raw spectra: each row by itself, and as a plain loop over points finds them."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from spectune.spectra.marks import amplitudes, flat, heights, levels, plateaus

SPECTRA = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, min_side=3, max_side=9), elements=st.integers(0, 4))


@given(SPECTRA)
def test_a_plateau_is_the_longest_run_at_the_top_or_the_bottom(x: np.ndarray) -> None:
    for row, found in zip(x.tolist(), plateaus(x), strict=True):
        runs = [(value, len(list(same))) for value, same in groupby(row)]
        assert found == max(size for value, size in runs if value in (max(row), min(row)))


@given(SPECTRA)
def test_a_height_is_counted_only_where_both_neighbours_lie_on_one_side(x: np.ndarray) -> None:
    for row, found in zip(x.tolist(), heights(x), strict=True):
        for point, height in enumerate(found, start=1):
            left, right = row[point] - row[point - 1], row[point] - row[point + 1]
            assert height == (min(abs(left), abs(right)) if left * right > 0 else 0)


@given(SPECTRA, st.data())
def test_a_row_is_marked_the_same_whatever_stands_beside_it(x: np.ndarray, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(x) - 1))
    for mark in (levels, amplitudes, heights, plateaus, flat):
        np.testing.assert_allclose(mark(x)[row], mark(x[row : row + 1])[0], rtol=1e-12)
