"""Settings: their file says all of them, and every mistake in it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.errors import SettingError
from spectune.files.settings import BOUNDS, NAMES, Settings, checked, format_settings, load_settings, parse_settings
from spectune.spectra.axis import UNITS
from spectune.spectra.table import SIGNALS
from spectune.tuning.record import Objective

WORD = st.text(min_size=1, max_size=20)
FIX = st.dictionaries(st.from_regex(r"[a-z.*0-9]+", fullmatch=True), WORD, max_size=3).map(
    lambda made: tuple(f"{name}={value}" for name, value in made.items())
)
NUMBERS = {name: st.integers(low, high) for name, (low, high) in BOUNDS.items()}


@st.composite
def settings(draw: st.DrawFn) -> Settings:
    optional: dict[str, Any] = {name: draw(st.none() | WORD) for name in ("group", "where", "sheet")}
    roles: dict[str, Any] = {draw(st.sampled_from(["test", "split"])): draw(st.none() | WORD)}
    numbers: dict[str, Any] = {name: draw(values) for name, values in NUMBERS.items()}
    numbers["least"] = draw(st.none() | st.integers(1, max(numbers["epochs"] - 1, 1)))
    numbers["epochs"] = draw(st.none() | st.just(max(numbers["epochs"], 2)))
    objective: Objective = draw(st.sampled_from(get_args(Objective)))
    elsewhere: dict[str, Any] = {"cluster": draw(st.sampled_from(["slurm", "tls://lab:8786", "there/scheduler.json"]))}
    numbers["workers"] = draw(st.just("auto") | st.just(numbers["workers"]))
    return Settings(
        data=draw(WORD),
        target=draw(WORD),
        out=draw(WORD),
        classes=draw(st.none() | st.booleans()),
        unit=draw(st.none() | st.sampled_from(UNITS)),
        signal=draw(st.none() | st.sampled_from(SIGNALS)),
        test_part=draw(st.floats(0.001, 0.899)),
        space=draw(WORD),
        sampler=draw(st.sampled_from(["tpe", "random"])),
        pruner="none" if objective == "pareto" else draw(st.sampled_from(["hyperband", "median", "none"])),
        objective=objective,
        overfit=draw(st.floats(0, 1)),
        lr=draw(st.sampled_from(["space", "auto"])),
        fix=draw(FIX),
        refit=draw(st.booleans()),
        refit_rate=draw(st.floats(0, 1)),
        explain=draw(st.booleans()),
        storage=draw(st.sampled_from(["sqlite", "journal", "none", "postgresql://ann@lab/spectra"])),
        device="cpu" if numbers["per_gpu"] == 1 else draw(st.sampled_from(["cuda", "cuda:1"])),
        **optional,
        **roles,
        **numbers,
        **({} if numbers["workers"] == "auto" else elsewhere),
    )


@given(settings())
def test_a_run_file_gives_the_settings_it_was_written_from(one: Settings) -> None:
    assert parse_settings(format_settings(one)) == one


def test_a_newcomer_has_to_say_the_file_and_the_target_only() -> None:
    one = checked({"data": "field/soil.csv", "target": "total carbon"}, "the command")
    assert one == Settings("field/soil.csv", "total carbon")
    assert one.out == "runs/soil-total_carbon"
    assert one.folder == Path("runs/soil-total_carbon")


def test_a_run_file_says_defaults_too_so_that_later_defaults_do_not_change_a_run() -> None:
    text = format_settings(Settings("a.csv", "y"))
    said = {line.split(" = ")[0] for line in text.splitlines() if " = " in line}
    without_default = {field.name for field in fields(Settings) if field.default is None}
    assert said == set(NAMES) - without_default


def test_a_run_file_of_an_earlier_version_means_what_it_meant() -> None:
    """Options that were added since have defaults that change nothing."""
    later = ("objective", "overfit", "startup", "least", "reduction", "lr", "workers", "device", "per_gpu")
    text = format_settings(Settings("a.csv", "y", trials=7))
    earlier = "\n".join(line for line in text.splitlines() if line.split(" = ")[0] not in later)
    assert parse_settings(earlier) == Settings("a.csv", "y", trials=7)


def test_an_unknown_option_is_named_with_the_file_and_with_its_neighbours(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('data = "a.csv"\ntarget = "y"\ntrails = 3\n')
    with pytest.raises(SettingError, match=r"run\.toml: 'trails' is not an option \(did you mean trials\?\)"):
        load_settings(path)


def test_all_mistakes_of_a_run_file_are_named_at_once() -> None:
    text = (
        'data = "a.csv"\nfolds = 1\ntrials = "many"\nsampler = "tp"\ntest_part = 1\nexplain = 1\nzebra = 1\n'
        'workers = "all"'
    )
    with pytest.raises(SettingError) as caught:
        parse_settings(text)
    for mistake in (
        "run.toml has 8 mistakes",
        "target is missing",
        "folds must be from 2 to 50, got 1",
        "trials must be a whole number, got 'many'",
        "sampler must be 'tpe' or 'random', got 'tp'",
        "test_part must be above 0 and below 0.9, got 1",
        "explain must be true or false, got 1",
        "'zebra' is not an option",
        "workers must be a whole number or 'auto', got 'all'",
    ):
        assert mistake in str(caught.value)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"trials": 0}, "trials must be from 1 to 100000, got 0"),
        ({"folds": 51}, "folds must be from 2 to 50, got 51"),
        ({"test_part": 0.9}, "test_part must be above 0 and below 0.9, got 0.9"),
        ({"test_part": float("nan")}, "test_part must be above 0 and below 0.9, got nan"),
        ({"test": "t.csv", "split": "split"}, "test and split both name the test rows; keep one of them"),
        ({"target": ""}, "target is empty"),
        ({"overfit": 1.5}, "overfit must be from 0 to 1, got 1.5"),
        ({"overfit": float("nan")}, "overfit must be from 0 to 1, got nan"),
        ({"objective": "pareto"}, "set pruner to none, not hyperband"),
        ({"objective": "pareto", "pruner": "median"}, "set pruner to none, not median"),
        ({"startup": 0}, "startup must be from 1 to 100000, got 0"),
        ({"reduction": 1}, "reduction must be from 2 to 100, got 1"),
        ({"least": 450, "epochs": 450}, "least, the epochs before the first rung, must be below epochs, 450; got 450"),
        ({"search_seed": -1}, "search_seed must be from 0 to 2000000000, got -1"),
        ({"fix": ["batch"]}, "fix must be NAME=VALUE, such as batch=64, got 'batch'"),
        ({"fix": [" =64"]}, "fix must be NAME=VALUE, such as batch=64, got ' =64'"),
        ({"fix": ["batch=64", "rate=1", "batch =32"]}, "fix gives 'batch' twice; keep one of them"),
        ({"workers": 0}, "workers must be from 1 to 1024, got 0"),
        ({"workers": "auto", "cluster": "slurm"}, "cluster trains elsewhere; say how many workers"),
        ({"cluster": "http://lab:8786"}, "such as tls://host:8786, or the path of its file; got 'http://lab:8786'"),
        ({"cluster": "tls://lab"}, "such as tls://host:8786, or the path of its file; got 'tls://lab'"),
        ({"cluster": ""}, "or the path of its file; got ''"),
        ({"device": "gpu"}, "device must be cpu, cuda, or one of several GPUs such as cuda:1; got 'gpu'"),
        ({"per_gpu": 4}, "per_gpu says how many trials share a GPU, and device is cpu"),
    ],
)
def test_values_that_make_no_sense_are_refused_from_python_as_from_a_file(said: dict[str, Any], sentence: str) -> None:
    whole = {"data": "a.csv", "target": "y", **said}
    with pytest.raises(SettingError, match="these settings") as from_python:
        Settings(**whole)
    with pytest.raises(SettingError, match=r"run\.toml") as from_file:
        checked(whole, "run.toml")
    assert sentence in str(from_python.value)
    assert sentence in str(from_file.value)


def test_hyperparameters_to_fix_are_a_list() -> None:
    with pytest.raises(SettingError, match=r"fix must be a list, got 'batch=64'"):
        checked({"data": "a.csv", "target": "y", "fix": "batch=64"}, "run.toml")


def test_what_is_said_on_the_command_line_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(format_settings(Settings("a.csv", "y", seed=1)))
    assert load_settings(path, {"seed": 2}).seed == 2
    assert load_settings(path).seed == 1


@pytest.mark.parametrize("content", [b"trials = ", b"\xff\xfe\x00", b"a = [" * 5000, b"[[[", b"\x00"])
def test_a_run_file_that_is_not_toml_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    with pytest.raises(SettingError, match=r"run\.toml") as caught:
        load_settings(path)
    assert "\n" not in str(caught.value)


def test_a_missing_run_file_and_a_folder_in_its_place_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="there is no file"):
        load_settings(tmp_path / "nothing.toml")
    with pytest.raises(SettingError, match="cannot read"):
        load_settings(tmp_path)
