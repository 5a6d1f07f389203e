"""Figures of what a search tried: axes as wide as the space, surfaces, parallel coordinates, random start."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes import SPACE, Wish, outcome
from spectune.assessment.outcome import Outcome
from spectune.networks.space import Choice, FloatRange, IntRange, Range, Value
from spectune.report.captions import contours_caption, history_caption, parallel_caption
from spectune.report.figures.contours import LEAST_POINTS, contours_picture, surfaces
from spectune.report.figures.front import front_picture
from spectune.report.figures.parallel import MOST_LINES, MOST_ROWS, drawn, ordered, parallel_picture
from spectune.report.figures.scales import Numbers, Words, place, scale, scales, ticks, varied
from spectune.report.figures.search import history_picture, origins, slices_picture
from spectune.report.page import report
from spectune.report.tables.front import front_grid
from spectune.tuning.record import Rung, Trial

MADE = outcome(Wish(rows=40, test_rows=8, points=60, trials=60, folds=3))
RANGES = st.one_of(
    st.just(None),
    st.builds(lambda low, wide: FloatRange(low, low + wide), st.floats(-5, 5), st.floats(0.1, 100)),
    st.builds(lambda low, wide: FloatRange(low, low * wide, log=True), st.floats(1e-6, 5), st.floats(1.5, 1e4)),
    st.builds(lambda low, wide: IntRange(low, low + wide), st.integers(1, 9), st.integers(1, 90)),
)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("}text")]  # noqa: S314


def trial(number: int, value: float | None, **values: Value) -> Trial:
    return Trial(number, "pruned" if value is None else "complete", values, value=value)


@given(RANGES, st.lists(st.floats(0.5, 50), min_size=1, max_size=20), st.floats(1, 9))
def test_values_lie_inside_their_axis_in_their_order_and_labels_too(
    drawn_from: Range | None, values: list[float], inches: float
) -> None:
    axis = scale(values, drawn_from)
    places = [place(axis, value) for value in sorted(values)]
    assert all(-1e-9 <= at <= 1 + 1e-9 for at in places)
    assert places == sorted(places)
    labels = ticks(axis, inches)
    assert all(-1e-6 <= at <= 1 + 1e-6 for at, _ in labels)
    assert [at for at, _ in labels] == sorted(at for at, _ in labels)


def test_an_axis_is_as_wide_as_its_range_and_logarithmic_as_the_search_drew_it() -> None:
    assert scale([0.001, 0.002], FloatRange(1e-4, 1e-2, log=True)) == Numbers(1e-4, 1e-2, log=True)
    assert scale([0.001, 0.2]) == Numbers(0.001, 0.2, log=True)
    assert scale([3, 5], IntRange(2, 10)) == Numbers(2, 10, whole=True, step=1)
    assert scale([64, 16], Choice((64, 16, 32))) == Words((16, 32, 64), ordered=True)
    assert scale(["elu", True]) == Words(("elu", True))


def test_a_start_outside_its_range_still_stands_on_the_axis() -> None:
    assert scale([60], IntRange(2, 10)) == Numbers(2, 60, whole=True, step=1)


def test_no_label_lies_beyond_an_axis_that_ends_between_two_steps() -> None:
    assert [words for _, words in ticks(scale([0.5, 2.25], IntRange(1, 2)), 4.0)] == ["0.5", "1.5"]


def test_few_steps_of_a_range_are_the_labels_of_its_axis() -> None:
    places, words = zip(*ticks(scale([64, 192], IntRange(64, 256, step=64)), 4.0), strict=True)
    assert words == ("64", "128", "192", "256")
    np.testing.assert_allclose(places, [0, 1 / 3, 2 / 3, 1])


@given(st.integers(1, 30), st.floats(1.0, 7.0))
def test_names_of_a_choice_fit_beside_one_another(count: int, inches: float) -> None:
    axis = Words(tuple(f"SNV+D1 with window {number}" for number in range(count)))
    labels = [words for _, words in ticks(axis, inches)]
    assert all(len(words) <= max(3, inches / count / 0.08) for words in labels)


def test_only_what_varied_is_drawn_the_most_important_first() -> None:
    trials = [trial(0, 0.5, rate=0.1, layout="channels", batch=16), trial(1, 0.4, rate=0.2, layout="channels", batch=8)]
    assert varied(trials) == ("rate", "batch")
    assert MADE.importance is not None
    assert varied(MADE.trials, MADE.importance)[:2] == ("rate", "channels")


def test_random_trials_are_those_asked_before_enough_had_ended() -> None:
    trials = [trial(0, 0.5), trial(1, 0.4), Trial(2, "rejected", {}), trial(3, None), trial(4, 0.3)]
    assert origins(trials, startup=3, starts=1) == ("given", "random", "random", "random", "sampler")
    assert set(origins(trials, startup=0)) == {"sampler"}


def test_a_history_tells_given_random_and_chosen_trials_apart() -> None:
    assert {"named by the space", "drawn at random", "chosen by the sampler"} <= set(texts(history_picture(MADE)))
    random = origins(MADE.trials, startup=10, starts=1).count("random")
    assert random >= 9
    assert f"Squares: the {random} trials" in history_caption(MADE)
    free = replace(MADE, settings={**MADE.settings, "sampler": "random"}, space=None)
    assert not {"drawn at random", "chosen by the sampler"} & set(texts(history_picture(free)))
    assert "Squares" not in history_caption(free)


def test_the_best_so_far_follows_the_objective_of_the_search() -> None:
    trials = (replace(MADE.trials[0], value=0.3, objective=0.9), replace(MADE.trials[1], value=0.5, objective=0.6))
    assert "the error of the best so far may rise" in history_caption(replace(MADE, trials=trials))
    assert "may rise" not in history_caption(MADE)
    assert "best so far" in texts(history_picture(replace(MADE, trials=trials)))


def two_numbers(errors: list[float], distances: list[float], kept: int) -> Outcome:
    """A search of trials with these errors and distances from the training rows; one of them is kept."""
    trials = [
        replace(MADE.trials[0], number=k, recipe_id=f"{k}", value=error, rungs=(Rung(9, (error,)),), calibrated=(own,))
        for k, (error, own) in enumerate(zip(errors, np.subtract(errors, distances).tolist(), strict=True))
    ]
    trials[kept] = replace(trials[kept], recipe_id=MADE.recipe.id)
    again = {trials[k].recipe_id: (trials[k].value or 0, 9.0) for k in (0, kept)}
    told = {**MADE.settings, "objective": "pareto"}
    return replace(MADE, trials=tuple(trials), replicates=again, settings=told)


def test_a_search_of_two_numbers_shows_its_front_and_what_each_weight_chooses() -> None:
    made = two_numbers([1.0, 2.0, 3.0, 1.5, 9.0], [4.0, 1.0, 0.5, 5.0, 90.0], kept=1)
    grid = front_grid(made)
    assert [row[0] for row in grid.rows] == ["0", "1", "2"]
    assert [row[1] for row in grid.rows] == ["0 to 0.2", "0.3 to 0.6", "0.7 to 1"]
    assert [re.sub("<.*?>", "", row[4]) for row in grid.rows] == ["5.00", "5.50", "n.a."]
    assert grid.marked == (1,)
    said = texts(front_picture(made))
    assert {"complete", "front", "trained again", "kept", "0", "1", "2"} <= set(said)
    assert "Error and over-fit" in report(made)


def test_a_search_of_one_number_shows_no_front_nor_does_one_without_a_complete_trial() -> None:
    assert "Error and over-fit" not in report(MADE)
    none = replace(two_numbers([1.0], [float("nan")], kept=0), importance=None)
    assert "Error and over-fit" not in report(none)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.floats(1e-3, 1e3), st.floats(0, 1e3)), min_size=1, max_size=12), st.data())
def test_any_front_is_drawn(pairs: list[tuple[float, float]], data: st.DataObject) -> None:
    errors, distances = zip(*pairs, strict=True)
    made = two_numbers([*errors], [*distances], kept=data.draw(st.integers(0, len(pairs) - 1)))
    assert "front" in texts(front_picture(made))
    assert 1 <= len(front_grid(made).rows) <= len(pairs)


def test_a_surface_goes_through_the_mean_error_of_every_place() -> None:
    random = np.random.default_rng(0)
    trials = [trial(k, float(random.random()), a=float(random.random()), b=int(random.integers(5))) for k in range(12)]
    twin = replace(trials[3], number=12, value=(trials[3].value or 0) + 1)
    (surface,) = surfaces([*trials, twin], ("a", "b"), None)
    assert surface.names == ("a", "b")
    assert surface.errors.size == 12
    at = [place(axis, twin.values[name]) for axis, name in zip(surface.axes, surface.names, strict=True)]
    (here,) = np.flatnonzero(np.isclose(surface.places, at).all(axis=1))
    assert surface.errors[here] == pytest.approx((trials[3].value or 0) + 0.5)


@settings(max_examples=30)
@given(st.integers(0, 30), st.integers(1, 6), st.booleans(), st.integers(0, 2**32 - 1))
def test_a_surface_is_drawn_from_enough_places_that_span_a_plane_or_not_at_all(
    count: int, values: int, line: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    points = random.integers(values, size=(count, 2))
    trials = [trial(k, float(random.random()), a=int(a), b=int(a if line else b)) for k, (a, b) in enumerate(points)]
    found = surfaces(trials, [name for name in ("a", "b") if trials], None)
    if line or len(np.unique(points, axis=0)) < LEAST_POINTS:
        assert found == ()
        assert "No surface" in contours_caption(found)
    for surface in found:
        assert len(surface.places) >= LEAST_POINTS
        assert {"a", "b"} <= set(texts(contours_picture(found, "RMSE")))


def test_a_choice_without_an_order_has_no_surface() -> None:
    names = {
        name for surface in surfaces(MADE.trials, ("channels", "rate", "penalty"), SPACE) for name in surface.names
    }
    assert names == {"rate", "penalty"}


def test_three_hyperparameters_make_three_surfaces() -> None:
    assert len(surfaces(MADE.trials, ("rate", "penalty", "dense.1.units", "batch"), SPACE)) == 3


def test_trials_that_do_without_a_hyperparameter_pass_the_mark_for_it() -> None:
    names = ("rate", "conv.1.kernel", "conv.1.filters", "channels")
    assert "not used" in texts(parallel_picture(MADE.trials, names, SPACE, "RMSE"))
    having = [trial for trial in MADE.trials if "conv.1.kernel" in trial.values]
    assert "not used" not in texts(parallel_picture(having, names, SPACE, "RMSE"))
    assert ordered(drawn(MADE.trials), names) == ["rate", "channels", "conv.1.filters", "conv.1.kernel"]


@settings(max_examples=8)
@given(st.sampled_from([1, 2, MOST_ROWS, MOST_ROWS + 1, 40]))
def test_parallel_coordinates_name_the_first_hyperparameters_and_say_how_many_are_left_out(count: int) -> None:
    names = [f"h{number}" for number in range(count)]
    random = np.random.default_rng(count)
    trials = [trial(k, float(random.random()), **{name: float(random.random()) for name in names}) for k in range(3)]
    shown = set(names) & set(texts(parallel_picture(trials, names, None, "RMSE")))
    assert shown == set(names[:MOST_ROWS])
    assert (f"of {count} hyperparameters" in parallel_caption(names, trials)) == (count > MOST_ROWS)


@given(st.integers(0, 900))
def test_of_many_trials_the_best_and_the_worst_are_drawn(count: int) -> None:
    kept = drawn([trial(k, float((7 * k) % 901)) for k in range(count)])
    errors = [one.value for one in kept]
    assert len(kept) <= MOST_LINES + 5
    if count:
        everything = sorted(float((7 * k) % 901) for k in range(count))
        assert errors[: min(5, count)] == everything[:5]
        assert errors[-1] == everything[-1]


def test_slices_have_the_scale_of_the_space() -> None:
    picture = slices_picture(MADE.trials, ("rate", "batch"), SPACE, "RMSE")
    assert {"rate", "batch", "16", "32", "64", "0.001", "0.01", "trial"} <= set(texts(picture))
    unknown = scales(MADE.trials, ("batch",), None)["batch"]
    assert unknown == Numbers(16, 64, whole=True)


def test_figures_of_five_hundred_trials_stay_small() -> None:
    many = outcome(Wish(rows=40, test_rows=8, points=60, trials=500, folds=3, regions=False)).trials
    names = varied(many)
    hills = surfaces(many, names, SPACE)
    pictures = (slices_picture(many, names, SPACE, "e"), parallel_picture(many, names, SPACE, "e"))
    assert sum(len(re.sub(r"\s+", " ", picture)) for picture in (*pictures, contours_picture(hills, "e"))) < 900_000
