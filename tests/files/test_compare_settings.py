"""What ``spectune compare`` can be told: words of arms, counts, and the file that repeats it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.errors import SettingError
from spectune.files.compare_settings import (
    Arm,
    Asked,
    CompareSettings,
    arms_and_trials,
    checked_comparison,
    format_compare_settings,
    known_arms,
    load_compare_settings,
    parse_arm,
)
from spectune.files.settings import Settings

SHARED = Settings("soil.csv", "carbon", "runs/compare-soil-carbon", folds=4, seed=7, group="site", epochs=30)

asked = st.lists(st.sampled_from(known_arms()), min_size=2, max_size=6, unique=True).flatmap(
    lambda arms: st.builds(
        Asked,
        st.just(tuple(str(arm) for arm in arms)),
        st.one_of(
            st.tuples(st.integers(1, 500)),
            st.lists(st.integers(1, 500), min_size=len(arms), max_size=len(arms)).map(tuple),
        ),
        st.integers(1, 16),
    )
)


@given(st.sampled_from(known_arms()))
def test_an_arm_is_its_word(arm: Arm) -> None:
    assert parse_arm(str(arm)) == arm


def test_every_sampler_is_an_arm_without_and_with_every_pruner() -> None:
    words = [str(arm) for arm in known_arms()]
    assert words[:2] == ["tpe", "random"]
    assert set(words) >= {"tpe+hyperband", "random+hyperband", "tpe+median", "random+median"}
    assert len(set(words)) == len(words)


@given(asked)
def test_settings_are_read_back_from_their_file(tmp_path_factory: pytest.TempPathFactory, one: Asked) -> None:
    path = tmp_path_factory.mktemp("compare") / "compare.toml"
    path.write_text(format_compare_settings(CompareSettings(SHARED, one), {"data": "1", "space": "2"}))
    assert load_compare_settings(path) == CompareSettings(SHARED, one)


def test_what_is_said_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "compare.toml"
    path.write_text(format_compare_settings(CompareSettings(SHARED), {}))
    told = load_compare_settings(path, {"seeds": 6, "folds": 3})
    assert (told.asked.seeds, told.shared.folds, told.shared.group) == (6, 3, "site")


@given(asked)
def test_every_arm_runs_once_with_every_seed_on_the_same_folds(one: Asked) -> None:
    runs = CompareSettings(SHARED, one).runs
    assert len({told.folder for _, _, told in runs}) == len(runs) == len(one.arms) * one.seeds
    assert {told.seed for _, _, told in runs} == {7}
    assert {told.search_seed for _, _, told in runs} == set(range(7, 7 + one.seeds))
    assert [str(arm) for arm, seed, _ in runs if seed == 0] == list(one.arms)
    assert [seed for _, seed, _ in runs] == sorted(seed for _, seed, _ in runs)


def test_trials_may_differ_from_arm_to_arm() -> None:
    one = Asked(("tpe", "random"), (80, 250), 1)
    assert [(told.out, told.trials) for _, _, told in CompareSettings(SHARED, one).runs] == [
        ("runs/compare-soil-carbon/tpe-0", 80),
        ("runs/compare-soil-carbon/random-0", 250),
    ]


def test_a_comparison_without_a_folder_gets_one_of_its_own() -> None:
    told = checked_comparison({"data": "soil.csv", "target": "carbon"}, "spectune compare")
    assert told.folder == Path("runs/compare-soil-carbon")
    assert told.asked == Asked(("tpe", "random"), (80,), 3)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"arms": ["tpe", "rendom"]}, r"'rendom' is not a search method \(did you mean random\?\)"),
        ({"arms": ["tpe", "tpe+hyper"]}, r"did you mean tpe\+hyperband"),
        ({"arms": ["tpe"]}, "arms must be at least two different search methods, got tpe"),
        ({"arms": ["tpe", "tpe"]}, "at least two different search methods"),
        ({"arms": []}, "at least two different search methods, got none"),
        ({"arms": "tpe"}, "arms: input should be a valid tuple|arms must be a list"),
        ({"trials": [0]}, "trials must be from 1 to 100000, got 0"),
        ({"trials": [80, 80, 80]}, "one for each of 2 arms; got 3 numbers"),
        ({"trials": []}, "one for each of 2 arms; got 0 numbers"),
        ({"seeds": 17}, "seeds must be from 1 to 16, got 17"),
        ({"seeds": "three"}, "seeds must be a whole number, got 'three'"),
        ({"seeds": 0, "trials": [0]}, "2 mistakes"),
        ({"sampler": "tpe"}, "sampler is no option of a comparison"),
        ({"folds": 1}, "folds must be from 2 to 50, got 1"),
        ({"fold": 3}, r"'fold' is not an option \(did you mean folds"),
    ],
)
def test_a_mistake_is_said_in_one_sentence(values: dict[str, object], words: str) -> None:
    with pytest.raises(SettingError, match=words) as caught:
        checked_comparison({"data": "soil.csv", "target": "carbon", **values}, "spectune compare")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("trials", ["many", "80,", "8.5", "-3", "80;250"])
def test_trials_that_are_no_counts_are_named(trials: str) -> None:
    with pytest.raises(SettingError, match="trials must be a whole number, or one for each arm as in 80,250; got"):
        arms_and_trials({"trials": trials})
