"""Measured spectra stand in for generated test spectra."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spectune.errors import DataError
from spectune.files.pattern_sets import write_arrays, write_npz, write_parquet
from spectune.files.read import read
from spectune.spectra.axis import Axis
from spectune.spectra.select import select
from spectune.spectra.table import Table
from spectune.synthesis.library import from_spectra
from spectune.synthesis.making import blocks, labels_of
from spectune.synthesis.measured import Measured, between, measured
from spectune.synthesis.patterns import Dials, Law, Pattern, PatternConfig

AXIS = Axis(tuple(np.arange(200.0, 300.0, 2.0).tolist()), "cm-1")
PEAKS = {"b": Pattern((10, 30), (1.0, 0.5)), "a": Pattern((14, 40), (0.4, 1.0))}
LIBRARY = PatternConfig(50, PEAKS, law=Law(train=6, val=3, shift=2, width=(1.0, 2.0)), axis=AXIS)


def field(names: list[str], axis: Axis = AXIS) -> Table:
    """Measured spectra: straight lines, so that interpolation is exact."""
    slopes = np.arange(1.0, len(names) + 1)[:, None]
    return Table((slopes * axis.positions).astype(np.float32), axis, {"polymer": np.asarray(names)}, "field.csv")


@given(st.floats(1.1, 7.0), st.floats(150.0, 199.0))
def test_spectra_of_another_instrument_come_to_the_points_of_the_library(step: float, first: float) -> None:
    theirs = Axis(tuple(np.arange(first, 320.0, step).tolist()), "cm-1")
    found = measured(field(["a", "b", "a"], theirs), "polymer", LIBRARY)
    np.testing.assert_allclose(found.x, np.arange(1, 4)[:, None] * AXIS.positions, rtol=1e-5)
    assert found.labels.tolist() == [1, 0, 1]


def test_a_range_keeps_the_points_inside_as_they_are() -> None:
    table = field(["a"])
    part = between(table, 220, 260)
    assert (part.axis.values[0], part.axis.values[-1], len(part.axis)) == (220, 260, 21)
    assert np.array_equal(part.x[0], table.x[0, 10:31])


@pytest.mark.parametrize(
    ("table", "config", "words"),
    [
        (field(["a", "glass"]), LIBRARY, "'glass' in column 'polymer', which is no class of the configuration"),
        (field(["a"], Axis(AXIS.values, "nm")), LIBRARY, "in nm and that of the configuration in cm-1"),
        (field(["a"], Axis(AXIS.values[3:], "cm-1")), LIBRARY, "goes from 206 to 298 cm-1, the configuration from 200"),
        (field(["a"]), PatternConfig(40, PEAKS), "50 points and the configuration 40 without an axis"),
    ],
)
def test_spectra_that_do_not_fit_the_library_are_refused(table: Table, config: PatternConfig, words: str) -> None:
    with pytest.raises(DataError, match=words):
        measured(table, "polymer", config)


def bands(heights: tuple[float, ...]) -> NDArray[np.float64]:
    """A spectrum with peaks at three places of ``AXIS``."""
    points = np.arange(50)
    peaks = [np.exp(-(((points - at) / 2) ** 2)) * top for at, top in zip((8, 22, 38), heights, strict=True)]
    return np.asarray(np.sum(peaks, axis=0))


@pytest.mark.parametrize("background", [0.0, 0.3])
def test_a_reference_is_no_test_spectrum_and_another_spectrum_is_no_reference(background: float) -> None:
    reference = bands((1.0, 0.6, 0.3)) + background * np.linspace(0, 1, 50)
    x = np.stack([bands((1.0, 0.6, 0.31)), bands((0.9, 0.6, 0.3)), reference]).astype(np.float32)
    table = Table(x, AXIS, {"polymer": np.asarray(["a"] * 3)}, "field.csv")
    library = from_spectra(table.rows(np.array([2])), "polymer")
    assert measured(table.rows(np.array([0, 1])), "polymer", library).labels.tolist() == [0, 0]
    with pytest.raises(DataError, match=r"spectrum 3 of field.csv is the reference from which 'a'"):
        measured(table, "polymer", library)


def test_a_range_without_points_says_how_far_the_axis_goes() -> None:
    with pytest.raises(DataError, match=r"only 2 points of field.csv lie from 210 to 212, .* from 200 to 298 cm-1"):
        between(field(["a"]), 210, 212)


TESTED = Measured("polymer", 3 * np.random.default_rng(0).random((4, 50)).astype(np.float32), np.array([1, 1, 0, 1]))


def test_the_test_rows_of_a_set_are_the_measured_ones_and_all_are_divided_by_their_maximum(tmp_path: Path) -> None:
    write_parquet(tmp_path / "set.parquet", LIBRARY, tested=TESTED)
    table = read(tmp_path / "set.parquet")
    assert np.allclose(table.x.max(axis=1), 1)
    test = table.column("split") == "test"
    np.testing.assert_allclose(table.x[test], TESTED.x / TESTED.x.max(axis=1, keepdims=True), rtol=1e-6)
    assert table.column("polymer")[test].tolist() == ["a", "a", "b", "a"]
    drawn = np.concatenate([block.x for block in blocks(LIBRARY, ("train",))])
    np.testing.assert_allclose(table.x[:12], drawn / drawn.max(axis=1, keepdims=True), rtol=1e-6)


def test_tuning_never_sees_the_measured_spectra(tmp_path: Path) -> None:
    write_parquet(tmp_path / "set.parquet", LIBRARY, tested=TESTED)
    spectra = select(read(tmp_path / "set.parquet"), "polymer", split="split")
    assert [int((spectra.roles == role).sum()) for role in ("cal", "test")] == [12, 4]
    assert not (spectra.calibration.x[:, None] == spectra.test.x).all(axis=2).any()


def test_arrays_and_archive_say_the_same_as_the_table(tmp_path: Path) -> None:
    write_parquet(tmp_path / "set.parquet", LIBRARY, tested=TESTED)
    write_npz(tmp_path / "set.npz", LIBRARY, tested=TESTED)
    write_arrays(tmp_path / "set", LIBRARY, tested=TESTED)
    one, other = read(tmp_path / "set.parquet"), read(tmp_path / "set.npz")
    assert np.array_equal(one.x, other.x)
    assert np.array_equal(one.x[-4:], np.load(tmp_path / "set" / "x_test.npy"))
    assert np.load(tmp_path / "set" / "y_test.npy").tolist() == [1, 1, 0, 1]


@pytest.mark.parametrize("dials", [Dials(), Dials(noise=0.1), Dials(phases=2)])
def test_a_table_holds_every_spectrum_once_and_in_order(tmp_path: Path, dials: Dials) -> None:
    config = PatternConfig(50, PEAKS, law=LIBRARY.law, dials=dials)
    write_parquet(tmp_path / "set.parquet", config, np.float64)
    frame = pl.read_parquet(tmp_path / "set.parquet")
    made = np.concatenate([block.x for block in blocks(config, dtype=np.float64)])
    assert np.array_equal(frame[:, -50:].to_numpy(), made)
    names = [config.names[label] for split in ("train", "val", "test") for label in labels_of(config, split)]
    assert frame["class"].to_list() == names
