"""What ``spectune synth`` refuses, chooses and says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectune.cli.app import run
from spectune.errors import ReadError, RunError, SettingError
from spectune.files import pattern_sets
from spectune.files.pattern_sets import write_parquet
from spectune.files.patterns import format_config, load_config, named_config
from spectune.files.reference_peaks import read_peaks
from spectune.papers.schuetzke2023.patterns import configuration
from spectune.spectra.axis import Axis
from spectune.synthesis.library import FWHM, SHIFT, SHIFTS, WIDTHS, ReferencePeak, from_peaks, in_units
from spectune.synthesis.making import blocks
from spectune.synthesis.patterns import Dials, Grid, Law, PatternConfig, faults, grid_for, random_config
from spectune.synthesis.published import PUBLISHED, published_peaks

PEAKS = "substance,position,height\nquartz,128,5\nquartz,464.3,100\ncalcite,282,20\ncalcite,1086,90\n"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "schuetzke2023"
SMALL = random_config(3, 5, points=60, boundary=20, law=Law(train=4, val=2, shift=6))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.csv").write_text(PEAKS)


def spectra_file(path: str, step: float, width: float = 3) -> None:
    """Spectra of two substances with one peak each, of a standard deviation of ``width`` points."""
    points = np.arange(200)
    rows = {name: np.exp(-0.5 * ((points - at) / width) ** 2) for name, at in (("a", 60), ("b", 130))}
    lines = [",".join(["name", *(f"{500 + step * point:g} cm-1" for point in points)])]
    lines += [",".join([name, *(f"{value:.6f}" for value in row)]) for name, row in rows.items()]
    Path(path).write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    "said", ["--shift nan", "--shift inf", "--shift=-3", "--shift 1e300", "--fwhm nan:4", "--fwhm 2:inf"]
)
@pytest.mark.parametrize("command", ["from-peaks p.csv --axis 100:1500:0.5", "from-spectra a.csv --substance name"])
def test_a_shift_or_a_width_that_no_law_has_is_one_sentence(
    command: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spectra_file("a.csv", 2)
    assert run(["synth", *command.split(), *said.split(), "--out", "a.json"]) == 2
    shown = capsys.readouterr().err
    limits = r"--shift must be from 0 to .+" if "shift" in said else r"--fwhm must be from 0\..+ to .+"
    assert re.fullmatch(rf"error: {limits} in the unit of the axis, got -?(nan|inf|1e\+300|3)\n", shown)
    assert not Path("a.json").exists()


@pytest.mark.parametrize("step", [0.5, 1.0])
def test_all_shifts_and_widths_of_a_law_can_be_said(step: float) -> None:
    config = from_peaks([ReferencePeak("a", 5, 1.0)], Axis(tuple((step * np.arange(20)).tolist()), "nm"))
    made = in_units(config, SHIFTS[1] * step, (WIDTHS[0] * step, WIDTHS[1] * step))
    assert made.law == replace(Law(), shift=10**6, width=(0.05, 1e4), test_width=0.05)
    assert list(faults(made)) == []


@given(st.floats(1e-3, 1e3), st.floats(0.2, 100), st.floats(1, 4))
def test_peaks_move_by_a_quarter_of_the_mean_width_whatever_the_axis(step: float, low: float, times: float) -> None:
    axis = Axis(tuple((step * np.arange(50)).tolist()), "cm-1")
    config = in_units(from_peaks([ReferencePeak("a", 20 * step, 1.0)], axis), fwhm=(low * step, low * times * step))
    moved, mean = config.law.shift * step, low * step * (1 + times) / 2
    assert abs(moved - max(step, SHIFT * mean)) <= 0.5001 * step
    assert config.grid == grid_for(config.law)
    assert list(faults(config)) == []


def test_widths_of_the_law_count_where_none_is_said() -> None:
    config = in_units(from_peaks([ReferencePeak("a", 5, 1.0)], Axis(tuple(map(float, range(20))))))
    assert config.law == replace(Law(), shift=round(FWHM * 3.5 / 4))
    assert in_units(config, shift=7).law.shift == 7


@pytest.mark.parametrize("step", [1, 5])
def test_the_move_and_the_widths_that_were_taken_are_told(step: int, capsys: pytest.CaptureFixture[str]) -> None:
    spectra_file("a.csv", step, width=6)
    assert run(["synth", "from-spectra", "a.csv", "--substance", "name", "--out", "a.json"]) == 0
    config = load_config(Path("a.json"))
    assert config.law.shift == 4
    low, high = (f"{width * FWHM * step:.3g}" for width in config.law.width)
    told = f"peaks move by up to {4 * step} cm-1 (4 points) and are {low} to {high} cm-1 wide at half-maximum"
    assert told in capsys.readouterr().out
    assert float(low) == pytest.approx(6 * FWHM * step, rel=0.02)


def test_help_says_how_far_peaks_move_unless_told(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("from-peaks", "from-spectra"):
        assert run(["synth", command, "--help"]) == 0
        assert "a quarter of the mean" in " ".join(capsys.readouterr().out.replace("│", " ").split())


@pytest.mark.parametrize("rest", ["", "\n".join(["x,1,1"] * 3), "x" * 140_000])
def test_an_open_quote_is_named_with_its_line(rest: str) -> None:
    Path("q.csv").write_text(PEAKS + '"gypsum,1008,5\n' + rest)
    with pytest.raises(ReadError, match=r"^q.csv: line 6 is no row of a table .*every quote in it is closed$"):
        read_peaks(Path("q.csv"))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("gypsum,1008,-5", "p.csv: row 6: 'gypsum' has a peak at 1008 of height -5; heights must be above 0"),
        ("gypsum,1008,nan", "p.csv: row 6: 'gypsum' has a peak at 1008 of height nan"),
        ("gypsum,nan,5", "p.csv: row 6: 'gypsum' has a peak at nan, outside the axis from 100 to 1500"),
        ("gypsum,1600,5", "p.csv: row 6: 'gypsum' has a peak at 1600, outside the axis from 100 to 1500"),
    ],
)
def test_a_peak_that_cannot_be_is_named_with_file_and_row(
    row: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("p.csv").write_text(PEAKS + row + "\n")
    assert run(["synth", "from-peaks", "p.csv", "--axis", "100:1500:1", "--out", "a.json"]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("substance,position", "but height is missing; found substance, position"),
        ("Name,position", "but substance and height are missing; found Name, position"),
        ("a,b", "but substance, position and height are missing; found a, b"),
        ("", "but substance, position and height are missing; found nothing"),
    ],
)
def test_columns_that_are_missing_are_named_beside_those_found(header: str, words: str) -> None:
    Path("p.csv").write_text(header and f"{header}\n1,2\n")
    with pytest.raises(ReadError) as caught:
        read_peaks(Path("p.csv"))
    assert str(caught.value).endswith(words)


def test_limits_are_written_in_plain_digits() -> None:
    config = replace(SMALL, law=Law(train=2_000_001), dials=Dials(counts=2e13, lorentz=1.25))
    assert [*faults(config)][:3] == [
        "law.train must be from 0 to 1000000, got 2000001",
        "dials.lorentz must be from 0 to 1, got 1.25",
        "dials.counts must be from 0 to 1000000000000, got 20000000000000",
    ]


@pytest.mark.parametrize("name", ["set.csv", "set.v2", "sub/set.JSON"])
def test_an_ending_of_which_nothing_is_made_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(Path().rglob("*"))
    assert run(["synth", "make", "challenge", "--out", name]) == 2
    shown = capsys.readouterr().err
    assert "a folder without an ending, or a file that ends in .parquet or .npz" in shown
    assert shown.count("\n") == 1
    assert sorted(Path().rglob("*")) == before


def as_published(name: str) -> PatternConfig:
    """What the published JSON file of a set holds: its peaks."""
    return replace(PUBLISHED[name](), law=Law(), grid=Grid(), grids={})


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_peaks_with_the_plain_law_are_recognised_and_nothing_else(name: str) -> None:
    plain = as_published(name)
    assert published_peaks(plain) == name
    assert published_peaks(PUBLISHED[name]()) is None
    assert published_peaks(replace(plain, law=Law(train=7))) is None
    assert published_peaks(replace(plain, dials=Dials(noise=0.1))) is None
    assert published_peaks(replace(plain, spectra=dict(list(plain.spectra.items())[1:]))) is None


@pytest.mark.skipif(not SHARED.is_dir(), reason="the published configurations are not beside the checkout")
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_files_hold_the_peaks_only(name: str) -> None:
    assert published_peaks(load_config(SHARED / f"{name}.json")) == name


def test_a_set_of_published_peaks_says_where_the_published_one_is(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.json").write_text(format_config(as_published("challenge")))
    assert run(["synth", "make", "mine.json", "--out", "plain"]) == 0
    shown = capsys.readouterr().out
    assert "243 test" in shown
    assert "come with the name: challenge" in shown
    assert run(["synth", "config", "turned.json", "--library", "mine.json", "--noise", "0.1"]) == 0
    assert "come with the name: challenge" in capsys.readouterr().out
    assert run(["synth", "make", "challenge", "--out", "published"]) == 0
    shown = capsys.readouterr().out
    assert "162 test" in shown
    assert "come with the name" not in shown


def test_a_published_name_is_published_in_every_command_and_a_file_has_a_path(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("challenge").write_text(format_config(SMALL))
    for resolved in (named_config, configuration):
        assert resolved("challenge") == PUBLISHED["challenge"]()
        assert resolved("./challenge") == SMALL
    for name, classes in (("challenge", 27), ("./challenge", 3)):
        assert run(["synth", "make", name, "--out", f"{classes}.npz"]) == 0
        assert f"{classes} classes" in capsys.readouterr().out
    for resolved in (named_config, configuration):
        with pytest.raises(SettingError, match=r"no configuration 'chalenge' \(did you mean challenge\?\)"):
            resolved("chalenge")


@settings(max_examples=30)
@given(batch=st.integers(1, 1500), group=st.integers(1, 3000), noisy=st.booleans())
def test_groups_and_batches_change_no_spectrum(batch: int, group: int, noisy: bool) -> None:
    config = replace(SMALL, dials=Dials(noise=0.1 * noisy))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pattern_sets, "BATCH_CELLS", batch)
        patch.setattr(pattern_sets, "GROUP_CELLS", group)
        write_parquet(Path("set.parquet"), config)
    frame = pl.read_parquet("set.parquet")
    made = list(blocks(config))
    assert np.array_equal(frame[:, -60:].to_numpy(), np.concatenate([block.x for block in made]))
    labels = np.concatenate([block.labels for block in made])
    assert frame["class"].to_list() == [config.names[label] for label in labels]
    assert frame["split"].to_list() == [block.split for block in made for _ in block.labels]


def test_a_table_is_written_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise pl.exceptions.ComputeError("parquet: No space left on device\nmore")

    Path("set.parquet").write_text("before")
    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", full)
    with pytest.raises(RunError, match=r"^cannot write set.parquet: parquet: No space left on device$"):
        write_parquet(Path("set.parquet"), SMALL)
    assert Path("set.parquet").read_text() == "before"
    assert sorted(path.name for path in Path().iterdir()) == ["p.csv", "set.parquet"]
