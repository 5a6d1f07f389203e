"""``spectune paper``: what it refuses, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from spectune.cli.app import run


def test_the_experiment_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["paper", "shen2021", "--help"]) == 0
    said = capsys.readouterr().out
    assert "--simulate" in said
    assert "--outer-trials" in said


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "either --data FILE or --simulate N"),
        ("--data soil.csv --simulate 60 -t carbon", "either --data FILE or --simulate N"),
        ("--data soil.csv", "spectune inspect soil.csv"),
        ("--simulate 60 -t carbon", "organic_carbon"),
        ("--simulate 20", "at least 50"),
        ("--simulate 60 --trials 80", "as in 80,250"),
        ("--simulate 60 --trials 80,x", "as in 80,250"),
        ("--simulate 60 --outer 1", "from 2 to 20, or 0"),
        ("--simulate 60 --folds 1", "folds must be from 2"),
        ("--simulate 60 --fix batch", "fix must be NAME=VALUE"),
        ("--data nothere.csv -t carbon", "there is no such file"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(
    line: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["paper", "shen2021", *line.split(), "--out", "shen"]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not list(tmp_path.rglob("*.json"))
