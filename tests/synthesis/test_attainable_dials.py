"""What can be attained with dials turned: closed forms, the generator itself, and what cannot be told."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spectune.cli.app import run
from spectune.errors import SettingError
from spectune.files.patterns import format_config
from spectune.synthesis.bayes import attainable
from spectune.synthesis.coupled import Read, coupled
from spectune.synthesis.dials import scene
from spectune.synthesis.neighbours import Moves, confusable, moves_of, trained
from spectune.synthesis.patterns import Dials, Grid, Law, Pattern, PatternConfig, faults
from spectune.synthesis.polygons import areas, cut, squares
from spectune.synthesis.published import challenge_config
from spectune.synthesis.readings import drawn, likelihoods

FIXED = Law(shift=20, tops_vary=False)


def alone(away: int, law: Law, dials: Dials, at: int = 250) -> PatternConfig:
    """Two classes of one peak each."""
    return PatternConfig(501, {"a": Pattern((at,), (1.0,)), "b": Pattern((at + away,), (1.0,))}, law=law, dials=dials)


def trapezoid(away: np.ndarray, wide: float, narrow: float) -> np.ndarray:
    """Density of the sum of two even shifts."""
    within = np.minimum(away + narrow, wide) - np.maximum(away - narrow, -wide)
    return np.asarray(np.clip(within, 0, None) / (4 * wide * narrow))


@given(arrays(np.float64, (5, 2), elements=st.floats(-1, 1)), arrays(np.float64, 5, elements=st.floats(-1, 1)))
def test_both_sides_of_a_cut_make_the_whole(normals: np.ndarray, limits: np.ndarray) -> None:
    whole = squares(1)
    for normal, limit in zip(normals[:, None], limits[:, None], strict=True):
        left, right = cut(whole, normal, limit), cut(whole, -normal, -limit)
        if normal.any():
            assert areas(left)[0] + areas(right)[0] == pytest.approx(areas(whole)[0], abs=1e-9)
        whole = left


@given(st.integers(0, 70), st.integers(5, 30))
@settings(max_examples=20)
def test_a_common_shift_as_wide_as_the_own_one_makes_triangles(away: int, shift: int) -> None:
    # The sum of two even shifts of the same width has a triangle of half-width 2 * shift as its density.
    law = replace(FIXED, shift=shift)
    found = attainable(alone(away, law, Dials(common=float(shift))), samples=4000)
    overlap = max(0.0, 1 - away / (4 * shift)) ** 2
    assert found.accuracy == pytest.approx(1 - overlap / 2, abs=0.025)


@given(st.integers(1, 50), st.floats(5, 30))
@settings(max_examples=20)
def test_peaks_that_move_together_only_leave_the_overlap_of_their_windows(away: int, common: float) -> None:
    found = attainable(alone(away, replace(FIXED, shift=0), Dials(common=common)), samples=4000)
    overlap = max(0.0, 1 - away / (2 * common))
    assert found.accuracy == pytest.approx(1 - overlap / 2, abs=0.025)
    assert bool(found.pairs) == (overlap > 0)


def test_a_stretch_confuses_classes_far_from_the_middle_only() -> None:
    law, dials = replace(FIXED, shift=2), Dials(stretch=0.1)
    assert attainable(alone(6, law, dials, at=247), samples=2000).accuracy == 1
    # At 194 and 200 points from the middle strain alone moves peaks by up to 19.4 and 20.
    points = np.linspace(400, 500, 100_001)
    overlap = np.minimum(trapezoid(points - 444, 19.4, 2), trapezoid(points - 450, 20, 2)).sum() / 1000
    found = attainable(alone(6, law, dials, at=444), samples=20000)
    assert found.accuracy == pytest.approx(1 - overlap / 2, abs=5 * found.uncertainty)


def test_a_common_shift_does_not_hide_what_lies_between_peaks() -> None:
    spectra = {"near": Pattern((100, 200), (1.0, 1.0)), "far": Pattern((100, 220), (1.0, 1.0))}
    config = PatternConfig(500, spectra, law=replace(FIXED, shift=4), dials=Dials(common=40.0))
    assert list(confusable(config, trained(config.law, moves_of(config)))) == [(0, 1)]
    found = attainable(config, samples=500)
    assert found.accuracy == 1
    assert found.pairs == ()


@st.composite
def classes(draw: st.DrawFn) -> Pattern:
    count = draw(st.integers(1, 4))
    positions = sorted(draw(st.lists(st.integers(50, 120), min_size=count, max_size=count)))
    return Pattern(tuple(positions), tuple(draw(st.lists(st.floats(0.05, 1), min_size=count, max_size=count))))


@given(classes(), classes(), st.integers(1, 20), st.booleans(), st.integers(0, 10**6))
@settings(max_examples=60)
def test_with_nothing_in_common_coupled_peaks_follow_the_published_law(
    own: Pattern, other: Pattern, shift: int, tops_vary: bool, seed: int
) -> None:
    law = Law(shift=shift, variation=0.3, tops_vary=tops_vary)
    seen = drawn(own, law, Moves(), 20, np.random.Generator(np.random.PCG64(seed)))
    for one in (own, other):
        away = seen.positions[:, :, None] - np.asarray(one.positions)
        # Whole shifts end one point early on the right, so their windows are those of real shifts half a point on.
        plain = likelihoods(seen, own, one, law)
        heights = np.asarray(one.heights)
        sure = (heights == 1) & (not tops_vary)
        fits = (np.abs(seen.heights[:, :, None] - heights) <= 0.3 + 1e-12) & ~seen.sure[:, None] & ~sure
        fits = (fits / 0.6 + (seen.sure[:, None] & sure)) * (seen.heights > 0)[:, :, None]
        gone = np.where(sure, 0, np.clip((0.3 - heights) / 0.6, 0, 1))
        together = coupled(Read(seen.heights > 0, away + 0.5, fits, gone), np.zeros((heights.size, 2)), float(shift))
        assert np.allclose(together, plain, rtol=1e-9, atol=0)


def summed_plainly(place: np.ndarray, height: np.ndarray, pattern: Pattern, law: Law, moves: Moves) -> float:
    """The density of one spectrum: all assignments, over a fine grid of common shift and stretch."""
    steps = (np.arange(300) + 0.5) / 150 - 1
    u, v = (grid.ravel() for grid in np.meshgrid(steps, steps))
    total = 0.0
    for chosen in permutations(range(len(pattern.positions)), len(place)):
        density = np.ones(u.size)
        for position, top, peak in zip(place, height, chosen, strict=True):
            reference = pattern.positions[peak]
            centre = reference + moves.common * u + moves.stretch * (reference - moves.middle) * v
            density *= (np.abs(position - centre) <= law.shift) / (2 * law.shift)
            density *= (abs(top - pattern.heights[peak]) <= law.variation) / (2 * law.variation)
        for peak in set(range(len(pattern.positions))) - set(chosen):
            density *= min(1, max(0, (law.variation - pattern.heights[peak]) / (2 * law.variation)))
        total += float(density.mean())
    return total


@given(classes(), st.floats(0, 30), st.floats(0.01, 0.3), st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_polygons_integrate_common_shift_and_stretch_out(
    own: Pattern, common: float, stretch: float, seed: int
) -> None:
    law, moves = Law(shift=15, variation=0.3), Moves(False, common, stretch, 85.0)
    seen = drawn(own, law, moves, 3, np.random.Generator(np.random.PCG64(seed)))
    exact = likelihoods(seen, own, own, law, moves)
    for place, height, density in zip(seen.positions, seen.heights, exact, strict=True):
        there, highest = height > 0, (1 / (30 * 0.6)) ** int((height > 0).sum())
        plain = summed_plainly(place[there], height[there], own, law, moves)
        assert density == pytest.approx(plain, rel=0.02, abs=0.02 * highest)


def binned(config: PatternConfig, cells: int) -> np.ndarray:
    """Positions of the peaks the generator itself draws, as numbers of cells, (classes, rows, peaks)."""
    found = []
    for label, pattern in enumerate(config.spectra.values()):
        places = scene(config, label, "train").positions.reshape(-1, len(pattern.positions))
        found.append(np.floor((places - 30) / (440 / cells)).astype(np.int64))
    return np.stack(found)


def test_a_classifier_that_counts_generated_spectra_reaches_what_is_told_and_no_more() -> None:
    spectra = {"a": Pattern((100, 300), (1.0, 0.5)), "b": Pattern((112, 318), (1.0, 0.5))}
    law = replace(FIXED, shift=12, variation=0.0, train=120_000)
    config = PatternConfig(500, spectra, law=law, dials=Dials(common=25.0, stretch=0.06))
    learnt, asked = (binned(replace(config, law=replace(law, seed=seed)), 200) for seed in (1, 2))
    counts = np.zeros((2, 200, 200))
    for label in (0, 1):
        np.add.at(counts[label], tuple(learnt[label].T), 1)
    said = [counts[:, *places.T] for places in asked]
    right = np.mean([(said[label][label] > said[label][1 - label]).mean() for label in (0, 1)])
    found = attainable(config, samples=20_000)
    assert 0.65 < found.accuracy < 0.75
    assert found.accuracy - 0.012 < right < found.accuracy + 4 * found.uncertainty


def test_what_is_alike_for_all_classes_tells_nothing() -> None:
    config = replace(challenge_config(), dials=Dials(width_spread=0.2))
    found = attainable(config, 300)
    for dials in (Dials(shape="lorentz"), Dials(shape="asymmetric", asymmetry=0.4, width_spread=0.4)):
        assert attainable(replace(config, dials=dials), 300) == found
    assert found.left_out == ()
    assert found.accuracy == pytest.approx(attainable(challenge_config(), 300).accuracy, abs=0.01)


@pytest.mark.parametrize("name", ["noise", "counts", "baseline", "impurities"])
def test_what_hides_peaks_is_left_out_and_named(name: str) -> None:
    config = replace(challenge_config(), dials=Dials(width_spread=0.1))
    found = attainable(replace(config, dials=replace(config.dials, **{name: 1})), 300)  # type: ignore[arg-type]
    assert found.left_out == (name,)
    assert replace(found, left_out=()) == attainable(config, 300)


def shown(config: PatternConfig, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    (folder / "a.json").write_text(format_config(config))
    assert run(["synth", "describe", str(folder / "a.json"), "--samples", "200"]) == 0
    return capsys.readouterr().out


def test_a_bound_is_called_a_bound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dials = Dials(noise=0.1, impurities=2, width_spread=0.1)
    said = shown(replace(challenge_config(), dials=dials), tmp_path, capsys)
    assert "21 pairs of classes can be mistaken" in said
    assert "in training: at most 86." in said
    assert "upper bound, of the same law without noise and impurity peaks: what is left out can only hide" in said
    assert "drawn alike for all classes" in said


def test_an_exact_accuracy_is_not_called_a_bound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(replace(challenge_config(), dials=Dials(common=30.0)), tmp_path, capsys)
    assert "best accuracy on spectra as in training: 8" in said
    assert "bound" not in said


def test_widths_of_the_test_that_training_lacks_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = challenge_config()
    assert "wide" not in shown(config, tmp_path, capsys)
    said = shown(replace(config, law=replace(config.law, test_width=8.0)), tmp_path, capsys)
    assert "peaks of test spectra are 8 wide, those of training 2 to 5" in said


def test_pairs_are_told_where_no_accuracy_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mixed = shown(replace(challenge_config(), dials=Dials(phases=2)), tmp_path, capsys)
    assert "21 pairs of classes have all their peaks within reach" in mixed
    assert "no best accuracy is given: up to 2 classes are mixed" in mixed
    crowd = Pattern(tuple(range(100, 140)), (1.0,) * 40)
    config = PatternConfig(500, {"a": crowd, "b": replace(crowd, positions=tuple(range(101, 141)))})
    for dials, reason in ((Dials(), "40 peaks of a class"), (Dials(common=5.0), "more than 1000 ways")):
        said = shown(replace(config, dials=dials), tmp_path, capsys)
        assert "  a and b, parted by position" in said
        assert "no best accuracy is given: " in said
        assert reason in said


def test_too_many_ways_to_name_peaks_are_refused() -> None:
    crowd = Pattern(tuple(range(100, 112)), (1.0,) * 12)
    config = PatternConfig(500, {"a": crowd, "b": crowd}, dials=Dials(common=5.0), grid=Grid(cells=()))
    with pytest.raises(SettingError, match="use a smaller shift"):
        attainable(config, samples=10)


@pytest.mark.parametrize(
    ("dials", "words"),
    [
        (Dials(lorentz=0.3), "dials.lorentz is 0.3 and does nothing without dials.shape pseudo_voigt"),
        (Dials(asymmetry=0.4), "dials.asymmetry is 0.4 and does nothing without dials.shape asymmetric"),
        (Dials(asymmetry=0.4, shape="lorentz"), "without dials.shape asymmetric"),
        (Dials(impurity_height=0.5), "dials.impurity_height is 0.5 and does nothing without dials.impurities"),
        (Dials(shape="asymmetric"), "dials.shape is asymmetric and does nothing without dials.asymmetry above 0"),
        (Dials(shape="pseudo_voigt", lorentz=0.0), "without dials.lorentz above 0"),
        (Dials(impurities=3, impurity_height=0.0), "without dials.impurity_height above 0"),
    ],
)
def test_a_dial_that_does_nothing_is_refused_in_one_sentence(dials: Dials, words: str) -> None:
    (fault,) = faults(replace(challenge_config(), dials=dials))
    assert words in fault


@pytest.mark.parametrize(
    "dials",
    [
        Dials(shape="pseudo_voigt"),
        Dials(shape="pseudo_voigt", lorentz=0.3),
        Dials(shape="asymmetric", asymmetry=0.4),
        Dials(impurities=3),
        Dials(impurities=3, impurity_height=0.5),
    ],
)
def test_a_dial_with_what_it_needs_is_taken(dials: Dials) -> None:
    assert list(faults(replace(challenge_config(), dials=dials))) == []


def test_an_idle_dial_ends_the_command_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["synth", "config", str(tmp_path / "a.json"), "--asymmetry", "0.4"]) == 2
    told = capsys.readouterr().err
    assert "dials.asymmetry is 0.4" in told
    assert told.count("\n") == 1
    assert not list(tmp_path.iterdir())
