"""``spectune compare`` from the command line: options, mistakes, and what a stop says."""

from __future__ import annotations

from pathlib import Path

import pytest

from spectune.cli.app import run
from spectune.cli.comparing import stopped_sentence
from spectune.files.compare_settings import Asked, CompareSettings
from spectune.files.settings import Settings
from spectune.files.tables import spectra_table, write_table
from spectune.synthesis.fruit import fruit

SMALL = "--split split --folds 2 --epochs 3 --space passos -j 1 --trials 2 --seeds 1"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[CompareSettings]:
    """What ``spectune compare`` would have run with."""
    caught: list[CompareSettings] = []
    monkeypatch.setattr("spectune.cli.comparing.compare", caught.append)
    return caught


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Usage: spectune compare" in shown
    assert "--arms" in shown
    assert "--sampler" not in shown


def test_options_become_settings(told: list[CompareSettings]) -> None:
    line = "compare soil.csv -t carbon --arms tpe,random+median -n 80,250 --seeds 6 --folds 3 --group site -o runs/c"
    assert run(line.split()) == 0
    shared = Settings("soil.csv", "carbon", "runs/c", folds=3, group="site")
    assert told == [CompareSettings(shared, Asked(("tpe", "random+median"), (80, 250), 6))]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("compare", "spectune compare needs a file of spectra and a target"),
        ("compare soil.csv", "needs the column to predict"),
        ("compare soil.csv -t y --arms tpe,rendom", "'rendom' is not a search method (did you mean random?)"),
        ("compare soil.csv -t y --trials many", "trials must be a whole number"),
        ("compare soil.csv -t y --seeds 0", "seeds must be from 1 to 16, got 0"),
        ("compare soil.csv -t y --sampler tpe", "No such option: --sampler"),
        ("compare --config nowhere.toml", "there is no file nowhere.toml"),
        ("compare nowhere.csv -t y", "nowhere.csv"),
    ],
)
def test_a_mistaken_command_line_is_one_sentence_and_two(
    line: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(line.split()) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert shown.count("\n") == 1
    assert words in shown


def test_a_comparison_ends_with_a_verdict_a_table_and_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(tmp_path / "fruit.csv", spectra_table(fruit(60, 1)))
    line = f"compare {tmp_path / 'fruit.csv'} -t dry_matter {SMALL} -o {tmp_path / 'runs'}"
    assert run(line.split()) == 0
    shown = capsys.readouterr().out
    assert "searching by all methods 4/4: random, seed 0: trial 1" in shown
    assert "best: mean" in shown
    page = (tmp_path / "runs" / "report.html").read_text(encoding="utf-8")
    assert "The test rows were not opened." in page
    assert run(["compare", "--config", str(tmp_path / "runs" / "compare.toml")]) == 0
    assert "searching" not in capsys.readouterr().out


def test_a_stop_says_how_much_is_kept_and_how_to_continue(tmp_path: Path) -> None:
    settings = CompareSettings(Settings("fruit.csv", "y", str(tmp_path)), Asked(trials=(3,), seeds=2))
    assert stopped_sentence(settings).startswith("stopped before the first trial was done")
    trials = tmp_path / "random-1" / "trials"
    trials.mkdir(parents=True)
    (trials / "0000.json").write_text("{}")
    assert stopped_sentence(settings) == (
        f"stopped; 1 of 12 trials are kept in {tmp_path}; "
        f"continue with: spectune compare --config {tmp_path / 'compare.toml'}"
    )
