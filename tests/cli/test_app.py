"""The command line before any work begins: help, options, mistakes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from spectune.cli import app as application
from spectune.cli.app import run
from spectune.cli.options import OPTIONS
from spectune.files.settings import Settings, format_settings


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on standard error."""
    shown = capsys.readouterr()
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert shown.out == ""
    return shown.err.removeprefix("error: ").strip()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """What ``spectune tune`` would have run with."""
    caught: list[Settings] = []
    monkeypatch.setattr("spectune.cli.tuning.tune", caught.append)
    return caught


def test_every_setting_is_an_option_and_every_option_a_setting() -> None:
    assert set(OPTIONS) == {field.name for field in fields(Settings)}


@pytest.mark.parametrize(
    "command",
    ["inspect", "tune", "nested", "learning-curve", "explain", "lr-range", "report", "predict", "simulate", "version"],
)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert f"Usage: spectune {command}" in capsys.readouterr().out


def test_the_help_of_tune_shows_panels_examples_and_defaults(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 200)
    assert run(["tune", "--help"]) == 0
    shown = capsys.readouterr().out
    for word in ("Data", "Roles of rows", "Search", "Model", "Output"):
        assert f"─ {word} ─" in shown
    for word in ("--no-explain", "[default: 50]", "[default: tpe]", "[default: 0.2]", "spectune tune soil.csv"):
        assert word in shown


def test_no_command_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage: spectune" in capsys.readouterr().out


def test_options_become_settings(settings: list[Settings]) -> None:
    line = "tune soil.csv -t carbon --trials 7 --no-explain --refit --no-classes --unit cm-1 --test-part 0.3 -o runs/x"
    assert run(line.split()) == 0
    wanted = Settings(
        "soil.csv",
        "carbon",
        "runs/x",
        trials=7,
        explain=False,
        refit=True,
        classes=False,
        unit="cm-1",
        test_part=0.3,
    )
    assert settings == [wanted]


@pytest.mark.parametrize(("said", "meant"), [("4", 4), ("auto", "auto")])
def test_workers_are_a_number_or_a_word(said: str, meant: object, settings: list[Settings]) -> None:
    assert run(["tune", "soil.csv", "-t", "carbon", "--workers", said, "-o", "runs/soil"]) == 0
    assert settings[0].workers == meant


def test_an_option_that_is_a_list_is_said_again_for_each(settings: list[Settings], tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(format_settings(Settings("a.csv", "y", fix=("batch=16", "rate=0.1"), search_seed=2)))
    again = ["tune", "--config", str(path)]
    assert run(again) == 0
    assert run([*again, "--fix", "conv.1.kernel = 5", "--fix", "activation=elu"]) == 0
    assert [one.fix for one in settings] == [("batch=16", "rate=0.1"), ("conv.1.kernel = 5", "activation=elu")]
    assert [one.search_seed for one in settings] == [2, 2]


def test_options_go_before_the_run_file(settings: list[Settings], tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(format_settings(Settings("a.csv", "y", trials=9, seed=3)))
    assert run(["tune", "--config", str(path), "--seed", "4"]) == 0
    assert settings == [Settings("a.csv", "y", trials=9, seed=4)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tune", "needs a file of spectra and a target"),
        ("tune soil.csv", "needs the column to predict"),
        ("tune soil.csv -t y --trails 3", "No such option: --trails"),
        ("tune soil.csv -t y --trials many", "'--trials'"),
        ("tune soil.csv -t y --trials 0", "trials must be from 1 to 100000, got 0"),
        ("tune soil.csv -t y --folds 1 --test-part 2", "2 mistakes"),
        ("tune soil.csv -t y --sampler best", "'tpe', 'random'"),
        ("tune soil.csv -t y --fix batch", "fix must be NAME=VALUE, such as batch=64, got 'batch'"),
        ("tune soil.csv -t y --space shen --fix bacth=3", "no hyperparameter 'bacth' to fix; did you mean batch?"),
        ("tune soil.csv -t y --split s --test t.csv", "test and split both name the test rows"),
        ("tune --config nowhere.toml", "there is no file nowhere.toml"),
        ("frobnicate", "No such command 'frobnicate'"),
        ("predict runs/x", "Missing argument 'DATA'"),
        ("simulate fruit.csv --rows 2", "'--rows'"),
    ],
)
def test_a_mistaken_command_line_is_one_sentence_and_two(
    line: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line.split()) == 2
    assert words in sentence(capsys)


def test_an_unknown_option_in_a_run_file_is_one_sentence_and_two(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "run.toml"
    path.write_text('data = "a.csv"\ntarget = "y"\ntrails = 3\n')
    assert run(["tune", "--config", str(path)]) == 2
    assert "run.toml: 'trails' is not an option (did you mean trials?)" in sentence(capsys)


def test_ctrl_c_before_anything_happened_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(application, "load_settings", interrupted)
    assert run(["tune", "--config", "run.toml"]) == 2
    assert sentence(capsys) == "stopped; nothing was written"


def test_versions_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["version"]) == 0
    assert capsys.readouterr().out.startswith("spectune 0.")


def test_the_installed_command_is_this_one() -> None:
    command = Path(sys.executable).with_name("spectune")
    assert subprocess.run([command, "tune"], capture_output=True, check=False).returncode == 2


@pytest.mark.parametrize("words", [[], ["synth"], ["paper"], ["bench"]], ids=lambda words: " ".join(words) or "nothing")
def test_a_group_of_commands_alone_shows_its_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 0
    assert ("Commands" if words else "From a file to a model") in capsys.readouterr().out


def test_an_error_nobody_foresaw_is_a_sentence_and_a_file_to_report(tmp_path: Path) -> None:
    fault = "a.installed = lambda name: {}['no such']"
    broken = f"import sys, spectune.cli.app as a; {fault}; sys.argv = ['spectune', 'version']; a.main()"
    told = subprocess.run([sys.executable, "-c", broken], capture_output=True, text=True, env={"TMPDIR": str(tmp_path)})
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("error: an error that spectune did not foresee (KeyError: 'no such')")
    assert told.stderr.count("\n") == 1
    file = next(tmp_path.glob("spectune-fault-*.txt"))
    assert str(file) in told.stderr
    assert "in <lambda>" in file.read_text()


def test_a_notice_is_one_plain_line() -> None:
    noticing = (
        "import spectune.cli.app as a, spectune.errors as e; a.run = lambda _: e.notice('all is well') or 0; a.main()"
    )
    told = subprocess.run([sys.executable, "-c", noticing], capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (0, "note: all is well\n")
