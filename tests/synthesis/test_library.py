"""A user's own peaks and spectra become classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.errors import DataError
from spectune.spectra.axis import Axis
from spectune.spectra.table import Table
from spectune.synthesis.library import FWHM, ReferencePeak, from_peaks, from_spectra, in_units
from spectune.synthesis.patterns import Law, faults

AXIS = Axis(tuple(np.arange(100.0, 1501.0, 2.0).tolist()), "cm-1")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(99, 1501), st.floats(0.01, 1e6)), min_size=1, max_size=30))
def test_any_table_of_peaks_on_the_axis_is_a_configuration_without_faults(
    rows: list[tuple[str, float, float]],
) -> None:
    config = from_peaks([ReferencePeak(*row) for row in rows], AXIS)
    assert list(faults(config)) == []
    assert list(config.spectra) == list(dict.fromkeys(name for name, _, _ in rows))
    for name, pattern in config.spectra.items():
        wanted = {round((position - 100) / 2) for other, position, _ in rows if other == name}
        assert all(min(abs(point - one) for one in wanted) <= 1 for point in pattern.positions)
        assert max(pattern.heights) == 1


def test_peaks_that_share_a_point_add() -> None:
    rows = [ReferencePeak("a", 200.2, 1.0), ReferencePeak("a", 199.9, 2.0), ReferencePeak("a", 300, 6.0)]
    assert from_peaks(rows, AXIS).spectra["a"].heights == (0.5, 1.0)


@pytest.mark.parametrize(
    ("peak", "words"),
    [
        (ReferencePeak("quartz", 90.0, 1.0), "outside the axis from 100 to 1500"),
        (ReferencePeak("quartz", float("nan"), 1.0), "outside the axis"),
        (ReferencePeak("quartz", 200.0, -1.0), "heights must be above 0"),
        (ReferencePeak("quartz", 200.0, float("nan")), "heights must be above 0"),
    ],
)
def test_a_peak_that_cannot_be_is_named(peak: ReferencePeak, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        from_peaks([peak], AXIS)
    assert "'quartz'" in str(caught.value)


def test_no_peak_at_all_is_refused() -> None:
    with pytest.raises(DataError, match="at least one"):
        from_peaks([], AXIS)


def test_shifts_and_widths_are_said_in_the_unit_of_the_axis() -> None:
    config = in_units(from_peaks([ReferencePeak("a", 200, 1.0)], AXIS), shift=10.0, fwhm=(8.0, 12.0))
    assert config.law.shift == 5
    assert config.grid.shift == 3
    assert config.law.width == pytest.approx((4 / FWHM, 6 / FWHM))
    assert config.law.test_width == config.law.width[0]


def library(**changes: object) -> Table:
    """Two substances with known peaks on a sloping background."""
    points = np.arange(len(AXIS))
    peaks = {"quartz": [(90, 0.2), (232, 1.0)], "calcite": [(91, 0.3), (306, 0.1), (493, 0.8)]}
    x = [
        sum(height * np.exp(-0.5 * ((points - at) / 4) ** 2) for at, height in found) + 1e-4 * points
        for found in peaks.values()
    ]
    names = changes.get("names", list(peaks))
    return Table(np.asarray(x, dtype=np.float32), AXIS, {"name": np.asarray(names)})


def test_peaks_of_measured_spectra_are_found_with_their_heights_and_widths() -> None:
    config = from_spectra(library(), "name")
    assert config.axis == AXIS
    assert config.spectra["quartz"].positions == (90, 232)
    assert config.spectra["calcite"].positions == (91, 306, 493)
    assert config.spectra["quartz"].heights == pytest.approx((0.2, 1.0), abs=0.02)
    assert config.spectra["calcite"].heights == pytest.approx((0.375, 0.125, 1.0), abs=0.02)
    assert config.law.width == pytest.approx((4, 4), abs=0.3)
    assert from_spectra(library(), "name", law=Law(shift=7)).law == Law(shift=7)


def test_peaks_that_hardly_stand_out_are_left_out() -> None:
    assert from_spectra(library(), "name", prominence=0.3).spectra["calcite"].positions == (91, 493)


@pytest.mark.parametrize(
    ("names", "words"), [(["a", "a"], "'a' has several in column 'name'"), (["a", ""], "row 2 has no substance")]
)
def test_a_substance_has_a_name_and_one_spectrum(names: list[str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        from_spectra(library(names=names), "name")


def test_a_substance_without_a_peak_is_named() -> None:
    flat = Table(np.zeros((1, len(AXIS)), dtype=np.float32), AXIS, {"name": np.asarray(["glass"])})
    with pytest.raises(DataError, match="no peak of 'glass'"):
        from_spectra(flat, "name")
