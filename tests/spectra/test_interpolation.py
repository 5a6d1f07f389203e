"""Spectra on another axis: exact where they can be, refused where nothing was measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spectune.errors import DataError
from spectune.spectra.axis import Axis, Unit
from spectune.spectra.interpolation import on_axis, table_on_axis
from spectune.spectra.table import Table

WIDE = Axis(tuple(np.arange(1000.0, 2001.0, 4.0)), "nm")


def bands(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two bands that are known everywhere, positions in nm."""
    return np.asarray([np.exp(-(((positions - centre) / 60) ** 2)) for centre in (1300.0, 1700.0)])


def test_the_same_axis_changes_nothing() -> None:
    x = bands(WIDE.positions).astype(np.float32)
    np.testing.assert_array_equal(on_axis(x, WIDE, WIDE), x)


@given(st.lists(st.floats(-3, 3), min_size=4, max_size=4), st.lists(st.floats(0, 100), min_size=2, unique=True))
def test_cubic_spectra_are_met_exactly(coefficients: list[float], places: list[float]) -> None:
    positions = sorted(places)
    if min(np.diff(positions)) == 0:
        return
    found, wanted = np.linspace(0, 100, 23), np.asarray(positions)
    made = on_axis(np.polyval(coefficients, found / 100)[None], Axis(tuple(found), "nm"), Axis(tuple(wanted), "nm"))
    np.testing.assert_allclose(made[0], np.polyval(coefficients, wanted / 100), atol=1e-5)


@pytest.mark.parametrize(("unit", "make"), [("cm-1", lambda nm: 1e7 / nm), ("um", lambda nm: nm / 1e3)])
def test_wavelengths_and_wavenumbers_are_converted_both_ways(unit: Unit, make: object) -> None:
    other = Axis(tuple(np.sort(make(np.linspace(1010.0, 1990.0, 300)))), unit)  # type: ignore[operator]
    back = {"cm-1": 1e7 / other.positions, "um": 1e3 * other.positions}[unit]
    there = on_axis(bands(WIDE.positions), WIDE, other)
    np.testing.assert_allclose(there, bands(back), atol=1e-4)
    inner = Axis(tuple(np.arange(1020.0, 1980.0, 4.0)), "nm")
    np.testing.assert_allclose(on_axis(there, other, inner), bands(inner.positions), atol=1e-4)


def test_a_model_needs_its_whole_range() -> None:
    short = Axis(WIDE.values[3:], "nm")
    with pytest.raises(DataError, match="needed from 1000 to 2000 nm, and these reach from 1012 to 2000"):
        on_axis(bands(short.positions), short, WIDE)
    with pytest.raises(DataError, match="nothing is known beyond it"):
        on_axis(bands(WIDE.positions), WIDE, Axis((1000.0, 2003.0), "nm"))


def test_ends_may_differ_by_the_rounding_of_their_digits() -> None:
    found = Axis(tuple(np.round(1e7 / WIDE.positions[::-1], 1)), "cm-1")
    made = on_axis(bands(WIDE.positions)[:, ::-1], found, WIDE)
    np.testing.assert_allclose(made, bands(WIDE.positions), atol=1e-3)


@pytest.mark.parametrize(("found", "wanted"), [("nm", "2theta"), ("index", "nm"), ("index", "index"), ("ppm", "cm-1")])
def test_units_of_other_kinds_are_refused(found: Unit, wanted: Unit) -> None:
    with pytest.raises(DataError, match=f"of unit {found} .* cannot be brought to one of unit {wanted}"):
        on_axis(np.ones((1, 4)), Axis((1.0, 2.0, 3.0, 4.0), found), Axis((1.5, 2.5), wanted))


def test_wavenumbers_from_zero_have_no_wavelength() -> None:
    with pytest.raises(DataError, match="cannot be brought"):
        on_axis(np.ones((1, 3)), Axis((0.0, 1.0, 2.0), "cm-1"), Axis((1.5, 2.5), "nm"))


def test_a_table_says_that_it_was_brought_to_another_axis() -> None:
    table = Table(bands(WIDE.positions).astype(np.float32), WIDE, source="new.csv", notes=("read",))
    assert table_on_axis(table, WIDE) is table
    wanted = Axis((1200.0, 1202.0, 1204.0), "nm")
    made = table_on_axis(replace(table, columns={"id": np.asarray(["a", "b"])}), wanted)
    assert made.axis == wanted
    assert made.notes[0] == "read"
    assert "brought to 3 points, 1200 to 1204 nm, every 2 by cubic splines" in made.notes[1]
