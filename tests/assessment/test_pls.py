"""One PLS fit knows the answers of all smaller ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression

from spectune.assessment.pls import latent_grid, pls, pls_classes, pls_path, simplex

Array = NDArray[np.float64]


def spectra(rows: int, points: int, seed: int) -> Array:
    """Smooth, collinear spectra."""
    return np.cumsum(np.random.default_rng(seed).normal(size=(rows, points)), axis=1)


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), rows=st.integers(12, 40), points=st.integers(8, 60), targets=st.integers(1, 3))
def test_a_path_is_a_refit_at_each_number_of_latent_variables(seed: int, rows: int, points: int, targets: int) -> None:
    x, new = spectra(rows, points, seed), spectra(5, points, seed + 1)
    y = x[:, :targets] + np.random.default_rng(seed).normal(size=(rows, targets))
    most = min(8, rows - 2, points)
    for number, found in enumerate(pls_path(x, y, new, most), start=1):
        refit = PLSRegression(number, scale=False).fit(x, y).predict(new).reshape(5, targets)
        np.testing.assert_allclose(found, refit, rtol=1e-6, atol=1e-8)


def test_settings_beyond_the_rank_answer_as_the_largest_that_fits() -> None:
    x, new = spectra(6, 20, 0), spectra(4, 20, 1)
    found = pls(x, x[:, 3], new, (5, 9))
    np.testing.assert_array_equal(found[0], found[1])


def test_an_exactly_known_target_ends_the_path_without_a_word(recwarn: pytest.WarningsRecorder) -> None:
    x = spectra(20, 10, 0)
    x[:, 5:] = x[:, :5]
    found = pls_path(x, x[:, :1], x, 10)
    np.testing.assert_allclose(found[-1], x[:, :1], atol=1e-6)
    assert not recwarn.list


def test_latent_variables_are_bounded_by_rows_and_points() -> None:
    assert latent_grid(500, 700) == tuple(range(1, 31))
    assert latent_grid(9, 700)[-1] == 8
    assert latent_grid(500, 4)[-1] == 4


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=6))
def test_the_simplex_keeps_the_order_of_the_classes(values: list[float]) -> None:
    shares = simplex(np.array(values))
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1)
    assert shares[int(np.argmax(values))] == shares.max()


def test_pls_da_separates_separable_classes() -> None:
    x = spectra(30, 20, 0)
    y = np.repeat([0.0, 1.0, 2.0], 10)
    x[:, 0] += 50 * y
    x[:, 1] += 50 * (y == 1)
    shares = pls_classes(x, y, x, (2, 6), 3)
    assert shares.shape == (2, 30, 3)
    assert (shares[1].argmax(axis=1) == y).all()
