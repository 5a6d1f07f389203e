"""``spectune export``: a file that needs nothing of spectune, and what is refused."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from folders import finished
from outcomes import Wish, outcome
from spectune.cli.app import run
from spectune.export import graph
from spectune.files.runs import data_digest, load_outcome
from spectune.job.finishing import finish
from spectune.spectra.table import Table

onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
pytest.importorskip("onnxscript", reason="onnxscript is not installed: pip install 'spectune[onnx]'")

PAGE = Path(__file__).parents[2] / "docs" / "deploying.md"
NEEDED = ("numpy", "numpy.libs", "onnxruntime", "google", "flatbuffers", "packaging")
"""What ONNX Runtime may ask for, by its folders."""


@pytest.fixture(scope="module")
def number(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("runs") / "fat", outcome(Wish(rows=60, test_rows=12, points=40, trials=6)))


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wish = Wish(rows=60, test_rows=12, points=40, classes=("Grèce", "Italy"), target="country", trials=6)
    return finished(tmp_path_factory.mktemp("runs") / "oil", outcome(wish))


@pytest.fixture(scope="module")
def exported(number: Path) -> Path:
    path = number.parent / "fat.onnx"
    assert run(["export", str(number), "-o", str(path)]) == 0
    return path


def test_the_file_predicts_as_the_run_does(number: Path, exported: Path) -> None:
    spectra = load_outcome(number).spectra.test
    wanted = finish(number).predict(Table(spectra.x, spectra.axis))
    session = onnxruntime.InferenceSession(exported)
    names = ["mean", "members", "spread", "low", "high"]
    assert [output.name for output in session.get_outputs()] == names
    size = 1e-5 * spectra.y.std()
    for name, made in zip(names, session.run(names, {"spectra": spectra.x}), strict=True):
        np.testing.assert_allclose(made, getattr(wanted, name), atol=size, rtol=1e-5)


def test_the_file_says_how_to_feed_it_and_what_to_think_of_it(number: Path, exported: Path) -> None:
    about = onnxruntime.InferenceSession(exported).get_modelmeta().custom_metadata_map
    made = load_outcome(number)
    assert tuple(json.loads(about["axis"])) == made.spectra.axis.values
    assert (about["axis_unit"], about["target"], about["unit"], about["level"]) == ("nm", "fat", "%", "0.9")
    assert float(about["rmsep"]) == pytest.approx(made.scores(made.network, "test").rmse, rel=1e-5)  # type: ignore[union-attr]
    assert float(about["rmsecv"]) == pytest.approx(
        made.scores(made.network, "cross-validated").rmse,  # type: ignore[union-attr]
        rel=1e-5,
    )
    assert about["verdict"] == made.verdict.sentence
    assert about["recipe"] == made.recipe.id
    assert about["data"] == data_digest(number)
    assert len(about["data"]) == 64
    assert "date" not in about
    page = PAGE.read_text(encoding="utf-8")
    for name in about:
        assert f"`{name}`" in page


def test_the_same_run_gives_the_same_file_unless_it_is_dated(
    number: Path, exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again, dated = tmp_path / "again.onnx", tmp_path / "dated.onnx"
    assert run(["export", str(number), "-o", str(again)]) == 0
    assert run(["export", str(number), "-o", str(dated), "--date", "2026-11-21", "--level", "0.8"]) == 0
    assert again.read_bytes() == exported.read_bytes()
    about = onnxruntime.InferenceSession(dated).get_modelmeta().custom_metadata_map
    assert (about["date"], about["level"]) == ("2026-11-21", "0.8")
    shown = capsys.readouterr().out
    assert "2 members, spectra of 40 points, 850 to 1050 nm, every 5.128 to fat (%), with 90 % intervals" in shown
    assert "tried on 60 spectra of the run: it answers as the model does" in shown


def test_classes_keep_their_names_and_sets(
    classes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["export", str(classes)]) == 0
    assert "with 90 % sets" in capsys.readouterr().out
    session = onnxruntime.InferenceSession(tmp_path / "oil.onnx")
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about["classes"]) == ["Grèce", "Italy"]
    assert 0 <= float(about["balanced_accuracy_p"]) <= 1
    spectra = load_outcome(classes).spectra.test
    wanted = finish(classes).predict(Table(spectra.x, spectra.axis))
    names = ["probabilities", "label", "set"]
    probabilities, label, chosen = session.run(names, {"spectra": spectra.x})
    np.testing.assert_allclose(probabilities, wanted.mean, atol=1e-5)
    np.testing.assert_array_equal([wanted.classes[number] for number in label], wanted.labels)
    np.testing.assert_array_equal(chosen, wanted.sets)


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    """An environment in which Python finds ONNX Runtime and NumPy, and nothing of ours."""
    (tmp_path / "lib").mkdir()
    site = Path(find_spec("onnxruntime").origin).parents[1]  # type: ignore[union-attr, arg-type]
    for name in NEEDED:
        if (site / name).exists():
            (tmp_path / "lib" / name).symlink_to(site / name)
    return {"PYTHONPATH": str(tmp_path / "lib"), "PATH": os.environ["PATH"]}


def test_the_example_of_the_page_needs_onnx_runtime_and_numpy_only(
    number: Path, exported: Path, tmp_path: Path, alone: dict[str, str]
) -> None:
    example = re.findall(r"^```py\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[0]
    assert len([line for line in example.splitlines() if line]) <= 15
    (tmp_path / "soil.onnx").write_bytes(exported.read_bytes())
    spectra = load_outcome(number).spectra.test
    np.savetxt(tmp_path / "new.csv", [spectra.axis.positions, *spectra.x], delimiter=",", fmt="%.9g")
    (tmp_path / "use.py").write_text(example, encoding="utf-8")

    def python(*words: str) -> str:
        made = subprocess.run(
            [sys.executable, "-S", *words], cwd=tmp_path, env=alone, capture_output=True, text=True, check=True
        )
        return made.stdout

    asked = "from importlib.util import find_spec; print(*map(find_spec, ('torch', 'spectune', 'scipy', 'onnx')))"
    assert python("-c", asked).split() == ["None"] * 4
    shown = [float(line.split()[1]) for line in python("use.py").splitlines()]
    np.testing.assert_allclose(shown, finish(number).predict(Table(spectra.x, spectra.axis)).mean, rtol=1e-3)


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    return said


def test_what_cannot_be_exported_is_refused_with_a_sentence(
    number: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = str(tmp_path / "a.onnx")
    assert "must end in .onnx" in refused(["export", str(number), "-o", "a.pt"], capsys)
    assert "there is no run folder" in refused(["export", str(tmp_path / "none"), "-o", out], capsys)
    assert "needs 99 independent" in refused(["export", str(number), "-o", out, "--level", "0.99"], capsys)
    assert "there is no folder" in refused(["export", str(number), "-o", str(tmp_path / "no" / "a.onnx")], capsys)
    monkeypatch.setattr(graph, "find_spec", lambda name: None)
    assert "pip install 'spectune[onnx]'" in refused(["export", str(number), "-o", out], capsys)
    assert not Path(out).exists()
