"""``spectune synth`` from the command line."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from spectune.cli.app import run
from spectune.cli.synth import DIAL_WORDS, DRAW_WORDS, LAW_WORDS
from spectune.cli.synthesising import Draw
from spectune.files.patterns import load_config
from spectune.files.read import read
from spectune.spectra.axis import Axis
from spectune.spectra.select import select
from spectune.synthesis.neighbours import kept_apart
from spectune.synthesis.patterns import Dials, Grid, Law, grid_for, random_config
from spectune.synthesis.published import PUBLISHED

PEAKS = "substance,position,height\nquartz,128,5\nquartz,464.3,100\ncalcite,282,20\ncalcite,1086,90\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", ["config", "make", "describe", "from-peaks", "from-spectra"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["synth", command, "--help"]) == 0
    assert f"Usage: spectune synth {command}" in capsys.readouterr().out


def test_every_setting_of_law_and_dials_is_an_option() -> None:
    assert set(LAW_WORDS) == {field.name for field in fields(Law)} - {"seed"}
    assert {name: words[1] for name, words in DRAW_WORDS.items()} == vars(Draw())
    assert set(DIAL_WORDS) == {field.name for field in fields(Dials)}


def test_help_loads_nothing_heavy() -> None:
    asked = ("import sys", "from spectune.cli.app import run", "run(['synth', 'config', '--help'])")
    command = [sys.executable, "-c", "\n".join([*asked, "print(sorted(sys.modules))"])]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert not set(ast.literal_eval(out.splitlines()[-1])) & {"torch", "scipy", "sklearn", "polars", "matplotlib"}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_configurations_are_written_whole(name: str) -> None:
    assert run(["synth", "config", "a.json", "--published", name]) == 0
    assert load_config(Path("a.json")) == PUBLISHED[name]()


def test_options_become_law_dials_and_grid() -> None:
    line = "synth config a.json --classes 4 --seed 3 --points 300 --boundary 9 --train 7 --width 1:2 --shift 10"
    assert (
        run([*line.split(), "--no-tops-vary", "--shape", "lorentz", "--phases", "2", "--test-variation", "0.01"]) == 0
    )
    law = Law(train=7, seed=3, shift=10, width=(1.0, 2.0), tops_vary=False)
    config = load_config(Path("a.json"))
    assert config.law == law
    assert config.dials == Dials(shape="lorentz", phases=2)
    assert config.grid == Grid(6, 0.01)
    assert config.spectra == random_config(4, 3, 300, 9).spectra


def test_test_spectra_are_kept_apart_on_request() -> None:
    assert run(["synth", "config", "a.json", "--tests", "apart"]) == 0
    assert load_config(Path("a.json")) == kept_apart(random_config(500, 2022))


def test_a_set_is_made_as_arrays_and_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    small = "--classes 3 --points 200 --boundary 40 --shift 20 --train 5"
    assert run(["synth", "config", "a.json", *small.split()]) == 0
    assert run(["synth", "make", "a.json", "--out", "set", "--float64"]) == 0
    assert run(["synth", "make", "a.json", "--out", "set.npz"]) == 0
    assert "15 train, 30 val, 27 test of 200 points, 3 classes: set.npz" in capsys.readouterr().out
    x = np.load("set/x_train.npy")
    assert (x.dtype, x.shape) == (np.float64, (15, 200))
    assert np.array_equal(read("set.npz").x[:15], x.astype(np.float32))


def test_tuning_takes_the_classes_and_the_splits_of_a_made_set() -> None:
    small = "--classes 3 --points 60 --boundary 15 --shift 9 --train 12"
    assert run(["synth", "config", "a.json", *small.split()]) == 0
    assert run(["synth", "make", "a.json", "--out", "set.parquet"]) == 0
    spectra = select(read("set.parquet"), "class", split="split")
    assert spectra.task.classes == ("0", "1", "2")
    assert [int((spectra.roles == role).sum()) for role in ("cal", "test")] == [36, 27]


def test_what_can_be_attained_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["synth", "describe", "challenge", "--samples", "500"]) == 0
    shown = capsys.readouterr().out
    assert "test spectra: 90 clear, 72 exact ties" in shown
    assert "21 pairs of classes" in shown
    assert "standard error" in shown


def test_a_table_of_peaks_becomes_a_configuration() -> None:
    Path("p.csv").write_text(PEAKS)
    line = "synth from-peaks p.csv --axis 100:1500:0.5 --unit cm-1 --shift 5 --fwhm 4:8 --out a.json"
    assert run(line.split()) == 0
    config = load_config(Path("a.json"))
    assert config.axis == Axis(tuple(np.arange(100, 1500.1, 0.5).tolist()), "cm-1")
    assert config.spectra["quartz"].positions == (56, 729)
    assert config.law.shift == 10


def test_reference_spectra_become_a_configuration() -> None:
    points = np.arange(100)
    rows = [np.exp(-0.5 * ((points - at) / 3) ** 2) for at in (30, 60)]
    header = ",".join(["name", *(f"{500 + 2 * point}" for point in points)])
    lines = [",".join([name, *(f"{value:.5f}" for value in row)]) for name, row in zip("ab", rows, strict=True)]
    Path("a.csv").write_text("\n".join([header, *lines]) + "\n")
    assert run(["synth", "from-spectra", "a.csv", "--substance", "name", "--shift", "8", "--out", "a.json"]) == 0
    config = load_config(Path("a.json"))
    assert [config.spectra[name].positions for name in "ab"] == [(30,), (60,)]
    assert config.law.shift == 4


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("synth make no.json --out a", "there is no file no.json"),
        ("synth make bench --out a", "did you mean benchmark?"),
        ("synth make challenge --out a.npz --format parquet", "a name that ends in .parquet"),
        ("synth make challenge --out taken", "not an empty folder"),
        ("synth make wrong.json --out a", "is not JSON"),
        ("synth config a.json --width 5", "--width must be LOW:HIGH"),
        ("synth config a.json --width 5:2", "the lower first"),
        ("synth config a.json --shift -4", "law.shift must be from 0 to 1000000, got -4"),
        ("synth config a.json --points 100", "leaves no point of 100"),
        ("synth config no/a.json", "cannot write no/a.json"),
        ("synth config a.json --published chalenge", "'--published'"),
        ("synth config a.json --published challenge --classes 5 --seed 1", "leave out --classes and --seed"),
        ("synth from-peaks p.csv --axis 100:1500 --out a.json", "FIRST:LAST:STEP"),
        ("synth from-peaks p.csv --axis 1500:100:1 --out a.json", "must go up"),
        ("synth from-peaks p.csv --axis 200:1500:1 --out a.json", "'quartz' has a peak at 128, outside"),
        ("synth from-peaks no.csv --axis 1:2:1 --out a.json", "no such file"),
        ("synth from-peaks p.csv --axis 1:1500:1 --fwhm wide --out a.json", "--fwhm must be LOW:HIGH"),
        ("synth from-spectra p.csv --substance x --out a.json", "p.csv"),
    ],
)
def test_a_mistake_is_one_sentence_and_two_and_writes_nothing(
    line: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("p.csv").write_text(PEAKS)
    Path("wrong.json").write_text("{")
    Path("taken").mkdir()
    Path("taken/mine.txt").write_text("mine")
    before = sorted(Path().rglob("*"))
    assert run(line.split()) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert words in shown.err
    assert shown.out == ""
    assert sorted(Path().rglob("*")) == before


def raman(path: str, water: list[str], names: list[str]) -> None:
    """Spectra of two polymers, with a line at the low end that belongs to neither."""
    points, at = np.arange(100), {"pe": 30, "pp": 60}
    header = ",".join(["polymer", "water", *(f"{500 + 2 * point} cm-1" for point in points)])
    rows = [np.exp(-0.5 * ((points - at[name]) / 3) ** 2) + np.exp(-points / 2) for name in names]
    lines = [
        ",".join([name, kind, *(f"{value:.5f}" for value in row)])
        for name, kind, row in zip(names, water, rows, strict=True)
    ]
    Path(path).write_text("\n".join([header, *lines]) + "\n")


def test_a_library_of_some_rows_and_part_of_the_axis_is_tested_on_the_other_rows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    raman("a.csv", ["none", "none", "sea", "sea", "sea"], ["pe", "pp", "pp", "pe", "pp"])
    line = "synth from-spectra a.csv --substance polymer --range 520:698 --out a.json --where"
    assert run([*line.split(), "water == 'none'"]) == 0
    config = load_config(Path("a.json"))
    assert (config.axis or Axis((0.0, 1.0))).values[0] == 520
    assert [config.spectra[name].positions for name in ("pe", "pp")] == [(20,), (50,)]
    line = "synth make a.json --measured a.csv --substance polymer --out set.parquet --where"
    assert run([*line.split(), "water == 'sea'"]) == 0
    assert "3 measured test of 90 points, 2 classes" in capsys.readouterr().out
    table = read("set.parquet")
    assert table.column("polymer")[table.column("split") == "test"].tolist() == ["pp", "pe", "pp"]


def test_the_dials_of_a_library_are_turned_and_its_peaks_stay() -> None:
    raman("a.csv", ["none", "none"], ["pe", "pp"])
    assert run(["synth", "from-spectra", "a.csv", "--substance", "polymer", "--out", "a.json"]) == 0
    line = "synth config b.json --library a.json --shift 3 --noise 0.02 --impurities 4 --shape pseudo_voigt"
    assert run(line.split()) == 0
    before, after = load_config(Path("a.json")), load_config(Path("b.json"))
    assert (after.spectra, after.axis, after.law.width) == (before.spectra, before.axis, before.law.width)
    assert after.law.shift == 3
    assert after.dials == Dials(noise=0.02, impurities=4, shape="pseudo_voigt")
    assert after.grid == grid_for(after.law)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("synth make a.json --measured a.csv --out b.npz", "--measured needs --substance"),
        ("synth make a.json --substance polymer --out b.npz", "name their file with --measured"),
        ("synth make a.json --measured a.csv --substance water --out b.npz", "has 'none' in column 'water'"),
        ("synth make a.json --measured a.csv --substance x --out b.npz", "has no column 'x'"),
        ("synth make a.json --measured no.csv --substance polymer --out b.npz", "no.csv"),
        ("synth make a.json --measured a.csv --substance polymer --where water=='x' --out b.npz", "no row of a.csv"),
        ("synth config b.json --library a.json --classes 5", "are taken as they are, so leave out --classes"),
        ("synth config b.json --library no.json", "there is no file no.json"),
        ("synth config b.json --library a.json --published challenge", "either --published or --library"),
        ("synth from-spectra a.csv --substance polymer --range 5 --out b.json", "--range must be LOW:HIGH"),
        ("synth from-spectra a.csv --substance polymer --range 1:9 --out b.json", "only 0 points of a.csv"),
    ],
)
def test_a_mistake_with_measured_spectra_is_one_sentence_and_writes_nothing(
    line: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    raman("a.csv", ["none", "none"], ["pe", "pp"])
    assert run(["synth", "from-spectra", "a.csv", "--substance", "polymer", "--out", "a.json"]) == 0
    capsys.readouterr()
    before = sorted(Path().rglob("*"))
    assert run(line.split()) == 2
    shown = capsys.readouterr()
    assert words in shown.err
    assert shown.err.count("\n") == 1
    assert sorted(Path().rglob("*")) == before
