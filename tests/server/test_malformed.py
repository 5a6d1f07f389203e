"""Whatever is sent, the answer is a prediction or a refusal in one sentence: never an error of the server."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from served import as_text, client, spectra
from spectune.server.limits import Limits
from spectune.server.sent import KINDS

CONTENT_TYPES = st.sampled_from(
    [*KINDS, "", "application/octet-stream", "multipart/form-data; boundary=b", ";", 'a/b;=;"']
)
HEAD, TAIL = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n', b"\r\n--b--\r\n"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(width=32) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["axis", "spectra", "x"]), inner),
    max_leaves=12,
)


def parquet() -> bytes:
    table, file = spectra(rows=3), io.BytesIO()
    pl.DataFrame(dict(zip(map(str, table.axis.values), table.x.T, strict=True))).write_parquet(file)
    return file.getvalue()


def whole() -> list[bytes]:
    table = spectra(rows=3)
    body = {"axis": list(table.axis.values), "unit": "nm", "spectra": table.x.tolist()}
    text = as_text(table)
    return [text, json.dumps(body).encode(), parquet(), HEAD + text + TAIL]


@pytest.fixture(scope="module")
def asked() -> Iterator[TestClient]:
    with client(limits=Limits(bytes=200_000)) as made:
        yield made


def check(asked: TestClient, body: bytes, kind: str) -> int:
    answer = asked.post("/predict", content=body, headers={"Content-Type": kind})
    assert answer.status_code < 500, answer.text
    if answer.status_code != 200:
        assert len(answer.json()["error"]) > 10
        assert "\n" not in answer.json()["error"]
    return int(answer.status_code)


@given(body=st.binary(max_size=300), kind=CONTENT_TYPES)
@settings(max_examples=80)
def test_any_bytes_are_answered(asked: TestClient, body: bytes, kind: str) -> None:
    check(asked, body, kind)


@given(data=st.data(), place=st.integers(0, 3), kind=CONTENT_TYPES)
@settings(max_examples=150)
def test_files_that_were_cut_or_changed_are_answered(
    asked: TestClient, data: st.DataObject, place: int, kind: str
) -> None:
    body = bytearray(whole()[place])
    for at in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=4)):
        body[at] = data.draw(st.integers(0, 255))
    check(asked, bytes(body[: data.draw(st.integers(0, len(body)))]), kind)


@given(sent=VALUES)
@settings(max_examples=80)
def test_any_json_is_answered(asked: TestClient, sent: object) -> None:
    check(asked, json.dumps(sent).encode(), "application/json")


@given(
    values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=40, max_size=40),
    times=st.sampled_from([1.0, 1e-30, 1e30]),
)
@settings(max_examples=60)
def test_any_finite_spectrum_is_predicted_or_refused(asked: TestClient, values: list[float], times: float) -> None:
    axis = spectra().axis
    with np.errstate(over="ignore"):
        body = {"axis": list(axis.values), "unit": "nm", "spectra": [(np.asarray(values) * times).tolist()]}
    check(asked, json.dumps(body).encode(), "application/json")


def test_deep_and_wide_json_is_refused(asked: TestClient) -> None:
    for body in (b"[" * 50_000, b'{"axis": ' + b"[" * 50_000, b'{"axis": [' + b"1," * 50_000, b'{"a": ' * 20_000):
        assert check(asked, body, "application/json") == 400
    assert check(asked, b'{"axis": [1, 2], "spectra": [[1e999, 1' + b"0" * 5000 + b"]]}", "application/json") == 400


def test_odd_questions_are_answered(asked: TestClient) -> None:
    for query in ("level=nan", "level=x", "level=2", "unit=miles", "signal=", "draw=perhaps"):
        answer = asked.post(f"/predict?{query}", content=as_text(spectra()))
        assert answer.status_code == 422, query
        assert answer.json()["error"]
