"""``POST /predict`` and what stands beside it: the same answers and sentences as the command line."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from folders import finished
from outcomes import outcome
from served import CLASSES, NUMBER, as_text, client, made, spectra
from spectune.cli.app import run
from spectune.files.tables import csv_text, prediction_table
from spectune.server.limits import Limits
from spectune.server.service import service_of
from spectune.spectra.table import Table

TOKEN = "correct-horse-battery"  # noqa: S105 - of a server that lives for one test


def as_json(table: Table, **said: Any) -> bytes:
    body = {"axis": list(table.axis.values), "unit": "nm", "spectra": table.x.tolist()}
    return json.dumps(body | {"ids": table.columns["id"].tolist()} | said).encode()


def as_parquet(table: Table) -> bytes:
    columns = {"id": table.columns["id"], **dict(zip(map(str, table.axis.values), table.x.T, strict=True))}
    file = io.BytesIO()
    pl.DataFrame(columns).write_parquet(file)
    return file.getvalue()


FORMATS = {"text/csv": as_text, "application/json": as_json, "application/vnd.apache.parquet": as_parquet}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("form", [False, True], ids=["alone", "in a form"])
def test_every_format_gets_the_predictions_of_the_model(kind: str, form: bool) -> None:
    table = spectra()
    wanted = made(NUMBER)[0].model.predict(table)
    body = FORMATS[kind](table)
    with client() as asked:
        answer = (
            asked.post("/predict", files={"file": ("new.bin", body, kind)})
            if form
            else asked.post("/predict", content=body, headers={"Content-Type": kind})
        )
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["target"], told["unit"], told["level"]) == ("fat", "%", 0.9)
    size = 1e-5 * made(NUMBER)[1].spectra.y.std()
    for name, values in (("predicted", wanted.mean), ("low", wanted.low), ("high", wanted.high)):
        np.testing.assert_allclose([row[name] for row in told["rows"]], values, atol=size)  # type: ignore[arg-type]
    assert [row["id"] for row in told["rows"]] == table.columns["id"].tolist()
    assert [tuple(row["flags"]) for row in told["rows"]] == list(wanted.flags or ())


def test_accepting_csv_gives_the_table_that_the_command_line_writes(tmp_path: Path) -> None:
    table, folder = spectra(), finished(tmp_path / "run", outcome(NUMBER))
    (tmp_path / "new.csv").write_bytes(as_text(table))
    assert run(["predict", str(folder), str(tmp_path / "new.csv"), "-o", str(tmp_path / "out.csv")]) == 0
    with client() as asked:
        answer = asked.post("/predict", files={"file": ("new.csv", as_text(table))}, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text == csv_text(prediction_table(made(NUMBER)[0].model.predict(table)))
    here, there = (list(csv.reader(text.splitlines())) for text in (answer.text, (tmp_path / "out.csv").read_text()))
    assert here[0] == there[0]
    assert len(here) == len(there)


def test_classes_have_names_probabilities_and_sets() -> None:
    table = spectra(CLASSES)
    wanted = made(CLASSES)[0].model.predict(table)
    with client(CLASSES) as asked:
        rows = asked.post("/predict", content=as_json(table), headers={"Content-Type": "application/json"}).json()[
            "rows"
        ]
    assert [row["class"] for row in rows] == wanted.labels.tolist()
    np.testing.assert_allclose([list(row["probabilities"].values()) for row in rows], wanted.mean, atol=1e-5)
    assert wanted.sets is not None
    assert [row["set"] for row in rows] == [np.asarray(wanted.classes)[chosen].tolist() for chosen in wanted.sets]


def test_onnx_runtime_answers_as_spectune_does_where_it_is_installed(tmp_path: Path) -> None:
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install 'spectune[server]'")
    service = service_of(finished(tmp_path / "run", outcome(NUMBER)), Limits())
    assert service.engine.name.startswith("onnxruntime"), service.engine.words
    x, own = spectra().x, made(NUMBER)[0].model.predict(spectra()).members
    prepared = np.zeros((len(x), 1, 1), dtype=np.float32)
    np.testing.assert_allclose(service.engine.members(x, prepared), own, atol=1e-5 * made(NUMBER)[1].spectra.y.std())
    assert service.about["engine"]["name"] == service.engine.name


def test_a_level_that_is_asked_for_is_that_of_the_interval() -> None:
    table = spectra()
    wanted = made(NUMBER)[0].model.predict(table, 0.8)
    with client() as asked:
        told = asked.post("/predict?level=0.8", content=as_text(table)).json()
        refused = asked.post("/predict?level=0.999", content=as_text(table))
    assert told["level"] == 0.8
    np.testing.assert_allclose([row["high"] for row in told["rows"]], wanted.high, rtol=1e-5)  # type: ignore[arg-type]
    assert refused.status_code == 422
    assert "needs 999 independent calibration samples" in refused.json()["error"]


def test_another_axis_is_brought_to_that_of_the_model_and_said_so() -> None:
    table = spectra()
    with client() as asked:
        body = as_json(replace(table, axis=replace(table.axis, values=tuple(1e7 / v for v in table.axis.values[::-1]))))
        unit = body.replace(b'"unit": "nm"', b'"unit": "cm-1"')
        told = asked.post("/predict", content=unit, headers={"Content-Type": "application/json"}).json()
    assert "by cubic splines" in told["notes"][-1]


BAD: dict[str, tuple[bytes, str, int, str]] = {
    "no bytes": (b"", "text/csv", 400, "the file is empty"),
    "no table": (b"x", "text/csv", 400, "is this a table?"),
    "a word in a spectrum": (b"id,850,851,852\na,1,oops,3\n", "text/csv", 400, "oops"),
    "a ragged list": (
        b'{"axis": [1, 2], "spectra": [[1, 2], [1]]}',
        "application/json",
        400,
        "spectrum 2 has 1 values",
    ),
    "a word in a list": (b'{"axis": [1, 2], "spectra": [["1", 2]]}', "application/json", 400, "must be a number"),
    "no JSON": (b"{", "application/json", 400, "invalid json"),
    "no axis": (b'{"spectra": [[1, 2]]}', "application/json", 400, "axis is missing"),
    "a number that is none": (b'{"axis": [1, 2], "spectra": [[1, NaN]]}', "application/json", 400, "no usable number"),
    "a number too large": (b'{"axis": [1, 2], "spectra": [[1, 1e39]]}', "application/json", 400, "no usable number"),
    "ids for others": (b'{"axis": [1, 2], "spectra": [[1, 2]], "ids": []}', "application/json", 400, "0 ids for 1"),
    "another range": (
        b'{"axis": [1, 2], "unit": "nm", "spectra": [[1, 2]]}',
        "application/json",
        422,
        "850 to 1050 nm",
    ),
    "half a Parquet file": (b"PAR1 and no more", "text/csv", 400, "damaged or cut short"),
    "a workbook": (b"PK\x03\x04", "application/octet-stream", 415, "expected CSV or other text, JSON or Parquet"),
    "a form without a file": (b"--b\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b", 400, "no file"),
    "a form without a boundary": (b"--b", "multipart/form-data", 400, "no boundary"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_predicted_is_refused_with_one_sentence(name: str) -> None:
    body, kind, status, words = BAD[name]
    with client() as asked:
        answer = asked.post("/predict", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


def test_the_sentence_is_that_of_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, folder = tmp_path / "new.csv", finished(tmp_path / "run", outcome(NUMBER))
    path.write_bytes(b"id,850,851,852\na,1,oops,3\n")
    assert run(["predict", str(folder), str(path), "-o", str(tmp_path / "out.csv")]) == 2
    with client() as asked:
        told = asked.post("/predict", files={"file": ("new.csv", path.read_bytes())}).json()["error"]
    assert capsys.readouterr().err.strip() == f"error: {told}".replace("new.csv", str(path), 1)


def test_names_and_neighbours_of_a_file_are_never_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meta.json").write_text('{"x_unit": "cm-1", "targets": {}}')
    monkeypatch.chdir(tmp_path)
    with client() as asked:
        for name in ("new.csv", f"{tmp_path}/new.csv", "../../etc/new.csv"):
            assert asked.post("/predict", files={"file": (name, as_text(spectra()))}).status_code == 200
    assert [path.name for path in tmp_path.iterdir()] == ["meta.json"]


def test_more_than_the_limits_is_refused() -> None:
    body = as_text(spectra())
    with client(limits=Limits(bytes=1000)) as asked:
        announced = asked.post("/predict", content=body)
        counted = asked.post("/predict", content=iter([body[:900], body[900:]]))
    assert [announced.status_code, counted.status_code] == [413, 413]
    assert "send them in parts" in counted.json()["error"]
    with client(limits=Limits(rows=3)) as asked:
        assert asked.post("/predict", content=body).status_code == 413
    small = as_parquet(Table(np.zeros((5000, 40), np.float32), spectra().axis, {"id": np.full(5000, "a")}))
    with client(limits=Limits(bytes=2 * len(small))) as asked:
        packed = asked.post("/predict", content=small, headers={"Content-Type": "application/x-parquet"})
    assert packed.status_code == 413
    assert len(small) < 20_000


def test_without_time_or_room_a_request_is_told_to_come_again() -> None:
    body = as_text(spectra())
    with client(limits=Limits(requests=0)) as asked:
        answer = asked.post("/predict", content=body)
        assert asked.get("/model").status_code == 200
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    with client(limits=Limits(seconds=0)) as asked:
        assert asked.post("/predict", content=body).status_code in (408, 503)


def test_a_token_is_needed_for_everything_about_the_model() -> None:
    with client(token=TOKEN) as asked:
        for path in ("/model", "/metrics", "/openapi.json"):
            assert asked.get(path).status_code == 401
        refused = asked.post("/predict", content=as_text(spectra()), headers={"Authorization": "Bearer wrong-token"})
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        for path in ("/", "/page.css", "/page.js", "/health"):
            assert asked.get(path).status_code == 200
        headers = {"Authorization": f"Bearer {TOKEN}", "Host": "anything"}
        assert asked.post("/predict", content=as_text(spectra()), headers=headers).status_code == 200


def test_a_server_without_a_token_answers_to_its_own_name_only() -> None:
    with client() as asked:
        assert asked.get("/model", headers={"Host": "evil.example:8000"}).status_code == 403
        for name in ("localhost:8000", "127.0.0.1", "[::1]:80"):
            assert asked.get("/model", headers={"Host": name}).status_code == 200


def test_metrics_count_requests_rows_seconds_and_refusals() -> None:
    with client() as asked:
        asked.post("/predict", content=as_text(spectra()))
        asked.post("/predict", content=b"x")
        asked.get("/nothing")
        text = asked.get("/metrics").text
    assert 'spectune_requests_total{path="/predict",status="200"} 1.0' in text
    assert 'spectune_requests_total{path="other",status="404"} 1.0' in text
    assert 'spectune_refusals_total{reason="unreadable"} 1.0' in text
    assert "spectune_rows_total 12.0" in text
    assert "spectune_predict_seconds_count 2.0" in text
    assert "spectune_predictions_under_way 0.0" in text


def test_the_model_says_what_it_needs_and_what_it_is_worth() -> None:
    service, told = made(NUMBER)
    with client() as asked:
        model = asked.get("/model").json()
    assert tuple(model["axis"]["values"]) == service.model.axis.values
    assert (model["axis"]["unit"], model["target"], model["unit"]) == ("nm", "fat", "%")
    assert model["verdict"] == told.verdict.sentence
    assert model["scores"]["test"]["rows"] == 12
    assert model["engine"]["words"] == "spectune itself, since a test asked for it"


def test_the_schema_names_every_body_and_no_page_asks_another_host() -> None:
    with client() as asked:
        schema = asked.get("/openapi.json").json()
        pages = [asked.get(path) for path in ("/", "/page.css", "/page.js", "/docs")]
    assert {*FORMATS, "multipart/form-data"} <= set(schema["paths"]["/predict"]["post"]["requestBody"]["content"])
    for page in pages:
        text = page.text.replace("http://www.w3.org/2000/svg", "")
        assert "//" not in text.replace("// ", "")
        assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert pages[-1].status_code == 404
