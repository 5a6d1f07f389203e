"""Configurations in JSON: there and back, and every mistake named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectune.errors import ReadError, RunError, SettingError
from spectune.files import pattern_sets
from spectune.files.pattern_sets import write_arrays, write_npz, write_parquet
from spectune.files.patterns import format_config, load_config, parse_config
from spectune.files.read import read
from spectune.files.reference_peaks import read_peaks
from spectune.spectra.axis import Axis
from spectune.synthesis.library import ReferencePeak
from spectune.synthesis.making import sparse_spectra
from spectune.synthesis.patterns import SHAPES, Dials, Grid, Law, PatternConfig, Split, random_config
from spectune.synthesis.published import PUBLISHED, challenge_config


@st.composite
def configs(draw: st.DrawFn) -> PatternConfig:
    low = draw(st.floats(0.1, 5))
    law = Law(
        draw(st.integers(0, 99)), draw(st.integers(0, 9)), draw(st.integers(0, 2**40)), draw(st.integers(0, 99)),
        draw(st.floats(0, 1)), draw(st.booleans()), (low, low + draw(st.floats(0, 5))), draw(st.floats(0.1, 9)),
    )  # fmt: skip
    classes = draw(st.integers(1, 5))
    shape = draw(st.sampled_from(SHAPES))
    asymmetry = draw(st.floats(0.01, 0.9)) if shape == "asymmetric" else 0.0
    phases = draw(st.integers(1, classes))
    dials = Dials(shape=shape, asymmetry=asymmetry, noise=draw(st.floats(0, 1)), phases=phases)
    config = random_config(classes, draw(st.integers(0, 999)), points=60, boundary=5, law=law)
    sign = st.integers(-1, 1)
    grid = Grid(draw(st.integers(0, 9)), draw(st.floats(0, 1)), tuple(draw(st.lists(st.tuples(sign, sign)))))
    axis = draw(st.sampled_from([None, Axis(tuple(np.linspace(1, 9, 60).tolist()), "ppm")]))
    return replace(config, dials=dials, grid=grid, grids={"0": Grid(1, 0.5)}, axis=axis)


@given(configs())
def test_what_is_written_is_read_again(config: PatternConfig) -> None:
    assert parse_config(format_config(config)) == config


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_configurations_are_read_again(name: str) -> None:
    config = PUBLISHED[name]()
    assert parse_config(format_config(config)) == config


def changed(**values: Any) -> str:
    table = json.loads(format_config(challenge_config())) | values
    return json.dumps({key: value for key, value in table.items() if value is not None})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[1]", "must hold one JSON object"),
        ("[" * 100_000, "is not JSON"),
        (changed(classes=None, datapoints="many"), "2 mistakes: datapoints must be a whole number"),
        (changed(classes=28), "classes is 28, but spectra holds 27"),
        (changed(laws={}), "'laws' is not an option (did you mean law?)"),
        (changed(law={"shft": 3}), "'law.shft' is not an option (did you mean shift?)"),
        (changed(law={"width": [5, 2]}), "the lower first"),
        (changed(dials={"shape": "triangle"}), "dials.shape must be 'gaussian', 'lorentz'"),
        (changed(spectra={"a": {"peak_positions": [1, 2.5], "peak_heights": [1]}}), "peak_positions.1 must be a whole"),
        (changed(spectra={"a": {"peak_positions": [1, 5000], "peak_heights": [1, 2]}}, classes=1), "outside 0 to 4999"),
        (changed(axis={"values": [1, 2], "unit": "nm"}), "2 positions for 5000 datapoints"),
        (changed(axis={"values": [2, 1], "unit": "nm"}), "must ascend"),
        (changed(axis={"values": [1, 2], "unit": "furlong"}), "axis.unit must be"),
    ],
)
def test_every_mistake_is_named(text: str, words: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse_config(text, "my.json")
    assert str(caught.value).startswith("my.json")
    assert words in str(caught.value)


def test_very_many_mistakes_are_counted() -> None:
    spectra = {str(name): {"peak_positions": [9, 5], "peak_heights": [1.0, 0.5]} for name in range(50)}
    with pytest.raises(SettingError, match="and 40 more"):
        parse_config(changed(spectra=spectra, classes=50, grids=None))


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="spectune synth config"):
        load_config(tmp_path / "no.json")


SMALL = random_config(3, 5, points=90, boundary=20, law=Law(train=4, val=2, shift=6))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_six_arrays_are_written_as_numpy_would(tmp_path: Path, dtype: type[np.float32] | type[np.float64]) -> None:
    write_arrays(tmp_path / "set", SMALL, dtype)
    splits: tuple[Split, ...] = ("train", "val", "test")
    for split in splits:
        x = sparse_spectra(SMALL, split, dtype).toarray()
        np.save(tmp_path / "x.npy", x)
        assert (tmp_path / "set" / f"x_{split}.npy").read_bytes() == (tmp_path / "x.npy").read_bytes()
        labels = np.load(tmp_path / "set" / f"y_{split}.npy")
        assert labels.dtype == np.float64
        assert labels.tolist() == np.repeat([0, 1, 2], len(x) // 3).tolist()
    assert load_config(tmp_path / "set" / "config.json") == SMALL


@pytest.mark.parametrize("name", ["set.npz", "set.parquet"])
@pytest.mark.parametrize("unit", [None, "cm-1", "nm", "ppm", "2theta"])
def test_a_table_is_read_as_it_was_made(tmp_path: Path, name: str, unit: Any) -> None:
    axis = None if unit is None else Axis(tuple(np.linspace(401.5, 490.5, 90).tolist()), unit)
    (write_npz if name.endswith("npz") else write_parquet)(tmp_path / name, replace(SMALL, axis=axis))
    table = read(tmp_path / name)
    splits: tuple[Split, ...] = ("train", "val", "test")
    assert np.array_equal(table.x, np.concatenate([sparse_spectra(SMALL, split).toarray() for split in splits]))
    assert table.axis == (axis or Axis(tuple(map(float, range(90)))))
    assert table.columns["split"].tolist() == ["train"] * 12 + ["val"] * 6 + ["test"] * 27
    assert table.columns["class"].tolist()[:8] == ["0"] * 4 + ["1"] * 4


@pytest.mark.parametrize("name", ["set.npz", "set.parquet"])
def test_fractions_of_mixtures_stand_beside_the_spectra(tmp_path: Path, name: str) -> None:
    config = replace(SMALL, dials=Dials(phases=2, noise=0.01))
    (write_npz if name.endswith("npz") else write_parquet)(tmp_path / name, config)
    columns = read(tmp_path / name).columns
    fractions = np.column_stack([columns[f"fraction {label}"] for label in config.spectra])
    assert np.allclose(fractions.sum(axis=1), 1)
    assert fractions.argmax(axis=1).astype(str).tolist() == columns["class"].tolist()


def test_a_folder_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pattern_sets, "format_config", full)
    with pytest.raises(RunError, match="No space left"):
        write_arrays(tmp_path / "set", SMALL)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SettingError, match="not an empty folder"):
        write_arrays(tmp_path, SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_reference_peaks_are_read_whatever_parts_their_columns(tmp_path: Path, mark: str) -> None:
    lines = [["Height", "substance", "note", "POSITION "], ["5", "quartz", "", "128.5"], [], ["2", "calcite", "", "9"]]
    (tmp_path / "p.csv").write_text("\ufeff" + "\n".join(mark.join(line) for line in lines) + "\n")
    assert read_peaks(tmp_path / "p.csv") == (ReferencePeak("quartz", 128.5, 5), ReferencePeak("calcite", 9, 2))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected the columns"),
        ("substance,position\nquartz,3\n", "height is missing; found substance, position"),
        ("substance,position,height\nquartz,3,tall\n", "row 2, column height: expected a number, found 'tall'"),
        ("substance,position,height\nquartz,3\n", "found ''"),
        ("substance,position,height\n ,3,1\n", "row 2 has no substance"),
    ],
)
def test_a_table_of_peaks_with_mistakes_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(ReadError, match=words):
        read_peaks(tmp_path / "p.csv")
