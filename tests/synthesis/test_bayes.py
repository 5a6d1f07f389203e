"""What can be attained: closed forms, and the figures of the published challenge."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectune.errors import SettingError
from spectune.synthesis.bayes import Attainable, attainable
from spectune.synthesis.neighbours import confusable, trained
from spectune.synthesis.patterns import Dials, Grid, Law, Pattern, PatternConfig
from spectune.synthesis.published import INTENSITY, MINOR, POSITION, benchmark_config, challenge_config
from spectune.synthesis.readings import Seen, likelihoods


@pytest.fixture(scope="module")
def challenge() -> Attainable:
    return attainable(challenge_config())


def mean(found: Attainable, classes: range) -> float:
    return float(np.mean([found.by_class[str(label)] for label in classes]))


def test_ninety_published_test_spectra_are_clear_and_the_others_exact_ties(challenge: Attainable) -> None:
    assert (challenge.clear, challenge.ties, challenge.wrong, challenge.outside) == (90, 72, 0, 0)


def test_the_challenge_is_as_hard_as_an_independent_computation_found(challenge: Attainable) -> None:
    # 5,400 samples of the posterior: 86.4 %, by groups 89.8, 84.1 and 85.2 %; three standard errors of each.
    assert challenge.accuracy == pytest.approx(0.864, abs=3 * 0.0047)
    for classes, found in ((MINOR, 0.898), (POSITION, 0.841), (INTENSITY, 0.852)):
        assert mean(challenge, classes) == pytest.approx(found, abs=3 * 0.0085)
    assert challenge.uncertainty < 0.001


def test_position_triplets_reach_what_their_windows_leave(challenge: Attainable) -> None:
    # Windows of 100 points, 70 apart, share 30: half of 0.3 is lost on each side. Two peaks must both lie there.
    assert mean(challenge, range(9, 12)) == pytest.approx(1 - (0.15 + 0.3 + 0.15) / 3, abs=0.012)
    assert mean(challenge, range(15, 18)) == pytest.approx(1 - (0.045 + 0.09 + 0.045) / 3, abs=0.008)


def test_classes_are_told_by_what_parts_them(challenge: Attainable) -> None:
    assert set(challenge.by_parting) == {"minor peak", "position", "height"}
    assert challenge.by_parting["minor peak"] == pytest.approx(mean(challenge, MINOR), abs=0.005)
    parted = {pair.parted_by for pair in challenge.pairs if int(pair.one) in POSITION}
    assert parted == {"position"}


def test_the_general_benchmark_is_nearly_free_of_confusion() -> None:
    found = attainable(benchmark_config(), samples=500)
    assert 0.997 < found.accuracy < 0.9985
    assert {frozenset((pair.one, pair.other)) for pair in found.pairs[:3]} == {
        frozenset(pair) for pair in (("8", "318"), ("164", "281"), ("219", "347"))
    }


@given(st.integers(0, 120), st.integers(1, 40))
@settings(max_examples=25)
def test_two_classes_with_one_moved_peak_are_confused_as_often_as_their_windows_overlap(away: int, shift: int) -> None:
    law = Law(shift=shift, tops_vary=False)
    config = PatternConfig(500, {"a": Pattern((200,), (1.0,)), "b": Pattern((200 + away,), (1.0,))}, law=law)
    found = attainable(config, samples=4000)
    share = max(0.0, 1 - away / (2 * shift))
    assert found.accuracy == pytest.approx(1 - share / 2, abs=0.025)
    assert bool(found.pairs) == (share > 0)


def summed_plainly(seen: Seen, pattern: Pattern, law: Law) -> float:
    """The density of one spectrum by listing every way to give its visible peaks to those of the class."""
    visible = [(p, h) for p, h in zip(seen.positions[0], seen.heights[0], strict=True) if h > 0]
    reference = list(zip(pattern.positions, pattern.heights, strict=True))
    total = 0.0
    for chosen in permutations(range(len(reference)), len(visible)):
        density = 1.0
        for (position, height), place in zip(visible, chosen, strict=True):
            near = -law.shift <= position - reference[place][0] < law.shift
            density *= near * (abs(height - reference[place][1]) <= law.variation + 1e-12)
            density /= 2 * law.shift * 2 * law.variation
        for place in set(range(len(reference))) - set(chosen):
            density *= min(1, max(0, (law.variation - reference[place][1]) / (2 * law.variation)))
        total += density
    return total


@given(st.data())
@settings(max_examples=60)
def test_likelihoods_sum_over_all_ways_to_name_the_peaks(data: st.DataObject) -> None:
    law = Law(shift=20, variation=0.3)

    def pattern() -> Pattern:
        count = data.draw(st.integers(1, 4))
        positions = sorted(data.draw(st.lists(st.integers(50, 120), min_size=count, max_size=count)))
        heights = data.draw(st.lists(st.floats(0.05, 1), min_size=count, max_size=count))
        return Pattern(tuple(positions), tuple(heights))

    own, other = pattern(), pattern()
    random = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    positions = np.asarray([own.positions]) + random.integers(-20, 20, (1, len(own.positions)))
    heights = np.clip(np.asarray([own.heights]) + random.uniform(-0.3, 0.3, (1, len(own.heights))), 0, 2)
    seen = Seen(positions.astype(np.float64), heights, np.zeros(len(own.positions), dtype=np.bool_))
    for one in (own, other):
        assert likelihoods(seen, own, one, law)[0] == pytest.approx(summed_plainly(seen, one, law), rel=1e-9)


def test_confusable_classes_are_found_with_vanishing_peaks_and_without() -> None:
    spectra = {
        "two": Pattern((100, 300), (1.0, 0.5)),
        "and a weak one": Pattern((110, 200, 310), (1.0, 0.03, 0.5)),
        "and a strong one": Pattern((110, 200, 310), (1.0, 0.2, 0.5)),
        "elsewhere": Pattern((100, 420), (1.0, 0.5)),
    }
    config = PatternConfig(500, spectra)
    assert set(confusable(config, trained(config.law))) == {(0, 1)}


def test_a_test_beyond_training_is_called_so() -> None:
    config = PatternConfig(500, {"a": Pattern((200,), (1.0,)), "b": Pattern((240,), (1.0,))}, grid=Grid(shift=80))
    found = attainable(config, samples=100)
    assert found.outside > 0
    assert found.clear + found.ties + found.wrong + found.outside == 18


def test_mixtures_have_no_accuracy_of_classes() -> None:
    with pytest.raises(SettingError, match="up to 2 classes are mixed"):
        attainable(replace(challenge_config(), dials=Dials(phases=2)))


def test_too_many_peaks_within_reach_of_each_other_are_refused() -> None:
    crowd = Pattern(tuple(range(100, 140)), (1.0,) * 40)
    config = PatternConfig(500, {"a": crowd, "b": replace(crowd, positions=tuple(range(101, 141)))})
    with pytest.raises(SettingError, match="40 peaks of a class"):
        attainable(config, samples=10)
