"""An adapted model in daily use: it is served and exported like that of a run, and says what it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from folders import finished
from outcomes import Wish, outcome
from sketches import sketched
from spectune.assessment.adaptation import Adapted
from spectune.cli.app import run as command
from spectune.files.adaptations import load_adapted
from spectune.files.models import load_model
from spectune.files.runs import load_outcome
from spectune.job.adapting import adapt
from spectune.job.new_rows import Asked
from spectune.job.opening import check_opens, opened, predictor
from spectune.spectra.table import Table

NUMBER = Wish(rows=60, test_rows=12, points=40, trials=4)
CLASSES = replace(NUMBER, classes=("Grèce", "Italy"), target="country")
WISHES = {"number": NUMBER, "classes": CLASSES}
NEW, TEST = 24, 6


def new_rows(run: Path) -> Table:
    """New spectra of which the last few are test rows; a number is what the model says, and 3 more."""
    old, model = load_outcome(run).spectra, load_model(run)
    spectra = Table(old.x[:NEW], old.axis)
    said = model.predict(spectra)
    target = np.asarray(old.task.classes)[old.y[:NEW].astype(int)] if old.task.classes else said.mean + 3
    roles = np.asarray(["cal"] * (NEW - TEST) + ["test"] * TEST)
    return replace(spectra, columns={old.task.target: target, "split": roles}, source="new.csv", signal=old.signal)


@pytest.fixture(scope="module", params=WISHES)
def adapted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an adaptation; its run lies beside it."""
    place = tmp_path_factory.mktemp(request.param)
    wish = WISHES[request.param]
    run = finished(place / "first", replace(outcome(wish), settings={"data": "old.csv", "target": wish.target}))
    with sketched(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("spectune.job.new_rows.FOLDS", 2)
        patch.setattr("spectune.job.new_rows.REPEATS", ((20, 2),))
        patch.setattr("spectune.job.rivals.UPDATES", 4)
        patch.setattr("spectune.job.rivals.FEW", ("RAW",))
        list(adapt(Asked(run, "new.csv", place / "second", cores=1), new_rows(run)))
    return place / "second"


@contextmanager
def without_run(adapted: Path) -> Iterator[None]:
    run = adapted.parent / "first"
    away = run.rename(adapted.parent / "elsewhere")
    try:
        yield
    finally:
        away.rename(run)


def check_lineage(words: str, found: Adapted) -> None:
    assert words.startswith(("adapted from the model of first by", "the model of first as it is"))
    assert f"with {NEW - TEST} new rows of new.csv" in words
    assert "no intervals" in words
    assert str(Path(found.run).parent) not in words


def test_its_scores_are_those_of_the_kept_rival_on_the_new_rows(adapted: Path) -> None:
    found, known = load_adapted(adapted), opened(adapted)
    validated, tested = known.scores("cross-validated"), known.scores("test")
    assert validated is not None
    assert tested is not None
    assert (validated.rows, tested.rows) == (NEW - TEST, TEST)
    standing = found.standing(found.kept)
    assert found.repeats == 2
    for scores, error in ((validated, standing.validated), (tested, standing.tested)):
        value = 1 - getattr(scores, "balanced_accuracy", 0) if found.task.classes else getattr(scores, "rmse", None)
        assert error is not None
        assert value == pytest.approx(error.value)
    without = replace(found, test=replace(found.test, measured=found.test.measured[:0]))
    assert replace(known, origin=without).scores("test") is None


def test_it_opens_as_a_run_does_and_a_run_as_before(adapted: Path) -> None:
    run, known = adapted.parent / "first", opened(adapted)
    check_opens(run)
    check_opens(adapted)
    assert predictor(adapted)[0].signal == known.settings.signal == load_adapted(adapted).signal
    assert (known.model.interval, known.model.domain) == (None, None)
    assert opened(run).model.interval is not None
    np.testing.assert_array_equal(known.sample, load_outcome(run).spectra.calibration.x)
    assert opened(run).verdict == load_outcome(run).verdict.sentence
    assert len(known.some(7)) == 7
    assert len(known.some(1000)) == len(known.sample)


def test_spectra_of_another_run_that_took_the_place_are_not_taken(adapted: Path) -> None:
    with without_run(adapted):
        other = finished(adapted.parent / "first", outcome(replace(NUMBER, points=50)))
        assert len(opened(adapted).some(10)) == 0
        shutil.rmtree(other)


def test_where_pls_is_best_the_verdict_says_which_model_is_in_the_folder(adapted: Path) -> None:
    known, found = opened(adapted), load_adapted(adapted)
    pls = replace(known, origin=replace(found, use="PLS on the new rows"))
    assert "PLS is not kept as a model; the folder holds that of" in pls.verdict
    assert "PLS is not kept" not in replace(known, origin=replace(found, use=found.kept)).verdict


def test_it_is_served_and_says_that_it_is_adapted(adapted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("httpx2", reason="httpx2, which the tests ask with, is not installed: pip install httpx2")
    for name in ("fastapi", "python_multipart", "prometheus_client"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install 'spectune[server]'")
    from fastapi.testclient import TestClient

    from spectune.server.app import app_of
    from spectune.server.limits import Limits
    from spectune.server.service import service_of

    monkeypatch.setattr("spectune.server.engine.NEEDED", ("nothing",))  # spectune itself is sooner ready
    service = service_of(adapted, Limits())
    table = new_rows(adapted.parent / "first")
    body = {"axis": list(table.axis.values), "unit": "nm", "spectra": table.x.tolist()}
    with TestClient(app_of(service), base_url="http://127.0.0.1:8000") as asked:
        told = asked.get("/model").json()
        rows = asked.post("/predict", json=body).json()["rows"]
        refused = asked.post("/predict?level=0.9", json=body)
    found = load_adapted(adapted)
    check_lineage(told["adapted"]["words"], found)
    assert (told["adapted"]["run"], told["adapted"]["way"]) == ("first", found.kept)
    assert (told["adapted"]["rows"], told["interval"], told["flags"]) == (NEW - TEST, None, False)
    assert (told["source"], told["scores"]["test"]["rows"]) == ("new.csv", TEST)
    wanted = load_model(adapted).predict(table)
    values = [row["probabilities"][wanted.classes[0]] if wanted.classes else row["predicted"] for row in rows]
    np.testing.assert_allclose(values, wanted.mean[:, 0] if wanted.classes else wanted.mean, rtol=1e-4, atol=1e-4)
    assert not {"low", "set", "flags"} & set(rows[0])
    assert (refused.status_code, "no intervals" in refused.json()["error"]) == (422, True)


def test_without_its_run_spectune_itself_answers(adapted: Path) -> None:
    pytest.importorskip("fastapi", reason="the extra server is not installed: pip install 'spectune[server]'")
    from spectune.server.limits import Limits
    from spectune.server.service import service_of

    with without_run(adapted):
        engine = service_of(adapted, Limits()).engine
    assert engine.name.startswith("torch")
    assert "the run that was adapted is no longer where it was" in engine.words


def test_it_is_exported_and_the_file_says_that_it_is_adapted(
    adapted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    pytest.importorskip("onnxscript", reason="onnxscript is not installed: pip install 'spectune[onnx]'")
    out = tmp_path / "second.onnx"
    assert command(["export", str(adapted), "-o", str(out)]) == 0
    assert "spectra of the run that was adapted: it answers as the model does" in capsys.readouterr().out
    session = onnxruntime.InferenceSession(out)
    about, found = session.get_modelmeta().custom_metadata_map, load_adapted(adapted)
    check_lineage(about["adapted"], found)
    assert (about["adapted_from"], about["adapted_by"]) == ("first", found.kept)
    assert (about["adapted_rows"], about["rows_p"], about["source"]) == (str(NEW - TEST), str(TEST), "new.csv")
    assert not {"level", "data"} & set(about)
    assert json.loads(about["classes"]) == list(found.task.classes)
    page = (Path(__file__).parents[2] / "docs" / "deploying.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in about)
    table = new_rows(adapted.parent / "first")
    wanted, name = load_model(adapted).predict(table).mean, "probabilities" if found.task.classes else "mean"
    np.testing.assert_allclose(session.run([name], {"spectra": table.x})[0], wanted, rtol=1e-4, atol=1e-4)
    assert command(["export", str(adapted), "-o", str(out), "--level", "0.9"]) == 2
    assert "no intervals" in capsys.readouterr().err


def test_without_its_run_the_file_is_written_untried_and_that_is_said(
    adapted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("onnxruntime", "onnxscript"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install 'spectune[onnx]'")
    monkeypatch.setattr("spectune.cli.exporting.onnx_bytes", lambda *_: b"a graph")
    with without_run(adapted):
        assert command(["export", str(adapted), "-o", str(tmp_path / "second.onnx")]) == 0
    assert "not tried: that needs spectra of the run that was adapted" in capsys.readouterr().out
    assert (tmp_path / "second.onnx").read_bytes() == b"a graph"
